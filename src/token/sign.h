// SPDX-License-Identifier: MIT
// Header and payload to a signed token (RFC 7515 section 5.1).
#pragma once

#include "keys/algorithm.h"
#include "keys/key.h"
#include "token/jws.h"

// Joins the texts of header and payload, signs them, and writes the compact token into `token`,
// which has room for TV_JWS_MAX_LENGTH bytes. The texts are taken as they are: that the header
// names `algorithm` is the caller's part. TV_TOKEN_TOO_LARGE if the token would be longer than what
// tv_jws_parse() takes; statuses as tv_signature_make().
enum tv_status tv_sign(const struct tv_algorithm *algorithm, const struct tv_key *key,
                       struct tv_span header, struct tv_span payload, char *token,
                       size_t *token_length, struct tv_detail *detail);
