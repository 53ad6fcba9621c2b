// SPDX-License-Identifier: MIT
// Whether a text is a public key or certificate in some encoding. It must not be used as a secret:
// everybody who has it could sign with it (RFC 8725 section 2.1). The usual encodings of bytes are
// decoded, also one inside another, and each result is checked. A raw public key of 32 bytes cannot
// be distinguished from a secret.
#include "keys/key_internal.h"

#include "base/base64url.h"

#include <openssl/crypto.h>
#include <stdlib.h>

// The shortest public key, an Ed25519 key as DER. The mark of a key may be shorter.
#define SHORTEST 44
#define LEAST 24

// Shortest piece of base64 that is looked at; shorter ones may be plain words.
#define BASE64_WORD 40

// How many encodings may be nested; how many times the length of the text may be read in all.
#define DEPTH_MAX 4
#define EFFORT 12

// What follows the first `part`; empty if it is not there.
static struct tv_span behind(struct tv_span text, struct tv_span part) {
    const char *at = memmem(text.data, text.length, part.data, part.length);
    if (!at)
        return (struct tv_span){text.data + text.length, 0};
    at += part.length;
    return (struct tv_span){at, text.length - (size_t)(at - text.data)};
}

static struct tv_span first(struct tv_span text, size_t most) {
    return (struct tv_span){text.data, text.length < most ? text.length : most};
}

static bool is_letter_or_digit(char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

// Marks

// The beginning of a PEM, with any character in place of its spaces.
static bool has_armor(struct tv_span text) {
    struct tv_span rest = behind(text, TV_SPAN("BEGIN"));
    for (; rest.length > 0; rest = behind(rest, TV_SPAN("BEGIN"))) {
        struct tv_span label = first(rest, 32);
        if (tv_span_contains(first(behind(label, TV_SPAN("PUBLIC")), 9), TV_SPAN("KEY")) ||
            tv_span_contains(label, TV_SPAN("CERTIFICATE")) ||
            tv_span_contains(label, TV_SPAN("PKCS7")))
            return true;
    }
    return false;
}

bool tv_key_has_public_mark(struct tv_span text) {
    const struct tv_span marks[] = {TV_SPAN(" PUBLIC KEY-----"),
                                    TV_SPAN(" CERTIFICATE-----"),
                                    TV_SPAN(" CERTIFICATE REQUEST-----"),
                                    TV_SPAN(" PUBLIC KEY ----"),
                                    TV_SPAN("Public-Key:"), // as openssl prints it
                                    TV_SPAN("ssh-rsa AAAA"),
                                    TV_SPAN("ssh-ed25519 AAAA"),
                                    TV_SPAN("ecdsa-sha2-nistp"),
                                    TV_SPAN("AAAAB3NzaC1yc2E"), // without that word in front
                                    TV_SPAN("AAAAC3NzaC1lZDI1NTE5"),
                                    TV_SPAN("AAAAE2VjZHNhLXNoYTItbmlzdHA")};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
        if (tv_span_contains(text, marks[i]))
            return true;
    return has_armor(text);
}

// RFC 4253 section 6.6. A private key of OpenSSH holds that too.
static bool has_ssh_key(struct tv_span text) {
    return (tv_span_contains(text, TV_SPAN("\0\0\0\7ssh-rsa")) ||
            tv_span_contains(text, TV_SPAN("\0\0\0\13ssh-ed25519"))) &&
           !tv_span_contains(text, TV_SPAN("openssh-key-v1"));
}

// XML Signature section 4.5.2; .NET writes private keys so, too, with a D.
static bool has_xml_key(struct tv_span text) {
    return (tv_span_contains(text, TV_SPAN("RSAKeyValue>")) ||
            tv_span_contains(text, TV_SPAN("ECKeyValue>")) ||
            tv_span_contains(text, TV_SPAN("X509Certificate>"))) &&
           !tv_span_contains(text, TV_SPAN("<D>"));
}

// Whether `word` stands at the index as a word of its own.
static bool is_word_at(struct tv_span text, size_t index, struct tv_span word) {
    return index + word.length <= text.length &&
           memcmp(text.data + index, word.data, word.length) == 0 &&
           (index == 0 || !is_letter_or_digit(text.data[index - 1])) &&
           (index + word.length == text.length ||
            !is_letter_or_digit(text.data[index + word.length]));
}

// The kty of a public JWK, however it is quoted.
static bool has_jwk(struct tv_span text) {
    enum { BETWEEN = 16 };
    const struct tv_span types[] = {TV_SPAN("RSA"), TV_SPAN("EC"), TV_SPAN("OKP"),
                                    TV_SPAN("rsa"), TV_SPAN("ec"), TV_SPAN("okp")};
    struct tv_span rest = behind(text, TV_SPAN("kty"));
    for (; rest.length > 0; rest = behind(rest, TV_SPAN("kty"))) {
        size_t at = text.length - rest.length;
        if (!is_word_at(text, at - 3, TV_SPAN("kty")))
            continue;
        for (size_t i = at; i < at + BETWEEN; i++)
            for (size_t type = 0; type < sizeof types / sizeof types[0]; type++)
                if (is_word_at(text, i, types[type]))
                    return true;
    }
    return false;
}

// An AlgorithmIdentifier followed by a BIT STRING, anywhere in the text.
static bool has_public_info(struct tv_span text) {
    const struct tv_span ids[] = {
        TV_SPAN("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"), // rsaEncryption
        TV_SPAN("\x06\x07\x2a\x86\x48\xce\x3d\x02\x01"),         // id-ecPublicKey
        TV_SPAN("\x06\x03\x2b\x65\x70"), TV_SPAN("\x06\x03\x2b\x65\x71")};
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        struct tv_span rest = behind(text, ids[i]);
        for (; rest.length > 0; rest = behind(rest, ids[i])) {
            size_t at = text.length - rest.length - ids[i].length;
            const unsigned char *der = (const unsigned char *)text.data + at;
            if (at >= 2 && der[-2] == 0x30 && der[-1] < 0x80 && at + der[-1] < text.length &&
                der[der[-1]] == 0x03)
                return true;
        }
    }
    return false;
}

// DER of a public key at the beginning of the text. An RSAPublicKey has no identifier, so it is
// recognized by its numbers.
static bool is_der(struct tv_span text) {
    struct tv_key_look look;
    struct tv_detail detail = {0};
    enum tv_status status = tv_key_look(TV_FORM_SPKI, text, &look, &detail);
    bool is_known = status == TV_OK || detail.text || detail.reason == TV_REASON_CURVE;
    if (is_known && look.length >= SHORTEST)
        return true;
    return tv_key_look(TV_FORM_RSA, text, &look, &detail) == TV_OK &&
           look.modulus.length >= TV_RSA_FLOOR_BITS / 2 / 8 &&
           look.modulus.data[look.modulus.length - 1] % 2 != 0 && look.exponent.length <= 8;
}

static bool has_der(struct tv_span text) {
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] == 0x30 && is_der((struct tv_span){text.data + i, text.length - i}))
            return true;
    return false;
}

static bool is_plain(struct tv_span text) {
    return tv_key_has_public_mark(text) || has_jwk(text) || has_public_info(text) ||
           has_ssh_key(text) || has_xml_key(text) || has_der(text);
}

// Encodings. Each function decodes `text` into `out`, which has room for the length of `text`, and
// returns the number of bytes; 0 if the text is not encoded in this way.

// A number of up to `most` digits, of which the highest is below `base`, at `*at`; -1: none.
static int read_digits(const char **at, const char *end, int base, int most) {
    int number = -1;
    for (; most > 0 && *at < end && tv_hex_digit(**at) >= 0 && tv_hex_digit(**at) < base;
         most--, ++*at)
        number = (number < 0 ? 0 : number) * base + tv_hex_digit(**at);
    return number;
}

// UTF-16 and UTF-32, of either order.
static size_t drop_nuls(struct tv_span text, char *out) {
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i])
            out[count++] = text.data[i];
    return count < text.length ? count : 0;
}

// What follows a backslash: C, JSON, shells.
static size_t undo_backslash(const char **at, const char *end, char *out) {
    static const char names[] = "nrtfv", characters[] = "\n\r\t\f\v";
    while (*at < end && **at == '\\') // escaped once more
        ++*at;
    if (*at == end)
        return 0;
    const char *name = memchr(names, **at, sizeof names - 1), *from = *at;
    int number = -1;
    if (**at == 'x' || **at == 'u') {
        ++*at;
        number = read_digits(at, end, 16, *from == 'x' ? 2 : 4);
    } else {
        number = read_digits(at, end, 8, 3);
    }
    if (number < 0)
        *at = from + 1;
    *out = (char)(number >= 0 ? number : name ? characters[name - names] : *from);
    return 1;
}

// A character of XML; false if that is none.
static bool undo_entity(const char **at, const char *end, char *out) {
    static const struct {
        struct tv_span name;
        char character;
    } names[] = {{{"&quot;", 6}, '"'},
                 {{"&apos;", 6}, '\''},
                 {{"&lt;", 4}, '<'},
                 {{"&gt;", 4}, '>'},
                 {{"&amp;", 5}, '&'}};
    struct tv_span left = {*at, (size_t)(end - *at)};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (tv_span_starts_with(left, names[i].name)) {
            *at += names[i].name.length;
            *out = names[i].character;
            return true;
        }
    if (left.length < 4 || (*at)[1] != '#')
        return false;
    bool is_hex = ((*at)[2] | 0x20) == 'x';
    const char *from = *at + (is_hex ? 3 : 2);
    int number = read_digits(&from, end, is_hex ? 16 : 10, 6);
    if (number < 0 || from == end || *from != ';')
        return false;
    *at = from + 1;
    *out = (char)number;
    return true;
}

static size_t undo_escapes(struct tv_span text, char *out) {
    size_t count = 0;
    bool found = false;
    for (const char *at = text.data, *end = at + text.length; at < end;) {
        const char *from = at;
        if (*at == '\\') {
            found = true;
            count += undo_backslash(&at, end, out + count);
        } else if (*at == '%' && end - at > 2 && tv_hex_byte(at + 1) >= 0) {
            found = true;
            out[count++] = (char)tv_hex_byte(at + 1);
            at += 3;
        } else if (*at == '&' && undo_entity(&at, end, &out[count])) {
            found = true;
            count++;
        }
        if (at == from)
            out[count++] = *at++;
    }
    return found ? count : 0;
}

// Hexadecimal digits: in a row, as a list, or in source code; other words are skipped.
static size_t undo_hex(struct tv_span text, char *out) {
    size_t count = 0;
    for (const char *at = text.data, *end = at + text.length; at < end;) {
        if (*at == '0' && end - at > 1 && (at[1] | 0x20) == 'x') {
            at += 2;
        } else if (end - at > 1 && tv_hex_byte(at) >= 0) {
            out[count++] = (char)tv_hex_byte(at);
            at += 2;
        } else if (is_letter_or_digit(*at)) { // of a word
            if (count >= LEAST)
                break;
            for (count = 0; at < end && is_letter_or_digit(*at);)
                at++;
        } else {
            at++;
        }
    }
    return count;
}

// A list of bytes as decimal numbers, the last one in brackets if there are any.
static size_t undo_decimals(struct tv_span text, char *out) {
    const char *end = text.data + text.length, *open = memrchr(text.data, '[', text.length);
    size_t count = 0;
    for (const char *at = open ? open + 1 : text.data; at < end && *at != ']';) {
        int number = read_digits(&at, end, 10, 3);
        if (number > 255 || (number < 0 && is_letter_or_digit(*at)))
            return 0;
        if (number >= 0)
            out[count++] = (char)number;
        else
            at++;
    }
    return count;
}

static bool is_base64(char c) {
    return is_letter_or_digit(c) || c == '+' || c == '/' || c == '-' || c == '_';
}

// The next base64 from `*from` on, in one piece or in several, of either alphabet.
static size_t undo_base64(struct tv_span text, size_t *from, char *out) {
    size_t word = 0, at = *from;
    for (; at < text.length && word < BASE64_WORD; at++)
        word = is_base64(text.data[at]) ? word + 1 : 0;
    if (word < BASE64_WORD) {
        *from = text.length;
        return 0;
    }
    size_t count = 0;
    for (at -= word; at < text.length && text.data[at] == '+'; at++) // a space, in a form
        ;
    for (; at < text.length; at++) {
        char c = text.data[at];
        if (is_base64(c))
            out[count++] = tv_base64url_of(c);
        else if (!tv_is_space(c) && c != '"' && c != '\'' && c != ',')
            break;
    }
    *from = at;
    if (count % 4 == 1)
        count--;
    while (count % 4 != 0) // the unused last bits do not matter
        out[count++] = 'A';
    size_t length = 0;
    // In place: three bytes replace four characters that were already read.
    return tv_base64url_decode(out, count, (unsigned char *)out, &length) == TV_OK ? length : 0;
}

struct search {
    size_t effort; // bytes that may still be looked at
    char *room;    // DEPTH_MAX times `size`
    size_t size;   // of the text, and of what is added to base64
};

// NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX
static bool is_published(struct search *search, struct tv_span text, size_t depth) {
    static size_t (*const spellings[])(struct tv_span, char *) = {drop_nuls, undo_escapes, undo_hex,
                                                                  undo_decimals};
    if (text.length < LEAST || text.length > search->effort)
        return false;
    search->effort -= text.length;
    if (is_plain(text))
        return true;
    if (depth == DEPTH_MAX)
        return false;
    char *out = search->room + depth * search->size;
    for (size_t i = 0; i < sizeof spellings / sizeof spellings[0]; i++)
        if (is_published(search, (struct tv_span){out, spellings[i](text, out)}, depth + 1))
            return true;
    for (size_t from = 0; from < text.length;) {
        size_t length = undo_base64(text, &from, out);
        if (is_published(search, (struct tv_span){out, length}, depth + 1))
            return true;
    }
    return false;
}

enum tv_status tv_key_is_published(struct tv_span text, bool *is) {
    struct search search = {.effort = EFFORT * text.length, .size = text.length + 4};
    *is = false;
    if (text.length < LEAST)
        return TV_OK;
    search.room = malloc(DEPTH_MAX * search.size);
    if (!search.room)
        return TV_NO_MEMORY;
    *is = is_published(&search, text, 0);
    OPENSSL_cleanse(search.room, DEPTH_MAX * search.size);
    free(search.room);
    return TV_OK;
}
