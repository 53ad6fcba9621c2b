// SPDX-License-Identifier: MIT
// The straight line: limits, header, [key], signature, claims. The first failure is the answer.
#include "token/verify.h"

#include "keys/signature.h"

#include <strings.h>

// RFC 7515 section 4.1.9: without another slash, "application/" may be left out.
static struct tv_span short_type(struct tv_span type) {
    const struct tv_span prefix = TV_SPAN("application/");
    if (type.length <= prefix.length || strncasecmp(type.data, prefix.data, prefix.length) != 0 ||
        memchr(type.data + prefix.length, '/', type.length - prefix.length))
        return type;
    return (struct tv_span){type.data + prefix.length, type.length - prefix.length};
}

// Whether two values of typ are the same media type. Case does not count, but for "JWT":
// deployments rely on that spelling alone passing, and RFC 7519 section 5.1 recommends it.
static bool is_same_type(struct tv_span a, struct tv_span b) {
    if (tv_span_equal(a, b))
        return true;
    a = short_type(a);
    b = short_type(b);
    return a.length == b.length && strncasecmp(a.data, b.data, a.length) == 0 &&
           !(a.length == 3 && strncasecmp(a.data, "JWT", 3) == 0);
}

static bool is_accepted_type(const struct tv_accepted *accepted, struct tv_span type) {
    for (size_t i = 0; i < accepted->count; i++)
        if (is_same_type(accepted->values[i], type))
            return true;
    return false;
}

static enum tv_status check_type(const struct tv_accepted *accepted, yyjson_val *type,
                                 struct tv_detail *detail) {
    if (accepted->any) // typ may be absent
        return TV_OK;
    if (yyjson_is_str(type) && is_accepted_type(accepted, tv_json_string(type)))
        return TV_OK;
    detail->subject = TV_SUBJECT_TYP;
    detail->expected = accepted->values;
    detail->expected_count = accepted->count;
    if (!type) {
        detail->reason = TV_REASON_MISSING;
    } else if (!yyjson_is_str(type)) {
        detail->reason = TV_REASON_TYPE;
        detail->text = tv_json_type_name(type);
    } else {
        detail->reason = TV_REASON_NOT_LISTED;
        tv_detail_set_found(detail, tv_json_string(type));
    }
    return TV_TYPE_NOT_ACCEPTED;
}

// The only place that compares a token's alg with the policy (RFC 8725 section 3.1).
static enum tv_status choose_algorithm(const struct tv_policy *policy, struct tv_span name,
                                       const struct tv_algorithm **algorithm,
                                       struct tv_detail *detail) {
    for (size_t i = 0; i < policy->algorithm_count; i++) {
        if (tv_span_equal(policy->algorithm_names[i], name)) {
            *algorithm = policy->algorithms[i];
            return TV_OK;
        }
    }
    detail->reason = TV_REASON_NOT_LISTED;
    detail->subject = TV_SUBJECT_ALG;
    tv_detail_set_found(detail, name);
    detail->expected = policy->algorithm_names;
    detail->expected_count = policy->algorithm_count;
    return TV_ALGORITHM_NOT_ACCEPTED;
}

enum tv_status tv_verify_begin(const struct tv_policy *policy, struct tv_span token,
                               struct tv_arena *arena, struct tv_verification *verification,
                               struct tv_detail *detail) {
    verification->policy = policy;
    verification->payload = NULL;
    enum tv_status status = tv_jws_parse(token, arena, &verification->jws, detail);
    if (status == TV_OK)
        status = check_type(&policy->types, verification->jws.type, detail);
    if (status == TV_OK)
        status =
            choose_algorithm(policy, verification->jws.algorithm, &verification->algorithm, detail);
    return status;
}

enum tv_status tv_verify_signature(const struct tv_verification *verification,
                                   const struct tv_key *key, struct tv_detail *detail) {
    const struct tv_jws *jws = &verification->jws;
    enum tv_status status = tv_key_check_bits(key, verification->policy->rsa_min_bits, detail);
    if (status != TV_OK)
        return status;
    return tv_signature_verify(verification->algorithm, key, jws->signing_input, jws->signature,
                               jws->signature_length, detail);
}

enum tv_status tv_verify_claims(struct tv_verification *verification,
                                const struct tv_claims_request *request, struct tv_arena *arena,
                                yyjson_val **claims, struct tv_detail *detail) {
    const struct tv_claims_policy *policy = &verification->policy->claims;
    enum tv_status status = TV_OK;
    if (!verification->payload)
        status = tv_jws_parse_payload(&verification->jws, arena, &verification->payload, detail);
    if (status == TV_OK)
        status = tv_claims_check(verification->payload, policy, request, detail);
    if (status == TV_OK)
        *claims = verification->payload;
    return status;
}
