// SPDX-License-Identifier: MIT
// Names a text that is not a usable key, for the people who put it there; no key is made of it.
// Each text is read a few times, from its beginning to its end.
#include "keys/key_kind.h"

#include "base/base64url.h"

#include <openssl/crypto.h>
#include <stdlib.h>

// The DER of every key is longer.
#define DER_LEAST 24

const char *tv_key_looks_like_page(struct tv_span text, enum tv_reason *reason) {
    text = tv_span_trim(text);
    if (text.length > 0 && *text.data != '<')
        return NULL;
    *reason = text.length == 0 ? TV_REASON_NO_TEXT : TV_REASON_PAGE;
    return text.length == 0 ? "an empty text" : "an HTML or XML page";
}

// UTF-16

static enum tv_key_kind utf16_of(struct tv_span text) {
    enum { LOOKED_AT = 32 };
    if (tv_span_starts_with(text, TV_SPAN("\xff\xfe")))
        return KIND_UTF16LE;
    if (tv_span_starts_with(text, TV_SPAN("\xfe\xff")))
        return KIND_UTF16BE;
    bool first = text.length >= 8, second = first;
    for (size_t i = 0; i + 1 < text.length && i < LOOKED_AT; i += 2) {
        first = first && text.data[i] != '\0' && text.data[i + 1] == '\0';
        second = second && text.data[i] == '\0' && text.data[i + 1] != '\0';
    }
    return first ? KIND_UTF16LE : second ? KIND_UTF16BE : KIND_NONE;
}

// Bytes that were written as text

// RFC 4253 section 6.6.
static enum tv_key_kind kind_of_ssh(struct tv_span bytes) {
    if (tv_span_starts_with(bytes, TV_SPAN("\0\0\0\13ssh-ed25519")))
        return KIND_SSH_ED25519;
    return tv_span_starts_with(bytes, TV_SPAN("\0\0\0\7ssh-rsa")) ||
                   tv_span_starts_with(bytes, TV_SPAN("\0\0\0\23ecdsa-sha2-nistp"))
               ? KIND_SSH_BARE
               : KIND_NONE;
}

// Whether the DER is that of a form, be its type supported or not.
static bool is_form(enum tv_key_form form, struct tv_span der) {
    struct tv_key_look look;
    struct tv_detail detail = {0};
    enum tv_status status = tv_key_look(form, der, &look, &detail);
    return status == TV_OK || detail.reason != TV_REASON_NONE;
}

enum form_kinds { OF_BASE64, OF_HEX, OF_DER, OF_PEM };

static enum tv_key_kind kind_of_der(struct tv_span der, enum form_kinds as) {
    static const enum tv_key_kind all[][4] = {
        [OF_BASE64] = {KIND_BARE_KEY, KIND_BARE_CERTIFICATE, KIND_BARE_RSA, KIND_BARE_PRIVATE},
        [OF_HEX] = {KIND_HEX_KEY, KIND_HEX_CERTIFICATE, KIND_HEX_KEY, KIND_HEX_PRIVATE},
        [OF_DER] = {KIND_NONE, KIND_DER_CERTIFICATE, KIND_NONE, KIND_DER_PRIVATE},
        [OF_PEM] = {KIND_PEM_KEY, KIND_PEM_CERTIFICATE, KIND_PEM_RSA, KIND_NONE},
    };
    static const enum tv_key_form forms[] = {TV_FORM_SPKI, TV_FORM_CERTIFICATE, TV_FORM_RSA,
                                             TV_FORM_PRIVATE};
    if (der.length < DER_LEAST || *der.data != DER_SEQUENCE)
        return KIND_NONE;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (is_form(forms[i], der))
            return all[as][i];
    return KIND_NONE;
}

// RFC 7292 section 4: PFX begins with its version, 3, and is longer than any key.
static bool is_pkcs12(struct tv_span der) {
    return der.length > 8 && memcmp(der.data + 1, "\x82", 1) == 0 &&
           memcmp(der.data + 4, "\x02\x01\x03\x30", 4) == 0;
}

void tv_key_name_der(struct tv_span der, bool is_in_pem, struct tv_detail *detail) {
    enum tv_key_kind kind = kind_of_der(der, is_in_pem ? OF_PEM : OF_DER);
    if (kind == KIND_NONE && is_pkcs12(der))
        kind = KIND_PKCS12;
    if (kind != KIND_NONE)
        tv_key_set_kind(detail, kind, (struct tv_span){0});
}

void tv_key_name_encrypted(struct tv_detail *detail) {
    tv_key_set_kind(detail, KIND_ENCRYPTED, (struct tv_span){0});
}

// The bytes of hex digits, whatever white space or colons are between them; 0: it is something
// else. `out` has room for as much as the text has.
static size_t decode_hex(struct tv_span text, char *out) {
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (tv_is_space(text.data[i]) || text.data[i] == ':')
            continue;
        int byte = i + 1 < text.length ? tv_hex_byte(text.data + i++) : -1;
        if (byte < 0)
            return 0;
        out[count++] = (char)byte;
    }
    return count;
}

// Likewise of base64, of either alphabet, with or without padding.
static size_t decode_base64(struct tv_span text, char *out) {
    size_t count = 0, length = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!tv_is_space(c) && c != '=')
            out[count++] = tv_base64url_of(c);
    }
    // In place: three bytes are written behind the four that they are made of.
    return tv_base64url_decode(out, count, (unsigned char *)out, &length) == TV_OK ? length : 0;
}

static enum tv_key_kind kind_of_bytes(struct tv_span text) {
    if (text.length < DER_LEAST || text.length > TV_KEY_MAX_LENGTH)
        return KIND_NONE;
    char *out = malloc(text.length);
    if (!out)
        return KIND_NONE; // the failure stands without its name
    enum tv_key_kind kind = kind_of_der((struct tv_span){out, decode_hex(text, out)}, OF_HEX);
    if (kind == KIND_NONE) {
        struct tv_span bytes = {out, decode_base64(text, out)};
        kind = kind_of_der(bytes, OF_BASE64);
        if (kind == KIND_NONE)
            kind = kind_of_ssh(bytes);
        if (kind == KIND_NONE && tv_span_contains(bytes, TV_SPAN("-----BEGIN ")))
            kind = KIND_BARE_PEM;
        if (kind == KIND_NONE && tv_key_looks_like_json(bytes.data, bytes.length))
            kind = KIND_BARE_JSON;
    }
    OPENSSL_cleanse(out, text.length); // it may be a private key
    free(out);
    return kind;
}

// PEM

static const struct {
    struct tv_span begin; // of what follows "BEGIN "
    enum tv_key_kind kind;
} labels[] = {
    {{"ENCRYPTED PRIVATE KEY-----", 26}, KIND_ENCRYPTED},
    {{"OPENSSH PRIVATE KEY-----", 24}, KIND_SSH_PRIVATE},
    {{"TRUSTED CERTIFICATE-----", 24}, KIND_TRUSTED},
    {{"CERTIFICATE REQUEST-----", 24}, KIND_REQUEST},
    {{"NEW CERTIFICATE REQUEST-----", 28}, KIND_REQUEST},
    {{"PKCS7-----", 10}, KIND_PKCS7},
    {{"PKCS #7 SIGNED DATA-----", 24}, KIND_PKCS7},
    {{"CMS-----", 8}, KIND_PKCS7},
    {{"X509 CRL-----", 13}, KIND_CRL},
    {{"PGP ", 4}, KIND_PGP},
};

static struct tv_span behind(struct tv_span text, const char *at) {
    return (struct tv_span){at, text.length - (size_t)(at - text.data)};
}

static const char *find(struct tv_span text, struct tv_span part) {
    return memmem(text.data, text.length, part.data, part.length);
}

// A block of a kind that is read, but could not be.
static enum tv_key_kind kind_of_broken(struct tv_span text, const char *begin) {
    struct tv_span rest = behind(text, begin);
    struct tv_key_block block;
    struct tv_detail ignored = {0};
    if (tv_span_contains(rest, TV_SPAN("\\n")) || tv_span_contains(rest, TV_SPAN("\\r")))
        return KIND_PEM_ESCAPED;
    const char *end = find(rest, TV_SPAN("-----END "));
    if (!end)
        return KIND_PEM_CUT;
    if (!memchr(begin, '\n', (size_t)(end - begin))) // environment variables and templates do that
        return KIND_PEM_ONE_LINE;
    if (begin != text.data && begin[-1] != '\n')
        return KIND_PEM_INDENTED;
    if (tv_key_read_block(text, false, &block, &ignored) != TV_OK)
        return KIND_PEM_DAMAGED;
    OPENSSL_clear_free((char *)block.der.data, block.der.length);
    return KIND_PEM;
}

static enum tv_key_kind kind_of_pem(struct tv_span text, struct tv_span *label) {
    static const struct tv_span begin = {"-----BEGIN ", 11};
    static const struct tv_span words[] = {{"BEGIN PUBLIC KEY", 16},
                                           {"BEGIN RSA PUBLIC KEY", 20},
                                           {"BEGIN CERTIFICATE", 17},
                                           {"END PUBLIC KEY", 14},
                                           {"END CERTIFICATE", 15}};
    const char *at = find(text, begin);
    for (size_t i = 0; !at && i < sizeof words / sizeof words[0]; i++)
        if (tv_span_contains(text, words[i]))
            return KIND_PEM_DASHES;
    if (!at &&
        (tv_span_contains(text, TV_SPAN("BEGIN%20")) || tv_span_contains(text, TV_SPAN("BEGIN+"))))
        return KIND_PEM_URL;
    if (!at)
        return KIND_NONE;
    struct tv_span rest = behind(text, at + begin.length);
    for (size_t i = 0; i < sizeof labels / sizeof labels[0]; i++)
        if (tv_span_starts_with(rest, labels[i].begin))
            return labels[i].kind;
    if (tv_key_is_read_label(rest))
        return kind_of_broken(text, at);
    const char *end = find(rest, TV_SPAN("-----"));
    struct tv_span name = {rest.data, end ? (size_t)(end - rest.data) : 0};
    // Without its hyphens the line goes on with the key, which may be private.
    if (name.length > 32 || memchr(name.data, '\n', name.length) || !tv_key_is_showable(name))
        return KIND_PEM_DAMAGED;
    *label = name;
    return KIND_PEM_OTHER;
}

static enum tv_key_kind kind_of_ssh_text(struct tv_span trimmed, struct tv_span text) {
    if (tv_span_starts_with(trimmed, TV_SPAN("ssh-ed25519 ")))
        return KIND_SSH_ED25519;
    if (tv_span_starts_with(trimmed, TV_SPAN("ssh-")) ||
        tv_span_starts_with(trimmed, TV_SPAN("ecdsa-sha2-")) ||
        tv_span_starts_with(trimmed, TV_SPAN("sk-")))
        return KIND_SSH;
    if (tv_span_contains(text, TV_SPAN("---- BEGIN SSH2 PUBLIC KEY ----")))
        return KIND_SSH2;
    return tv_span_starts_with(trimmed, TV_SPAN("PuTTY-User-Key-File-")) ? KIND_PUTTY : KIND_NONE;
}

// The text of a JSON string, or one that is only in quotes: what is inside says more.
static enum tv_key_kind kind_of_quoted(struct tv_span text) {
    char quote = *text.data;
    struct tv_span inside = {text.data + 1, text.length - 1};
    if (inside.length > 0 && inside.data[inside.length - 1] == quote)
        inside.length--;
    inside = tv_span_trim(inside);
    struct tv_span label;
    if (inside.length > 0 && *inside.data == '{')
        return KIND_JSON_TEXT;
    enum tv_key_kind kind = kind_of_pem(inside, &label);
    if (kind == KIND_PEM) // but for the quote
        return KIND_PEM_INDENTED;
    return kind != KIND_NONE ? kind : kind_of_bytes(inside);
}

// Three parts of base64url, of which the first begins with a brace.
static bool is_token(struct tv_span text) {
    size_t dots = 0;
    if (!tv_span_starts_with(text, TV_SPAN("eyJ")))
        return false;
    for (size_t i = 0; i < text.length; i++) {
        dots += text.data[i] == '.';
        if (tv_is_space(text.data[i]))
            return false;
    }
    return dots == 2 || dots == 4;
}

// What web servers and proxies write: a status, or one of a few words, in a short line.
static bool is_error_text(struct tv_span text) {
    static const char *const words[] = {"not found",   "Not Found", "forbidden",    "Forbidden",
                                        "denied",      "Denied",    "unauthorized", "Unauthorized",
                                        "error",       "Error",     "unavailable",  "Unavailable",
                                        "Bad Request", "Moved"};
    if (text.length > 256 || !tv_key_is_showable(text))
        return false;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (tv_span_contains(text, tv_span_of(words[i])))
            return true;
    return false;
}

static enum tv_key_kind kind_of_text(struct tv_span text, struct tv_span *found) {
    struct tv_span trimmed = tv_span_trim(text);
    enum tv_key_kind kind = utf16_of(text);
    if (kind != KIND_NONE)
        return kind;
    if (*trimmed.data == '[')
        return tv_span_contains(text, TV_SPAN("\"kty\"")) ? KIND_JWK_ARRAY : KIND_JSON;
    if (*trimmed.data == '"' || *trimmed.data == '\'') {
        kind = kind_of_quoted(trimmed);
        return kind != KIND_NONE ? kind : *trimmed.data == '"' ? KIND_JSON : KIND_UNKNOWN;
    }
    kind = kind_of_ssh_text(trimmed, text);
    if (kind == KIND_NONE)
        kind = kind_of_pem(text, found);
    if (kind == KIND_NONE)
        kind = kind_of_bytes(trimmed);
    if (kind != KIND_NONE)
        return kind;
    if (tv_span_starts_with(trimmed, TV_SPAN("version https://git-lfs")))
        return KIND_POINTER;
    if (tv_span_starts_with(text, TV_SPAN("\xfe\xed\xfe\xed")))
        return KIND_JKS;
    if (tv_span_starts_with(text, TV_SPAN("\x1f\x8b")))
        return KIND_GZIP;
    if (is_token(trimmed))
        return KIND_TOKEN;
    if (!is_error_text(trimmed))
        return KIND_UNKNOWN;
    *found = trimmed;
    return KIND_ERROR_TEXT;
}

void tv_key_name_text(struct tv_span text, struct tv_detail *detail) {
    struct tv_span found = {0};
    enum tv_reason reason;
    text = tv_key_without_mark(text);
    const char *page = tv_key_looks_like_page(text, &reason);
    if (page && tv_span_contains(text, TV_SPAN("X509Certificate>"))) {
        tv_key_set_kind(detail, KIND_XML, found);
    } else if (page && !(text.length > 1 && text.data[1] == '\0')) { // not one in UTF-16
        tv_key_fail(detail, TV_MALFORMED_KEY, reason, page);
    } else if (tv_key_looks_like_json(text.data, text.length) && utf16_of(text) == KIND_NONE) {
        tv_key_name_object(text, detail);
    } else {
        enum tv_key_kind kind = kind_of_text(text, &found);
        tv_key_set_kind(detail, kind, found);
    }
}
