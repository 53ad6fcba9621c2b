// SPDX-License-Identifier: MIT
// Decodes 32 characters at a time with AVX2: two table look-ups by the halves of a character check
// that it is in the alphabet, a third one gives what must be added to get its value. After W. Mula
// and D. Lemire, "Faster Base64 Encoding and Decoding Using AVX2 Instructions" (2018), whose tables
// are for "+" and "/".
#include "base/base64url_wide.h"

#if defined __x86_64__ && defined __GNUC__

#include <immintrin.h>

#define BLOCK ((size_t)32) // characters a turn; they become 24 bytes, stored as 32

// Characters behind a block whose bytes make room for the 8 too many.
#define BEHIND 8

// For what never becomes part of the result.
#define ANY 0

// By the lower half of a character: the upper halves with which it is none of the alphabet, a bit
// each. 1: 2x, where only "-" is; 2: 3x, the digits; 4: 4x and 6x, letters from 1; 8: 5x, letters
// to Z and "_"; 16: 7x, letters to z; NONE: all others, where nothing is.
#define NONE 32
#define NOT_BY_LOWER                                                                               \
    _mm_setr_epi8(0x25, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x21, 0x23, 0x3b, 0x3b,    \
                  0x3a, 0x3b, 0x33)
// By the upper half: its bit.
#define BY_UPPER                                                                                   \
    _mm_setr_epi8(NONE, NONE, 1, 2, 4, 8, 4, 16, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE)
// By the upper half: what makes the value of the character; "_" alone differs from its neighbours.
#define TO_VALUE                                                                                   \
    _mm_setr_epi8(ANY, ANY, 62 - '-', 52 - '0', 0 - 'A', 0 - 'A', 26 - 'a', 26 - 'a', ANY, ANY,    \
                  ANY, ANY, ANY, ANY, ANY, ANY)
#define UNDERSCORE_MORE (63 - '_' - (0 - 'A'))

__attribute__((target("avx2"))) static size_t decode_blocks(const unsigned char *in, size_t length,
                                                            unsigned char *out) {
    const __m256i not_by_lower = _mm256_broadcastsi128_si256(NOT_BY_LOWER);
    const __m256i by_upper = _mm256_broadcastsi128_si256(BY_UPPER);
    const __m256i to_value = _mm256_broadcastsi128_si256(TO_VALUE);
    const __m256i half = _mm256_set1_epi8(0x0f);
    size_t done = 0;
    for (; length - done >= BLOCK + BEHIND; done += BLOCK, out += BLOCK / 4 * 3) {
        __m256i text = _mm256_loadu_si256((const __m256i *)(const void *)(in + done));
        __m256i upper = _mm256_and_si256(_mm256_srli_epi32(text, 4), half);
        __m256i lower = _mm256_and_si256(text, half);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(not_by_lower, lower),
                                _mm256_shuffle_epi8(by_upper, upper)))
            break;
        __m256i underscore = _mm256_cmpeq_epi8(text, _mm256_set1_epi8('_'));
        __m256i more = _mm256_and_si256(underscore, _mm256_set1_epi8(UNDERSCORE_MORE));
        __m256i values = _mm256_add_epi8(text, _mm256_shuffle_epi8(to_value, upper));
        values = _mm256_add_epi8(values, more);
        // 6 bits each, to 12 of two, to 24 of four; then their three bytes in order, and together.
        values = _mm256_maddubs_epi16(values, _mm256_set1_epi32(0x01400140));
        values = _mm256_madd_epi16(values, _mm256_set1_epi32(0x00011000));
        values = _mm256_shuffle_epi8(
            values, _mm256_broadcastsi128_si256(
                        _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, ANY, ANY, ANY, ANY)));
        values = _mm256_permutevar8x32_epi32(values, _mm256_setr_epi32(0, 1, 2, 4, 5, 6, ANY, ANY));
        _mm256_storeu_si256((__m256i *)(void *)out, values);
    }
    return done;
}

size_t tv_base64url_decode_wide(const unsigned char *in, size_t length, unsigned char *out) {
    return __builtin_cpu_supports("avx2") ? decode_blocks(in, length, out) : 0;
}

#else

size_t tv_base64url_decode_wide(const unsigned char *in, size_t length, unsigned char *out) {
    (void)in;
    (void)length;
    (void)out;
    return 0;
}

#endif
