// SPDX-License-Identifier: MIT
// What texts that are no usable key are called, and what is shown of them.
#include "check.h"

#include "keys/key_internal.h"

#define SPKI "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE="
#define SPKI_HEX                                                                                   \
    "302a300506032b657003210019bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166"
// The smallest DER of an RSA public key, of a certificate and of a private key: numbers of nobody.
#define RSA "MBoCFQCBAAAAAAAAAAAAAAAAAAAAAAAAAAIBAw=="
#define RSA_HEX "301a0215008100000000000000000000000000000000000000020103"
#define CERTIFICATE "MB8wGAIBATAAMAAwADAAMAswBQYDK2VwAwIABDAAAwEA"
#define CERTIFICATE_HEX "301f30180201013000300030003000300b300506032b6570030200043000030100"
#define PRIVATE "MC4CAQAwBQYDK2VwBCIEIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB"
#define PRIVATE_HEX "302e020100300506032b657004220420" ONES ONES
#define ONES "01010101010101010101010101010101"

#define RUN "abcdefghijklmnopqrstuvwx" // as long as may be shown
#define PAGE "-"

static const struct {
    const char *text;
    size_t length;
    const char *kind;  // PAGE: none, for a page
    const char *found; // NULL: nothing is shown
} texts[] = {
#define TEXT(literal) (literal), sizeof(literal) - 1
    {TEXT("<html>"), PAGE, NULL},
    {TEXT("<"), PAGE, NULL},
    {TEXT(" \n"), PAGE, NULL},
    {TEXT("\xef\xbb\xbf<html>"), PAGE, NULL},
    {TEXT("<ds:X509Certificate>MIIB"), "xml-certificate", NULL},
    {TEXT("<X509Certificate"), PAGE, NULL},
    // UTF-16
    {TEXT("\xff\xfe"), "utf-16le", NULL},
    {TEXT("\xfe\xff"), "utf-16be", NULL},
    {TEXT("\xff"), "unknown", NULL},
    {TEXT("<\0h\0t\0m\0"), "utf-16le", NULL},
    {TEXT("{\0\"\0a\0\"\0"), "utf-16le", NULL},
    {TEXT("\0{\0\"\0a\0\""), "utf-16be", NULL},
    {TEXT("-\0-\0-\0-\0"), "utf-16le", NULL},
    {TEXT("-\0-\0-\0-\0-"), "utf-16le", NULL},
    {TEXT("\0-\0-\0-\0-"), "utf-16be", NULL},
    {TEXT("-\0-\0-\0-"), "unknown", NULL},
    {TEXT("-\0-\0-\0"), "unknown", NULL},
    {TEXT("\0-\0-\0-"), "unknown", NULL},
    {TEXT("-\0-\0-\0--"), "unknown", NULL},
    {TEXT("\0-\0-\0---"), "unknown", NULL},
    {TEXT("\0\0\0\0\0\0\0\0"), "unknown", NULL},
    {TEXT("--------"), "unknown", NULL},
    {TEXT("-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0--"), "utf-16le", NULL},
    {TEXT("-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0-\0---\0"), "unknown", NULL},
    // SSH
    {TEXT("ssh-ed25519 AAAA"), "ssh-ed25519-key", NULL},
    {TEXT("\n ssh-rsa AAAA"), "ssh-key", NULL},
    {TEXT("ssh-"), "ssh-key", NULL},
    {TEXT("ecdsa-sha2-nistp256 AAAA"), "ssh-key", NULL},
    {TEXT("sk-ssh-ed25519@openssh.com AAAA"), "ssh-key", NULL},
    {TEXT("x\n---- BEGIN SSH2 PUBLIC KEY ----\n"), "ssh2-key", NULL},
    {TEXT("PuTTY-User-Key-File-3: ssh-rsa"), "putty-key", NULL},
    {TEXT("AAAAC3NzaC1lZDI1NTE5AAAAAwEAAQ=="), "ssh-ed25519-key", NULL},
    {TEXT("AAAAB3NzaC1yc2EAAAADAQAB"), "ssh-bare-key", NULL},
    {TEXT("AAAAB3NzaC1yc2EAAAADAQA"), "unknown", NULL},
    {TEXT("AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAADAQAB"), "ssh-bare-key", NULL},
    {TEXT("AAAAB3NzaC1kc3MAAAADAQAB"), "unknown", NULL},
    // DER as base64 and hex digits
    {TEXT(SPKI), "base64-key", NULL},
    {TEXT("\n MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lsh\r\nQhqowtrbLDFw4rXAxZuE \n"), "base64-key",
     NULL},
    {TEXT(RSA), "base64-rsa-key", NULL},
    {TEXT(CERTIFICATE), "base64-certificate", NULL},
    {TEXT(PRIVATE), "base64-private-key", NULL},
    {TEXT("MBYwBQYDK2VwAw0AAAAAAAAAAAAAAAAA"), "base64-key", NULL}, // of 24 bytes
    {TEXT("MBUwBQYDK2VwAwwAAAAAAAAAAAAAAAA="), "unknown", NULL},    // of 23
    {TEXT("eAotLS0tLUJFR0lOIFBVQkxJQyBLRVktLS0tLQo="), "base64-pem", NULL},
    {TEXT("IHsia3R5IjoiUlNBIiwibiI6IkFRQUIifQ=="), "base64-json", NULL},
    {TEXT("dGV4dCB0aGF0IGlzIG5vIGtleSBvciBzdWNo"), "unknown", NULL},
    {TEXT(SPKI_HEX "e1"), "hex-key", NULL},
    {TEXT("30:2A:300506032b6570 03210019bf44096984cdfe8541bac167\n"
          "dc3b96c85086aa30b6b6cb0c5c38ad703166e1"),
     "hex-key", NULL},
    {TEXT(SPKI_HEX "e1."), "unknown", NULL},
    {TEXT(SPKI_HEX "e10"), "unknown", NULL},
    {TEXT(SPKI_HEX "g1"), "unknown", NULL},
    {TEXT(RSA_HEX), "hex-key", NULL},
    {TEXT(CERTIFICATE_HEX), "hex-certificate", NULL},
    {TEXT(PRIVATE_HEX), "hex-private-key", NULL},
    // PEM
    {TEXT("-----BEGIN PUBLIC KEY-----\n" SPKI "\n-----END PUBLIC KEY-----\n"), "pem", NULL},
    {TEXT("x\n-----BEGIN PUBLIC KEY-----\n" SPKI "\n-----END PUBLIC KEY-----\n"), "pem", NULL},
    {TEXT(" -----BEGIN PUBLIC KEY-----\n" SPKI "\n-----END PUBLIC KEY-----\n"), "pem-indented",
     NULL},
    {TEXT("-----BEGIN PUBLIC KEY-----\n!\n-----END PUBLIC KEY-----\n"), "pem-damaged", NULL},
    {TEXT("-----BEGIN PUBLIC KEY-----\\n" SPKI "\\n-----END PUBLIC KEY-----\n"), "pem-escaped",
     NULL},
    {TEXT("-----BEGIN PUBLIC KEY-----\\r" SPKI), "pem-escaped", NULL},
    {TEXT("\\n-----BEGIN PUBLIC KEY-----\n" SPKI "\n"), "pem-cut", NULL},
    {TEXT("-----BEGIN PUBLIC KEY-----" SPKI "-----END PUBLIC KEY-----\n"), "pem-one-line", NULL},
    {TEXT("BEGIN PUBLIC KEY\nAAAA"), "pem-dashes", NULL},
    {TEXT("x BEGIN RSA PUBLIC KEY"), "pem-dashes", NULL},
    {TEXT("BEGIN CERTIFICATE"), "pem-dashes", NULL},
    {TEXT("END PUBLIC KEY"), "pem-dashes", NULL},
    {TEXT("END CERTIFICATE"), "pem-dashes", NULL},
    {TEXT("-----BEGIN%20PUBLIC%20KEY"), "pem-url-encoded", NULL},
    {TEXT("-----BEGIN+PUBLIC+KEY"), "pem-url-encoded", NULL},
    {TEXT("-----BEGIN DH PARAMETERS-----\n"), "pem-other", "DH PARAMETERS"},
    {TEXT("-----BEGIN 3456789 123456789 123456789 12-----"), "pem-other",
     "3456789 123456789 123456789 12"},
    {TEXT("-----BEGIN 123456789 123456789 123456789 12-----"), "pem-other",
     "123456789 123456789 123456789 12"},
    {TEXT("-----BEGIN 123456789 123456789 123456789 123-----"), "pem-damaged", NULL},
    {TEXT("-----BEGIN DH PARAMETERS"), "pem-damaged", NULL},
    {TEXT("-----BEGIN -----"), "pem-damaged", NULL},
    {TEXT("-----BEGIN A\nB-----"), "pem-damaged", NULL},
    {TEXT("-----BEGIN " RUN "-----"), "pem-other", RUN},
    {TEXT("-----BEGIN " RUN "y-----"), "pem-damaged", NULL},
    {TEXT("-----BEGIN PRIVATE KEY\n" PRIVATE "\n-----END PRIVATE KEY-----\n"), "pem-damaged", NULL},
    {TEXT("-----BEGIN PRIVATE KEY " PRIVATE "-----END PRIVATE KEY-----\n"), "pem-damaged", NULL},
    // JSON
    {TEXT("{\"keys\":[]}"), "jwk-set", NULL},
    {TEXT("\xef\xbb\xbf {\"keys\":[]}"), "jwk-set", NULL},
    {TEXT("{\"keys\":{}}"), "json", NULL},
    {TEXT("{\"jwks_uri\":\"u\",\"issuer\":\"joe\"}"), "openid-configuration", "joe"},
    {TEXT("{\"jwks_uri\":\"u\"}"), "openid-configuration", NULL},
    {TEXT("{\"jwks_uri\":1}"), "json", NULL},
    {TEXT("{\"realm\":\"a\",\"public_key\":\"b\"}"), "realm", NULL},
    {TEXT("{\"realm\":\"a\",\"public_key\":1}"), "json", NULL},
    {TEXT("{\"realm\":1,\"public_key\":\"b\"}"), "json", NULL},
    {TEXT("{\"kty\":\"RSA\"}"), "jwk", NULL},
    {TEXT("{\"kty\":1}"), "json", NULL},
    {TEXT("{\"a\":\"-----BEGIN A\",\"b\":\"-----BEGIN B\"}"), "certificate-map", NULL},
    {TEXT("{\"x\":1,\"a\":\"-----BEGIN A\",\"b\":\"-----BEGIN B\"}"), "json-with-key", "a"},
    {TEXT("{\"a\":\"-----BEGIN A\",\"x\":\"BEGIN\"}"), "json-with-key", "a"},
    {TEXT("{}"), "json", NULL},
    {TEXT("{\"error\":\"not found\"}"), "json-error", "not found"},
    {TEXT("{\"error\":404,\"reason\":\"gone\"}"), "json-error", "gone"},
    {TEXT("{\"error\":\"a\",\"error_description\":\"b\"}"), "json-error", "b"},
    {TEXT("{\"error\":\"" RUN "y\",\"title\":\"x\"}"), "json-error", "x"},
    {TEXT("{\"error\":{\"message\":\"m\",\"code\":1}}"), "json-error", "m"},
    {TEXT("{\"error\":{\"code\":1}}"), "json-error", NULL},
    {TEXT("{\"errors\":[\"first\",\"second\"]}"), "json-error", "first"},
    {TEXT("{\"errors\":[]}"), "json-error", NULL},
    {TEXT("{\"error\":\"\"}"), "json-error", NULL},
    {TEXT("{\"error\":\"" RUN " " RUN "\"}"), "json-error", RUN " " RUN},
    {TEXT("{\"error\":\"" RUN "y " RUN "\"}"), "json-error", NULL},
    {TEXT("{\"error\":\"a " RUN "y\"}"), "json-error", NULL},
    {TEXT(" [{\"kty\":\"RSA\"}]"), "jwk-array", NULL},
    {TEXT("[1]"), "json", NULL},
    {TEXT("\"{\\\"kty\\\":1}\""), "json-text", NULL},
    {TEXT("' {'"), "json-text", NULL},
    {TEXT("\"a\""), "json", NULL},
    {TEXT("\""), "json", NULL},
    {TEXT("\"\""), "json", NULL},
    {TEXT("'a'"), "unknown", NULL},
    {TEXT("'" SPKI "'"), "base64-key", NULL},
    {TEXT("\"" SPKI "\n"), "base64-key", NULL},
    {TEXT("\"-----BEGIN PUBLIC KEY-----\n" SPKI "\n-----END PUBLIC KEY-----\n\""), "pem-indented",
     NULL},
    {TEXT("'-----BEGIN PUBLIC KEY-----\\n"), "pem-escaped", NULL},
    // Others
    {TEXT("version https://git-lfs.github.com/spec/v1"), "lfs-pointer", NULL},
    {TEXT("\xfe\xed\xfe\xed\0\0\0\2"), "jks", NULL},
    {TEXT("\x1f\x8b\x08"), "gzip", NULL},
    {TEXT("\x1f"), "unknown", NULL},
    {TEXT("eyJhbGciOiJub25lIn0.e30.AAAA\n"), "token", NULL},
    {TEXT("eyJh.e30.A.A.A"), "token", NULL},
    {TEXT("eyJh.e30"), "unknown", NULL},
    {TEXT("eyJh.e30.A.A"), "unknown", NULL},
    {TEXT("eyJh.e30.A.A.A.A"), "unknown", NULL},
    {TEXT("eyJh. e30.A"), "unknown", NULL},
    {TEXT("ayJh.e30.A"), "unknown", NULL},
    {TEXT(" 404 Not Found\n"), "error-text", "404 Not Found"},
    {TEXT("Error " RUN), "error-text", "Error " RUN},
    {TEXT("Error " RUN "y"), "unknown", NULL},
    {TEXT("nothing"), "unknown", NULL},
};

static void test_texts(void) {
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct tv_detail detail = {0};
        tv_key_name_text(guard_copy(GUARD_KEY, texts[i].text, texts[i].length), &detail);
        bool is_page = strcmp(texts[i].kind, PAGE) == 0;
        CHECK_TEXT(is_page ? NULL : texts[i].kind, detail.kind, texts[i].text);
        CHECK(detail.text && (is_page || detail.reason == TV_REASON_NOT_A_KEY), texts[i].text);
        CHECK_SPAN(texts[i].found, tv_excerpt_span(&detail.found), texts[i].text);
    }
}

// Each marker counts only as a whole.
static void test_markers(void) {
    static const struct {
        const char *before, *marker, *behind, *kind;
    } markers[] = {
        {"-----BEGIN ", "ENCRYPTED PRIVATE KEY-----", "\n", "encrypted-private-key"},
        {"-----BEGIN ", "OPENSSH PRIVATE KEY-----", "\n", "ssh-private-key"},
        {"-----BEGIN ", "TRUSTED CERTIFICATE-----", "\n", "trusted-certificate"},
        {"-----BEGIN ", "CERTIFICATE REQUEST-----", "\n", "certificate-request"},
        {"-----BEGIN ", "NEW CERTIFICATE REQUEST-----", "\n", "certificate-request"},
        {"-----BEGIN ", "PKCS7-----", "\n", "pkcs7"},
        {"-----BEGIN ", "PKCS #7 SIGNED DATA-----", "\n", "pkcs7"},
        {"-----BEGIN ", "CMS-----", "\n", "pkcs7"},
        {"-----BEGIN ", "X509 CRL-----", "\n", "crl"},
        {"-----BEGIN ", "PGP ", "PUBLIC KEY BLOCK-----\n", "pgp-key"},
        {"", "BEGIN PUBLIC KEY", "\n", "pem-dashes"},
        {"", "BEGIN RSA PUBLIC KEY", "\n", "pem-dashes"},
        {"", "BEGIN CERTIFICATE", "\n", "pem-dashes"},
        {"", "END PUBLIC KEY", "\n", "pem-dashes"},
        {"", "END CERTIFICATE", "\n", "pem-dashes"},
        {"", "-----BEGIN ", "DH PARAMETERS-----\n", "pem-other"},
        {"{\"", "error_description", "\":1}", "json-error"},
        {"{\"", "errorMessage", "\":1}", "json-error"},
        {"{\"", "msg", "\":1}", "json-error"},
        {"{\"", "reason", "\":1}", "json-error"},
        {"{\"", "error", "\":1}", "json-error"},
        {"{\"", "message", "\":1}", "json-error"},
        {"{\"", "detail", "\":1}", "json-error"},
        {"{\"", "title", "\":1}", "json-error"},
        {"{\"", "Message", "\":1}", "json-error"},
        {"{\"", "errors", "\":1}", "json-error"},
        {"a ", "not found", "", "error-text"},
        {"a ", "Not Found", "", "error-text"},
        {"a ", "forbidden", "", "error-text"},
        {"a ", "Forbidden", "", "error-text"},
        {"a ", "denied", "", "error-text"},
        {"a ", "Denied", "", "error-text"},
        {"a ", "unauthorized", "", "error-text"},
        {"a ", "Unauthorized", "", "error-text"},
        {"a ", "error", "", "error-text"},
        {"a ", "Error", "", "error-text"},
        {"a ", "unavailable", "", "error-text"},
        {"a ", "Unavailable", "", "error-text"},
        {"a ", "Bad Request", "", "error-text"},
        {"a ", "Moved", "", "error-text"},
    };
    for (size_t i = 0; i < sizeof markers / sizeof markers[0]; i++) {
        bool is_error = strcmp(markers[i].marker, "errors") == 0; // without its end another one
        for (int cut = 0; cut < (is_error ? 1 : 2); cut++) {
            char text[128];
            int length = snprintf(text, sizeof text, "%s%.*s%s", markers[i].before,
                                  (int)strlen(markers[i].marker) - cut, markers[i].marker,
                                  markers[i].behind);
            struct tv_detail detail = {0};
            tv_key_name_text((struct tv_span){text, (size_t)length}, &detail);
            bool is = detail.kind && strcmp(detail.kind, markers[i].kind) == 0;
            CHECK(is == (cut == 0), text);
        }
    }
}

// A kind that says less than the failure that is there does not replace it.
static void test_vague(void) {
    static const struct {
        const char *text, *kind;
        enum tv_reason before;
    } cases[] = {
        {"{\"a\":1}", NULL, TV_REASON_BODY},
        {"hello", NULL, TV_REASON_BODY},
        {"{\"kty\":\"RSA\"}", NULL, TV_REASON_MISSING},
        {"{\"kty\":\"RSA\"}", "jwk", TV_REASON_BODY},
        {"{\"keys\":[]}", "jwk-set", TV_REASON_MISSING},
        {"{\"keys\"", NULL, TV_REASON_JSON}, // no JSON
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tv_detail detail = {.reason = cases[i].before, .subject = TV_SUBJECT_N};
        tv_key_name_text(tv_span_of(cases[i].text), &detail);
        CHECK_TEXT(cases[i].kind, detail.kind, cases[i].text);
        CHECK_NUMBER(cases[i].kind ? TV_REASON_NOT_A_KEY : cases[i].before, detail.reason,
                     cases[i].text);
        CHECK_NUMBER(cases[i].kind ? TV_SUBJECT_NONE : TV_SUBJECT_N, detail.subject, cases[i].text);
    }
}

// The longest text that is decoded, and the longest words that are shown.
static void test_lengths(void) {
    enum { MORE = 4 };
    char *text = check_malloc(TV_KEY_MAX_LENGTH + MORE);
    memset(text, 'A', TV_KEY_MAX_LENGTH + MORE);
    memcpy(text, "AAAAB3NzaC1yc2EAAAAD", 20);
    for (size_t more = 0; more <= MORE; more += MORE) {
        struct tv_detail detail = {0};
        tv_key_name_text((struct tv_span){text, TV_KEY_MAX_LENGTH + more}, &detail);
        CHECK_TEXT(more == 0 ? "ssh-bare-key" : "unknown", detail.kind, "longest base64");
    }
    for (size_t i = 0; i < 257; i++)
        text[i] = i % 6 == 5 ? ' ' : "Error"[i % 6];
    text[256] = '!';
    for (size_t length = 256; length <= 257; length++) {
        struct tv_detail detail = {0};
        tv_key_name_text((struct tv_span){text, length}, &detail);
        CHECK_TEXT(length == 256 ? "error-text" : "unknown", detail.kind, "longest words");
    }
    free(text);
}

static void test_der(void) {
    static const struct {
        const char *der;
        size_t length;
        bool is_in_pem;
        const char *kind; // NULL: it keeps its failure
    } cases[] = {
#define BYTES(literal) (literal), sizeof(literal) - 1
#define ED25519 "\x06\x03\x2b\x65\x70"
#define FORM_SPKI "\x30\x16\x30\x05" ED25519 "\x03\x0d\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define FORM_RSA "\x30\x16\x02\x11\0\x81\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\x01\x03"
#define FORM_CERTIFICATE                                                                           \
    "\x30\x1f\x30\x18\x02\x01\x01\x30\0\x30\0\x30\0\x30\0\x30\x0b\x30\x05" ED25519                 \
    "\x03\x02\0\x04\x30\0\x03\x01\0"
        {BYTES(FORM_SPKI), true, "pem-of-key"},
        {BYTES(FORM_SPKI), false, NULL},
        {BYTES(FORM_CERTIFICATE), true, "pem-of-certificate"},
        {BYTES(FORM_CERTIFICATE), false, "der-certificate"},
        {BYTES(FORM_RSA), true, "pem-of-rsa-key"},
        {BYTES("\x30\x16\x30\x0b\x06\x07\x2a\x86\x48\xce\x38\x04\x01\x30\0\x03\x07\0\0\0\0\0\0\0"),
         true, "pem-of-key"}, // DSA's
        {BYTES(FORM_RSA), false, NULL},
        {BYTES("\x31\x16\x30\x05" ED25519 "\x03\x0d\0\0\0\0\0\0\0\0\0\0\0\0\0"), true, NULL},
        {BYTES("\x30\x82\x01\x00\x02\x01\x03\x30\x82"), false, "pkcs12"},
        {BYTES("\x30\x82\x01\x00\x02\x01\x03\x30"), false, NULL},
        {BYTES("\x30\x83\x01\x00\x02\x01\x03\x30\x82"), false, NULL},
        {BYTES("\x30\x82\x01\x00\x02\x01\x04\x30\x82"), false, NULL},
        {BYTES("\x30\x82\x01\x00\x02\x01\x03\x31\x82"), false, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char name[32];
        snprintf(name, sizeof name, "DER %zu", i);
        struct tv_detail detail = {.reason = TV_REASON_BODY};
        tv_key_name_der(guard_copy(GUARD_KEY, cases[i].der, cases[i].length), cases[i].is_in_pem,
                        &detail);
        CHECK_TEXT(cases[i].kind, detail.kind, name);
        CHECK_NUMBER(cases[i].kind ? TV_REASON_NOT_A_KEY : TV_REASON_BODY, detail.reason, name);
    }
    struct tv_detail detail = {0};
    tv_key_name_encrypted(&detail);
    CHECK_TEXT("encrypted-private-key", detail.kind, "encrypted");
    CHECK(!detail.found.is_there, "encrypted");
}

int main(void) {
    test_texts();
    test_markers();
    test_vague();
    test_lengths();
    test_der();
    return check_report("test_key_kind");
}
