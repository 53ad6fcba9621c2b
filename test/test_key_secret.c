// SPDX-License-Identifier: MIT
// Texts that everybody may have, and those like them that may be secrets. With a number as
// argument, so many rounds of random secrets.
#include "check.h"

#include "keys/key.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdarg.h>

static void check_secret(const char *name, const char *text, size_t length, enum tv_reason reason) {
    struct tv_span copy = guard_copy(GUARD_KEY, text, length);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(reason ? TV_WEAK_SECRET : TV_OK,
                 tv_key_from_secret(copy.data, copy.length, &key, &detail), name);
    CHECK_NUMBER(reason, detail.reason, name);
    CHECK((key != NULL) == !reason, name);
    CHECK(!key || tv_span_equal(tv_key_secret(key), copy), name);
    tv_key_free(key);
}

static const struct {
    const char *text;
    enum tv_reason reason; // 0: accepted
} texts[] = {
    {"-----BEGIN PUBLIC KEY-----", TV_REASON_PUBLIC},
    {"x\n-----BEGIN RSA PUBLIC KEY-----", TV_REASON_PUBLIC},
    {"-----BEGIN CERTIFICATE-----", TV_REASON_PUBLIC},
    {"-----BEGIN X509 CERTIFICATE-----", TV_REASON_PUBLIC},
    {"-----BEGIN TRUSTED CERTIFICATE-----", TV_REASON_PUBLIC},
    {"-----BEGIN CERTIFICATE REQUEST-----", TV_REASON_PUBLIC},
    {"-----BEGIN PKCS7-----", TV_REASON_PUBLIC},
    {"---- BEGIN SSH2 PUBLIC KEY ----", TV_REASON_PUBLIC},
    {"ssh-rsa AAAAB3", TV_REASON_PUBLIC},
    {"ssh-ed25519 AAAAC3", TV_REASON_PUBLIC},
    {"# me\necdsa-sha2-nistp256 AAAAE2", TV_REASON_PUBLIC},
    // A JWK, but not it alone.
    {"[{\"kty\":\"RSA\"}]", TV_REASON_JSON},
    {"{\"kty\":\"oct\",\"k\":\"AAAA\"", TV_REASON_JSON},
    {"\xef\xbb\xbf{\"kty\":\"oct\",\"k\":\"AAAA\"}", TV_REASON_JSON},
    {"{\"key\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}", TV_REASON_JSON},
    // In XML, and a JWK without its quotes, whose kty is the first or the last word.
    {"<ECKeyValue><PublicKey>BIDSBgCCwXbu0</PublicKey></ECKeyValue>", TV_REASON_PUBLIC},
    {"kty=EC crv=P-256 x=gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0", TV_REASON_PUBLIC},
    {"crv=P-256 x=gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0 kty=EC", TV_REASON_PUBLIC},
    // Nobody else has these.
    {"-----BEGIN RSA PRIVATE KEY-----", 0},
    {"ssh-rsa", 0},
    {"kty", 0},
    // What begins as the DER of a key does, or as base64 of it.
    {"0", 0},
    {"0 \n", 0},
    {"\x30\x03\x02\x01\x01", 0},
    {"M", 0},
    {"MAMCAQE=", 0},
    {"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA", TV_REASON_PUBLIC}, // cut, and one all the same
    {"MIICIjANBgkqhkiG9w0BAQEFAASCAQ8AMIIBCgKCAQEA", 0},                // a private one
    {" M!", 0},
    {" \n", 0},
};

// Of Ed25519, and ends with a space that belongs to it.
static const char ends_with_space[] =
    "\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00"
    "\x94\x0f\x4b\x9c\x1f\xec\x7b\xed\xde\xcd\x11\x64\x3c\x97\xcd\xa5"
    "\x6f\x92\x81\x55\x54\x46\xa4\x34\x35\xbc\xa7\x82\xe3\xd4\xea\x20";

// What may stand around a key, and how it may be written.
static const struct {
    const char *before, *behind;
} covers[] = {{"", ""}, {"", "\n"}, {"", " \r\n\t"}, {"\n ", "\n"}};

enum { DER, BASE64, BASE64_LINES, BASE64URL, SPELLINGS };

static const char *const spellings[] = {"DER", "base64", "base64 in lines", "base64url"};

// `text` has room for twice the DER.
static size_t spell(int spelling, const unsigned char *der, size_t length, char *text) {
    if (spelling == DER) {
        memcpy(text, der, length);
        return length;
    }
    size_t count = (size_t)EVP_EncodeBlock((unsigned char *)text, der, (int)length);
    if (spelling == BASE64)
        return count;
    if (spelling == BASE64_LINES) {
        for (size_t at = 64; at < count; at += 65) {
            memmove(text + at + 1, text + at, count - at);
            text[at] = '\n';
            count++;
        }
        return count;
    }
    while (text[count - 1] == '=')
        count--;
    for (char *at = text; at < text + count; at++)
        *at = (char)(*at == '+' ? '-' : *at == '/' ? '_' : *at);
    return count;
}

static void test_file(const char *file) {
    char path[128], *label, *header, text[8192];
    unsigned char *der;
    long length;
    size_t pem_length;
    snprintf(path, sizeof path, "test/vectors/keys/%s", file);
    char *pem = check_read_file(path, &pem_length);
    BIO *bio = BIO_new_mem_buf(pem, (int)pem_length);
    if (PEM_read_bio(bio, &label, &header, &der, &length) != 1 || length > 2048)
        check_abort("%s cannot be read", file);
    for (int spelling = DER; spelling < SPELLINGS; spelling++) {
        for (size_t i = 0; i < sizeof covers / sizeof covers[0]; i++) {
            if (spelling == DER && covers[i].before[0])
                continue; // nobody writes that
            size_t before = strlen(covers[i].before), behind = strlen(covers[i].behind);
            size_t all = before + spell(spelling, der, (size_t)length, text + before);
            memcpy(text, covers[i].before, before);
            memcpy(text + all, covers[i].behind, behind);
            char name[256];
            snprintf(name, sizeof name, "%s as %s, cover %zu", file, spellings[spelling], i);
            check_secret(name, text, all + behind, TV_REASON_PUBLIC);
        }
    }
    // One byte less: what says that it is a public key is still there, but with PKCS#1, which has
    // nothing of the kind.
    bool has_algorithm = strstr(file, "pkcs1") == NULL;
    check_secret(file, (const char *)der, (size_t)length - 1, has_algorithm ? TV_REASON_PUBLIC : 0);
    memcpy(text, der, (size_t)length);
    text[length] = 'x';
    check_secret(file, text, (size_t)length + 1, TV_REASON_PUBLIC);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    free(pem);
}

// Disguises: each writes bytes in another way, as somebody or something does.

struct text {
    size_t length;
    char bytes[65536];
};

static void put(struct text *out, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written =
        vsnprintf(out->bytes + out->length, sizeof out->bytes - out->length, format, arguments);
    va_end(arguments);
    if (written < 0 || out->length + (size_t)written >= sizeof out->bytes)
        check_abort("too long");
    out->length += (size_t)written;
}

static void put_bytes(struct text *out, const void *bytes, size_t length) {
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

static void utf16le(struct tv_span in, struct text *out) {
    for (size_t i = 0; i < in.length; i++)
        put_bytes(out, (char[]){in.data[i], 0}, 2);
}

static void utf16be(struct tv_span in, struct text *out) {
    for (size_t i = 0; i < in.length; i++)
        put_bytes(out, (char[]){0, in.data[i]}, 2);
}

static void utf16le_bom(struct tv_span in, struct text *out) {
    put_bytes(out, "\xff\xfe", 2);
    utf16le(in, out);
}

static void utf16be_bom(struct tv_span in, struct text *out) {
    put_bytes(out, "\xfe\xff", 2);
    utf16be(in, out);
}

static void utf32(struct tv_span in, struct text *out) {
    for (size_t i = 0; i < in.length; i++)
        put_bytes(out, (char[]){in.data[i], 0, 0, 0}, 4);
}

static void nuls_around(struct tv_span in, struct text *out) {
    put_bytes(out, "\0\0", 2);
    put_bytes(out, in.data, in.length);
    put_bytes(out, "\0", 1);
}

static void bom(struct tv_span in, struct text *out) {
    put_bytes(out, "\xef\xbb\xbf", 3);
    put_bytes(out, in.data, in.length);
}

static void base64(struct tv_span in, struct text *out) {
    out->length += (size_t)EVP_EncodeBlock((unsigned char *)out->bytes + out->length,
                                           (const unsigned char *)in.data, (int)in.length);
}

static void base64url(struct tv_span in, struct text *out) {
    base64(in, out);
    while (out->bytes[out->length - 1] == '=')
        out->length--;
    for (size_t i = 0; i < out->length; i++)
        out->bytes[i] = (char)(out->bytes[i] == '+'   ? '-'
                               : out->bytes[i] == '/' ? '_'
                                                      : out->bytes[i]);
}

static void base64_list(struct tv_span in, struct text *out) { // lines of a program
    struct text inner = {0};
    base64(in, &inner);
    for (size_t i = 0; i < inner.length; i += 64)
        put(out, "  \"%.*s\",\n", (int)(inner.length - i < 64 ? inner.length - i : 64),
            inner.bytes + i);
}

static void base64_twice(struct tv_span in, struct text *out) {
    struct text inner = {0};
    base64(in, &inner);
    base64((struct tv_span){inner.bytes, inner.length}, out);
}

static void data_url(struct tv_span in, struct text *out) {
    put(out, "data:application/octet-stream;base64,");
    base64(in, out);
}

static void yaml(struct tv_span in, struct text *out) {
    put(out, "public_key: ");
    base64(in, out);
    put(out, "\nother: value\n");
}

static void hex_of(struct tv_span in, const char *format, struct text *out) {
    for (size_t i = 0; i < in.length; i++)
        put(out, format, (unsigned char)in.data[i]);
}

static void hex(struct tv_span in, struct text *out) { hex_of(in, "%02x", out); }
static void hex_upper(struct tv_span in, struct text *out) { hex_of(in, "%02X", out); }
static void hex_colons(struct tv_span in, struct text *out) { hex_of(in, "%02x:", out); }
static void hex_spaces(struct tv_span in, struct text *out) { hex_of(in, "%02x ", out); }
static void hex_list(struct tv_span in, struct text *out) { hex_of(in, "0x%02x, ", out); }
static void hex_escapes(struct tv_span in, struct text *out) { hex_of(in, "\\x%02x", out); }
static void octal_escapes(struct tv_span in, struct text *out) { hex_of(in, "\\%03o", out); }
static void percent(struct tv_span in, struct text *out) { hex_of(in, "%%%02X", out); }

static void hex_prefix(struct tv_span in, struct text *out) {
    put(out, "0x");
    hex(in, out);
}

static void decimals(struct tv_span in, struct text *out) {
    put(out, "{\"type\":\"Buffer\",\"data\":[");
    hex_of(in, "%d,", out);
    put(out, "]}");
}

static void json_string(struct tv_span in, struct text *out) {
    put(out, "\"");
    for (size_t i = 0; i < in.length; i++)
        if (in.data[i] == '\n')
            put(out, "\\n");
        else if (in.data[i] == '"' || in.data[i] == '\\')
            put(out, "\\%c", in.data[i]);
        else
            put(out, "%c", in.data[i]);
    put(out, "\"");
}

static void json_twice(struct tv_span in, struct text *out) {
    struct text inner = {0};
    json_string(in, &inner);
    json_string((struct tv_span){inner.bytes, inner.length}, out);
}

static void json_unicode(struct tv_span in, struct text *out) { hex_of(in, "\\u%04x", out); }
static void xml(struct tv_span in, struct text *out) { hex_of(in, "&#%d;", out); }
static void xml_hex(struct tv_span in, struct text *out) { hex_of(in, "&#x%X;", out); }

static void xml_entities(struct tv_span in, struct text *out) {
    for (size_t i = 0; i < in.length; i++)
        put(out, in.data[i] == '"' ? "&quot;" : "%c", in.data[i]);
}

static void form(struct tv_span in, struct text *out) { // application/x-www-form-urlencoded
    for (size_t i = 0; i < in.length; i++)
        if (in.data[i] == ' ')
            put(out, "+");
        else
            put(out, strchr("\n+/=\"{}:,", in.data[i]) ? "%%%02X" : "%c",
                (unsigned char)in.data[i]);
}

static void without_lines(struct tv_span in, struct text *out) {
    for (size_t i = 0; i < in.length; i++)
        if (in.data[i] != '\n')
            put(out, "%c", in.data[i]);
}

static void single_quotes(struct tv_span in, struct text *out) {
    for (size_t i = 0; i < in.length; i++)
        put(out, "%c", in.data[i] == '"' ? '\'' : in.data[i]);
}

static void no_quotes(struct tv_span in, struct text *out) {
    for (size_t i = 0; i < in.length; i++)
        if (in.data[i] != '"')
            put(out, "%c", in.data[i]);
}

static void quoted(struct tv_span in, struct text *out) {
    put(out, "APP_SECRET='%.*s'", (int)in.length, in.data);
}

#define ANY true
#define TEXT false

static const struct {
    const char *name;
    void (*write)(struct tv_span in, struct text *out);
    bool takes_bytes; // or texts alone
} disguises[] = {
    {"UTF-16LE", utf16le, TEXT},
    {"UTF-16BE", utf16be, TEXT},
    {"UTF-16LE with a byte order mark", utf16le_bom, TEXT},
    {"UTF-16BE with a byte order mark", utf16be_bom, TEXT},
    {"UTF-32", utf32, TEXT},
    {"NULs around", nuls_around, ANY},
    {"a byte order mark", bom, TEXT},
    {"base64", base64, ANY},
    {"base64url", base64url, ANY},
    {"base64 in a list", base64_list, ANY},
    {"base64 of base64", base64_twice, ANY},
    {"a data URL", data_url, ANY},
    {"YAML", yaml, ANY},
    {"hex", hex, ANY},
    {"hex in capitals", hex_upper, ANY},
    {"hex with colons", hex_colons, ANY},
    {"hex with spaces", hex_spaces, ANY},
    {"hex as a list", hex_list, ANY},
    {"hex with 0x", hex_prefix, ANY},
    {"a C string", hex_escapes, ANY},
    {"octal", octal_escapes, ANY},
    {"percent", percent, ANY},
    {"a list of numbers", decimals, ANY},
    {"a JSON string", json_string, TEXT},
    {"a JSON string in one", json_twice, TEXT},
    {"a JSON string of \\u", json_unicode, TEXT},
    {"XML's numbers", xml, TEXT},
    {"XML's hexadecimal numbers", xml_hex, TEXT},
    {"XML's names", xml_entities, TEXT},
    {"a form", form, TEXT},
    {"one line", without_lines, TEXT},
    {"single quotes", single_quotes, TEXT},
    {"no quotes", no_quotes, TEXT},
    {"a variable", quoted, TEXT},
};
enum { DISGUISES = sizeof disguises / sizeof disguises[0] };

// That it is refused, whatever the reason.
static void check_refused(const char *name, const char *disguise, const char *other,
                          struct tv_span text) {
    char words[256];
    snprintf(words, sizeof words, "%s as %s%s%s", name, disguise, other ? " as " : "",
             other ? other : "");
    struct tv_span copy = guard_copy(GUARD_KEY, text.data, text.length);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(TV_WEAK_SECRET, tv_key_from_secret(copy.data, copy.length, &key, &detail), words);
    CHECK(detail.reason == TV_REASON_PUBLIC || detail.reason == TV_REASON_JSON, words);
    tv_key_free(key);
}

// Each disguise of it, and each of that once more.
static void check_disguises(const char *name, struct tv_span key, bool is_text) {
    static struct text once, twice;
    for (size_t i = 0; i < DISGUISES; i++) {
        if (!is_text && !disguises[i].takes_bytes)
            continue;
        once.length = 0;
        disguises[i].write(key, &once);
        struct tv_span written = {once.bytes, once.length};
        check_refused(name, disguises[i].name, NULL, written);
        bool is_written = memchr(once.bytes, 0, once.length) == NULL;
        for (size_t j = 0; j < DISGUISES; j++) {
            if ((!is_written && !disguises[j].takes_bytes) || once.length > 9000)
                continue;
            if (disguises[i].write == base64_list && disguises[j].write == form)
                continue; // what it makes of spaces is base64, too
            twice.length = 0;
            disguises[j].write(written, &twice);
            check_refused(name, disguises[i].name, disguises[j].name,
                          (struct tv_span){twice.bytes, twice.length});
        }
    }
}

static void test_disguises(void) {
    static const char *const texts_of_keys[] = {
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
        "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "{\"keys\": [{\"kty\" : \"EC\", \"crv\" : \"P-256\", \"x\" : "
        "\"gI0GAILBdu7T53akrFmMyGcsF3n5dO7MmwNBHKW5SV0\", \"y\" : "
        "\"SLW_xSffzlPWrHEVI30DHM_4egVwt3NQqeUD7nMFpps\"}]}",
        "<RSAKeyValue><Modulus>xA7SEU+e0yQH5rm9kbCDN9o3aPIo7HbP7tX6WOocLZAtNfyxSZDU16ksL6W</"
        "Modulus><Exponent>AQAB</Exponent></RSAKeyValue>",
        "<ds:X509Certificate>MIIDdTCCAl2gAwIBAgILBAAAAAABFUtaw5QwDQYJKoZIhvcNAQEFBQAwVzELMAkG</"
        "ds:X509Certificate>",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDRetG9K3 me@example.org",
        "AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl",
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTY",
        "---- BEGIN SSH2 PUBLIC KEY ----\nComment: "
        "mine\nAAAAB3NzaC1yc2EAAAADAQABAAABAQC7vbqajDRetG9K3\n---- END SSH2 PUBLIC KEY ----\n",
        "-----BEGIN PGP PUBLIC KEY "
        "BLOCK-----\n\nmQENBFYzbT8BCADDlkkSJLfAhb3CFSp5xXJ4tCFcGvOTgHpXyZkq\n-----END PGP PUBLIC "
        "KEY BLOCK-----\n",
        "Public-Key: (2048 bit)\nModulus:\n    00:c4:0e:d2:11:4f:9e:d3:24:07:e6:b9:bd:91:b0:\n",
    };
    static const char *const files[] = {"rsa.pem",   "rsa.pkcs1.pem", "rsa.certificate.pem",
                                        "ec.pem",    "ed25519.pem",   "ed448.pem",
                                        "x25519.pem"};
    for (size_t i = 0; i < sizeof texts_of_keys / sizeof texts_of_keys[0]; i++)
        check_disguises(texts_of_keys[i], tv_span_of(texts_of_keys[i]), true);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        char path[128], *label, *header;
        unsigned char *der;
        long length;
        size_t pem_length;
        snprintf(path, sizeof path, "test/vectors/keys/%s", files[i]);
        char *pem = check_read_file(path, &pem_length);
        BIO *bio = BIO_new_mem_buf(pem, (int)pem_length);
        if (PEM_read_bio(bio, &label, &header, &der, &length) != 1)
            check_abort("%s cannot be read", files[i]);
        check_disguises(files[i], (struct tv_span){pem, pem_length}, true);
        check_disguises(files[i], (struct tv_span){(char *)der, (size_t)length}, false);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_free(der);
        BIO_free(bio);
        free(pem);
    }
}

// Secrets as people make them, in every form: none is refused.

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void random_of(const char *alphabet, size_t count, struct text *out) {
    size_t letters = strlen(alphabet);
    for (size_t i = 0; i < count; i++)
        put_bytes(out, &alphabet[next_random() % letters], 1);
}

static void test_random(size_t rounds) {
    static const char hex_digits[] = "0123456789abcdef",
                      letters[] =
                          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
                      printable[] =
                          "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`"
                          "abcdefghijklmnopqrstuvwxyz{|}~";
    static const size_t sizes[] = {16, 24, 32, 48, 64, 128, 512};
    static struct text secret, bytes;
    size_t refused = 0, made = 0;
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
            for (size_t way = 0; way < 5 + DISGUISES; way++) {
                bytes.length = secret.length = 0;
                for (size_t byte = 0; byte < sizes[i]; byte++)
                    put_bytes(&bytes, &(char){(char)(next_random() >> 32)}, 1);
                if (way == 0)
                    put_bytes(&secret, bytes.bytes, bytes.length);
                else if (way == 1)
                    random_of(hex_digits, sizes[i], &secret);
                else if (way == 2)
                    random_of(letters, sizes[i], &secret);
                else if (way == 3)
                    random_of(printable, sizes[i], &secret);
                else if (way == 4) // what begins as DER does
                    put_bytes(&secret, (bytes.bytes[0] = 0x30, bytes.bytes), bytes.length);
                else if (disguises[way - 5].takes_bytes)
                    disguises[way - 5].write((struct tv_span){bytes.bytes, bytes.length}, &secret);
                else
                    continue;
                struct tv_detail detail = {0};
                struct tv_key *key = NULL;
                made++;
                enum tv_status status =
                    tv_key_from_secret(secret.bytes, secret.length, &key, &detail);
                // Some begin as what templates leave does.
                refused += status != TV_OK && detail.reason != TV_REASON_TEMPLATE;
                tv_key_free(key);
            }
    CHECK(made >= rounds * 7 * 20, "made");
    CHECK_NUMBER(0, refused, "random secrets");
}

// Texts that only look like it, and what belongs to one alone.
static void test_good_secrets(void) {
    static const char *const good[] = {
        "PublicKeyOfMyServerIsNotHere-but-this-is-a-long-secret",
        "BEGIN the day with a public walk, said the key master, and end it so",
        "my kty is a secret, the EC of Europe does not know what it means here",
        "kty/RSAkty+xECx/OKPkty kty kty and nothing that follows of it, a long text",
        "-----BEGIN PRIVATE "
        "KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END "
        "PRIVATE KEY-----\n",
        "-----BEGIN OPENSSH PRIVATE "
        "KEY-----"
        "\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\nQyNTUxOQ",
        "<RSAKeyValue><Modulus>xA7S</Modulus><Exponent>AQAB</Exponent><D>xA7S</D></RSAKeyValue> of "
        "mine",
        "https://example.org/?a=%41%42&amp;b=\\n\\x41\\u0041\\ and more than sixty bytes of it",
        "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC",
        "48,130,1,34,48,13,6,9,42,134,72,134,247,13,1,1,2,5,0,3,130,1,15,0,48,130,1,10,2,130,1,1,0,"
        "5,5,5,5,5,5,5,5,5",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        check_secret(good[i], good[i], strlen(good[i]), 0);
}

// Bytes that are no text.
#define ED25519_ID "\x06\x03\x2b\x65\x70"
#define FILLER "nothing of a key in these bytes"
#define BYTES(text) text, sizeof text - 1

static const struct {
    const char *name, *bytes;
    size_t length;
    enum tv_reason reason; // 0: accepted
} raw[] = {
    {"OpenSSH's Ed25519", BYTES("\0\0\0\13ssh-ed25519\0\0\0\40" FILLER "!"), TV_REASON_PUBLIC},
    {"OpenSSH's RSA", BYTES("\0\0\0\7ssh-rsa\0\0\0\3\1\0\1\0\0\0\40" FILLER), TV_REASON_PUBLIC},
    {"a private key of OpenSSH",
     BYTES("openssh-key-v1\0\0\0\0\4none\0\0\0\13ssh-ed25519\0\0\0\40" FILLER), 0},
    // What a public key has is not whole.
    {"a type alone", BYTES("\x05\x05" ED25519_ID "\x03" FILLER), 0},
    {"a type in no short sequence",
     BYTES("\x30\x85" ED25519_ID FILLER FILLER FILLER FILLER "....\x03"), 0},
    {"a sequence past the end", BYTES(FILLER "\x30\x7f" ED25519_ID "\x03"), 0},
    {"DER of fewer bytes than any key",
     BYTES("\x30\x0a\x30\x05\x06\x03\x2b\x65\x6e\x03\x01\0" FILLER), 0},
    // Characters that are not whole, where the text ends.
    {"a character of XML", BYTES(FILLER "&#65"), 0},
    {"a character of XML without its end", BYTES(FILLER "&#65x"), 0},
    {"base64 that is spaces of a form", BYTES("++++++++++++++++++++++++++++++++++++++++++++++++"),
     0},
};

// An RSAPublicKey that has numbers like those of a key, and others that do not.
static void test_numbers(void) {
    static const struct {
        size_t modulus, exponent; // bytes
        unsigned char last;       // of the modulus
        enum tv_reason reason;
    } cases[] = {{64, 3, 1, TV_REASON_PUBLIC},
                 {64, 8, 1, TV_REASON_PUBLIC},
                 {63, 3, 1, 0},
                 {64, 3, 2, 0},
                 {64, 9, 1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        size_t modulus = cases[i].modulus, exponent = cases[i].exponent;
        unsigned char der[128];
        memset(der, 0x11, sizeof der);
        memcpy(der,
               (unsigned char[]){0x30, (unsigned char)(4 + modulus + exponent), 0x02,
                                 (unsigned char)modulus},
               4);
        der[4 + modulus - 1] = cases[i].last;
        memcpy(der + 4 + modulus, (unsigned char[]){0x02, (unsigned char)exponent}, 2);
        char name[64];
        snprintf(name, sizeof name, "numbers of %zu and %zu bytes", modulus, exponent);
        check_secret(name, (char *)der, 6 + modulus + exponent, cases[i].reason);
    }
}

static void test_bytes(void) {
    for (size_t i = 0; i < sizeof raw / sizeof raw[0]; i++)
        check_secret(raw[i].name, raw[i].bytes, raw[i].length, raw[i].reason);
    // What stands in front of the text is not part of it.
    static const struct {
        const char *bytes;
        size_t length, front;
        enum tv_reason reason, behind_front;
    } fronts[] = {{BYTES("\x30\x05" ED25519_ID "\x03" FILLER), 2, TV_REASON_PUBLIC, 0},
                  {BYTES("xkty=EC and the numbers of a key"), 1, 0, TV_REASON_PUBLIC}};
    for (size_t i = 0; i < 4; i++) {
        size_t front = i % 2 * fronts[i / 2].front;
        enum tv_reason reason = i % 2 ? fronts[i / 2].behind_front : fronts[i / 2].reason;
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        CHECK_STATUS(reason ? TV_WEAK_SECRET : TV_OK,
                     tv_key_from_secret(fronts[i / 2].bytes + front, fronts[i / 2].length - front,
                                        &key, &detail),
                     fronts[i / 2].bytes);
        tv_key_free(key);
    }
}

// The search ends: who writes a key in base64 four times finds it, but not among so many escapes
// that all that they may stand for takes too long to look at.
static void test_effort(void) {
    static struct text written[2], all;
    put_bytes(&written[0], ends_with_space, sizeof ends_with_space - 1);
    for (int i = 0; i < 4; i++) {
        written[(i + 1) % 2].length = 0;
        base64((struct tv_span){written[i % 2].bytes, written[i % 2].length},
               &written[(i + 1) % 2]);
    }
    for (int escapes = 0; escapes <= 100; escapes += 100) {
        all.length = 0;
        for (int i = 0; i < escapes; i++)
            put_bytes(&all, "%252525252541\0", sizeof "%252525252541");
        put_bytes(&all, " ", 1);
        put_bytes(&all, written[0].bytes, written[0].length);
        check_secret("base64, four times", all.bytes, all.length, escapes ? 0 : TV_REASON_PUBLIC);
    }
}

// JWKs of secrets, and other JSON that is given as a secret. `secret` NULL: the text itself.
// clang-format off
#define OCT(members) "{\"kty\":\"oct\",\"k\":\"c2VjcmV0\"" members "}"
#define NO TV_KEY_ALGORITHM_MISMATCH

static const struct {
    const char *jwk;
    enum tv_reason reason; // 0: accepted
    const char *secret;
    enum tv_status hs256, hs512, sign; // whether it may check by these, and sign by HS256
    const char *own; // algorithm
} jwks[] = {
    {OCT(""), 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {" \r\n" OCT("") "\n", 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {OCT(",\"alg\":\"HS256\""), 0, "secret", TV_OK, NO, TV_OK, "HS256"},
    {OCT(",\"alg\":\"HS512\""), 0, "secret", NO, TV_OK, NO, "HS512"},
    {OCT(",\"alg\":\"A128KW\""), 0, "secret", NO, NO, NO, NULL},
    {OCT(",\"use\":\"sig\""), 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {OCT(",\"use\":\"enc\""), 0, "secret", NO, NO, NO, NULL},
    {OCT(",\"key_ops\":[\"sign\"]"), 0, "secret", TV_OK, TV_OK, TV_OK, NULL}, // it checks, too
    {OCT(",\"key_ops\":[\"verify\"]"), 0, "secret", TV_OK, TV_OK, NO, NULL},
    {OCT(",\"key_ops\":[\"encrypt\"]"), 0, "secret", NO, NO, NO, NULL},
    {OCT(",\"alg\":7"), TV_REASON_TYPE, NULL, 0, 0, 0, NULL},
    {OCT(",\"alg\":null,\"use\":null,\"key_ops\":null"), 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {OCT(",\"kty\":\"oct\""), TV_REASON_DUPLICATE, NULL, 0, 0, 0, NULL},
    {OCT(",\"kid\":7"), 0, "secret", TV_OK, TV_OK, TV_OK, NULL},
    {"{\"kty\":\"oct\"}", TV_REASON_MISSING, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"oct\",\"k\":7}", TV_REASON_MISSING, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"oct\",\"k\":\"AAAA=\"}", TV_REASON_BASE64URL, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"oct\",\"k\":\"\"}", TV_REASON_EMPTY, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"oct\",\"k\":\"e3sgeCB9fQ\"}", TV_REASON_TEMPLATE, NULL, 0, 0, 0, NULL},
    {"{\"kty\":\"RSA\",\"k\":\"c2VjcmV0\"}", TV_REASON_PUBLIC, NULL, 0, 0, 0, NULL},
    {"{\"kty\":7,\"k\":\"c2VjcmV0\"}", TV_REASON_PUBLIC, NULL, 0, 0, 0, NULL},
    {"{\"keys\":[]}", TV_REASON_PUBLIC, NULL, 0, 0, 0, NULL},
    {"{\"kty\":null,\"k\":\"c2VjcmV0\"}", TV_REASON_PUBLIC, NULL, 0, 0, 0, NULL},
    // A public key is one without a kty, too.
    {"{\"n\":\"AQAB\",\"e\":\"AQAB\"}", TV_REASON_PUBLIC, NULL, 0, 0, 0, NULL},
    {"{\"n\":\"AQAB\"}", 0, NULL, TV_OK, TV_OK, TV_OK, NULL},
    {"{\"k\":\"c2VjcmV0\"}", 0, NULL, TV_OK, TV_OK, TV_OK, NULL},
    {"{}", 0, NULL, TV_OK, TV_OK, TV_OK, NULL},
    {"{\"k", 0, NULL, TV_OK, TV_OK, TV_OK, NULL},
};
// clang-format on

static const struct tv_algorithm *algorithm(const char *name) {
    return tv_algorithm_find(tv_span_of(name));
}

static void test_jwks(void) {
    for (size_t i = 0; i < sizeof jwks / sizeof jwks[0]; i++) {
        const char *name = jwks[i].jwk, *secret = jwks[i].secret ? jwks[i].secret : name;
        struct tv_span copy = guard_copy(GUARD_KEY, name, strlen(name));
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        CHECK_STATUS(jwks[i].reason ? TV_WEAK_SECRET : TV_OK,
                     tv_key_from_secret(copy.data, copy.length, &key, &detail), name);
        CHECK_NUMBER(jwks[i].reason, detail.reason, name);
        if (!CHECK((key != NULL) == !jwks[i].reason, name) || !key)
            continue;
        CHECK_SPAN(secret, tv_key_secret(key), name);
        CHECK_STATUS(jwks[i].hs256, tv_key_check_algorithm(key, algorithm("HS256"), &detail), name);
        CHECK_STATUS(jwks[i].hs512, tv_key_check_algorithm(key, algorithm("HS512"), &detail), name);
        CHECK_STATUS(jwks[i].sign, tv_key_check_signing(key, algorithm("HS256"), &detail), name);
        const struct tv_algorithm *own = tv_key_own_algorithm(key);
        CHECK_TEXT(jwks[i].own, own ? own->name : NULL, name);
        tv_key_free(key);
    }
}

// A JWK as long as a key may be, and a longer one.
static void test_long_jwk(void) {
    char *text = check_malloc(TV_KEY_MAX_LENGTH + 1);
    for (size_t length = TV_KEY_MAX_LENGTH; length <= TV_KEY_MAX_LENGTH + 1; length++) {
        bool fits = length == TV_KEY_MAX_LENGTH;
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        memset(text, ' ', length);
        memcpy(text, OCT(""), strlen(OCT("")));
        CHECK_STATUS(fits ? TV_OK : TV_WEAK_SECRET, tv_key_from_secret(text, length, &key, &detail),
                     "length");
        CHECK_NUMBER(fits ? TV_REASON_NONE : TV_REASON_JSON, detail.reason, "length");
        CHECK(!fits || tv_span_equal(tv_key_secret(key), TV_SPAN("secret")), "length");
        tv_key_free(key);
    }
    free(text);
}

// Keys of any kind, as their owner has them.
static const struct {
    const char *text;
    enum tv_status status;
    enum tv_reason reason;
    enum tv_key_type type;
} any[] = {
    {OCT(""), TV_OK, 0, TV_KEY_SECRET},
    {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
     TV_OK, 0, TV_KEY_OKP},
    {"{\"kty\":\"oct\",\"k\":\"AAAA=\"}", TV_WEAK_SECRET, TV_REASON_BASE64URL, 0},
    {"{\"kty\":\"oct\",\"k\":\"\"}", TV_WEAK_SECRET, TV_REASON_EMPTY, 0},
    {"{\"kty\":\"other\"}", TV_UNSUPPORTED_KEY, TV_REASON_KEY_TYPE, 0},
    {"{\"kty\":\"OKP\",\"crv\":\"X25519\"}", TV_UNSUPPORTED_KEY, TV_REASON_CURVE, 0},
    {"{}", TV_MALFORMED_KEY, TV_REASON_MISSING, 0},
    {"secret", TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, 0},
};

static void test_any(void) {
    for (size_t i = 0; i < sizeof any / sizeof any[0]; i++) {
        const char *name = any[i].text;
        struct tv_span copy = guard_copy(GUARD_KEY, name, strlen(name));
        struct tv_detail detail = {0};
        struct tv_key *key = NULL;
        CHECK_STATUS(any[i].status,
                     tv_key_load_any(copy.data, copy.length, TV_RSA_MIN_BITS, &key, &detail), name);
        CHECK_NUMBER(any[i].reason, detail.reason, name);
        CHECK((key != NULL) == (any[i].status == TV_OK), name);
        CHECK(key || detail.reason, name);
        CHECK(!key || (!detail.subject && !detail.text && tv_key_type(key) == any[i].type), name);
        tv_key_free(key);
    }
    size_t length;
    char *pem = check_read_file("test/vectors/keys/x25519.pem", &length);
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    CHECK_STATUS(TV_UNSUPPORTED_KEY, tv_key_load_any(pem, length, TV_RSA_MIN_BITS, &key, &detail),
                 "X25519");
    CHECK_TEXT("X25519", detail.text, "X25519");
    free(pem);
}

// The queue of OpenSSL's errors is the server's too.
static void test_errors(void) {
    static const char *const bytes[] = {"MAMCAQE=", "0 \n", "secret"};
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        ERR_clear_error();
        ERR_raise(ERR_LIB_USER, ERR_R_DISABLED);
        unsigned long before = ERR_peek_last_error();
        check_secret(bytes[i], bytes[i], strlen(bytes[i]), 0);
        CHECK(ERR_peek_last_error() == before, bytes[i]);
        CHECK(ERR_get_error() == before && ERR_get_error() == 0, "nothing taken");
    }
}

int main(int count, char **arguments) {
    check_secret("a key that ends with a space", ends_with_space, sizeof ends_with_space - 1,
                 TV_REASON_PUBLIC);
    test_errors();
    static const char *const files[] = {"rsa.pem",  "rsa.pkcs1.pem", "rsa.certificate.pem",
                                        "ec.pem",   "ec-p521.pem",   "ed25519.pem",
                                        "ed448.pem"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_secret(texts[i].text, texts[i].text, strlen(texts[i].text), texts[i].reason);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        test_file(files[i]);
    test_disguises();
    test_random(count > 1 ? (size_t)strtoul(arguments[1], NULL, 10) : 20);
    test_good_secrets();
    test_bytes();
    test_numbers();
    test_effort();
    test_jwks();
    test_long_jwk();
    test_any();
    return check_report("test_key_secret");
}
