// SPDX-License-Identifier: MIT
// SHA-256 by OpenSSL.
#include "base/sha256.h"

#include "base/error_queue.h"

#include <openssl/evp.h>

enum tv_status tv_sha256(struct tv_span bytes, unsigned char hash[TV_SHA256_SIZE]) {
    int done;
    TV_WITHOUT_ERRORS(done =
                          EVP_Q_digest(NULL, "SHA256", NULL, bytes.data, bytes.length, hash, NULL));
    return done == 1 ? TV_OK : TV_CRYPTO_FAILURE;
}
