// SPDX-License-Identifier: MIT
// Where a key server keeps the key of a kid.
#include "check.h"

#include "store/asap.h"

#include <openssl/err.h>
#include <openssl/evp.h>

// sha256sum's words.
static const struct {
    const char *key_id;
    size_t length;
    const char *name;
} names[] = {
    {"", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855.pem"},
    {"abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.pem"},
    {"a\0b", 3, "59b271ae1bbcb1d31d41929817f4b16fb439eb4f31520b5ad1d5ce98920a7138.pem"},
    {"../../etc/passwd", 16,
     "3754d6cb3a38e1185e5b382d5f3ef3f118af75bf4bf0254d1fdb8437f51423e0.pem"},
};

int main(void) {
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *expected = names[i].name;
        struct tv_span key_id = guard_copy(GUARD_TOKEN, names[i].key_id, names[i].length);
        char *name = guard_take(GUARD_OUTPUT, TV_ASAP_FILE_NAME_SIZE), *url = NULL;
        CHECK_STATUS(TV_OK, tv_asap_file_name(key_id, name), expected);
        CHECK_TEXT(expected, name, "file name");
        CHECK_STATUS(TV_OK, tv_asap_url("https://keys.example/pem", key_id, &url), expected);
        char wanted[128];
        snprintf(wanted, sizeof wanted, "https://keys.example/pem/%s", expected);
        CHECK_TEXT(wanted, url, "URL");
        free(url);
    }
    char name[TV_ASAP_FILE_NAME_SIZE], *url = NULL;
    CHECK_NUMBER(69, TV_ASAP_FILE_NAME_SIZE, "64 digits, .pem and a NUL");
    // What fails leaves nothing in OpenSSL's queue, which the server's TLS code reads too.
    ERR_clear_error();
    ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
    unsigned long before = ERR_peek_last_error();
    EVP_set_default_properties(NULL, "provider=none");
    CHECK_STATUS(TV_CRYPTO_FAILURE, tv_asap_file_name(TV_SPAN("abc"), name), "no SHA-256");
    CHECK_STATUS(TV_CRYPTO_FAILURE, tv_asap_url("http://keys.example", TV_SPAN("abc"), &url),
                 "URL");
    CHECK(!url, "URL");
    EVP_set_default_properties(NULL, "");
    CHECK(ERR_get_error() == before && ERR_get_error() == 0, "errors");
    return check_report("test_asap");
}
