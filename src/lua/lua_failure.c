// SPDX-License-Identifier: MIT
// Turns a status and its detail into nil, message, code. All sentences are here.
#include "lua/lua_tv.h"

#include "store/asap.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

static void add_format(luaL_Buffer *out, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_format(luaL_Buffer *out, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    luaL_addstring(out, text);
}

// A number as people write it.
static void add_number(luaL_Buffer *out, double number) {
    push_double(out->L, number);
    luaL_addvalue(out);
}

static void add_byte(luaL_Buffer *out, char byte) {
    unsigned char c = (unsigned char)byte;
    if (c < 0x20 || c >= 0x7f)
        add_format(out, "\\x%02x", c);
    else
        luaL_addchar(out, byte);
}

// Bytes from outside, in quotes and escaped so that they can stand in a log line.
static void add_bytes(luaL_Buffer *out, struct tv_span text, bool is_cut) {
    assert(text.data || text.length == 0);
    luaL_addchar(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '"' || text.data[i] == '\\')
            luaL_addchar(out, '\\');
        add_byte(out, text.data[i]);
    }
    luaL_addstring(out, is_cut ? "...\"" : "\"");
}

static void add_quoted(luaL_Buffer *out, struct tv_span text) {
    bool is_cut = text.length > TV_EXCERPT_MAX;
    add_bytes(out, (struct tv_span){text.data, is_cut ? TV_EXCERPT_MAX : text.length}, is_cut);
}

static void add_found(luaL_Buffer *out, const struct tv_detail *detail) {
    add_bytes(out, tv_excerpt_span(&detail->found), detail->found.is_cut);
}

static void add_expected(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->expected_count == 0) {
        luaL_addstring(out, "; none is accepted");
        return;
    }
    luaL_addstring(out, "; accepted: ");
    for (size_t i = 0; i < detail->expected_count && i < LISTED_MAX; i++) {
        if (i > 0)
            luaL_addstring(out, ", ");
        add_quoted(out, detail->expected[i]);
    }
    if (detail->expected_count > LISTED_MAX)
        luaL_addstring(out, ", ...");
}

static void add_key_id(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->key_id.length == 0) {
        luaL_addstring(out, "a token without kid");
        return;
    }
    luaL_addstring(out, "kid ");
    add_quoted(out, detail->key_id);
}

static void add_source(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->source.length == 0)
        luaL_addstring(out, "the key store");
    for (size_t i = 0; i < detail->source.length; i++)
        add_byte(out, detail->source.data[i]);
}

// The file a key server was asked for; operators look for it there.
static void add_file_name(luaL_Buffer *out, const struct tv_detail *detail) {
    char name[TV_ASAP_FILE_NAME_SIZE];
    if (tv_asap_file_name(detail->key_id, name) == TV_OK)
        add_format(out, " (file %s)", name);
}

// What is wrong with a JSON object, for the header, the payload and a JWK.
static void add_json_problem(luaL_Buffer *out, const struct tv_detail *detail) {
    const char *name = tv_subject_name(detail->subject), *subject = name ? name : "text";
    switch (detail->reason) {
    case TV_REASON_EMPTY:
        add_format(out, "the %s is empty", subject);
        break;
    case TV_REASON_LENGTH:
        add_format(out, "the %s is %.0f bytes long; at most %.0f are read", subject, detail->number,
                   detail->limit);
        break;
    case TV_REASON_JSON:
        luaL_addstring(out, "the ");
        luaL_addstring(out, subject);
        luaL_addstring(out, " is not JSON: ");
        luaL_addstring(out, detail->text);
        luaL_addstring(out, " at byte ");
        add_number(out, detail->number);
        break;
    case TV_REASON_NOT_OBJECT:
        add_format(out, "the %s is a JSON %s where an object is expected", subject, detail->text);
        break;
    case TV_REASON_DUPLICATE:
        add_format(out, "the %s has the member ", subject);
        add_found(out, detail);
        luaL_addstring(out, " twice in one object");
        break;
    case TV_REASON_NOT_JSON:
        add_format(out, "the %s to be signed holds %s, which JSON does not have", subject,
                   detail->text);
        break;
    case TV_REASON_DEPTH:
        add_format(out, "the %s nests objects and arrays more than %.0f deep", subject,
                   detail->limit);
        break;
    default:
        add_format(out, "the %s is not a JSON object", subject);
    }
}

// What is wrong with a key, in words that follow "the key".
static void add_key_problem(luaL_Buffer *out, const struct tv_detail *detail) {
    const char *member = tv_subject_name(detail->subject);
    switch (detail->reason) {
    case TV_REASON_NOT_A_KEY:
    case TV_REASON_PAGE:
    case TV_REASON_NO_TEXT:
        add_format(out, "is %s; a PEM public key or certificate, or a JWK is expected",
                   detail->text);
        break;
    case TV_REASON_NOT_PRIVATE:
        add_format(out,
                   "is %s; the PEM of a private key, not encrypted, or a private JWK is expected",
                   detail->text);
        break;
    case TV_REASON_NOT_A_PAIR:
        luaL_addstring(out, "has a private half that is not that of its public half");
        break;
    case TV_REASON_LENGTH:
        add_format(out, "is %.0f bytes long; at most %.0f are read", detail->number, detail->limit);
        break;
    case TV_REASON_BITS:
        add_format(out, "has an RSA modulus of %.0f bits; %s %.0f are accepted", detail->number,
                   detail->number < detail->limit ? "at least" : "at most", detail->limit);
        break;
    case TV_REASON_EXPONENT:
        luaL_addstring(out, "has an RSA public exponent that is even, 1 or over 64 bits long");
        break;
    case TV_REASON_EXPONENT_F4:
        luaL_addstring(out, "has an RSA modulus of more than 8192 bits and a public exponent that "
                            "is greater than 65537");
        break;
    case TV_REASON_MODULUS:
        luaL_addstring(out, "has an RSA modulus that is even");
        break;
    case TV_REASON_POINT:
        luaL_addstring(out, "is a point that is not on its curve, or of small order");
        break;
    case TV_REASON_CURVE:
        luaL_addstring(out, "is on a curve that is none of P-256, P-384, P-521, Ed25519 and Ed448");
        break;
    case TV_REASON_CERTIFICATE:
        luaL_addstring(out, "is a JWK whose \"x5c\" is no certificate of the same key");
        break;
    case TV_REASON_FIELD_LENGTH:
        add_format(out, "is a JWK whose \"%s\" is not %.0f bytes long", member, detail->limit);
        break;
    case TV_REASON_TRAILING:
        luaL_addstring(out, "has bytes behind its end inside the PEM block");
        break;
    case TV_REASON_KEY_TYPE:
        if (detail->subject == TV_SUBJECT_KTY)
            luaL_addstring(out, "is a JWK whose kty is none of RSA, EC and OKP");
        else
            add_format(out, "is of type %s, which is not supported",
                       detail->text ? detail->text : "unknown");
        break;
    case TV_REASON_MISSING:
        add_format(out, "is a JWK without \"%s\"", member);
        break;
    case TV_REASON_TYPE:
        add_format(out, "is a JWK whose \"%s\" is a JSON %s", member, detail->text);
        break;
    case TV_REASON_BASE64URL:
        add_format(out, "is a JWK whose \"%s\" is not base64url without padding", member);
        break;
    case TV_REASON_OPERATIONS:
        luaL_addstring(out, "is a JWK whose \"key_ops\" are not in order: one is no string, stands "
                            "twice or is not for the \"use\" beside it");
        break;
    case TV_REASON_BODY:
        add_format(out, "is longer than %.0f bytes", detail->limit);
        break;
    case TV_REASON_NONE:
        luaL_addstring(out, "could not be read");
        break;
    default:
        luaL_addstring(out, "cannot be read: ");
        add_json_problem(out, detail);
    }
}

// A file of a local folder.
static void add_file_problem(luaL_Buffer *out, const struct tv_detail *detail) {
    char name[TV_ASAP_FILE_NAME_SIZE];
    luaL_addstring(out, "the file ");
    add_source(out, detail);
    if (tv_asap_file_name(detail->key_id, name) == TV_OK)
        add_format(out, "/%s", name);
    luaL_addstring(out, " for ");
    add_key_id(out, detail);
    add_format(out, " %s", detail->text);
}

static void add_source_failure(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->asked == TV_ASKED_SET)
        luaL_addstring(out, "the JWK Set of ");
    else if (detail->asked == TV_ASKED_CONFIGURATION)
        luaL_addstring(out, "the OpenID configuration of ");
    if (detail->reason == TV_REASON_HTTP_STATUS) {
        add_source(out, detail);
        add_format(out, " answered HTTP %.0f for ", detail->number);
        add_key_id(out, detail);
    } else if (detail->reason == TV_REASON_WAITED) {
        add_source(out, detail);
        add_format(out, " did not give a key within %.0f s for ", detail->limit);
        add_key_id(out, detail);
    } else if (detail->found.is_there) {
        luaL_addstring(out, "the URL ");
        add_found(out, detail);
        add_format(out, " cannot be asked for keys: %s", detail->text);
    } else {
        add_source(out, detail);
        add_format(out, " could not be asked: %s, for ",
                   detail->text ? detail->text : "it failed just now");
        add_key_id(out, detail);
    }
}

// A JWK Set, or an OpenID provider's configuration: wrong whatever the kid.
static void add_unusable_set(luaL_Buffer *out, const struct tv_detail *detail) {
    bool is_set = detail->asked == TV_ASKED_SET;
    luaL_addstring(out, is_set ? "the JWK Set of " : "the OpenID configuration of ");
    add_source(out, detail);
    switch (detail->reason) {
    case TV_REASON_HTTP_STATUS:
        add_format(out, " answered HTTP %.0f; 200 with %s is expected", detail->number,
                   is_set ? "a JWK Set" : "JSON");
        break;
    case TV_REASON_NOT_A_KEY:
    case TV_REASON_PAGE:
    case TV_REASON_NO_TEXT:
        add_format(out, " is %s; JSON with \"keys\" is expected", detail->text);
        break;
    case TV_REASON_BODY:
        add_format(out, " is longer than %.0f bytes", detail->limit);
        break;
    case TV_REASON_LENGTH:
        add_format(out, " has %.0f keys; at most %.0f are read", detail->number, detail->limit);
        break;
    case TV_REASON_NETWORK:
        add_format(out, " names a jwks_uri that cannot be asked: %s", detail->text);
        break;
    case TV_REASON_DISCOVERY:
        add_format(out, " cannot be used: %s", detail->text);
        break;
    default:
        luaL_addstring(out, " cannot be read: ");
        add_json_problem(out, detail);
    }
}

static void add_unusable(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->asked != TV_ASKED_KEY) {
        add_unusable_set(out, detail);
        return;
    }
    if (detail->reason == TV_REASON_FILE) {
        add_file_problem(out, detail);
        return;
    }
    if (detail->reason == TV_REASON_HTTP_STATUS) {
        add_source_failure(out, detail);
        add_file_name(out, detail);
        luaL_addstring(out, "; 200 with a key, or 404, is expected");
        return;
    }
    luaL_addstring(out, "the key that ");
    add_source(out, detail);
    luaL_addstring(out, " has for ");
    add_key_id(out, detail);
    luaL_addchar(out, ' ');
    add_key_problem(out, detail);
}

static void add_not_found(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->reason == TV_REASON_FILE) {
        add_file_problem(out, detail);
        return;
    }
    add_source(out, detail);
    luaL_addstring(out, " has no key for ");
    add_key_id(out, detail);
    if (detail->reason == TV_REASON_HTTP_STATUS) {
        add_file_name(out, detail);
        add_format(out, ": HTTP %.0f", detail->number);
    } else if (detail->reason == TV_REASON_NOT_IN_SET) {
        add_format(out, " among its %.0f", detail->number);
    }
}

static void add_mismatch(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->reason == TV_REASON_KEY_USE)
        add_format(out, "the JWK's own %s does not allow it for %s signatures", detail->text,
                   detail->algorithm);
    else if (detail->reason == TV_REASON_CURVE)
        add_format(out, "the key is on the curve %s, which is not that of %s", detail->text,
                   detail->algorithm);
    else
        add_format(out, "the key is %s, which is not one for %s", detail->text, detail->algorithm);
}

// A name that options gave: as it is if it reads as a word.
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

static void add_secret_problem(luaL_Buffer *out, const struct tv_detail *detail) {
    luaL_addstring(out, "the shared secret ");
    if (detail->reason == TV_REASON_EMPTY)
        luaL_addstring(out, "is empty");
    else if (detail->reason == TV_REASON_SHORT)
        add_format(out, "is %.0f bytes long; %s wants at least %.0f", detail->number,
                   detail->algorithm, detail->limit);
    else if (detail->reason == TV_REASON_TEMPLATE)
        luaL_addstring(out, "is what a deployment template leaves where no value was given");
    else if (detail->reason == TV_REASON_PUBLIC)
        luaL_addstring(out, "is a public key or certificate, which everybody may have");
    else if (detail->reason == TV_REASON_DUPLICATE || detail->reason == TV_REASON_TYPE ||
             detail->reason == TV_REASON_JSON || detail->reason == TV_REASON_OPERATIONS)
        luaL_addstring(out, "is a JWK that is not in order: a member stands twice or has a wrong "
                            "type, or there is more than the JWK");
    else if (detail->reason == TV_REASON_BASE64URL || detail->reason == TV_REASON_MISSING)
        luaL_addstring(out, "is a JWK whose \"k\" is missing or not base64url without padding");
    else
        add_format(out, "is %.0f bytes long; at most %.0f are used", detail->number, detail->limit);
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

// The statuses about keys and their sources; false if it is none of them.
static bool add_key_sentence(luaL_Buffer *out, enum tv_status status,
                             const struct tv_detail *detail) {
    switch (status) {
    case TV_KEY_PENDING:
        luaL_addstring(out, "the key for ");
        add_key_id(out, detail);
        luaL_addstring(out, " is being fetched from ");
        add_source(out, detail);
        return true;
    case TV_KEY_NOT_FOUND:
        add_not_found(out, detail);
        return true;
    case TV_KEY_SOURCE_UNAVAILABLE:
        add_source_failure(out, detail);
        return true;
    case TV_KEY_SOURCE_OVERLOADED:
        add_format(out, "%s waits for %.0f unknown keys already, so none is fetched for ",
                   detail->reason == TV_REASON_CLIENT ? "this client" : "the key source",
                   detail->limit);
        add_key_id(out, detail);
        return true;
    case TV_KEY_UNUSABLE:
        add_unusable(out, detail);
        return true;
    case TV_KEY_ALGORITHM_MISMATCH:
        add_mismatch(out, detail);
        return true;
    case TV_MALFORMED_KEY:
    case TV_UNSUPPORTED_KEY:
    case TV_WEAK_KEY:
        luaL_addstring(out, "the key ");
        add_key_problem(out, detail);
        return true;
    case TV_WEAK_SECRET:
        add_secret_problem(out, detail);
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
