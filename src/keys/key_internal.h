// SPDX-License-Identifier: MIT
// What the files that make keys share.
#pragma once

#include "base/error_queue.h"
#include "base/json.h"
#include "keys/key.h"
#include "keys/key_look.h"

#include <openssl/param_build.h>

// What a JWK may be used for; without any limit, all zero.
struct tv_key_limits {
    const struct tv_algorithm *only_algorithm; // its alg, or NULL for any of the type's
    bool algorithm_unknown;                    // its alg is not supported
    bool not_for_verifying;                    // its use or key_ops exclude it
    bool not_for_signing;                      // likewise
};

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
    bool certificate_differs;
    struct tv_key_limits limits;
    struct tv_prepared *prepared; // a cache only: changes although the key does not
};

static inline enum tv_status tv_key_fail(struct tv_detail *detail, enum tv_status status,
                                         enum tv_reason reason, const char *text) {
    detail->reason = reason;
    detail->text = text;
    return status;
}

// A text of so many bytes, which are more than TV_KEY_MAX_LENGTH.
static inline enum tv_status tv_key_fail_length(struct tv_detail *detail, enum tv_status status,
                                                size_t length) {
    detail->number = (double)length;
    detail->limit = (double)TV_KEY_MAX_LENGTH;
    return tv_key_fail(detail, status, TV_REASON_LENGTH, NULL);
}

// key.c: a key of a type, with one reference; NULL without memory.
struct tv_key *tv_key_new(enum tv_key_type type);

// Checks a public key as its type requires, and wraps it. Takes ownership of `public_key`, also on
// failure.
enum tv_status tv_key_wrap(EVP_PKEY *public_key, int rsa_min_bits, struct tv_key **key,
                           struct tv_detail *detail);

// key_make.c: makes keys from their numbers, public keys or pairs. NULL if OpenSSL fails.
// Of OpenSSL's type `type`, with the builder's parameters.
EVP_PKEY *tv_key_make(const char *type, OSSL_PARAM_BLD *builder, bool is_pair);
// `point` is encoded as SEC 1 section 2.3.3 has it; without `scalar`, a public key.
EVP_PKEY *tv_key_make_ec(enum tv_curve curve, struct tv_span point, struct tv_span scalar);
// `bytes` are the private half of a pair.
EVP_PKEY *tv_key_make_okp(enum tv_curve curve, struct tv_span bytes, bool is_pair);

// A member of a JWK, or NULL: also for a null, by which some providers mean none.
static inline yyjson_val *tv_key_member(yyjson_val *jwk, struct tv_span name) {
    yyjson_val *value = tv_json_member(jwk, name);
    return yyjson_is_null(value) ? NULL : value;
}

// Whether a JWK has no kty, but the numbers of an RSA key.
static inline bool tv_key_is_bare_rsa(yyjson_val *jwk) {
    return !tv_key_member(jwk, TV_SPAN("kty")) && tv_key_member(jwk, TV_SPAN("n")) &&
           tv_key_member(jwk, TV_SPAN("e"));
}

// key_jwk.c: a JWK's text, and one that is parsed already.
enum tv_status tv_key_load_jwk(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key **key, struct tv_detail *detail);
enum tv_status tv_key_load_jwk_object(yyjson_val *jwk, int rsa_min_bits, struct tv_key **key,
                                      struct tv_detail *detail);
// Reads alg, use and key_ops of a JWK. A private key that may sign may also verify.
enum tv_status tv_key_read_limits(yyjson_val *jwk, bool is_private, struct tv_key_limits *limits,
                                  struct tv_detail *detail);
// Both halves of a private JWK.
enum tv_status tv_key_jwk_pair(yyjson_val *jwk, EVP_PKEY **pair, struct tv_detail *detail);
// Frees the memory of a parsed JWK, which may hold private numbers.
void tv_key_wipe(struct tv_arena *arena);

// key_kind.c: "an empty text" or "an HTML or XML page", and the reason, for one that is; else NULL.
const char *tv_key_looks_like_page(struct tv_span text, enum tv_reason *reason);
// Fills the detail's reason, text, kind and found for a text that is not a usable key or set. JSON
// that cannot be parsed, and a JWK with another failure, keep what is there.
void tv_key_name_text(struct tv_span text, struct tv_detail *detail);
// Likewise for DER that is not of the form that was expected; that of no form keeps what is there.
void tv_key_name_der(struct tv_span der, bool is_in_pem, struct tv_detail *detail);
// Likewise for an encrypted private key, whose PEM has headers.
void tv_key_name_encrypted(struct tv_detail *detail);

// key_kind_json.c: the name of the first member that has a PEM, and whether all members have one.
struct tv_span tv_key_member_with_pem(yyjson_val *object, bool *all);

// key_pem.c: without the byte order mark of UTF-8.
struct tv_span tv_key_without_mark(struct tv_span text);
// Whether what follows "-----BEGIN " is the label of a block that is read.
bool tv_key_is_read_label(struct tv_span text);
// Whether a text begins with a brace, after white space.
bool tv_key_looks_like_json(const char *text, size_t length);
// The first byte of every DER form. It is also the digit "0", with which text around a PEM may
// begin.
#define DER_SEQUENCE 0x30
// Finds the first block of a PEM with a key, or with `only_private` with a private key. The caller
// frees `der` with OPENSSL_clear_free(). TV_MALFORMED_KEY: there is none or, with a reason, it
// cannot be read.
struct tv_key_block {
    enum tv_key_form form;
    bool is_encrypted;
    struct tv_span der;
};

enum tv_status tv_key_read_block(struct tv_span text, bool only_private, struct tv_key_block *block,
                                 struct tv_detail *detail);

// key_decode.c: the public key of DER in this form that fills the span. TV_MALFORMED_KEY without a
// reason for what is none; TV_UNSUPPORTED_KEY.
enum tv_status tv_key_decode(enum tv_key_form form, struct tv_span der, EVP_PKEY **key,
                             struct tv_detail *detail);
// Both halves of a private key; likewise.
enum tv_status tv_key_decode_pair(struct tv_span der, EVP_PKEY **pair, struct tv_detail *detail);
// Only the public numbers of a key pair, so that nothing private is kept; or NULL.
EVP_PKEY *tv_key_public_half(EVP_PKEY *pair);

// key_private.c: checks the public half of a pair, and wraps both. Takes ownership of `pair`, also
// on failure.
enum tv_status tv_key_wrap_pair(EVP_PKEY *pair, struct tv_key **key, struct tv_detail *detail);

// key_published.c: whether a text is a public key or certificate in any encoding; whether a text of
// any length contains one in the usual encodings.
enum tv_status tv_key_is_published(struct tv_span text, bool *is);
bool tv_key_has_public_mark(struct tv_span text);
