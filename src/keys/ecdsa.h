// SPDX-License-Identifier: MIT
// ECDSA signatures between JOSE's form, R and S side by side (RFC 7518 section 3.4), and the DER
// that OpenSSL takes.
#pragma once

#include "keys/algorithm.h"

// Bytes of the longest DER form, that of P-521.
#define TV_ECDSA_DER_MAX_SIZE 141

// `der` has room for TV_ECDSA_DER_MAX_SIZE bytes. TV_BAD_SIGNATURE unless `raw` has exactly twice
// the bytes of a coordinate of `curve`, and both numbers are at least 1 and less than the order of
// its group (FIPS 186-4 section 6.4.2).
enum tv_status tv_ecdsa_to_der(enum tv_curve curve, const unsigned char *raw, size_t raw_length,
                               unsigned char *der, size_t *der_length);

// Fills `raw`, which has room for twice the bytes of a coordinate. TV_CRYPTO_FAILURE if the DER is
// not a signature on the curve, or memory is lacking.
enum tv_status tv_ecdsa_from_der(enum tv_curve curve, const unsigned char *der, size_t der_length,
                                 unsigned char *raw);
