// SPDX-License-Identifier: MIT
// base64url: each value has one spelling, and nothing else is taken.
#include "fuzz.h"

#include "base/base64url.h"

static int value_of(char c) {
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
    return at ? (int)(at - alphabet) : -1;
}

// RFC 4648 sections 3.2, 3.3 and 3.5, written down once more and without the decoder's tricks.
static bool is_strict(const char *text, size_t length) {
    for (size_t i = 0; i < length; i++)
        if (value_of(text[i]) < 0)
            return false;
    if (length % 4 == 1)
        return false;
    int unused_bits = length % 4 == 2 ? 4 : length % 4 == 3 ? 2 : 0;
    return unused_bits == 0 || value_of(text[length - 1]) % (1 << unused_bits) == 0;
}

static void check_decoding(const char *text, size_t length) {
    size_t room = TV_BASE64URL_DECODED_SIZE(length), decoded_length = 0;
    unsigned char *decoded = fuzz_malloc(room);
    enum tv_status status = tv_base64url_decode(text, length, decoded, &decoded_length);
    MUST(status == (is_strict(text, length) ? TV_OK : TV_MALFORMED_TOKEN));
    if (status == TV_OK) {
        MUST(decoded_length <= room && TV_BASE64URL_ENCODED_LENGTH(decoded_length) == length);
        char *again = fuzz_malloc(length);
        tv_base64url_encode(decoded, decoded_length, again);
        MUST(length == 0 || memcmp(text, again, length) == 0);
        free(again);
    }
    free(decoded);
}

static void check_encoding(const unsigned char *bytes, size_t length) {
    size_t text_length = TV_BASE64URL_ENCODED_LENGTH(length), decoded_length = 0;
    char *text = fuzz_malloc(text_length);
    tv_base64url_encode(bytes, length, text);
    unsigned char *decoded = fuzz_malloc(TV_BASE64URL_DECODED_SIZE(text_length));
    MUST(tv_base64url_decode(text, text_length, decoded, &decoded_length) == TV_OK);
    MUST(decoded_length == length && (length == 0 || memcmp(decoded, bytes, length) == 0));
    free(decoded);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    check_decoding((const char *)data, size);
    check_encoding(data, size);
    return 0;
}
