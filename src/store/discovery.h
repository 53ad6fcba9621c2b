// SPDX-License-Identifier: MIT
// OpenID Connect Discovery 1.0: from an issuer to its JWK Set.
#pragma once

#include "base/status.h"

// Longest configuration read, in bytes.
#define TV_DISCOVERY_MAX_LENGTH ((size_t)64 * 1024)

// The URL of an issuer's configuration (section 4): a new string, or NULL without memory.
char *tv_discovery_url(const char *issuer);

// Reads jwks_uri from a configuration. Its issuer must be exactly `issuer` (section 4.3), and
// jwks_uri must be https if the issuer is; otherwise TV_KEY_UNUSABLE. `*url` is a new string.
enum tv_status tv_discovery_read(const char *text, size_t length, const char *issuer, char **url,
                                 struct tv_detail *detail);
