// SPDX-License-Identifier: MIT
// Strict unpadded base64url: four characters a turn, each found in a table for its place.
#include "base/base64url.h"

#include "base/base64url_wide.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// What a character stands for, or -1.
#define VALUE(c)                                                                                   \
    ((c) >= 'A' && (c) <= 'Z'   ? (c) - 'A'                                                        \
     : (c) >= 'a' && (c) <= 'z' ? (c) - 'a' + 26                                                   \
     : (c) >= '0' && (c) <= '9' ? (c) - '0' + 52                                                   \
     : (c) == '-'               ? 62                                                               \
     : (c) == '_'               ? 63                                                               \
                                : -1)

// 24 bits as they stand in memory, with one byte behind them that is not zero for an invalid
// character.
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define PLACED(bits)                                                                               \
    ((uint32_t)(uint8_t)((bits) >> 16) | (uint32_t)(uint8_t)((bits) >> 8) << 8 |                   \
     (uint32_t)(uint8_t)(bits) << 16)
#define INVALID UINT32_C(0x80000000)
#else
#define PLACED(bits) ((bits) << 8)
#define INVALID UINT32_C(0x80)
#endif

// A character by its place among four.
#define ENTRY(c, shift) (VALUE(c) < 0 ? INVALID : PLACED((uint32_t)VALUE(c) << (shift)))
#define ENTRIES4(c, shift)                                                                         \
    ENTRY(c, shift), ENTRY((c) + 1, shift), ENTRY((c) + 2, shift), ENTRY((c) + 3, shift)
#define ENTRIES16(c, shift)                                                                        \
    ENTRIES4(c, shift), ENTRIES4((c) + 4, shift), ENTRIES4((c) + 8, shift),                        \
        ENTRIES4((c) + 12, shift)
#define ENTRIES64(c, shift)                                                                        \
    ENTRIES16(c, shift), ENTRIES16((c) + 16, shift), ENTRIES16((c) + 32, shift),                   \
        ENTRIES16((c) + 48, shift)
#define ENTRIES256(shift)                                                                          \
    ENTRIES64(0, shift), ENTRIES64(64, shift), ENTRIES64(128, shift), ENTRIES64(192, shift)

static const uint32_t places[4][256] = {
    {ENTRIES256(18)}, {ENTRIES256(12)}, {ENTRIES256(6)}, {ENTRIES256(0)}};

// The last two or three characters.
static bool decode_rest(const unsigned char *in, size_t rest, unsigned char *to) {
    int a = VALUE(in[0]), b = VALUE(in[1]), c = rest == 3 ? VALUE(in[2]) : 0;
    // The unused bits must be zero; otherwise one value would have several encodings.
    int unused = rest == 3 ? c & 0x03 : b & 0x0f;
    if (a < 0 || b < 0 || c < 0 || unused != 0)
        return false;
    to[0] = (unsigned char)(a << 2 | b >> 4);
    if (rest == 3)
        to[1] = (unsigned char)((b & 0x0f) << 4 | c >> 2);
    return true;
}

enum tv_status tv_base64url_decode(const char *text, size_t length, unsigned char *out,
                                   size_t *out_length) {
    const unsigned char *in = (const unsigned char *)text;
    const unsigned char *whole_end = in + length / 4 * 4;
    unsigned char *to = out;
    uint32_t seen = 0;
    size_t wide = tv_base64url_decode_wide(in, length, out);
    in += wide;
    to += wide / 4 * 3;
    for (; in < whole_end; in += 4, to += 3) {
        uint32_t bits = places[0][in[0]] | places[1][in[1]] | places[2][in[2]] | places[3][in[3]];
        seen |= bits;
        memcpy(to, &bits, sizeof bits); // the byte too many is in the room that `out` has
    }
    size_t rest = length % 4;
    if ((seen & INVALID) || rest == 1 || (rest > 0 && !decode_rest(in, rest, to)))
        return TV_MALFORMED_TOKEN;
    *out_length = (size_t)(to - out) + (rest > 0 ? rest - 1 : 0);
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
