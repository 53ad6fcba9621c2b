// SPDX-License-Identifier: MIT
// Reads files that settings name. Never blocks.
#include "net/plain_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// A descriptor, or -1 and why there is none. A file whose size is over the limit is not read: that
// would block the server's loop for milliseconds at each connection.
static int open_plain(const char *path, size_t max, enum tv_file_outcome *outcome) {
    struct stat found;
    *outcome = TV_FILE_UNREADABLE;
    // Non-blocking: opening a pipe returns at once, and fstat() then shows that it is one.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return -1;
    if (fstat(file, &found) == 0) {
        *outcome = !S_ISREG(found.st_mode)      ? TV_FILE_NOT_PLAIN
                   : found.st_size > (off_t)max ? TV_FILE_TOO_LARGE
                                                : TV_FILE_READ;
        if (*outcome == TV_FILE_READ)
            return file;
    }
    close(file);
    return -1;
}

ssize_t tv_file_read(int file, char *bytes, size_t size) {
    size_t length = 0;
    while (length < size) {
        ssize_t count = read(file, bytes + length, size - length);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return -1;
        if (count == 0)
            break;
        length += (size_t)count;
    }
    return (ssize_t)length;
}

enum tv_file_outcome tv_plain_file_read(const char *path, size_t max, char **text, size_t *length) {
    enum tv_file_outcome outcome;
    int file = open_plain(path, max, &outcome);
    if (file < 0)
        return outcome;
    char *bytes = malloc(max + 1);
    ssize_t count = bytes ? tv_file_read(file, bytes, max + 1) : -1;
    close(file);
    if (count < 0 || (size_t)count > max) {
        tv_plain_file_free(bytes, max + 1);
        return count < 0 ? TV_FILE_UNREADABLE : TV_FILE_TOO_LARGE;
    }
    bytes[count] = '\0';
    *text = bytes;
    *length = (size_t)count;
    return TV_FILE_READ;
}

void tv_plain_file_free(char *text, size_t length) {
    if (text)
        OPENSSL_cleanse(text, length);
    free(text);
}

bool tv_plain_file_read_line(const char *path, char *line, size_t size) {
    enum tv_file_outcome outcome;
    line[0] = '\0';
    int file = open_plain(path, size, &outcome);
    if (file < 0)
        return false;
    ssize_t length = tv_file_read(file, line, size);
    close(file);
    if (length < 0 || (size_t)length == size) // a full buffer: the file may be longer
        OPENSSL_cleanse(line, size);
    else
        line[length] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    return line[0] != '\0';
}
