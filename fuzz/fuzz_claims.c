// SPDX-License-Identifier: MIT
// The claims policy: nine bytes choose a policy and a moment, the rest is the payload. A second,
// simpler implementation of the checks must give the same answer.
#include "fuzz.h"

#include "token/claims.h"

#include <strings.h>

enum { ISSUERS, AUDIENCES, REQUIRED, FLAGS, LEEWAY, LIFETIME, ROOM, NOW, BINDING, CHOICES };

static const struct tv_span names[] = {{"a", 1}, {"b", 1},   {"https://a.example/", 18},
                                       {"", 0},  {"exp", 3}, {"nested", 6}};
// Windows into `names`: a list begins at one of them and has so many.
static const struct {
    size_t first, count;
} lists[] = {{0, 0}, {0, 1}, {0, 2}, {1, 3}, {3, 1}, {0, 6}, {4, 2}};

#define LIST_COUNT (sizeof lists / sizeof lists[0])

static const int64_t lifetimes_s[] = {0, 1, 60, 3600, 86400};
static const struct tv_span rooms[] = {{"a", 1}, {"Hall", 4}, {"*", 1}, {"", 0}};
static const double moments_s[] = {1700000000, 1699999999.5, 0, -1, 9007199254740992.0};

static struct tv_accepted accepted_of(uint8_t choice) {
    return (struct tv_accepted){.values = names + lists[choice % LIST_COUNT].first,
                                .count = lists[choice % LIST_COUNT].count,
                                .configured = (choice & 0x80) != 0,
                                .any = (choice & 0x40) != 0};
}

static struct tv_claims_policy policy_of(const uint8_t choices[CHOICES]) {
    uint8_t required = choices[REQUIRED] % LIST_COUNT, flags = choices[FLAGS];
    return (struct tv_claims_policy){
        .issuers = accepted_of(choices[ISSUERS]),
        .audiences = accepted_of(choices[AUDIENCES]),
        .required = names + lists[required].first,
        .required_count = lists[required].count,
        .leeway_s = choices[LEEWAY] * TV_LEEWAY_MAX_S / 255,
        .max_lifetime_s = lifetimes_s[choices[LIFETIME] % 5],
        .require_room = (flags & 1) != 0,
        .require_sub = (flags & 2) != 0,
        .accept_milliseconds = (flags & 4) != 0,
    };
}

// The second implementation of the checks.

static bool is_clean_string(yyjson_val *value) {
    return yyjson_is_str(value) && strlen(yyjson_get_str(value)) == yyjson_get_len(value);
}

static bool is_one_of(yyjson_val *value, const struct tv_accepted *accepted) {
    bool found = accepted->any;
    for (size_t i = 0; i < accepted->count; i++)
        found |= yyjson_equals_strn(value, accepted->values[i].data, accepted->values[i].length);
    return found;
}

// Whether a date that is there is one; `*date_s` is left as it is where there is none.
static bool is_good_date(yyjson_val *value, bool milliseconds, double *date_s) {
    if (!value)
        return true;
    double number = yyjson_get_num(value);
    if (!yyjson_is_num(value) || number < -0x1p53 || number > 0x1p53)
        return false;
    if (number >= 1e11 && number < 253370764800.0)
        return false;
    if (number >= 253402300800.0 && !milliseconds)
        return false;
    *date_s = number >= 253402300800.0 ? number / 1000 : number;
    return true;
}

static bool are_good_dates(yyjson_val *claims, const struct tv_claims_policy *policy,
                           double now_s) {
    yyjson_val *exp = yyjson_obj_get(claims, "exp"), *nbf = yyjson_obj_get(claims, "nbf");
    yyjson_val *iat = yyjson_obj_get(claims, "iat");
    bool milliseconds = policy->accept_milliseconds;
    double exp_s = 0, nbf_s = 0, iat_s = 0, leeway_s = (double)policy->leeway_s;
    if (iat && !yyjson_is_num(iat))
        return false;
    if (!is_good_date(exp, milliseconds, &exp_s) || !is_good_date(nbf, milliseconds, &nbf_s))
        return false;
    if ((exp && exp_s + leeway_s <= now_s) || (nbf && nbf_s - leeway_s > now_s))
        return false;
    return policy->max_lifetime_s == 0 || (exp && iat && is_good_date(iat, milliseconds, &iat_s) &&
                                           exp_s - iat_s <= (double)policy->max_lifetime_s);
}

static bool is_good_issuer(yyjson_val *issuer, const struct tv_claims_policy *policy,
                           const struct tv_claims_request *request) {
    const struct tv_accepted *own = request->issuers, *others = request->others_issuers;
    if (!policy->issuers.configured && !own && !others)
        return true;
    return is_clean_string(issuer) &&
           (!policy->issuers.configured || is_one_of(issuer, &policy->issuers)) &&
           (!own || is_one_of(issuer, own)) && (!others || !is_one_of(issuer, others));
}

static bool is_good_audience(yyjson_val *audience, const struct tv_accepted *accepted) {
    if (!accepted->configured)
        return true;
    if (!yyjson_is_arr(audience))
        return is_clean_string(audience) && is_one_of(audience, accepted);
    bool matched = false;
    for (size_t i = 0; i < yyjson_arr_size(audience); i++) {
        if (!is_clean_string(yyjson_arr_get(audience, i)))
            return false;
        matched |= is_one_of(yyjson_arr_get(audience, i), accepted);
    }
    return matched;
}

// A string where it is there, and there where it must be.
static bool is_good_string(yyjson_val *value, bool required) {
    return !value || yyjson_is_null(value) ? !required : is_clean_string(value);
}

static bool is_good_room(yyjson_val *room, const struct tv_claims_request *request) {
    if (!yyjson_is_str(room) || !request->has_room || yyjson_equals_str(room, "*"))
        return true;
    return yyjson_get_len(room) == request->room.length &&
           strncasecmp(yyjson_get_str(room), request->room.data, request->room.length) == 0;
}

static bool is_good(yyjson_val *claims, const struct tv_claims_policy *policy,
                    const struct tv_claims_request *request) {
    yyjson_val *room = yyjson_obj_get(claims, "room");
    bool good = are_good_dates(claims, policy, request->now_s) &&
                is_good_issuer(yyjson_obj_get(claims, "iss"), policy, request) &&
                is_good_audience(yyjson_obj_get(claims, "aud"), &policy->audiences) &&
                is_good_string(room, policy->require_room) && is_good_room(room, request) &&
                is_good_string(yyjson_obj_get(claims, "sub"), policy->require_sub);
    for (size_t i = 0; i < policy->required_count; i++) {
        yyjson_val *claim =
            yyjson_obj_getn(claims, policy->required[i].data, policy->required[i].length);
        good &= claim && !yyjson_is_null(claim);
    }
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < CHOICES)
        return 0;
    struct tv_claims_policy policy = policy_of(data);
    struct tv_accepted own = accepted_of(data[BINDING]), others = accepted_of(data[BINDING]);
    struct tv_claims_request request = {
        .now_s = moments_s[data[NOW] % 5],
        .room = rooms[data[ROOM] % 4],
        .has_room = (data[FLAGS] & 8) != 0,
        .issuers = data[FLAGS] & 16 ? &own : NULL,
        .others_issuers = data[FLAGS] & 32 ? &others : NULL,
    };
    struct tv_arena arena;
    yyjson_val *claims;
    struct tv_detail detail = {0};
    enum tv_status status =
        tv_json_parse_copy((const char *)data + CHOICES, size - CHOICES, TV_MALFORMED_PAYLOAD,
                           TV_SUBJECT_PAYLOAD, &arena, &claims, &detail);
    if (status == TV_OK) {
        fuzz_check_tree(claims, 1);
        status = tv_claims_check(claims, &policy, &request, &detail);
        MUST((status == TV_OK) == is_good(claims, &policy, &request));
    }
    if (status != TV_OK)
        fuzz_read_detail(status, &detail);
    free(arena.memory);
    return 0;
}
