// SPDX-License-Identifier: MIT
// OpenID Connect Discovery 1.0: from an issuer to its JWK Set.
#pragma once

#include "base/status.h"

// Longest configuration read, in bytes.
#define TV_DISCOVERY_MAX_LENGTH ((size_t)64 * 1024)

// Where an issuer's configuration stands (section 4): a fresh string, or NULL without memory.
char *tv_discovery_url(const char *issuer);

// Reads jwks_uri out of a configuration whose issuer is exactly `issuer` (section 4.3), and, where
// the issuer is https, takes none that is not. `*url` is a fresh string. TV_KEY_UNUSABLE otherwise.
enum tv_status tv_discovery_read(const char *text, size_t length, const char *issuer, char **url,
                                 struct tv_detail *detail);
