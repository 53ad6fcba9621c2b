// SPDX-License-Identifier: MIT
// Texts that everybody may have, and those like them that may be secrets.
#include "check.h"

#include "key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

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
    {"MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA", 0},
    {" M!", 0},
    {" \n", 0},
};

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
    // One byte less, or another one behind, and it is anybody's bytes.
    check_secret(file, (const char *)der, (size_t)length - 1, 0);
    memcpy(text, der, (size_t)length);
    text[length] = 'x';
    check_secret(file, text, (size_t)length + 1, 0);
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(der);
    BIO_free(bio);
    free(pem);
}

int main(void) {
    static const char *const files[] = {"rsa.pem",  "rsa.pkcs1.pem", "rsa.certificate.pem",
                                        "ec.pem",   "ec-p521.pem",   "ed25519.pem",
                                        "ed448.pem"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        check_secret(texts[i].text, texts[i].text, strlen(texts[i].text), texts[i].reason);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        test_file(files[i]);
    return check_report("test_key_secret");
}
