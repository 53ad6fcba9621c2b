// SPDX-License-Identifier: MIT
// Which bytes are a good public point of Ed25519 or Ed448.
#pragma once

#include "base/status.h"

#include <stdbool.h>

// Bytes of an encoded point.
#define TV_OKP_ED25519_SIZE ((size_t)32)
#define TV_OKP_ED448_SIZE ((size_t)57)

// Whether the `length` bytes decode to a point of the curve (RFC 8032 sections 5.1.3 and 5.2.3)
// whose order is large. OpenSSL checks neither when it loads a key: with a point of small order
// as key, everybody can sign anything. TV_OK, TV_WEAK_KEY, or TV_NO_MEMORY.
enum tv_status tv_okp_check_point(bool ed448, const unsigned char *point, size_t length);
