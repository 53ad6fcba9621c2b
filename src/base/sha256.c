// SPDX-License-Identifier: MIT
// SHA-256 by OpenSSL.
#include "base/sha256.h"

#include "base/memory.h"

#include <openssl/err.h>
#include <openssl/evp.h>

enum tv_status tv_sha256(struct tv_span bytes, unsigned char hash[TV_SHA256_SIZE]) {
    struct tv_memory_tries tries = {0};
    enum tv_status status;
    do {
        ERR_set_mark();
        status = EVP_Q_digest(NULL, "SHA256", NULL, bytes.data, bytes.length, hash, NULL) == 1
                     ? TV_OK
                     : TV_CRYPTO_FAILURE;
        ERR_pop_to_mark();
    } while (status != TV_OK && tv_memory_try_again(&tries, &status));
    return status;
}
