// SPDX-License-Identifier: MIT
// SHA-256: its value, and that a failure leaves nothing behind.
#include "check.h"

#include "base/sha256.h"

#include <openssl/err.h>
#include <openssl/evp.h>

// FIPS 180-2 appendix B.1.
static const unsigned char of_abc[TV_SHA256_SIZE] = {
    0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};

int main(void) {
    unsigned char *hash = (unsigned char *)guard_take(GUARD_OUTPUT, TV_SHA256_SIZE);
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    CHECK_STATUS(TV_OK, tv_sha256(TV_SPAN("abc"), hash), "abc");
    CHECK(memcmp(hash, of_abc, sizeof of_abc) == 0, "abc");
    EVP_set_default_properties(NULL, "provider=none");
    CHECK_STATUS(TV_CRYPTO_FAILURE, tv_sha256(TV_SPAN("abc"), hash), "no SHA-256");
    EVP_set_default_properties(NULL, "");
    // The server's TLS code reads the same queue.
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "errors");
    return check_report("test_sha256");
}
