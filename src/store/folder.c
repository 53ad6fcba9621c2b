// SPDX-License-Identifier: MIT
// Reads keys from a local folder. Files have at most 64 KiB, so reading blocks only shortly.
#include "store/folder.h"

#include "net/plain_file.h"
#include "store/asap.h"
#include "store/cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static enum tv_status fail(struct tv_detail *detail, enum tv_status status, const char *words) {
    *detail = (struct tv_detail){.reason = TV_REASON_FILE, .text = words};
    return status;
}

static enum tv_status fail_errno(struct tv_detail *detail, int error) {
    if (error == ENOENT || error == ENOTDIR)
        return fail(detail, TV_KEY_NOT_FOUND, "does not exist");
    if (error == EMFILE || error == ENFILE) {
        *detail = (struct tv_detail){.text = "this process has no descriptor left"};
        return TV_KEY_SOURCE_UNAVAILABLE;
    }
    return fail(detail, TV_KEY_UNUSABLE,
                error == EACCES || error == EPERM ? "may not be read: permission denied"
                                                  : "cannot be read");
}

enum tv_status tv_folder_look(const char *folder, struct tv_span key_id,
                              char stamp[TV_FOLDER_STAMP_SIZE], struct tv_detail *detail) {
    char *path = NULL;
    enum tv_status status = tv_asap_url(folder, key_id, &path);
    if (status != TV_OK)
        return status;
    struct stat file;
    int error = stat(path, &file) == 0 ? 0 : errno;
    free(path);
    if (error != 0)
        return fail_errno(detail, error);
    if (!S_ISREG(file.st_mode))
        return fail(detail, TV_KEY_UNUSABLE, "is no plain file");
    // Not the time of modification: the writer can set it, and a change of mode does not change
    // it.
    snprintf(stamp, TV_FOLDER_STAMP_SIZE, "%llu %llu %lld %lld.%09ld",
             (unsigned long long)file.st_dev, (unsigned long long)file.st_ino,
             (long long)file.st_size, (long long)file.st_ctim.tv_sec, file.st_ctim.tv_nsec);
    return TV_OK;
}

enum tv_status tv_folder_load(const char *folder, struct tv_span key_id, int rsa_min_bits,
                              struct tv_key **key, struct tv_detail *detail) {
    char *path = NULL;
    enum tv_status status = tv_asap_url(folder, key_id, &path);
    if (status != TV_OK)
        return status;
    // Non-blocking: since stat() the plain file may have been replaced by a pipe.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int error = errno;
    free(path);
    if (file < 0)
        return fail_errno(detail, error);
    char *bytes = malloc(TV_KEY_MAX_LENGTH + 1);
    ssize_t length = bytes ? tv_file_read(file, bytes, TV_KEY_MAX_LENGTH + 1) : -1;
    error = errno;
    close(file);
    if (!bytes)
        status = TV_NO_MEMORY;
    else if (length < 0)
        status = fail_errno(detail, error);
    else
        status = tv_key_load_with(bytes, (size_t)length, rsa_min_bits, key, detail);
    free(bytes);
    bool no_key =
        status == TV_MALFORMED_KEY || status == TV_UNSUPPORTED_KEY || status == TV_WEAK_KEY;
    return no_key ? tv_absence_of_key(status) : status;
}
