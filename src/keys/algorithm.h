// SPDX-License-Identifier: MIT
// The signature algorithms of RFC 7518 section 3 that are supported.
#pragma once

#include "base/status.h"

#include <stdbool.h>

enum tv_family {
    TV_FAMILY_HMAC,      // RFC 7518 section 3.2
    TV_FAMILY_RSA_PKCS1, // RFC 7518 section 3.3
    TV_FAMILY_ECDSA,     // RFC 7518 section 3.4
    TV_FAMILY_RSA_PSS,   // RFC 7518 section 3.5
    TV_FAMILY_EDDSA,     // RFC 8037 section 3.1, RFC 9864 section 2.2
};

// Types of keys (RFC 7518 section 6.1, RFC 8037 section 2).
enum tv_key_type { TV_KEY_SECRET, TV_KEY_RSA, TV_KEY_EC, TV_KEY_OKP };

enum tv_digest { TV_SHA256, TV_SHA384, TV_SHA512, TV_DIGEST_COUNT };

enum tv_curve {
    TV_CURVE_NONE, // the key has none, or the algorithm does not say which
    TV_CURVE_P256,
    TV_CURVE_P384,
    TV_CURVE_P521,
    TV_CURVE_ED25519,
    TV_CURVE_ED448,
    TV_CURVE_COUNT
};

struct tv_algorithm {
    const char *name; // exactly as in the header's alg
    enum tv_family family;
    enum tv_digest digest; // unused for EdDSA, which hashes internally
    size_t digest_size;    // bytes; 0 for EdDSA
    enum tv_curve curve;   // of the key
};

// Most algorithms that can exist, and that one policy may accept.
#define TV_ALGORITHMS_MAX 16

// The algorithm of this exact name (case-sensitive, RFC 7515 section 4.1.1), or NULL. "none" is
// no algorithm.
const struct tv_algorithm *tv_algorithm_find(struct tv_span name);

// The index-th algorithm, or NULL past the last.
const struct tv_algorithm *tv_algorithm_at(size_t index);

// Whether keys of this algorithm are shared secrets.
bool tv_algorithm_is_hmac(const struct tv_algorithm *algorithm);

// "HMAC", "RSASSA-PKCS1-v1_5", "ECDSA", "RSASSA-PSS" or "EdDSA" (RFC 7518 section 3.1, RFC 8037).
const char *tv_algorithm_family(const struct tv_algorithm *algorithm);

// The type of its keys.
enum tv_key_type tv_algorithm_key_type(const struct tv_algorithm *algorithm);

// The kty of a JWK of this type: "oct", "RSA", "EC" or "OKP".
const char *tv_key_type_name(enum tv_key_type type);

// "SHA-256" ..., or NULL for EdDSA, which hashes internally.
const char *tv_algorithm_hash(const struct tv_algorithm *algorithm);

// Bytes of a signature; 0 where that depends on the key.
size_t tv_algorithm_signature_size(const struct tv_algorithm *algorithm);

// "P-256", "Ed25519" ... (RFC 7518 section 6.2.1.1, RFC 8037 section 2); NULL for TV_CURVE_NONE.
const char *tv_curve_name(enum tv_curve curve);

// The curve of this exact name, or TV_CURVE_NONE.
enum tv_curve tv_curve_find(struct tv_span name);

// Bytes of one coordinate, or of an OKP public key: 32, 48, 66, 32, 57.
size_t tv_curve_size(enum tv_curve curve);

// The largest of them.
#define TV_CURVE_MAX_SIZE 66
