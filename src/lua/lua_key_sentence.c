// SPDX-License-Identifier: MIT
// Sentences about keys, shared secrets, and the sources of keys.
#include "lua/lua_sentence.h"

#include "store/asap.h"

static void add_source(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->source.length == 0)
        luaL_addstring(out, "the key store");
    for (size_t i = 0; i < detail->source.length; i++)
        add_byte(out, detail->source.data[i]);
}

// The document of the source that was asked for, before the source; nothing for a single key.
static void add_document(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->asked == TV_ASKED_SET)
        luaL_addstring(out, "the JWK Set of ");
    else if (detail->asked == TV_ASKED_CONFIGURATION)
        luaL_addstring(out, "the OpenID configuration of ");
}

// The file a key server was asked for; operators look for it there.
static void add_file_name(luaL_Buffer *out, const struct tv_detail *detail) {
    char name[TV_ASAP_FILE_NAME_SIZE];
    if (tv_asap_file_name(detail->key_id, name) == TV_OK)
        add_format(out, " (file %s)", name);
}

// What a text is that is no key, and what it says itself.
static void add_kind(luaL_Buffer *out, const struct tv_detail *detail) {
    add_format(out, "is %s", detail->text);
    if (detail->found.is_there) {
        luaL_addchar(out, ' ');
        add_found(out, detail);
    }
}

// What is wrong with a key, in words that follow "the key".
static void add_key_problem(luaL_Buffer *out, const struct tv_detail *detail) {
    const char *member = tv_subject_name(detail->subject);
    switch (detail->reason) {
    case TV_REASON_NOT_A_KEY:
    case TV_REASON_PAGE:
    case TV_REASON_NO_TEXT:
        add_kind(out, detail);
        luaL_addstring(out, "; a PEM public key or certificate, or a JWK is expected");
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
        luaL_addstring(out, "is on ");
        if (detail->text)
            add_format(out, "%s, ", detail->text);
        luaL_addstring(out, "a curve that is none of P-256, P-384, P-521, Ed25519 and Ed448");
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
        add_format(out, "is a JWK whose \"%s\" is not base64url", member);
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

// A key that a source has and that is no use.
static void add_unusable_key(luaL_Buffer *out, const struct tv_detail *detail) {
    luaL_addstring(out, "the key ");
    if (detail->source.length > 0) {
        luaL_addstring(out, "that ");
        add_source(out, detail);
        luaL_addstring(out, " has for ");
        add_key_id(out, detail);
        luaL_addchar(out, ' ');
    }
    add_key_problem(out, detail);
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
    add_document(out, detail);
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
    add_document(out, detail);
    add_source(out, detail);
    switch (detail->reason) {
    case TV_REASON_HTTP_STATUS:
        add_format(out, " answered HTTP %.0f; 200 with %s is expected", detail->number,
                   detail->asked == TV_ASKED_SET ? "a JWK Set" : "JSON");
        break;
    case TV_REASON_NOT_A_KEY:
    case TV_REASON_PAGE:
    case TV_REASON_NO_TEXT:
        luaL_addchar(out, ' ');
        add_kind(out, detail);
        luaL_addstring(out, "; JSON with \"keys\" is expected");
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
        if (detail->found.is_there) {
            luaL_addstring(out, ", ");
            add_found(out, detail);
        }
        break;
    default:
        luaL_addstring(out, " cannot be read: ");
        add_json_problem(out, detail);
    }
}

static void add_unusable(luaL_Buffer *out, const struct tv_detail *detail) {
    if (detail->asked == TV_ASKED_SET || detail->asked == TV_ASKED_CONFIGURATION) {
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
    add_unusable_key(out, detail);
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
        if (detail->text)
            add_format(out, "; one has a \"kid\" that is a JSON %s", detail->text);
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
             detail->reason == TV_REASON_JSON)
        luaL_addstring(out, "is a JWK that is not in order: a member stands twice or has a wrong "
                            "type, or there is more than the JWK");
    else if (detail->reason == TV_REASON_BASE64URL || detail->reason == TV_REASON_MISSING)
        luaL_addstring(out, "is a JWK whose \"k\" is missing or not base64url without padding");
    else
        add_format(out, "is %.0f bytes long; at most %.0f are used", detail->number, detail->limit);
}

bool add_key_sentence(luaL_Buffer *out, enum tv_status status, const struct tv_detail *detail) {
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
        add_unusable_key(out, detail);
        return true;
    case TV_WEAK_SECRET:
        add_secret_problem(out, detail);
        return true;
    default:
        return false;
    }
}
