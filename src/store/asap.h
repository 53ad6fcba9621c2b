// SPDX-License-Identifier: MIT
// File name and URL of a key on an ASAP key server.
#pragma once

#include "base/status.h"

// "<sha256hex(kid)>.pem" and a NUL.
#define TV_ASAP_FILE_NAME_SIZE 69

// The name of the key's file. TV_CRYPTO_FAILURE if OpenSSL has no SHA-256.
enum tv_status tv_asap_file_name(struct tv_span key_id, char name[TV_ASAP_FILE_NAME_SIZE]);

// The key's URL below `base`, which has no slash at its end: a new string that the caller frees.
// TV_NO_MEMORY, TV_CRYPTO_FAILURE.
enum tv_status tv_asap_url(const char *base, struct tv_span key_id, char **url);
