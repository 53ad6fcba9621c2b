// SPDX-License-Identifier: MIT
// Names a JSON object that is not a usable key or set: what it is, and what a server says in it.
#include "keys/key_kind.h"

static bool has_string(yyjson_val *object, struct tv_span name) {
    return yyjson_is_str(tv_json_member(object, name));
}

// What a server says of its failure, the most telling first.
static bool find_error(yyjson_val *object, struct tv_span *words) {
    static const struct tv_span names[] = {
        {"error_description", 17},
        {"errorMessage", 12},
        {"msg", 3},
        {"reason", 6},
        {"error", 5},
        {"message", 7},
        {"detail", 6},
        {"title", 5},
        {"Message", 7},
        {"errors", 6},
    };
    bool found = false;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        yyjson_val *value = tv_json_member(object, names[i]);
        if (yyjson_is_obj(value)) // {"error": {"message": "..."}}
            value = tv_json_member(value, TV_SPAN("message"));
        else if (yyjson_is_arr(value))
            value = yyjson_arr_get_first(value);
        found = found || tv_json_member(object, names[i]);
        if (words->length == 0 && yyjson_is_str(value) && tv_key_is_showable(tv_json_string(value)))
            *words = tv_json_string(value);
    }
    return found;
}

struct tv_span tv_key_member_with_pem(yyjson_val *object, bool *all) {
    size_t index, max;
    yyjson_val *name, *value;
    struct tv_span found = {0};
    *all = yyjson_obj_size(object) > 0;
    yyjson_obj_foreach(object, index, max, name, value) {
        bool is_pem =
            yyjson_is_str(value) && tv_span_contains(tv_json_string(value), TV_SPAN("-----BEGIN "));
        if (is_pem && found.length == 0)
            found = tv_json_string(name);
        *all = *all && is_pem;
    }
    return found;
}

static enum tv_key_kind kind_of_object(yyjson_val *object, struct tv_span *found) {
    bool all;
    if (yyjson_is_arr(tv_json_member(object, TV_SPAN("keys"))))
        return KIND_JWK_SET;
    if (has_string(object, TV_SPAN("jwks_uri"))) {
        *found = tv_json_string(tv_json_member(object, TV_SPAN("issuer")));
        return KIND_DISCOVERY;
    }
    if (has_string(object, TV_SPAN("realm")) && has_string(object, TV_SPAN("public_key")))
        return KIND_REALM;
    if (has_string(object, TV_SPAN("kty")))
        return KIND_JWK;
    *found = tv_key_member_with_pem(object, &all);
    if (all && yyjson_obj_size(object) > 1) {
        *found = (struct tv_span){0};
        return KIND_MAP;
    }
    if (found->length > 0)
        return KIND_JSON_KEY;
    return find_error(object, found) ? KIND_JSON_ERROR : KIND_JSON;
}

void tv_key_name_object(struct tv_span text, struct tv_detail *detail) {
    struct tv_arena arena;
    yyjson_val *object;
    struct tv_detail ignored = {0};
    struct tv_span found = {0};
    if (tv_json_parse_copy(text.data, text.length, TV_MALFORMED_KEY, TV_SUBJECT_JWK, &arena,
                           &object, &ignored) == TV_OK) {
        enum tv_key_kind kind = kind_of_object(object, &found);
        tv_key_set_kind(detail, kind, found);
    }
    tv_key_wipe(&arena);
}
