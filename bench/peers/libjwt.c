// SPDX-License-Identifier: MIT
// libjwt 1: it takes the key as a text and checks the signature; claims are asked for one by one.
#include "peer.h"

#include <errno.h>
#include <jwt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *peer_version(void) { return "libjwt " PEER_VERSION; }

const char *peer_load(struct peer_case *that) {
    return jwt_str_alg(that->algorithm) == JWT_ALG_INVAL ? PEER_UNSUPPORTED : NULL;
}

static int is(jwt_t *jwt, const char *claim, const char *expected) {
    const char *found = jwt_get_grant(jwt, claim);
    return found && strcmp(found, expected) == 0;
}

static const char *check_claims(jwt_t *jwt, jwt_alg_t expected) {
    time_t now = time(NULL);
    if (jwt_get_alg(jwt) != expected)
        return "another algorithm";
    if (jwt_get_grant_int(jwt, "exp") <= now)
        return "expired";
    if (jwt_get_grant_int(jwt, "nbf") > now)
        return "not yet valid";
    if (!is(jwt, "iss", "app"))
        return "issuer";
    return is(jwt, "aud", "jitsi") ? NULL : "audience";
}

const char *peer_verify(struct peer_case *that) {
    const char *key = that->secret ? that->secret : that->pem;
    jwt_t *jwt = NULL;
    int status = jwt_decode(&jwt, that->token, (const unsigned char *)key, (int)strlen(key));
    if (status != 0)
        return strerror(status);
    const char *problem = check_claims(jwt, jwt_str_alg(that->algorithm));
    jwt_free(jwt);
    return problem;
}
