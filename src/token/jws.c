// SPDX-License-Identifier: MIT
// Splits a compact token into its parts and reads the header.
#include "token/jws.h"

#include "base/base64url.h"

size_t tv_jws_arena_size(size_t length) {
    // The three parts share `length` between them, but each is padded and rounded by itself; the
    // signature is never parsed, so the trees of header and payload share it too.
    size_t decoded = TV_BASE64URL_DECODED_SIZE(length);
    size_t overhead = TV_BASE64URL_DECODED_SIZE(0) + TV_JSON_PADDING + TV_ARENA_ALIGNMENT;
    return decoded + 3 * overhead + tv_json_arena_size(decoded) + 2 * tv_json_arena_size(0);
}

static const char *find_dot(const char *from, const char *end) {
    return from ? memchr(from, '.', (size_t)(end - from)) : NULL;
}

static size_t count_parts(struct tv_span token) {
    const char *end = token.data + token.length;
    size_t parts = 1;
    for (const char *dot = find_dot(token.data, end); dot; dot = find_dot(dot + 1, end))
        parts++;
    return parts;
}

static enum tv_status split(struct tv_span token, struct tv_jws *jws, struct tv_detail *detail) {
    if (token.length == 0) {
        detail->reason = TV_REASON_EMPTY;
        return TV_MALFORMED_TOKEN;
    }
    const char *end = token.data + token.length;
    const char *first = find_dot(token.data, end);
    const char *second = find_dot(first ? first + 1 : NULL, end);
    if (!second || find_dot(second + 1, end)) {
        detail->reason = TV_REASON_PARTS;
        detail->number = (double)count_parts(token);
        jws->header_part.data = token.data;
        jws->header_part.length = first ? (size_t)(first - token.data) : token.length;
        return TV_MALFORMED_TOKEN;
    }
    jws->header_part = (struct tv_span){token.data, (size_t)(first - token.data)};
    jws->payload_part = (struct tv_span){first + 1, (size_t)(second - first - 1)};
    jws->signature_part = (struct tv_span){second + 1, (size_t)(end - second - 1)};
    jws->signing_input = (struct tv_span){token.data, (size_t)(second - token.data)};
    return TV_OK;
}

// Decodes a part into the arena, with room behind it for the JSON parser.
static enum tv_status decode(struct tv_span part, enum tv_subject subject, struct tv_arena *arena,
                             unsigned char **bytes, size_t *length, struct tv_detail *detail) {
    unsigned char *to =
        tv_arena_take(arena, TV_BASE64URL_DECODED_SIZE(part.length) + TV_JSON_PADDING);
    if (!to)
        return TV_NO_MEMORY;
    enum tv_status status = tv_base64url_decode(part.data, part.length, to, length);
    if (status != TV_OK) {
        detail->reason = TV_REASON_BASE64URL;
        detail->subject = subject;
        return status;
    }
    *bytes = to;
    return TV_OK;
}

// What a token of five parts is: encrypted only if its header says how. An address in front of a
// token, or two tokens in one, has five parts too.
static enum tv_status judge_five_parts(struct tv_span header_part, struct tv_arena *arena) {
    struct tv_detail unused = {0};
    unsigned char *text;
    size_t length;
    yyjson_val *header;
    enum tv_status status = decode(header_part, TV_SUBJECT_HEADER, arena, &text, &length, &unused);
    if (status == TV_OK)
        status = tv_json_parse_object(arena, (char *)text, length, TV_MALFORMED_TOKEN,
                                      TV_SUBJECT_HEADER, &header, &unused);
    if (status != TV_OK)
        return status;
    bool encrypted = yyjson_is_str(tv_json_member(header, TV_SPAN("enc"))); // RFC 7516 section 9
    return encrypted ? TV_ENCRYPTED_TOKEN : TV_MALFORMED_TOKEN;
}

static enum tv_status read_header(struct tv_jws *jws, struct tv_detail *detail) {
    if (tv_json_member(jws->header, TV_SPAN("crit"))) {
        detail->subject = TV_SUBJECT_CRIT;
        return TV_UNSUPPORTED_CRITICAL;
    }
    // RFC 7797 section 6: b64 needs crit. A signer that forgot crit has signed other bytes.
    yyjson_val *encoded = tv_json_member(jws->header, TV_SPAN("b64"));
    if (encoded && !yyjson_is_true(encoded)) {
        detail->subject = TV_SUBJECT_B64;
        return TV_UNSUPPORTED_CRITICAL;
    }
    yyjson_val *algorithm = tv_json_member(jws->header, TV_SPAN("alg"));
    if (!yyjson_is_str(algorithm)) {
        detail->subject = TV_SUBJECT_ALG;
        detail->reason = algorithm ? TV_REASON_TYPE : TV_REASON_MISSING;
        detail->text = algorithm ? tv_json_type_name(algorithm) : NULL;
        return TV_ALGORITHM_NOT_ACCEPTED;
    }
    jws->algorithm = tv_json_string(algorithm);
    jws->type = tv_json_member(jws->header, TV_SPAN("typ"));
    jws->key_id = tv_json_member(jws->header, TV_SPAN("kid"));
    return TV_OK;
}

enum tv_status tv_jws_parse(struct tv_span token, struct tv_arena *arena, struct tv_jws *jws,
                            struct tv_detail *detail) {
    if (token.length > TV_JWS_MAX_LENGTH) {
        detail->reason = TV_REASON_LENGTH;
        detail->number = (double)token.length;
        detail->limit = (double)TV_JWS_MAX_LENGTH;
        return TV_TOKEN_TOO_LARGE;
    }
    struct tv_jws parsed = {0};
    enum tv_status status = split(token, &parsed, detail);
    if (detail->reason == TV_REASON_PARTS && detail->number == 5)
        return judge_five_parts(parsed.header_part, arena);
    if (status != TV_OK)
        return status;

    unsigned char *header, *payload, *signature;
    size_t header_length;
    status = decode(parsed.header_part, TV_SUBJECT_HEADER, arena, &header, &header_length, detail);
    if (status != TV_OK)
        return status;
    status = decode(parsed.payload_part, TV_SUBJECT_PAYLOAD, arena, &payload,
                    &parsed.payload_length, detail);
    if (status != TV_OK)
        return status;
    parsed.payload = (char *)payload;
    status = decode(parsed.signature_part, TV_SUBJECT_SIGNATURE, arena, &signature,
                    &parsed.signature_length, detail);
    if (status != TV_OK)
        return status;
    parsed.signature = signature;

    status = tv_json_parse_object(arena, (char *)header, header_length, TV_MALFORMED_HEADER,
                                  TV_SUBJECT_HEADER, &parsed.header, detail);
    if (status != TV_OK)
        return status;
    status = read_header(&parsed, detail);
    if (status == TV_OK)
        *jws = parsed;
    return status;
}

enum tv_status tv_jws_parse_payload(const struct tv_jws *jws, struct tv_arena *arena,
                                    yyjson_val **payload, struct tv_detail *detail) {
    return tv_json_parse_object(arena, jws->payload, jws->payload_length, TV_MALFORMED_PAYLOAD,
                                TV_SUBJECT_PAYLOAD, payload, detail);
}

enum tv_status tv_jws_key_id(const struct tv_jws *jws, struct tv_span *key_id,
                             struct tv_detail *detail) {
    detail->subject = TV_SUBJECT_KID;
    if (!jws->key_id) {
        detail->reason = TV_REASON_MISSING;
        return TV_KEY_ID_MISSING;
    }
    if (!yyjson_is_str(jws->key_id)) {
        detail->reason = TV_REASON_TYPE;
        detail->text = tv_json_type_name(jws->key_id);
        return TV_KEY_ID_INVALID;
    }
    struct tv_span found = tv_json_string(jws->key_id);
    if (found.length == 0) {
        detail->reason = TV_REASON_EMPTY;
        return TV_KEY_ID_INVALID;
    }
    if (found.length > TV_KEY_ID_MAX_LENGTH) {
        detail->reason = TV_REASON_LENGTH;
        detail->number = (double)found.length;
        detail->limit = TV_KEY_ID_MAX_LENGTH;
        return TV_KEY_ID_INVALID;
    }
    detail->subject = TV_SUBJECT_NONE;
    *key_id = found;
    return TV_OK;
}
