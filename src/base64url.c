// SPDX-License-Identifier: MIT
// Strict unpadded base64url: four characters a turn, every invalid one caught by its high bit.
#include "base64url.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#define XX 0xff
static const uint8_t values[256] = {
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, 62, XX, XX,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, XX, XX, XX, XX, XX, XX, XX, 0,  1,  2,  3,  4,  5,  6,
    7,  8,  9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, XX, XX, XX, XX, 63,
    XX, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
    49, 50, 51, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX,
    XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX};

enum tv_status tv_base64url_decode(const char *text, size_t length, unsigned char *out,
                                   size_t *out_length) {
    const unsigned char *in = (const unsigned char *)text;
    const unsigned char *whole_end = in + length / 4 * 4;
    unsigned char *to = out;
    for (; in < whole_end; in += 4, to += 3) {
        uint32_t a = values[in[0]], b = values[in[1]], c = values[in[2]], d = values[in[3]];
        if ((a | b | c | d) & 0x80)
            return TV_MALFORMED_TOKEN;
        uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        to[0] = (unsigned char)(bits >> 16);
        to[1] = (unsigned char)(bits >> 8 & 0xff);
        to[2] = (unsigned char)(bits & 0xff);
    }
    size_t rest = length % 4;
    if (rest == 1)
        return TV_MALFORMED_TOKEN;
    if (rest > 0) {
        uint32_t a = values[in[0]], b = values[in[1]], c = rest == 3 ? values[in[2]] : 0;
        // The bits that no byte takes must be zero, or one value would have several spellings.
        uint32_t unused = rest == 3 ? c & 0x03 : b & 0x0f;
        if (((a | b | c) & 0x80) || unused != 0)
            return TV_MALFORMED_TOKEN;
        *to++ = (unsigned char)(a << 2 | b >> 4);
        if (rest == 3)
            *to++ = (unsigned char)(b << 4 | c >> 2);
    }
    *out_length = (size_t)(to - out);
    return TV_OK;
}

void tv_base64url_encode(const unsigned char *bytes, size_t length, char *out) {
    for (; length >= 3; bytes += 3, length -= 3) {
        *out++ = alphabet[bytes[0] >> 2];
        *out++ = alphabet[(bytes[0] << 4 | bytes[1] >> 4) & 0x3f];
        *out++ = alphabet[(bytes[1] << 2 | bytes[2] >> 6) & 0x3f];
        *out++ = alphabet[bytes[2] & 0x3f];
    }
    if (length == 0)
        return;
    *out++ = alphabet[bytes[0] >> 2];
    if (length == 1) {
        *out = alphabet[bytes[0] << 4 & 0x3f];
        return;
    }
    *out++ = alphabet[(bytes[0] << 4 | bytes[1] >> 4) & 0x3f];
    *out = alphabet[bytes[1] << 2 & 0x3f];
}
