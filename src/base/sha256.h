// SPDX-License-Identifier: MIT
// SHA-256.
#pragma once

#include "base/status.h"

#define TV_SHA256_SIZE 32

// TV_CRYPTO_FAILURE: OpenSSL has no SHA-256, or no memory.
enum tv_status tv_sha256(struct tv_span bytes, unsigned char hash[TV_SHA256_SIZE]);
