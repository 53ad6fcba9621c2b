// SPDX-License-Identifier: MIT
// File names and URLs on an ASAP key server.
#include "store/asap.h"

#include "base/sha256.h"

#include <stdio.h>
#include <stdlib.h>

enum tv_status tv_asap_file_name(struct tv_span key_id, char name[TV_ASAP_FILE_NAME_SIZE]) {
    static const char digits[] = "0123456789abcdef";
    unsigned char hash[TV_SHA256_SIZE];
    enum tv_status status = tv_sha256(key_id, hash);
    if (status != TV_OK)
        return status;
    for (size_t i = 0; i < sizeof hash; i++) {
        name[2 * i] = digits[hash[i] >> 4];
        name[2 * i + 1] = digits[hash[i] & 0x0f];
    }
    memcpy(name + 2 * sizeof hash, ".pem", sizeof ".pem");
    return TV_OK;
}

enum tv_status tv_asap_url(const char *base, struct tv_span key_id, char **url) {
    char name[TV_ASAP_FILE_NAME_SIZE];
    enum tv_status status = tv_asap_file_name(key_id, name);
    if (status != TV_OK)
        return status;
    size_t size = strlen(base) + 1 + sizeof name;
    char *made = malloc(size);
    if (!made)
        return TV_NO_MEMORY;
    snprintf(made, size, "%s/%s", base, name);
    *url = made;
    return TV_OK;
}
