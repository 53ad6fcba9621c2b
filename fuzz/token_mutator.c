// SPDX-License-Identifier: MIT
// Mutates tokens as an attacker would: inside the parts, between tokens, and with all the keys that
// everybody has. A mutator of bytes alone never gets past base64url.
#include "signed.h"

#include "base/base64url.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

// libFuzzer's interface.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max_out_size,
                                 unsigned int seed);

#define PARTS 3
#define PART_MAX ((size_t)20 * 1024)

enum { HEADER, PAYLOAD, SIGNATURE };

struct draft {
    unsigned char part[PARTS][PART_MAX];
    size_t length[PARTS];
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static uint32_t random_state;

static size_t pick(size_t count) { // xorshift32
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % count;
}

// Splitting and joining

// Each part still in base64url; false if there are not exactly three.
static bool split(struct tv_span token, struct tv_span parts[PARTS]) {
    size_t count = 0;
    const char *end = token.data + token.length, *dot;
    while ((dot = memchr(token.data, '.', (size_t)(end - token.data))) && count < PARTS - 1) {
        parts[count++] = (struct tv_span){token.data, (size_t)(dot - token.data)};
        token.data = dot + 1;
    }
    parts[count++] = (struct tv_span){token.data, (size_t)(end - token.data)};
    return count == PARTS && !dot;
}

static bool decode_part(struct tv_span text, struct draft *draft, size_t part) {
    return TV_BASE64URL_DECODED_SIZE(text.length) <= PART_MAX &&
           tv_base64url_decode(text.data, text.length, draft->part[part], &draft->length[part]) ==
               TV_OK;
}

static bool decode(struct tv_span token, struct draft *draft) {
    struct tv_span parts[PARTS];
    bool good = split(token, parts);
    for (size_t i = 0; i < PARTS && good; i++)
        good = decode_part(parts[i], draft, i);
    return good;
}

// Returns the length, or 0 if it does not fit.
static size_t encode(const struct draft *draft, char *out, size_t room) {
    size_t used = 0;
    for (size_t i = 0; i < PARTS; i++) {
        size_t length = TV_BASE64URL_ENCODED_LENGTH(draft->length[i]);
        if (used + length + 1 > room)
            return 0;
        tv_base64url_encode(draft->part[i], draft->length[i], out + used);
        used += length;
        out[used++] = '.';
    }
    return used - 1;
}

static const struct signed_token *any_token(void) {
    const struct signed_seeds *seeds = signed_seeds();
    size_t index = pick(seeds->token_count + seeds->forged_count);
    return index < seeds->token_count ? &seeds->tokens[index]
                                      : &seeds->forged[index - seeds->token_count];
}

// Mutations of a part

static void mutate_bytes(struct draft *draft, size_t part) {
    draft->length[part] = LLVMFuzzerMutate(draft->part[part], draft->length[part], 4096);
}

static void mutate_header(struct draft *draft) { mutate_bytes(draft, HEADER); }
static void mutate_payload(struct draft *draft) { mutate_bytes(draft, PAYLOAD); }
static void mutate_signature(struct draft *draft) { mutate_bytes(draft, SIGNATURE); }

// A part of another token in the place of ours.
static void swap_part(struct draft *draft) {
    struct tv_span parts[PARTS];
    size_t part = pick(PARTS);
    if (split(any_token()->text, parts))
        decode_part(parts[part], draft, part);
}

static void put_in(struct draft *draft, size_t part, size_t at, size_t removed,
                   struct tv_span text) {
    unsigned char *bytes = draft->part[part];
    size_t rest = draft->length[part] - at - removed;
    if (at + text.length + rest > PART_MAX)
        return;
    memmove(bytes + at + text.length, bytes + at + removed, rest);
    memcpy(bytes + at, text.data, text.length);
    draft->length[part] = at + text.length + rest;
}

static void change_algorithm(struct draft *draft) {
    static const char *const names[] = {"HS256",  "HS384",   "HS512", "RS256", "RS384",
                                        "RS512",  "PS256",   "PS384", "PS512", "ES256",
                                        "ES384",  "ES512",   "EdDSA", "none",  "None",
                                        "ES256K", "Ed25519", "Ed448", "",      "hs256"};
    unsigned char *start = draft->part[HEADER], *end = start + draft->length[HEADER];
    unsigned char *at = memmem(start, draft->length[HEADER], "\"alg\":\"", 7);
    unsigned char *quote = at ? memchr(at + 7, '"', (size_t)(end - at) - 7) : NULL;
    if (quote)
        put_in(draft, HEADER, (size_t)(at + 7 - start), (size_t)(quote - at) - 7,
               tv_span_of(names[pick(COUNT(names))]));
}

// One more member at the front or at the end of an object.
static void add_member(struct draft *draft, size_t part, const char *member) {
    unsigned char *bytes = draft->part[part];
    size_t length = draft->length[part];
    if (length < 2 || bytes[0] != '{' || bytes[length - 1] != '}')
        return;
    char text[1024];
    bool front = pick(2) == 0;
    const char *comma = length == 2 ? "" : ",";
    int size =
        snprintf(text, sizeof text, "%s%s%s", front ? "" : comma, member, front ? comma : "");
    put_in(draft, part, front ? 1 : length - 1, 0, (struct tv_span){text, (size_t)size});
}

static void add_to_header(struct draft *draft) {
    static const char *const members[] = {
        "\"typ\":\"JWT\"",
        "\"typ\":null",
        "\"kid\":\"a\"",
        "\"kid\":\"../../a\\u0000\"",
        "\"kid\":7",
        "\"alg\":\"HS256\"",
        "\"\\u0061lg\":\"none\"",
        "\"crit\":[\"b64\"]",
        "\"crit\":[]",
        "\"b64\":false",
        "\"jku\":\"https://localhost/\"",
        "\"x5u\":\"https://localhost/\"",
        "\"x5c\":[\"\"]",
        "\"jwk\":{\"kty\":\"oct\",\"k\":\"\"}",
        "\"enc\":\"A128GCM\"",
        "\"zip\":\"DEF\"",
    };
    add_member(draft, HEADER, members[pick(COUNT(members))]);
}

static void add_to_payload(struct draft *draft) {
    static const char *const members[] = {
        "\"exp\":1700000100",
        "\"exp\":1e999",
        "\"exp\":1700000000.5",
        "\"exp\":1700000100000",
        "\"exp\":\"1700000100\"",
        "\"exp\":null",
        "\"nbf\":1699999990",
        "\"nbf\":18446744073709551615",
        "\"iat\":-1",
        "\"iss\":\"joe\"",
        "\"iss\":\"https://issuer.example.com\"",
        "\"iss\":\"joe\\u0000\"",
        "\"aud\":\"jitsi\"",
        "\"aud\":[\"b\",\"a\"]",
        "\"aud\":[]",
        "\"aud\":[\"a\",7]",
        "\"room\":\"Hall\"",
        "\"room\":\"*\"",
        "\"room\":null",
        "\"sub\":\"a\"",
        "\"sub\":{}",
        "\"context\":{\"user\":{\"name\":\"a\"}}",
        "\"\\u0065xp\":0",
    };
    add_member(draft, PAYLOAD, members[pick(COUNT(members))]);
}

static void duplicate_payload_member(struct draft *draft) {
    unsigned char *start = draft->part[PAYLOAD];
    unsigned char *comma = memchr(start, ',', draft->length[PAYLOAD]);
    char text[512];
    size_t length = comma ? (size_t)(comma - start) : 0;
    if (length > 1 && length < sizeof text - 1) {
        memcpy(text, start + 1, length);
        put_in(draft, PAYLOAD, 1, 0, (struct tv_span){text, length});
    }
}

// Signatures

// Everything that is public and could be taken for a shared secret.
static struct tv_span public_secret(void) {
    static struct tv_span secrets[4 * SIGNED_MAX + 2];
    static size_t count, keys_read;
    const struct signed_seeds *seeds = signed_seeds();
    for (; keys_read < seeds->key_count; keys_read++) {
        const struct signed_key *key = &seeds->keys[keys_read];
        if (key->is_secret)
            continue;
        char *jwk = NULL;
        size_t length;
        unsigned char *der = NULL;
        int der_length = i2d_PUBKEY(tv_key_public(key->key), &der);
        MUST(der_length > 0 && tv_key_jwk(key->key, &jwk, &length) == TV_OK);
        secrets[count++] = (struct tv_span){key->text, key->length};
        secrets[count++] = (struct tv_span){key->text, key->length - 1}; // without a last newline
        secrets[count++] = (struct tv_span){(char *)der, (size_t)der_length};
        secrets[count++] = (struct tv_span){jwk, length};
    }
    size_t index = pick(count + 2);
    return index < count ? secrets[index] : index == count ? TV_SPAN("") : TV_SPAN("secret");
}

static void sign_with_public(struct draft *draft) {
    static const char *const names[] = {"HS256", "HS384", "HS512"};
    char *text = fuzz_malloc(PARTS * PART_MAX * 2);
    draft->length[SIGNATURE] = 0;
    size_t length = encode(draft, text, PARTS * PART_MAX * 2);
    if (length > 0)
        draft->length[SIGNATURE] =
            signed_hmac(names[pick(3)], public_secret(), (struct tv_span){text, length - 1},
                        draft->part[SIGNATURE]);
    free(text);
}

static void resize_signature(struct draft *draft) {
    unsigned char *bytes = draft->part[SIGNATURE];
    size_t *length = &draft->length[SIGNATURE];
    size_t change = 1 + pick(pick(2) ? 4 : 64);
    switch (pick(5)) {
    case 0:
        *length = 0;
        break;
    case 1:
        *length -= change < *length ? change : *length;
        break;
    case 2: // zeros behind
        if (*length + change <= PART_MAX) {
            memset(bytes + *length, 0, change);
            *length += change;
        }
        break;
    case 3: // and before
        if (*length + change <= PART_MAX) {
            memmove(bytes + change, bytes, *length);
            memset(bytes, 0, change);
            *length += change;
        }
        break;
    default:
        memset(bytes, (int)pick(2) * 0xff, *length);
    }
}

// DER in the place of r and s side by side.
static void make_der(struct draft *draft) {
    size_t half = draft->length[SIGNATURE] / 2;
    if (half == 0 || half > 66)
        return;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(draft->part[SIGNATURE], (int)half, NULL);
    BIGNUM *s = BN_bin2bn(draft->part[SIGNATURE] + half, (int)half, NULL);
    MUST(pair && ECDSA_SIG_set0(pair, r, s));
    unsigned char *to = draft->part[SIGNATURE];
    draft->length[SIGNATURE] = (size_t)i2d_ECDSA_SIG(pair, &to);
    ECDSA_SIG_free(pair);
}

// The order of what a signature of this length may be computed in, or an RSA modulus.
static BIGNUM *any_order(size_t length, bool *little_endian) {
    static const struct {
        size_t length;
        bool little_endian;
        const char *order;
    } orders[] = {
        {64, false, "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"}, // P-256
        {64, true, "1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED"},  // Ed25519
        {96, false,
         "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB2"
         "48B0A77AECEC196ACCC52973"}, // P-384
        {114, true,
         "3FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7CCA23E9C44EDB49"
         "AED63690216CC2728DC58F552378C292AB5844F3"}, // Ed448
        {132, false,
         "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA5186"
         "8783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409"}, // P-521
    };
    BIGNUM *order = NULL;
    size_t first = pick(COUNT(orders));
    for (size_t i = 0; i < COUNT(orders); i++) {
        size_t index = (first + i) % COUNT(orders);
        if (orders[index].length != length)
            continue;
        *little_endian = orders[index].little_endian;
        MUST(BN_hex2bn(&order, orders[index].order));
        return order;
    }
    const struct signed_seeds *seeds = signed_seeds();
    const struct signed_key *key = &seeds->keys[pick(seeds->key_count)];
    *little_endian = false;
    if (!key->is_secret && tv_key_type(key->key) == TV_KEY_RSA)
        MUST(EVP_PKEY_get_bn_param(tv_key_public(key->key), OSSL_PKEY_PARAM_RSA_N, &order));
    return order;
}

// Another number that is congruent, mirrored or at the edge of the range.
static void compute(BIGNUM *number, const BIGNUM *order) {
    switch (pick(6)) {
    case 0:
        BN_add(number, number, order);
        break;
    case 1:
        BN_sub(number, order, number);
        break;
    case 2:
        BN_zero(number);
        break;
    case 3:
        BN_one(number);
        break;
    case 4:
        MUST(BN_copy(number, order));
        break;
    default:
        MUST(BN_copy(number, order));
        BN_sub_word(number, 1);
    }
}

static void compute_signature(struct draft *draft) {
    bool little_endian;
    size_t length = draft->length[SIGNATURE];
    BIGNUM *order = any_order(length, &little_endian);
    if (!order)
        return;
    unsigned char *at = draft->part[SIGNATURE];
    bool whole = length > 132; // RSA
    size_t size = whole ? length : length / 2;
    if (!whole && (little_endian || pick(2) == 0)) // s; of Ed25519 and Ed448 it is the only number
        at += size;
    BIGNUM *number =
        little_endian ? BN_lebin2bn(at, (int)size, NULL) : BN_bin2bn(at, (int)size, NULL);
    MUST(number);
    compute(number, order);
    if (!BN_is_negative(number) && (size_t)BN_num_bytes(number) <= size)
        MUST((little_endian ? BN_bn2lebinpad : BN_bn2binpad)(number, at, (int)size) >= 0);
    BN_free(number);
    BN_free(order);
}

// The text

// What a lax decoder would not mind.
static size_t spoil_text(char *text, size_t length, size_t room) {
    static const char spoilers[] = "=+/ \n\r\t.\0~";
    size_t at = pick(length + 1);
    switch (pick(4)) {
    case 0: // padding
        if (length + 2 <= room) {
            text[length++] = '=';
            if (pick(2) == 0)
                text[length++] = '=';
        }
        return length;
    case 1: // one character more
        if (length < room) {
            memmove(text + at + 1, text + at, length - at);
            text[at] = spoilers[pick(sizeof spoilers - 1)];
            length++;
        }
        return length;
    case 2: // one character else
        if (at < length)
            text[at] = spoilers[pick(sizeof spoilers - 1)];
        return length;
    default: // trailing bits
        if (length > 0 && text[length - 1] != '_')
            text[length - 1]++;
        return length;
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed) {
    static void (*const mutations[])(struct draft *) = {
        mutate_header,    mutate_header,    mutate_payload, mutate_payload,
        mutate_signature, mutate_signature, swap_part,      swap_part,
        change_algorithm, add_to_header,    add_to_payload, duplicate_payload_member,
        sign_with_public, resize_signature, make_der,       compute_signature,
    };
    static struct draft draft;
    random_state = seed | 1;
    pick(2);
    if (pick(16) == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    if (pick(32) == 0 || !decode((struct tv_span){(const char *)data, size}, &draft)) {
        if (pick(4) == 0)
            return LLVMFuzzerMutate(data, size, max_size);
        const struct signed_seeds *seeds = signed_seeds();
        MUST(decode(seeds->tokens[pick(seeds->token_count)].text, &draft));
    }
    do
        mutations[pick(COUNT(mutations))](&draft);
    while (pick(3) == 0);
    size_t length = encode(&draft, (char *)data, max_size);
    if (length == 0)
        return LLVMFuzzerMutate(data, size, max_size);
    return pick(8) == 0 ? spoil_text((char *)data, length, max_size) : length;
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
                                 size_t size2, uint8_t *out, size_t max_out_size,
                                 unsigned int seed) {
    struct tv_span parts[2][PARTS];
    random_state = seed | 1;
    if (!split((struct tv_span){(const char *)data1, size1}, parts[0]) ||
        !split((struct tv_span){(const char *)data2, size2}, parts[1]))
        return 0;
    size_t used = 0;
    for (size_t i = 0; i < PARTS; i++) {
        struct tv_span part = parts[pick(2)][i];
        if (used + part.length + 1 > max_out_size)
            return 0;
        if (i > 0)
            out[used++] = '.';
        memcpy(out + used, part.data, part.length);
        used += part.length;
    }
    return used;
}
