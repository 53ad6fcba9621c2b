// SPDX-License-Identifier: MIT
// Makes a signed token from a header and a payload (RFC 7515 section 5.1).
#pragma once

#include "keys/algorithm.h"
#include "keys/key.h"
#include "token/jws.h"

// TV_TOKEN_TOO_LARGE if no token has room for a header or payload of so many bytes.
enum tv_status tv_sign_check_length(size_t text_length, struct tv_detail *detail);

// Joins the texts of header and payload, signs them, and writes the compact token into `token`,
// which has room for TV_JWS_MAX_LENGTH bytes. The texts are used unchanged; the caller makes
// sure that the header names `algorithm`. TV_TOKEN_TOO_LARGE if the token would be longer than
// tv_jws_parse() accepts; statuses as tv_signature_make().
enum tv_status tv_sign(const struct tv_algorithm *algorithm, const struct tv_key *key,
                       struct tv_span header, struct tv_span payload, char *token,
                       size_t *token_length, struct tv_detail *detail);
