// SPDX-License-Identifier: MIT
// Decodes most of a long base64url text with the widest vector instructions of the processor.
#pragma once

#include <stddef.h>

// Decodes characters from the front into `out` and returns how many: a multiple of 4, all of them
// in the alphabet; 0 if the processor or the compiler has no such instructions. The characters
// after them, at least 8, are not checked: the caller decodes them. `out` has room as for
// tv_base64url_decode(), and bytes after the result may be overwritten.
size_t tv_base64url_decode_wide(const unsigned char *in, size_t length, unsigned char *out);
