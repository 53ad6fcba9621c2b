// SPDX-License-Identifier: MIT
// Base64url by the widest instructions of the processor, for the bulk of a long text.
#pragma once

#include <stddef.h>

// Decodes from the front as many characters as can be done at once, into `out`, and returns how
// many: a multiple of 4, all of them of the alphabet; 0 where the processor, or the compiler, has
// no such instructions. What follows is not judged; what is left, 8 characters at least, is the
// caller's. `out` has room as for tv_base64url_decode(), and may be overwritten behind the result.
size_t tv_base64url_decode_wide(const unsigned char *in, size_t length, unsigned char *out);
