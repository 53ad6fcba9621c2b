// SPDX-License-Identifier: MIT
// Reads files that settings name, without ever waiting for one.
#include "plain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool tv_plain_file_is_other(const char *path) {
    struct stat file;
    return stat(path, &file) == 0 && !S_ISREG(file.st_mode);
}

// Up to `size` bytes, fewer after an error.
static size_t read_whole(int file, char *bytes, size_t size) {
    size_t length = 0;
    ssize_t count;
    while (length < size && ((count = read(file, bytes + length, size - length)) > 0 ||
                             (count < 0 && errno == EINTR)))
        length += count > 0 ? (size_t)count : 0;
    return length;
}

bool tv_plain_file_read_line(const char *path, char *line, size_t size) {
    struct stat found;
    line[0] = '\0';
    // Not blocking, so that a pipe is open at once, and is then seen.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return false;
    if (fstat(file, &found) == 0 && S_ISREG(found.st_mode)) {
        size_t length = read_whole(file, line, size);
        if (length == size) // or what follows would be missing
            OPENSSL_cleanse(line, size);
        else
            line[length] = '\0';
    }
    close(file);
    line[strcspn(line, "\r\n")] = '\0';
    return line[0] != '\0';
}
