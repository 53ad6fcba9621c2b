// SPDX-License-Identifier: MIT
// A key to check signatures with: a shared secret, or the public half of a key pair.
#pragma once

#include "base/status.h"
#include "keys/algorithm.h"
#include "keys/prepared.h"

#include <openssl/evp.h>

// Longest key text read, in bytes.
#define TV_KEY_MAX_LENGTH ((size_t)64 * 1024)

// Of an RSA modulus: NIST SP 800-131A and RFC 7518 section 3.3 want 2048; nobody may go below 1024.
#define TV_RSA_MIN_BITS 2048
#define TV_RSA_FLOOR_BITS 1024
#define TV_RSA_MAX_BITS 16384

// A check with more bits than these takes as long as a hundred usual ones unless the exponent is
// small.
#define TV_RSA_LONG_BITS 8192
#define TV_RSA_LONG_EXPONENT 65537

struct tv_key; // reference-counted; not changed once loaded, but for tv_key_prepared()

// Loads a public key from `length` bytes of PEM (SPKI, PKCS#1 or X.509 certificate) or JWK text
// (RFC 7517; RSA, EC, OKP), or DER (SPKI, PKCS#1). A private key is used for its public half, see
// tv_key_was_private(). TV_MALFORMED_KEY, TV_UNSUPPORTED_KEY, TV_WEAK_KEY, TV_NO_MEMORY,
// TV_CRYPTO_FAILURE.
enum tv_status tv_key_load(const char *text, size_t length, struct tv_key **key,
                           struct tv_detail *detail);

// As tv_key_load(), for a deployment that has RSA keys of fewer bits than TV_RSA_MIN_BITS, or wants
// more: `rsa_min_bits` from TV_RSA_FLOOR_BITS to TV_RSA_MAX_BITS.
enum tv_status tv_key_load_with(const char *text, size_t length, int rsa_min_bits,
                                struct tv_key **key, struct tv_detail *detail);

// As tv_key_load_with(), or the secret of an "oct" JWK: for text that its owner says is a key,
// never for what somebody else published.
enum tv_status tv_key_load_any(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail);

// As tv_key_load(), and keeps the private half: for signing. PEM (PKCS#8, PKCS#1 or SEC 1, not
// encrypted) or a private JWK. TV_MALFORMED_KEY for a text without one.
enum tv_status tv_key_load_private(const char *text, size_t length, struct tv_key **key,
                                   struct tv_detail *detail);

// A shared secret of `length` bytes, as they are; or, if they are the text of a JWK whose kty is
// "oct", its k (RFC 7518 section 6.4). TV_WEAK_SECRET for an empty one, for what deployment
// templates leave behind ("<no value>", "{{ ... }}", "${...}", "$NAME" and others), and for a
// public key's PEM.
enum tv_status tv_key_from_secret(const char *bytes, size_t length, struct tv_key **key,
                                  struct tv_detail *detail);

struct tv_key *tv_key_retain(struct tv_key *key);
void tv_key_free(struct tv_key *key); // drops one reference; NULL is fine

enum tv_key_type tv_key_type(const struct tv_key *key);
int tv_key_bits(const struct tv_key *key); // of the modulus, the curve, or the secret

// "P-256", "Ed25519" ... or NULL for a key without a curve.
const char *tv_key_curve(const struct tv_key *key);

// Whether the text held the private half, which does not belong where tokens are checked.
bool tv_key_was_private(const struct tv_key *key);
bool tv_key_was_certificate(const struct tv_key *key); // X.509, whose dates are not checked

// Whether the JWK had a certificate (x5c, RFC 7517 section 4.7) of another key beside its own.
bool tv_key_certificate_differs(const struct tv_key *key);

// TV_OK if the key may check signatures of `algorithm`: family, and the JWK's own alg, use and
// key_ops (RFC 7517 sections 4.2 to 4.4); else TV_KEY_ALGORITHM_MISMATCH.
enum tv_status tv_key_check_algorithm(const struct tv_key *key,
                                      const struct tv_algorithm *algorithm,
                                      struct tv_detail *detail);

// Likewise for making them, which takes a secret or the private half too: TV_MALFORMED_KEY without.
enum tv_status tv_key_check_signing(const struct tv_key *key, const struct tv_algorithm *algorithm,
                                    struct tv_detail *detail);

// TV_WEAK_KEY for an RSA key with fewer bits than `rsa_min_bits`.
enum tv_status tv_key_check_bits(const struct tv_key *key, int rsa_min_bits,
                                 struct tv_detail *detail);

// The JWK's own alg (RFC 7517 section 4.4), or NULL if it has none or one that does not exist here.
const struct tv_algorithm *tv_key_own_algorithm(const struct tv_key *key);

// The public key, or NULL for a secret. Borrowed.
EVP_PKEY *tv_key_public(const struct tv_key *key);

// Both halves, of a key of tv_key_load_private(); else NULL. Borrowed.
EVP_PKEY *tv_key_pair(const struct tv_key *key);

// The secret's bytes; empty for a public key. Borrowed.
struct tv_span tv_key_secret(const struct tv_key *key);

// What is kept with the key for its checks. It belongs to the key, and goes with it.
struct tv_prepared **tv_key_prepared(const struct tv_key *key);

// Text forms of a public key, each in a fresh buffer the caller frees with free().
// TV_UNSUPPORTED_KEY for a secret.
enum tv_status tv_key_pem(const struct tv_key *key, char **text, size_t *length); // SPKI
enum tv_status tv_key_jwk(const struct tv_key *key, char **text, size_t *length);
enum tv_status tv_key_thumbprint(const struct tv_key *key, char **text,
                                 size_t *length); // RFC 7638, SHA-256, base64url
