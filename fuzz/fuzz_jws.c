// SPDX-License-Identifier: MIT
// The compact form and its header: what is split out of a token is the token, and nothing besides.
#include "fuzz.h"

#include "base/base64url.h"
#include "token/jws.h"

// Each part has exactly one spelling: the one that came.
static void check_part(struct tv_span part, const void *decoded, size_t length) {
    MUST(TV_BASE64URL_ENCODED_LENGTH(length) == part.length);
    char *again = fuzz_malloc(part.length);
    tv_base64url_encode(decoded, length, again);
    MUST(tv_span_equal(part, (struct tv_span){again, part.length}));
    free(again);
}

static void check_parts(struct tv_span token, const struct tv_jws *jws) {
    const char *end = token.data + token.length;
    MUST(token.length <= TV_JWS_MAX_LENGTH);
    MUST(jws->header_part.data == token.data && jws->signing_input.data == token.data);
    const char *first_dot = token.data + jws->header_part.length;
    const char *second_dot = token.data + jws->signing_input.length;
    MUST(*first_dot == '.' && jws->payload_part.data == first_dot + 1);
    MUST(jws->payload_part.data + jws->payload_part.length == second_dot);
    MUST(*second_dot == '.' && jws->signature_part.data == second_dot + 1);
    MUST(jws->signature_part.data + jws->signature_part.length == end);
    check_part(jws->payload_part, jws->payload, jws->payload_length);
    check_part(jws->signature_part, jws->signature, jws->signature_length);
}

static void check_header(const struct tv_jws *jws) {
    fuzz_check_tree(jws->header, 1);
    yyjson_val *algorithm = yyjson_obj_get(jws->header, "alg");
    MUST(yyjson_is_str(algorithm) && tv_span_equal(tv_json_string(algorithm), jws->algorithm));
    MUST(!yyjson_obj_get(jws->header, "crit"));
    MUST(jws->type == yyjson_obj_get(jws->header, "typ"));
    MUST(jws->key_id == yyjson_obj_get(jws->header, "kid"));
}

static void check_key_id(const struct tv_jws *jws) {
    struct tv_detail detail = {0};
    struct tv_span key_id = {0};
    enum tv_status status = tv_jws_key_id(jws, &key_id, &detail);
    if (status == TV_OK)
        MUST(key_id.length > 0 && key_id.length <= TV_KEY_ID_MAX_LENGTH && key_id.data);
    else
        fuzz_read_detail(status, &detail);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_span token = {(const char *)data, size};
    struct tv_arena arena = {.size = tv_jws_arena_size(size)};
    arena.memory = fuzz_malloc(arena.size);
    struct tv_jws jws;
    struct tv_detail detail = {0};
    enum tv_status status = tv_jws_parse(token, &arena, &jws, &detail);
    if (status != TV_OK) {
        fuzz_read_detail(status, &detail);
    } else {
        check_parts(token, &jws);
        check_header(&jws);
        check_key_id(&jws);
        yyjson_val *payload = NULL;
        detail = (struct tv_detail){0};
        status = tv_jws_parse_payload(&jws, &arena, &payload, &detail);
        if (status == TV_OK)
            fuzz_check_tree(payload, 1);
        else
            fuzz_read_detail(status, &detail);
    }
    free(arena.memory);
    return 0;
}
