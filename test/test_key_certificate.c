// SPDX-License-Identifier: MIT
// Keys of certificates: those that OpenSSL finds in them, whatever else is wrong with them, and
// none of a type or curve that is not used. With a number as argument, so many damaged certificates
// of each kind.
#include "check.h"

#include "keys/key_internal.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

enum {
    RSA_2048,
    RSA_PSS,
    P256,
    P256_COMPRESSED,
    P256_EXPLICIT,
    P384,
    P521,
    SECP256K1,
    ED25519,
    ED448,
    X25519,
    KINDS
};

static const struct {
    const char *name, *type, *curve;
} kinds[KINDS] = {
    [RSA_2048] = {"RSA", "RSA", NULL},
    [RSA_PSS] = {"RSA-PSS", "RSA-PSS", NULL},
    [P256] = {"P-256", "EC", "P-256"},
    [P256_COMPRESSED] = {"P-256, compressed", "EC", "P-256"},
    [P256_EXPLICIT] = {"P-256, explicit parameters", "EC", "P-256"},
    [P384] = {"P-384", "EC", "P-384"},
    [P521] = {"P-521", "EC", "P-521"},
    [SECP256K1] = {"secp256k1", "EC", "secp256k1"},
    [ED25519] = {"Ed25519", "ED25519", NULL},
    [ED448] = {"Ed448", "ED448", NULL},
    [X25519] = {"X25519", "X25519", NULL},
};

#define DER_SIZE ((size_t)4096)

struct der {
    size_t length;
    unsigned char bytes[DER_SIZE];
};

// Comparing

struct counts {
    size_t other, good, refused;
};

static struct counts seen;
static bool is_explicit; // of the parameters of its curve, which OpenSSL reads

// Whether the type and curve of a key that OpenSSL has read are ones that are used.
static bool is_supported(EVP_PKEY *key) {
    char curve[32] = "";
    size_t length;
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
        EVP_PKEY_get_group_name(key, curve, sizeof curve, &length);
        return strcmp(curve, "secp256k1") != 0;
    case EVP_PKEY_RSA:
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        return true;
    default:
        return false;
    }
}

// `is_der`: without lengths and tags that DER does not have, which OpenSSL reads.
static void compare(const unsigned char *der, size_t length, bool is_der) {
    struct tv_span exact = guard_copy(GUARD_TOKEN, der, length);
    const unsigned char *end = (const unsigned char *)exact.data;
    EVP_PKEY *ours = NULL;
    struct tv_detail detail = {0};
    enum tv_status status = tv_key_decode(TV_FORM_CERTIFICATE, exact, &ours, &detail);
    X509 *certificate = d2i_X509(NULL, &end, (long)length);
    EVP_PKEY *theirs = certificate ? X509_get_pubkey(certificate) : NULL;
    bool whole = end == (const unsigned char *)exact.data + length && theirs &&
                 (X509_get0_pubkey_bitstr(certificate)->flags & 0x07) == 0; // no bits unused
    CHECK((status == TV_OK) == (ours != NULL), "a key");
    // What is not the key's may be broken; the key is the same.
    bool other = ours ? theirs && EVP_PKEY_eq(ours, theirs) != 1
                      : whole && is_der && !is_explicit && is_supported(theirs);
    if (ours && !is_supported(ours))
        other = true;
    if (other) {
        seen.other++;
        printf("%s, OpenSSL %s: ", ours ? "accepted" : "refused", theirs ? "accepts" : "refuses");
        for (size_t i = 0; i < length; i++)
            printf("%02x", der[i]);
        putchar('\n');
    }
    seen.good += ours != NULL;
    seen.refused += !ours;
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(ours);
    X509_free(certificate);
    ERR_clear_error();
}

// Making

static EVP_PKEY *generate(size_t kind) {
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kinds[kind].type, NULL);
    if (EVP_PKEY_keygen_init(context) != 1 ||
        (kinds[kind].curve && EVP_PKEY_CTX_set_group_name(context, kinds[kind].curve) != 1) ||
        EVP_PKEY_keygen(context, &key) != 1 ||
        (kind == P256_COMPRESSED &&
         !EVP_PKEY_set_utf8_string_param(key, "point-format", "compressed")) ||
        (kind == P256_EXPLICIT && !EVP_PKEY_set_utf8_string_param(key, "encoding", "explicit")))
        check_abort("no key of %s", kinds[kind].name);
    EVP_PKEY_CTX_free(context);
    return key;
}

static void add_extension(X509 *certificate, int id, const char *value) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, id, value);
    if (!extension || X509_add_ext(certificate, extension, -1) != 1)
        check_abort("no extension");
    X509_EXTENSION_free(extension);
}

// `is_full`: version 3 with all that there may be, else version 1.
static void make(EVP_PKEY *key, bool is_full, struct der *der) {
    static EVP_PKEY *signer;
    signer = signer ? signer : generate(P256);
    X509 *made = X509_new();
    X509_NAME *name = X509_NAME_new();
    unsigned char *at = der->bytes, wide[] = {0x01, 0x0c, 0x26, 0x3a};
    if (!made || !name ||
        !X509_NAME_add_entry_by_txt(name, "C", MBSTRING_ASC, (unsigned char *)"DE", -1, -1, 0) ||
        !X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (unsigned char *)" K\xc3\xa4se ", -1,
                                    -1, 0) ||
        !X509_NAME_add_entry_by_txt(name, "CN", V_ASN1_BMPSTRING, wide, sizeof wide, -1, 0) ||
        !X509_set_issuer_name(made, name) || !X509_set_subject_name(made, name) ||
        !ASN1_INTEGER_set(X509_get_serialNumber(made), 0x1234567) ||
        !X509_set_version(made, is_full ? X509_VERSION_3 : X509_VERSION_1) ||
        !ASN1_TIME_set_string(X509_getm_notBefore(made), "250101000000Z") ||
        !ASN1_TIME_set_string(X509_getm_notAfter(made), "20510101000000Z") ||
        !X509_set_pubkey(made, key))
        check_abort("no certificate");
    if (is_full) {
        add_extension(made, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(made, NID_subject_alt_name, "DNS:example.org");
    }
    if (X509_sign(made, signer, EVP_sha256()) <= 0 || i2d_X509(made, NULL) > (int)DER_SIZE / 2)
        check_abort("no signature");
    der->length = (size_t)i2d_X509(made, &at);
    X509_NAME_free(name);
    X509_free(made);
}

// Damaging

static unsigned next_random(void) {
    static unsigned state = 1;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

enum way {
    DROPPED,
    TWICE,
    OTHER_TAG,
    LONGER,
    SHORTER,
    EMPTY,
    ENDLESS,
    LONG_LENGTH,
    OTHER_BYTE,
    WRAPPED,
    REPLACED,
    FOLLOWED,
    CONSTRUCTED,
    WAYS
};

struct change {
    size_t element, passed; // which element, counted from the first
    enum way way;
    size_t other;
};

static void put(struct der *out, const void *bytes, size_t length) {
    if (out->length + length > DER_SIZE)
        check_abort("too long");
    memcpy(out->bytes + out->length, bytes, length);
    out->length += length;
}

static void put_element(struct der *out, unsigned char tag, const unsigned char *contents,
                        size_t length) {
    unsigned char header[] = {tag, 0x82, (unsigned char)(length >> 8), (unsigned char)length};
    if (length < 0x80) {
        header[1] = (unsigned char)length;
    } else if (length < 0x100) {
        header[1] = 0x81;
        header[2] = (unsigned char)length;
    }
    put(out, header, length < 0x80 ? 2 : length < 0x100 ? 3 : 4);
    put(out, contents, length);
}

// What stands in the place of an element, or behind it.
static const struct tv_span others[] = {
    {"\x05\x00", 2},
    {"\x02\x00", 2},
    {"\x02\x01\x00", 3},
    {"\x02\x02\x00\x01", 4},
    {"\x01\x01\xff", 3},
    {"\x06\x01\x80", 3},
    {"\x30\x00", 2},
    {"\x31\x00", 2},
    {"\x17\x0d"
     "250101000000Z",
     15},
    {"\x18\x0f"
     "20250101000000Z",
     17},
    {"\x0c\x02\xc3\x28", 4},     // no UTF-8
    {"\x1e\x01\x41", 3},         // half a character
    {"\xa0\x03\x02\x01\x02", 5}, // a version
    {"\x81\x02\x00\x80", 4},     // issuerUniqueID
    {"\x82\x02\x00\x80", 4},     // subjectUniqueID
    {"\x82\x02\x08\x80", 4},     // with nine unused bits of eight
    {"\xa3\x02\x30\x00", 4},     // no extensions
    {"\x03\x02\x07\x80", 4},
};
enum { OTHERS = sizeof others / sizeof others[0] };

static void put_changed(struct der *out, unsigned char tag, struct der *contents,
                        const struct change *change) {
    size_t length = contents->length;
    unsigned char *bytes = contents->bytes, any = (unsigned char)next_random();
    struct tv_span other = others[change->other];
    switch (change->way) {
    case DROPPED:
        return;
    case TWICE:
        put_element(out, tag, bytes, length);
        break;
    case OTHER_TAG:
        tag ^= (unsigned char)(1 << any % 8);
        break;
    case LONGER:
        put(contents, "", 1);
        break;
    case SHORTER:
        contents->length -= length > 0;
        break;
    case EMPTY:
        contents->length = 0;
        break;
    case ENDLESS:
        put(out, (unsigned char[]){tag, 0x80}, 2);
        put(out, bytes, length);
        put(out, "\0", 2);
        return;
    case LONG_LENGTH:
        put(out,
            (unsigned char[]){tag, 0x83, 0, (unsigned char)(length >> 8), (unsigned char)length},
            5);
        put(out, bytes, length);
        return;
    case OTHER_BYTE:
        if (length > 0)
            bytes[next_random() % length] = any;
        break;
    case WRAPPED: {
        struct der inner = {0};
        put_element(&inner, tag, bytes, length);
        put_element(out, any % 2 ? 0x30 : tag | 0x20, inner.bytes, inner.length);
        return;
    }
    case REPLACED:
        put(out, other.data, other.length);
        return;
    case FOLLOWED:
        put_element(out, tag, bytes, length);
        put(out, other.data, other.length);
        return;
    case CONSTRUCTED:
        tag ^= 0x20;
        break;
    case WAYS:
        check_abort("no way");
    }
    put_element(out, tag, contents->bytes, contents->length);
}

// All elements once more, one of them changed.
static void rewrite(const unsigned char *at, size_t length, struct change *change,
                    struct der *out) {
    for (const unsigned char *end = at + length; at < end;) {
        unsigned char tag = at[0];
        size_t size = at[1], header = 2;
        if (size > 0x80) {
            header += size & 0x7f;
            size = header == 3 ? at[2] : (size_t)at[2] << 8 | at[3];
        }
        bool is_this = change->passed++ == change->element;
        struct der contents = {0};
        if (tag & 0x20)
            rewrite(at + header, size, change, &contents);
        else
            put(&contents, at + header, size);
        if (is_this)
            put_changed(out, tag, &contents, change);
        else
            put_element(out, tag, contents.bytes, contents.length);
        at += header + size;
    }
}

static bool leaves_der(enum way way) {
    return way != ENDLESS && way != LONG_LENGTH && way != CONSTRUCTED && way != WRAPPED &&
           way != OTHER_TAG;
}

static void test_damaged(const struct der *whole, size_t count) {
    struct change none = {.element = SIZE_MAX};
    struct der same = {0};
    rewrite(whole->bytes, whole->length, &none, &same);
    CHECK(same.length == whole->length && memcmp(same.bytes, whole->bytes, same.length) == 0,
          "rewritten");
    for (size_t i = 0; i < count; i++) {
        struct der other = {0};
        struct change change = {.element = next_random() % none.passed,
                                .way = (enum way)(next_random() % WAYS),
                                .other = next_random() % OTHERS};
        rewrite(whole->bytes, whole->length, &change, &other);
        unsigned bit = next_random() % 8;
        bool is_flipped = next_random() % 4 == 0 && other.length > 0;
        if (is_flipped)
            other.bytes[next_random() % other.length] ^= (unsigned char)(1 << bit);
        compare(other.bytes, other.length, leaves_der(change.way) && (!is_flipped || bit != 5));
    }
}

// Every way of every element, at the least.
static void test_elements(const struct der *whole) {
    struct change none = {.element = SIZE_MAX};
    struct der same = {0};
    rewrite(whole->bytes, whole->length, &none, &same);
    for (size_t i = 0; i < none.passed * WAYS * OTHERS; i++) {
        struct change change = {.element = i / OTHERS / WAYS,
                                .way = (enum way)(i / OTHERS % WAYS),
                                .other = i % OTHERS};
        struct der other = {0};
        if (change.other > 0 && change.way != REPLACED && change.way != FOLLOWED)
            continue;
        rewrite(whole->bytes, whole->length, &change, &other);
        compare(other.bytes, other.length, leaves_der(change.way));
    }
}

static void test_bits(const struct der *whole, size_t step) {
    struct der other = *whole;
    for (size_t bit = 0; bit < 8 * whole->length; bit += step) {
        other.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        compare(other.bytes, other.length, bit % 8 != 5); // of a tag: whether it is constructed
        other.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    for (size_t cut = 0; cut < whole->length; cut += step)
        compare(whole->bytes, cut, true);
    other.bytes[other.length] = 0;
    compare(other.bytes, other.length + 1, true);
}

int main(int count, char **arguments) {
    size_t damaged = count > 1 ? (size_t)strtoul(arguments[1], NULL, 10) : 20;
    for (size_t kind = 0; kind < KINDS; kind++) {
        EVP_PKEY *key = generate(kind);
        for (int is_full = 0; is_full < 2; is_full++) {
            struct der der = {0};
            seen.good = seen.refused = seen.other = 0;
            is_explicit = kind == P256_EXPLICIT;
            make(key, is_full, &der);
            compare(der.bytes, der.length, true);
            bool is_used = kind != RSA_PSS && kind != SECP256K1 && kind != X25519 && !is_explicit;
            CHECK_NUMBER(is_used, seen.good, kinds[kind].name);
            bool is_all = is_full && kind == P256;
            if (is_all || (count > 1 && is_full))
                test_elements(&der);
            test_bits(&der, count > 1 ? 1 : is_all ? 5 : is_full ? 61 : 127);
            test_damaged(&der, damaged);
            CHECK_NUMBER(0, seen.other, kinds[kind].name);
            CHECK(is_used ? seen.good > 1 : seen.good == 0, kinds[kind].name);
            CHECK(seen.refused > 1, kinds[kind].name);
            if (count > 1)
                printf("%s: %zu good, %zu refused\n", kinds[kind].name, seen.good, seen.refused);
        }
        EVP_PKEY_free(key);
    }
    return check_report("test_key_certificate");
}
