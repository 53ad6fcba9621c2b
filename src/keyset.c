// SPDX-License-Identifier: MIT
// Reads sets of keys.
#include "keyset.h"

#include "key_internal.h"

#include <openssl/err.h>
#include <stdlib.h>

void tv_key_set_free(struct tv_key_set *set) {
    if (!set)
        return;
    for (size_t i = 0; i < set->count; i++) {
        tv_key_free(set->entries[i].key);
        free((char *)set->entries[i].key_id.data);
    }
    free(set->entries);
    free(set);
}

static bool may_check(const struct tv_key *key, const struct tv_algorithm *algorithm) {
    struct tv_detail ignored = {0};
    return !algorithm || tv_key_check_algorithm(key, algorithm, &ignored) == TV_OK;
}

struct tv_key *tv_key_set_find(const struct tv_key_set *set, struct tv_span key_id,
                               const struct tv_algorithm *algorithm) {
    struct tv_key *first = NULL;
    for (size_t i = 0; i < set->count; i++) {
        if (!tv_span_equal(set->entries[i].key_id, key_id))
            continue;
        if (may_check(set->entries[i].key, algorithm))
            return set->entries[i].key;
        first = first ? first : set->entries[i].key;
    }
    return first; // so that the refusal says what is wrong with it
}

struct tv_key *tv_key_set_only(const struct tv_key_set *set, const struct tv_algorithm *algorithm) {
    struct tv_key *only = NULL;
    for (size_t i = 0; i < set->count; i++) {
        if (!may_check(set->entries[i].key, algorithm))
            continue;
        if (only)
            return NULL;
        only = set->entries[i].key;
    }
    return only;
}

// Takes a reference to `key`, also on failure.
static enum tv_status add(struct tv_key_set *set, struct tv_span key_id, struct tv_key *key) {
    char *copy = malloc(key_id.length + 1); // +1: never of no size
    if (!copy) {
        tv_key_free(key);
        return TV_NO_MEMORY;
    }
    if (key_id.length > 0)
        memcpy(copy, key_id.data, key_id.length);
    set->entries[set->count++] =
        (struct tv_key_set_entry){.key_id = {copy, key_id.length}, .key = key};
    // cppcheck-suppress memleak  ; it does not see that the entry has it
    return TV_OK;
}

static void note_skipped(struct tv_key_set *set, enum tv_status status,
                         const struct tv_detail *detail) {
    if (set->skipped++ > 0)
        return;
    set->skipped_status = status;
    set->skipped_detail = *detail;
    set->skipped_detail.found = (struct tv_span){0}; // it points into the text
}

// One member of either form: `value` is a JWK, or a certificate's PEM under the name `key_id`.
static enum tv_status add_member(struct tv_key_set *set, int rsa_min_bits, struct tv_span key_id,
                                 yyjson_val *value) {
    struct tv_detail detail = {0};
    struct tv_key *key = NULL;
    enum tv_status status;
    if (yyjson_is_obj(value)) {
        struct tv_memory_tries tries = {0};
        key_id = tv_json_string(tv_json_member(value, TV_SPAN("kid"))); // empty if it is no string
        do {
            detail = (struct tv_detail){0};
            ERR_set_mark();
            status = tv_key_load_jwk_object(value, rsa_min_bits, &key, &detail);
            ERR_pop_to_mark();
        } while (tv_key_try_again(&tries, &status));
    } else if (yyjson_is_str(value)) {
        struct tv_span text = tv_json_string(value);
        status = tv_key_load_with(text.data, text.length, rsa_min_bits, &key, &detail);
    } else {
        detail =
            (struct tv_detail){.reason = TV_REASON_NOT_A_KEY, .text = tv_json_type_name(value)};
        status = TV_MALFORMED_KEY;
    }
    if (status == TV_OK)
        return add(set, key_id, key);
    if (status == TV_NO_MEMORY || status == TV_CRYPTO_FAILURE)
        return status; // a key that is left out seems withdrawn
    note_skipped(set, status, &detail);
    return TV_OK;
}

static enum tv_status add_all(struct tv_key_set *set, int rsa_min_bits, yyjson_val *container) {
    enum tv_status status = TV_OK;
    size_t index, max;
    yyjson_val *name, *value;
    if (yyjson_is_arr(container)) {
        yyjson_arr_foreach(container, index, max, value) {
            if (status == TV_OK)
                status = add_member(set, rsa_min_bits, (struct tv_span){0}, value);
        }
        return status;
    }
    yyjson_obj_foreach(container, index, max, name, value) {
        if (status == TV_OK)
            status = add_member(set, rsa_min_bits, tv_json_string(name), value);
    }
    return status;
}

// Google's form: an object all of whose members are PEM texts.
static bool is_certificate_map(yyjson_val *object) {
    size_t index, max;
    yyjson_val *name, *value;
    yyjson_obj_foreach(object, index, max, name, value) {
        if (!yyjson_is_str(value) || !strstr(yyjson_get_str(value), "-----BEGIN "))
            return false;
    }
    return yyjson_obj_size(object) > 0;
}

static enum tv_status read_set(yyjson_val *object, int rsa_min_bits, struct tv_key_set **set,
                               struct tv_detail *detail) {
    yyjson_val *container = tv_json_member(object, TV_SPAN("keys"));
    if (!yyjson_is_arr(container))
        container = is_certificate_map(object) ? object : NULL;
    if (!container) {
        detail->reason = TV_REASON_NOT_A_KEY;
        detail->text = "JSON without a \"keys\" array";
        return TV_MALFORMED_KEY;
    }
    size_t count =
        yyjson_is_arr(container) ? yyjson_arr_size(container) : yyjson_obj_size(container);
    if (count > TV_KEY_SET_MAX_KEYS) {
        detail->reason = TV_REASON_LENGTH;
        detail->text = "set";
        detail->number = (double)count;
        detail->limit = TV_KEY_SET_MAX_KEYS;
        return TV_MALFORMED_KEY;
    }
    struct tv_key_set *made = calloc(1, sizeof *made);
    if (!made)
        return TV_NO_MEMORY;
    made->entries = calloc(count > 0 ? count : 1, sizeof *made->entries);
    enum tv_status status = made->entries ? add_all(made, rsa_min_bits, container) : TV_NO_MEMORY;
    if (status == TV_OK)
        *set = made;
    else
        tv_key_set_free(made);
    return status;
}

// What a body that is no JSON usually is.
static const char *looks_like(const char *text, size_t length) {
    size_t start = 0;
    while (start < length && (text[start] == ' ' || (text[start] >= '\t' && text[start] <= '\r')))
        start++;
    if (start == length)
        return "an empty text";
    return text[start] == '<' ? "an HTML or XML page" : NULL;
}

enum tv_status tv_key_set_load(const char *text, size_t length, int rsa_min_bits,
                               struct tv_key_set **set, struct tv_detail *detail) {
    const char *other = looks_like(text, length);
    if (other || length > TV_KEY_SET_MAX_LENGTH) {
        detail->reason = other ? TV_REASON_NOT_A_KEY : TV_REASON_BODY;
        detail->text = other;
        detail->limit = (double)TV_KEY_SET_MAX_LENGTH;
        return TV_MALFORMED_KEY;
    }
    struct tv_arena arena;
    yyjson_val *object;
    enum tv_status status =
        tv_json_parse_copy(text, length, TV_MALFORMED_KEY, "JWK Set", &arena, &object, detail);
    if (status == TV_OK)
        status = read_set(object, rsa_min_bits, set, detail);
    detail->found = (struct tv_span){0}; // it stood in the arena
    free(arena.memory);
    return status;
}
