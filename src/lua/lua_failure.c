// SPDX-License-Identifier: MIT
// Turns a status and its detail into nil, message, code. The sentences about tokens and claims are
// here, those about keys in lua_key_sentence.c.
#include "lua/lua_sentence.h"

#include <math.h>

// A name from options: without quotes if it is a word.
static void add_name(luaL_Buffer *out, const struct tv_excerpt *excerpt) {
    struct tv_span name = tv_excerpt_span(excerpt);
    bool plain = name.length > 0 && !excerpt->is_cut;
    for (size_t i = 0; i < name.length && plain; i++)
        plain = name.data[i] > ' ' && name.data[i] <= '~' && name.data[i] != '"';
    if (plain)
        luaL_addlstring(out, name.data, name.length);
    else
        add_bytes(out, name, excerpt->is_cut);
}

// A claim or header member of the wrong type or value.
static void add_member_problem(luaL_Buffer *out, const struct tv_detail *detail,
                               const char *expected) {
    const char *name = tv_subject_name(detail->subject);
    switch (detail->reason) {
    case TV_REASON_MISSING:
        if (name)
            luaL_addstring(out, name);
        else
            add_name(out, &detail->found);
        luaL_addstring(out, " is missing");
        break;
    case TV_REASON_TYPE:
        add_format(out, "%s is %s %s", name,
                   detail->text[0] == 'a' || detail->text[0] == 'o' ? "an" : "a", detail->text);
        if (detail->found.is_there) {
            luaL_addstring(out, " (");
            add_found(out, detail);
            luaL_addchar(out, ')');
        }
        add_format(out, " where %s is expected", expected);
        break;
    case TV_REASON_NUL:
        add_format(out, "%s holds a NUL character", name);
        break;
    case TV_REASON_EMPTY:
        add_format(out, "%s is empty", name);
        break;
    case TV_REASON_LENGTH:
        add_format(out, "%s is %.0f bytes long; at most %.0f are accepted", name, detail->number,
                   detail->limit);
        break;
    case TV_REASON_RANGE:
        add_format(out, "%s is %.14g, which is no date", name, detail->number);
        break;
    case TV_REASON_MILLISECONDS:
        add_format(out, "%s is %.0f, which looks like milliseconds; dates are seconds since 1970",
                   name, detail->number);
        break;
    case TV_REASON_DIGITS:
        add_format(out,
                   "%s is %.0f, which has twelve digits; dates are seconds since 1970, which have "
                   "ten digits today",
                   name, detail->number);
        break;
    default:
        luaL_addstring(out, name);
        luaL_addstring(out, " is ");
        add_found(out, detail);
    }
}

static void add_claim_problem(luaL_Buffer *out, const struct tv_detail *detail) {
    enum tv_subject claim = detail->subject;
    bool is_date = claim == TV_SUBJECT_EXP || claim == TV_SUBJECT_NBF || claim == TV_SUBJECT_IAT;
    bool is_audience = claim == TV_SUBJECT_AUD;
    luaL_addstring(out, claim == TV_SUBJECT_AUD_ELEMENT ? "an element of " : "the claim ");
    add_member_problem(out, detail,
                       is_date       ? "a number of seconds"
                       : is_audience ? "a string or an array of strings"
                                     : "a string");
}

static void add_audience(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->reason == TV_REASON_EMPTY) {
        luaL_addstring(out, "aud is an empty array");
    } else if (detail->number > 0) {
        add_format(out, "aud is an array of %.0f that begins with ", detail->number);
        add_found(out, detail);
    } else {
        luaL_addstring(out, "aud is ");
        add_found(out, detail);
    }
    add_expected(out, detail);
}

static void add_shape_problem(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->reason == TV_REASON_PARTS) {
        luaL_addstring(out, "the token has ");
        add_number(out, detail->number);
        luaL_addstring(out, detail->number > 1 ? " parts" : " part");
        luaL_addstring(out, " where a signed one has three joined by dots");
    } else if (detail->reason == TV_REASON_EMPTY) {
        luaL_addstring(out, "the token is empty");
    } else {
        luaL_addstring(out, "the token's ");
        luaL_addstring(out, tv_subject_name(detail->subject));
        luaL_addstring(out, " is not base64url without padding");
    }
}

// The statuses about the token itself; false if it is none of them.
static bool add_token_sentence(luaL_Buffer *out, enum tv_status status,
                               const struct tv_detail *detail) {
    switch (status) {
    case TV_TOKEN_TOO_LARGE:
        luaL_addstring(out, "the token is ");
        add_number(out, detail->number);
        luaL_addstring(out, " bytes long; at most ");
        add_number(out, detail->limit);
        luaL_addstring(out, " are accepted");
        return true;
    case TV_MALFORMED_TOKEN:
        add_shape_problem(out, detail);
        return true;
    case TV_MALFORMED_HEADER:
    case TV_MALFORMED_PAYLOAD:
        add_json_problem(out, detail);
        return true;
    case TV_TYPE_NOT_ACCEPTED:
    case TV_ALGORITHM_NOT_ACCEPTED:
        luaL_addstring(out, "the header's ");
        add_member_problem(out, detail, "a string");
        if (detail->expected)
            add_expected(out, detail);
        return true;
    case TV_KEY_ID_MISSING:
    case TV_KEY_ID_INVALID:
        luaL_addstring(out, "the header's ");
        add_member_problem(out, detail, "a string");
        luaL_addstring(out, "; it names the key to check with");
        return true;
    case TV_BAD_SIGNATURE:
        luaL_addstring(out, tv_status_explanation(status));
        if (detail->key_id.data) {
            luaL_addstring(out, " (");
            add_key_id(out, detail);
            luaL_addchar(out, ')');
        }
        return true;
    default:
        return false;
    }
}

// The statuses about claims; false if it is none of them.
static bool add_claim_sentence(luaL_Buffer *out, enum tv_status status,
                               const struct tv_detail *detail) {
    switch (status) {
    case TV_INVALID_CLAIM:
    case TV_MISSING_CLAIM:
    case TV_ROOM_MISSING:
    case TV_ROOM_INVALID:
    case TV_SUB_MISSING:
    case TV_SUB_INVALID:
        add_claim_problem(out, detail);
        return true;
    case TV_EXPIRED:
        luaL_addstring(out, "exp is ");
        add_number(out, detail->number);
        luaL_addstring(out, ", which has passed ");
        add_number(out, floor(detail->limit - detail->number));
        luaL_addstring(out, " s ago");
        return true;
    case TV_NOT_YET_VALID:
        luaL_addstring(out, "nbf is ");
        add_number(out, detail->number);
        luaL_addstring(out, ", which is still ");
        add_number(out, ceil(detail->number - detail->limit));
        luaL_addstring(out, " s ahead");
        return true;
    case TV_LIFETIME_TOO_LONG:
        luaL_addstring(out, "exp is ");
        add_number(out, detail->number);
        luaL_addstring(out, detail->reason == TV_REASON_AHEAD
                                ? " s ahead, and iat is to come too; at most "
                                : " s after iat; at most ");
        add_number(out, detail->limit);
        luaL_addstring(out, " are accepted");
        return true;
    case TV_ISSUER_NOT_ACCEPTED:
        luaL_addstring(out, "iss is ");
        add_found(out, detail);
        if (detail->reason == TV_REASON_BINDING)
            luaL_addstring(out, ", for which this source of keys does not speak");
        else
            add_expected(out, detail);
        return true;
    case TV_AUDIENCE_NOT_ACCEPTED:
        add_audience(out, detail);
        return true;
    case TV_ROOM_NOT_ACCEPTED:
        luaL_addstring(out, "the claim room is ");
        add_found(out, detail);
        luaL_addstring(out, "; asked for is ");
        add_quoted(out, detail->expected[0]);
        return true;
    default:
        return false;
    }
}

void push_message(lua_State *L, enum tv_status status, const struct tv_detail *detail) {
    luaL_Buffer out;
    luaL_buffinit(L, &out);
    if (!add_token_sentence(&out, status, detail) && !add_key_sentence(&out, status, detail) &&
        !add_claim_sentence(&out, status, detail))
        luaL_addstring(&out, tv_status_explanation(status));
    luaL_pushresult(&out);
}

int push_failure(lua_State *L, enum tv_status status, const struct tv_detail *detail) {
    if (status == TV_NO_MEMORY)
        return luaL_error(L, "not enough memory");
    lua_pushnil(L);
    push_message(L, status, detail);
    lua_pushstring(L, tv_status_code(status));
    return 3;
}
