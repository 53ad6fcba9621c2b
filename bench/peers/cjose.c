// SPDX-License-Identifier: MIT
// cjose: signatures alone, with a kept key. The claims are read with jansson, which it is built on.
#include "peer.h"

#include <cjose/cjose.h>
#include <jansson.h>
#include <string.h>
#include <time.h>

const char *peer_version(void) { return "cjose " PEER_VERSION; }

const char *peer_load(struct peer_case *that) {
    cjose_err error;
    that->key = cjose_jwk_import(that->jwk, strlen(that->jwk), &error);
    return that->key ? NULL : PEER_UNSUPPORTED;
}

static int is(const json_t *value, const char *expected) {
    return json_is_string(value) && strcmp(json_string_value(value), expected) == 0;
}

static const char *check_claims(const json_t *claims) {
    time_t now = time(NULL);
    if (json_integer_value(json_object_get(claims, "exp")) <= now)
        return "expired";
    if (json_integer_value(json_object_get(claims, "nbf")) > now)
        return "not yet valid";
    if (!is(json_object_get(claims, "iss"), "app"))
        return "issuer";
    return is(json_object_get(claims, "aud"), "jitsi") ? NULL : "audience";
}

static const char *check(const struct peer_case *that, cjose_jws_t *jws) {
    cjose_err error;
    const char *algorithm = cjose_header_get(cjose_jws_get_protected(jws), CJOSE_HDR_ALG, &error);
    if (!algorithm || strcmp(algorithm, that->algorithm) != 0)
        return "another algorithm";
    if (!cjose_jws_verify(jws, that->key, &error))
        return "signature";
    uint8_t *text = NULL;
    size_t length = 0;
    if (!cjose_jws_get_plaintext(jws, &text, &length, &error))
        return "no payload";
    json_t *claims = json_loadb((const char *)text, length, JSON_REJECT_DUPLICATES, NULL);
    const char *problem = claims ? check_claims(claims) : "no JSON";
    json_decref(claims);
    return problem;
}

const char *peer_verify(struct peer_case *that) {
    cjose_err error;
    cjose_jws_t *jws = cjose_jws_import(that->token, that->token_length, &error);
    if (!jws)
        return "malformed";
    const char *problem = check(that, jws);
    cjose_jws_release(jws);
    return problem;
}
