// SPDX-License-Identifier: MIT
// Strict unpadded base64url (RFC 4648 section 5, RFC 7515 section 2).
#pragma once

#include "base/status.h"

// Bytes that `length` characters decode to, at most.
#define TV_BASE64URL_DECODED_SIZE(length) ((length) / 4 * 3 + 2)

// Characters that `length` bytes encode to, exactly.
#define TV_BASE64URL_ENCODED_LENGTH(length) ((4 * (length) + 2) / 3)

// The character of base64url for that of base64 (RFC 4648 section 4); every other one is itself.
static inline char tv_base64url_of(char c) { return c == '+' ? '-' : c == '/' ? '_' : c; }

// Decodes `length` characters into `out`, which has room for TV_BASE64URL_DECODED_SIZE(length)
// bytes. TV_MALFORMED_TOKEN for any character outside the alphabet (padding and white space
// too), an impossible length, or non-zero trailing bits: each value has one spelling.
enum tv_status tv_base64url_decode(const char *text, size_t length, unsigned char *out,
                                   size_t *out_length);

// Encodes `length` bytes into exactly TV_BASE64URL_ENCODED_LENGTH(length) characters; no NUL.
void tv_base64url_encode(const unsigned char *bytes, size_t length, char *out);
