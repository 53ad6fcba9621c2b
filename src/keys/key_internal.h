// SPDX-License-Identifier: MIT
// What the files that make keys share.
#pragma once

#include "base/json.h"
#include "base/memory.h"
#include "keys/key.h"
#include "keys/key_look.h"

#include <stdint.h>

struct tv_key {
    size_t references;
    enum tv_key_type type;
    enum tv_curve curve;
    EVP_PKEY *public_key;
    EVP_PKEY *pair; // with the private half, for signing only; or NULL
    char *secret;
    size_t secret_length;
    bool was_private;
    bool was_certificate;
    const struct tv_algorithm *only_algorithm; // the JWK's alg, or NULL for any of the type's
    bool algorithm_unknown;                    // the JWK's alg is one that does not exist here
    bool not_for_verifying;                    // the JWK's use or key_ops exclude it
    bool not_for_signing;                      // likewise
    struct tv_prepared *prepared;              // says nothing about the key: may change
};

static inline enum tv_status tv_key_fail(struct tv_detail *detail, enum tv_status status,
                                         enum tv_reason reason, const char *text) {
    detail->reason = reason;
    detail->text = text;
    return status;
}

// key.c: a key of a type, with one reference; NULL without memory.
struct tv_key *tv_key_new(enum tv_key_type type);

// Wraps a public key once it has passed the checks of its type; `is_judged`: those of RSA and EC
// were made of its bytes already. Takes `public_key`, also on failure.
enum tv_status tv_key_wrap(EVP_PKEY *public_key, bool is_judged, int rsa_min_bits,
                           struct tv_key **key, struct tv_detail *detail);

// Whether an RSA key is a good one, whose modulus has so many bits; `exponent` is 0 for one of more
// than 64.
enum tv_status tv_key_check_rsa(int bits, bool modulus_is_odd, uint64_t exponent, int min_bits,
                                struct tv_detail *detail);

// Whether to load once more, as OpenSSL that lacks memory refuses a good key: a key is refused for
// good if it is twice and there is memory then. `*status` may become TV_NO_MEMORY.
bool tv_key_try_again(struct tv_memory_tries *tries, enum tv_status *status);

// key_make.c: what OpenSSL makes public keys with, kept from one to the next. Starts as {0}.
struct tv_key_makers {
    EVP_PKEY_CTX *rsa, *ec;
};

void tv_key_makers_clear(struct tv_key_makers *makers);

// Highest byte first.
struct tv_key_number {
    unsigned char *bytes;
    size_t length;
};

// A public key of its numbers, or of its uncompressed point, that tv_key_wrap() need not judge once
// more: OpenSSL takes no such point that is not on the curve.
// Both numbers have a byte at least, and none of them is good for anything afterwards.
enum tv_status tv_key_make_rsa(struct tv_key_makers *makers, struct tv_key_number modulus,
                               struct tv_key_number exponent, int min_bits, EVP_PKEY **key,
                               struct tv_detail *detail);
enum tv_status tv_key_make_ec(struct tv_key_makers *makers, enum tv_curve curve,
                              const unsigned char *point, size_t length, EVP_PKEY **key);

// key_jwk.c: a JWK's text, and one that is parsed already. Neither gives a `found`.
enum tv_status tv_key_load_jwk(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail);
enum tv_status tv_key_load_jwk_object(yyjson_val *jwk, int rsa_min_bits,
                                      struct tv_key_makers *makers, struct tv_key **key,
                                      struct tv_detail *detail);
// What a JWK may be used for: its alg, use and key_ops.
enum tv_status tv_key_read_limits(yyjson_val *jwk, struct tv_key *key, struct tv_detail *detail);
// Both halves of a private JWK.
enum tv_status tv_key_jwk_pair(yyjson_val *jwk, EVP_PKEY **pair, struct tv_detail *detail);
// Frees the memory of a parsed JWK, which may hold private numbers.
void tv_key_wipe(struct tv_arena *arena);

// key_spki.c: the key of a SubjectPublicKeyInfo that fills `length` bytes exactly and is spelled as
// usual; NULL for any other, and for one that is no key: OpenSSL's decoder has the last word.
// `*is_judged`, here and below, is for tv_key_wrap().
EVP_PKEY *tv_key_decode_spki(const unsigned char *der, size_t length, bool *is_judged);

// The key of the RSAPublicKey (RFC 8017 appendix A.1.1) at `*end`, which is moved behind it; NULL
// where d2i_PublicKey() has none.
EVP_PKEY *tv_key_decode_rsa(const unsigned char **end, long length, bool *is_judged);

// key_text.c: whether a text begins with a brace, whatever white space is before it.
bool tv_key_looks_like_json(const char *text, size_t length);
// What every DER form begins with. It is the digit "0", which text around a PEM may begin with too.
#define DER_SEQUENCE 0x30
// The first block of a PEM that holds a key, or with `only_private` a private one. `der` is freed
// with OPENSSL_clear_free(). TV_MALFORMED_KEY: there is none, or, with a reason, none to be read.
struct tv_key_block {
    enum tv_key_form form;
    bool is_encrypted;
    struct tv_span der;
};

enum tv_status tv_key_read_block(struct tv_span text, bool only_private, struct tv_key_block *block,
                                 struct tv_detail *detail);

// key_decode.c: what is decoded; `is_judged` is for tv_key_wrap().
struct tv_key_decoded {
    EVP_PKEY *key;
    bool is_judged;
};

// The public key of DER in this form that fills the span. TV_MALFORMED_KEY without a reason for
// what is none; TV_UNSUPPORTED_KEY, and TV_WEAK_KEY for what need not be decoded to be judged.
enum tv_status tv_key_decode(enum tv_key_form form, struct tv_span der, int rsa_min_bits,
                             struct tv_key_decoded *decoded, struct tv_detail *detail);
// Only the public numbers of a key pair, so that nothing private is kept; or NULL.
EVP_PKEY *tv_key_public_half(EVP_PKEY *pair);

// key_published.c: whether a text is a public key or certificate, however it is spelled; and
// whether a text of any length has one in the usual spellings.
enum tv_status tv_key_is_published(struct tv_span text, bool *is);
bool tv_key_has_public_mark(struct tv_span text);

// key_secret.c: TV_OK if the text may serve as a secret; TV_WEAK_SECRET with the reason, or
// TV_NO_MEMORY.
enum tv_status tv_key_check_secret(struct tv_span text, struct tv_detail *detail);

// The secret of an "oct" JWK as fresh bytes, and what it may be used for into `limits`;
// or `*secret` NULL if the text is no JWK and so means itself. TV_WEAK_SECRET for a JWK (or JWK
// Set) that is no good secret: another kty, a member twice, k not there or not base64url.
enum tv_status tv_key_decode_jwk_secret(const char *text, size_t length, struct tv_key *limits,
                                        char **secret, size_t *secret_length,
                                        struct tv_detail *detail);
