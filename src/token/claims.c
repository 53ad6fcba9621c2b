// SPDX-License-Identifier: MIT
// Checks a token's claims; the clock is an argument.
#include "token/claims.h"

// RFC 7519 section 2: NumericDate is seconds, fractions allowed. Beyond this, doubles skip
// integers.
#define DATE_LIMIT 9007199254740992.0 // 2^53

// Dates are seconds until the end of the year 9999, which several systems write for "never". Twelve
// digits below that year are a slip: seconds have ten digits today, milliseconds thirteen.
#define TWELVE_DIGITS_FROM 1e11          // the year 5138
#define NEVER_FROM 253370764800.0        // the year 9999
#define MILLISECONDS_FROM 253402300800.0 // the year 10000; in milliseconds January 1978

static enum tv_status fail(struct tv_detail *detail, enum tv_status status, enum tv_subject claim,
                           enum tv_reason reason) {
    detail->subject = claim;
    detail->reason = reason;
    return status;
}

static enum tv_status fail_type(struct tv_detail *detail, enum tv_status status,
                                enum tv_subject claim, yyjson_val *value) {
    detail->text = tv_json_type_name(value);
    tv_detail_set_found(detail, tv_json_string(value)); // empty for any other type
    return fail(detail, status, claim, TV_REASON_TYPE);
}

// The claims that are checked, found in one pass; NULL for absent ones.
struct members {
    yyjson_val *exp, *nbf, *iat, *iss, *aud, *room, *sub;
};

#define LETTERS(a, b, c) ((uint32_t)(a) | (uint32_t)(b) << 8 | (uint32_t)(c) << 16)

static yyjson_val **slot_of(struct members *members, struct tv_span name) {
    if (tv_span_equal(name, TV_SPAN("room")))
        return &members->room;
    if (name.length != 3)
        return NULL;
    const unsigned char *letters = (const unsigned char *)name.data;
    switch (LETTERS(letters[0], letters[1], letters[2])) {
    case LETTERS('e', 'x', 'p'):
        return &members->exp;
    case LETTERS('n', 'b', 'f'):
        return &members->nbf;
    case LETTERS('i', 'a', 't'):
        return &members->iat;
    case LETTERS('i', 's', 's'):
        return &members->iss;
    case LETTERS('a', 'u', 'd'):
        return &members->aud;
    case LETTERS('s', 'u', 'b'):
        return &members->sub;
    default:
        return NULL;
    }
}

static struct members find_members(yyjson_val *claims) {
    struct members members = {0};
    size_t index, max;
    yyjson_val *name, *value;
    yyjson_obj_foreach(claims, index, max, name, value) {
        yyjson_val **slot = slot_of(&members, tv_json_string(name));
        if (slot)
            *slot = value;
    }
    return members;
}

// A claim that is there and not null, or NULL.
static yyjson_val *present(yyjson_val *value) { return yyjson_is_null(value) ? NULL : value; }

// Reads a date, if it is there.
static enum tv_status read_date(yyjson_val *value, enum tv_subject claim, bool accept_milliseconds,
                                bool *found, double *date_s, struct tv_detail *detail) {
    *found = value != NULL;
    if (!value)
        return TV_OK;
    if (!yyjson_is_num(value))
        return fail_type(detail, TV_INVALID_CLAIM, claim, value);
    double number = yyjson_get_num(value);
    detail->number = number;
    if (number < -DATE_LIMIT || number > DATE_LIMIT) {
        detail->limit = DATE_LIMIT;
        return fail(detail, TV_INVALID_CLAIM, claim, TV_REASON_RANGE);
    }
    if (number >= TWELVE_DIGITS_FROM && number < NEVER_FROM)
        return fail(detail, TV_INVALID_CLAIM, claim, TV_REASON_DIGITS);
    if (number >= MILLISECONDS_FROM) {
        if (!accept_milliseconds)
            return fail(detail, TV_INVALID_CLAIM, claim, TV_REASON_MILLISECONDS);
        number /= 1000;
    }
    detail->number = 0;
    *date_s = number;
    return TV_OK;
}

static enum tv_status check_lifetime(yyjson_val *issued, const struct tv_claims_policy *policy,
                                     bool has_exp, double exp_s, double now_s,
                                     struct tv_detail *detail) {
    if (policy->max_lifetime_s == 0)
        return TV_OK;
    if (!has_exp)
        return fail(detail, TV_MISSING_CLAIM, TV_SUBJECT_EXP, TV_REASON_MISSING);
    bool has_iat;
    double iat_s = 0;
    enum tv_status status =
        read_date(issued, TV_SUBJECT_IAT, policy->accept_milliseconds, &has_iat, &iat_s, detail);
    if (status != TV_OK)
        return status;
    if (!has_iat)
        return fail(detail, TV_MISSING_CLAIM, TV_SUBJECT_IAT, TV_REASON_MISSING);
    // A token with a future iat would be valid from now on. If iat is further in the future than
    // clocks may differ, the lifetime is counted from now.
    bool ahead = iat_s > now_s + TV_LEEWAY_MAX_S;
    double lifetime_s = exp_s - (ahead ? now_s : iat_s);
    if (lifetime_s <= (double)policy->max_lifetime_s)
        return TV_OK;
    detail->number = lifetime_s;
    detail->limit = (double)policy->max_lifetime_s;
    return fail(detail, TV_LIFETIME_TOO_LONG, TV_SUBJECT_EXP,
                ahead ? TV_REASON_AHEAD : TV_REASON_LIFETIME);
}

// RFC 7519 sections 4.1.4 and 4.1.5.
static enum tv_status check_dates(const struct members *claims,
                                  const struct tv_claims_policy *policy, double now_s,
                                  struct tv_detail *detail) {
    bool has_exp, has_nbf;
    double exp_s = 0, nbf_s = 0, leeway_s = (double)policy->leeway_s;
    enum tv_status status = read_date(claims->exp, TV_SUBJECT_EXP, policy->accept_milliseconds,
                                      &has_exp, &exp_s, detail);
    if (status != TV_OK)
        return status;
    detail->limit = now_s;
    if (has_exp && now_s >= exp_s + leeway_s) {
        detail->number = exp_s;
        return fail(detail, TV_EXPIRED, TV_SUBJECT_EXP, TV_REASON_TIME);
    }
    status = read_date(claims->nbf, TV_SUBJECT_NBF, policy->accept_milliseconds, &has_nbf, &nbf_s,
                       detail);
    if (status != TV_OK)
        return status;
    if (has_nbf && now_s < nbf_s - leeway_s) {
        detail->number = nbf_s;
        return fail(detail, TV_NOT_YET_VALID, TV_SUBJECT_NBF, TV_REASON_TIME);
    }
    detail->limit = 0;
    // RFC 7519 section 4.1.6: a number. Its value is checked only for the lifetime.
    if (claims->iat && !yyjson_is_num(claims->iat))
        return fail_type(detail, TV_INVALID_CLAIM, TV_SUBJECT_IAT, claims->iat);
    return check_lifetime(claims->iat, policy, has_exp, exp_s, now_s, detail);
}

bool tv_accepted_has(const struct tv_accepted *accepted, struct tv_span value) {
    if (accepted->any)
        return true;
    for (size_t i = 0; i < accepted->count; i++)
        if (tv_span_equal(accepted->values[i], value))
            return true;
    return false;
}

// A string without NUL, which C code that reads a claim later would take for its end.
static enum tv_status check_string(yyjson_val *value, enum tv_status invalid,
                                   enum tv_subject subject, struct tv_span *text,
                                   struct tv_detail *detail) {
    if (!yyjson_is_str(value))
        return fail_type(detail, invalid, subject, value);
    struct tv_span found = tv_json_string(value);
    if (memchr(found.data, '\0', found.length))
        return fail(detail, invalid, subject, TV_REASON_NUL);
    *text = found;
    return TV_OK;
}

// A claim that must be a string where it is there. `*text` stays as it is where it is not.
static enum tv_status read_string(yyjson_val *value, enum tv_subject claim, bool required,
                                  enum tv_status missing, enum tv_status invalid,
                                  struct tv_span *text, struct tv_detail *detail) {
    if (present(value))
        return check_string(value, invalid, claim, text, detail);
    return required ? fail(detail, missing, claim, TV_REASON_MISSING) : TV_OK;
}

static void set_expected(struct tv_detail *detail, const struct tv_accepted *accepted,
                         struct tv_span found) {
    tv_detail_set_found(detail, found);
    detail->expected = accepted->values;
    detail->expected_count = accepted->count;
}

// RFC 7519 section 4.1.1.
static enum tv_status check_issuer(yyjson_val *value, const struct tv_accepted *accepted,
                                   const struct tv_claims_request *request,
                                   struct tv_detail *detail) {
    const struct tv_accepted *own = request->issuers, *others = request->others_issuers;
    if (!accepted->configured && !own && !others)
        return TV_OK;
    struct tv_span issuer = {0};
    enum tv_status status = read_string(value, TV_SUBJECT_ISS, true, TV_MISSING_CLAIM,
                                        TV_INVALID_CLAIM, &issuer, detail);
    if (status != TV_OK)
        return status;
    if (accepted->configured && !tv_accepted_has(accepted, issuer)) {
        set_expected(detail, accepted, issuer);
        return fail(detail, TV_ISSUER_NOT_ACCEPTED, TV_SUBJECT_ISS, TV_REASON_NOT_LISTED);
    }
    // RFC 8725 section 3.8: an accepted issuer, but may this key sign its tokens?
    if ((own && !tv_accepted_has(own, issuer)) || (others && tv_accepted_has(others, issuer))) {
        tv_detail_set_found(detail, issuer);
        return fail(detail, TV_ISSUER_NOT_ACCEPTED, TV_SUBJECT_ISS, TV_REASON_BINDING);
    }
    return TV_OK;
}

// RFC 7519 section 4.1.3: a string, or an array of which one element must match.
static enum tv_status check_audience(yyjson_val *claim, const struct tv_accepted *accepted,
                                     struct tv_detail *detail) {
    if (!accepted->configured)
        return TV_OK;
    yyjson_val *audience = present(claim);
    if (!audience)
        return fail(detail, TV_MISSING_CLAIM, TV_SUBJECT_AUD, TV_REASON_MISSING);
    if (!yyjson_is_arr(audience)) {
        struct tv_span only = {0};
        enum tv_status status =
            check_string(audience, TV_INVALID_CLAIM, TV_SUBJECT_AUD, &only, detail);
        if (status != TV_OK || tv_accepted_has(accepted, only))
            return status;
        set_expected(detail, accepted, only);
        return fail(detail, TV_AUDIENCE_NOT_ACCEPTED, TV_SUBJECT_AUD, TV_REASON_NOT_LISTED);
    }
    bool matched = false;
    struct tv_span first = {0}, value = {0};
    size_t index, max;
    yyjson_val *element;
    // Every element is checked, also after one that matches, so that an array with an invalid
    // element is always refused.
    yyjson_arr_foreach(audience, index, max, element) {
        enum tv_status status =
            check_string(element, TV_INVALID_CLAIM, TV_SUBJECT_AUD_ELEMENT, &value, detail);
        if (status != TV_OK)
            return status;
        if (index == 0)
            first = value;
        matched = matched || tv_accepted_has(accepted, value);
    }
    if (matched)
        return TV_OK;
    set_expected(detail, accepted, first);
    detail->number = (double)yyjson_arr_size(audience);
    return fail(detail, TV_AUDIENCE_NOT_ACCEPTED, TV_SUBJECT_AUD,
                first.data ? TV_REASON_NO_ELEMENT : TV_REASON_EMPTY);
}

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c; }

static bool equal_without_case(struct tv_span a, struct tv_span b) {
    if (a.length != b.length)
        return false;
    for (size_t i = 0; i < a.length; i++)
        if (lower(a.data[i]) != lower(b.data[i]))
            return false;
    return true;
}

static enum tv_status check_room(yyjson_val *value, const struct tv_claims_policy *policy,
                                 const struct tv_claims_request *request,
                                 struct tv_detail *detail) {
    struct tv_span room = {0};
    enum tv_status status = read_string(value, TV_SUBJECT_ROOM, policy->require_room,
                                        TV_ROOM_MISSING, TV_ROOM_INVALID, &room, detail);
    if (status != TV_OK || !request->has_room || !room.data || tv_span_equal(room, TV_SPAN("*")) ||
        equal_without_case(room, request->room))
        return status;
    tv_detail_set_found(detail, room);
    detail->expected = &request->room;
    detail->expected_count = 1;
    return fail(detail, TV_ROOM_NOT_ACCEPTED, TV_SUBJECT_ROOM, TV_REASON_NOT_LISTED);
}

enum tv_status tv_claims_check(yyjson_val *claims, const struct tv_claims_policy *policy,
                               const struct tv_claims_request *request, struct tv_detail *detail) {
    struct members members = find_members(claims);
    enum tv_status status = check_dates(&members, policy, request->now_s, detail);
    if (status == TV_OK)
        status = check_issuer(members.iss, &policy->issuers, request, detail);
    if (status == TV_OK)
        status = check_audience(members.aud, &policy->audiences, detail);
    if (status == TV_OK)
        status = check_room(members.room, policy, request, detail);
    struct tv_span sub;
    if (status == TV_OK)
        status = read_string(members.sub, TV_SUBJECT_SUB, policy->require_sub, TV_SUB_MISSING,
                             TV_SUB_INVALID, &sub, detail);
    for (size_t i = 0; i < policy->required_count && status == TV_OK; i++) {
        if (!present(tv_json_member(claims, policy->required[i]))) {
            tv_detail_set_found(detail, policy->required[i]);
            status = fail(detail, TV_MISSING_CLAIM, TV_SUBJECT_NONE, TV_REASON_MISSING);
        }
    }
    return status;
}
