// SPDX-License-Identifier: MIT
// Reads sets of keys.
#include "keys/keyset.h"

#include "keys/key_internal.h"

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

const struct tv_key_set_entry *tv_key_set_find(const struct tv_key_set *set, struct tv_span key_id,
                                               const struct tv_algorithm *algorithm, size_t nth) {
    const struct tv_key_set_entry *other = NULL, *unusable = NULL;
    size_t fitting = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct tv_key_set_entry *entry = &set->entries[i];
        if (!tv_span_equal(entry->key_id, key_id))
            continue;
        if (!entry->key)
            unusable = unusable ? unusable : entry;
        else if (!may_check(entry->key, algorithm))
            other = other ? other : entry;
        else if (fitting++ == nth)
            return entry;
    }
    if (nth > 0)
        return NULL;
    return other ? other : unusable;
}

const struct tv_key_set_entry *tv_key_set_only(const struct tv_key_set *set,
                                               const struct tv_algorithm *algorithm) {
    const struct tv_key_set_entry *only = NULL, *unusable = NULL;
    for (size_t i = 0; i < set->count; i++) {
        const struct tv_key_set_entry *entry = &set->entries[i];
        if (!entry->key)
            unusable = entry;
        if (!entry->key || !may_check(entry->key, algorithm))
            continue;
        if (only)
            return NULL;
        only = entry;
    }
    return only || set->unusable != 1 ? only : unusable;
}

// One member of either form: `value` is a JWK, or a certificate's PEM under the name `key_id`.
static enum tv_status add_member(struct tv_key_set *set, int rsa_min_bits, struct tv_span key_id,
                                 yyjson_val *value) {
    struct tv_key_set_entry *entry = &set->entries[set->count];
    struct tv_detail *detail = &entry->detail;
    enum tv_status status;
    if (yyjson_is_obj(value)) {
        yyjson_val *name = tv_key_member(value, TV_SPAN("kid"));
        key_id = tv_json_string(name);
        entry->key_id_type = name && !yyjson_is_str(name) ? tv_json_type_name(name) : NULL;
        TV_WITHOUT_ERRORS(status =
                              tv_key_load_jwk_object(value, rsa_min_bits, &entry->key, detail));
    } else if (yyjson_is_str(value)) {
        struct tv_span text = tv_json_string(value);
        status = tv_key_load_with(text.data, text.length, rsa_min_bits, &entry->key, detail);
    } else {
        status =
            tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, tv_json_type_name(value));
    }
    entry->status = status;
    entry->key_id = (struct tv_span){tv_span_copy(key_id), key_id.length};
    set->count++; // also without memory: then it goes with the set
    set->unusable += status != TV_OK;
    return status == TV_NO_MEMORY || !entry->key_id.data ? TV_NO_MEMORY : TV_OK;
}

// Reading

struct tv_key_set_reader {
    struct tv_key_set *set; // grows; not used by others before it is complete
    struct tv_arena arena;
    bool is_map; // and not an array
    yyjson_obj_iter names;
    yyjson_arr_iter values;
    int rsa_min_bits;
    enum tv_status status; // of the member that could not be looked at, if any
};

void tv_key_set_reader_free(struct tv_key_set_reader *reader) {
    if (!reader)
        return;
    tv_key_set_free(reader->set);
    free(reader->arena.memory);
    free(reader);
}

// Whether a text has more values than a set of TV_KEY_SET_MAX_KEYS can have, which would be slow to
// parse. Separators inside strings are counted too, but strings of keys have none.
static bool has_many_values(const char *text, size_t length) {
    static const unsigned char separates[256] = {[','] = 1, [':'] = 1, ['['] = 1, ['{'] = 1};
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += separates[(unsigned char)text[i]];
    return count > TV_KEY_SET_MAX_VALUES;
}

// Of `count` members, which are more than may be.
static enum tv_status fail_count(struct tv_detail *detail, size_t count, size_t limit) {
    detail->subject = TV_SUBJECT_JWK_SET;
    detail->number = (double)count;
    detail->limit = (double)limit;
    return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_LENGTH, NULL);
}

// Finds the members, and makes room for the keys.
static enum tv_status begin(struct tv_key_set_reader *reader, yyjson_val *object, size_t max_keys,
                            struct tv_detail *detail) {
    yyjson_val *keys = tv_json_member(object, TV_SPAN("keys"));
    reader->is_map = !yyjson_is_arr(keys);
    bool all_pems = false; // Google's form
    if (reader->is_map)
        (void)tv_key_member_with_pem(object, &all_pems);
    if (reader->is_map && !all_pems)
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                           "JSON without a \"keys\" array");
    size_t count = reader->is_map ? yyjson_obj_size(object) : yyjson_arr_size(keys);
    if (count > max_keys)
        return fail_count(detail, count, max_keys);
    if (reader->is_map)
        reader->names = yyjson_obj_iter_with(object);
    else
        reader->values = yyjson_arr_iter_with(keys);
    reader->set = calloc(1, sizeof *reader->set);
    if (!reader->set)
        return TV_NO_MEMORY;
    reader->set->entries = calloc(count > 0 ? count : 1, sizeof *reader->set->entries);
    return reader->set->entries ? TV_OK : TV_NO_MEMORY;
}

enum tv_status tv_key_set_reader_new(const char *text, size_t length, int rsa_min_bits,
                                     size_t max_keys, struct tv_key_set_reader **reader,
                                     struct tv_detail *detail) {
    enum tv_reason reason = TV_REASON_BODY;
    struct tv_span whole = tv_key_without_mark((struct tv_span){text, length});
    text = whole.data, length = whole.length;
    const char *other = tv_key_looks_like_page(whole, &reason);
    if (other || length > TV_KEY_SET_MAX_LENGTH) {
        detail->limit = (double)TV_KEY_SET_MAX_LENGTH;
        return tv_key_fail(detail, TV_MALFORMED_KEY, reason, other);
    }
    if (has_many_values(text, length))
        return tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY,
                           "JSON of more than 32768 values");
    struct tv_key_set_reader *made = calloc(1, sizeof *made);
    if (!made)
        return TV_NO_MEMORY;
    made->rsa_min_bits = rsa_min_bits;
    yyjson_val *object;
    enum tv_status status = tv_json_parse_copy(text, length, TV_MALFORMED_KEY, TV_SUBJECT_JWK_SET,
                                               &made->arena, &object, detail);
    if (status == TV_OK)
        status = begin(made, object, max_keys, detail);
    if (status == TV_OK) {
        *reader = made;
    } else {
        tv_key_set_reader_free(made);
    }
    if (status == TV_MALFORMED_KEY &&
        (detail->reason == TV_REASON_NOT_A_KEY || detail->reason == TV_REASON_JSON ||
         detail->reason == TV_REASON_NOT_OBJECT))
        tv_key_name_text(whole, detail);
    return status;
}

// The next member and its name, which an array does not have; NULL past the last.
static yyjson_val *next_member(struct tv_key_set_reader *reader, struct tv_span *name) {
    if (!reader->is_map)
        return yyjson_arr_iter_next(&reader->values);
    yyjson_val *found = yyjson_obj_iter_next(&reader->names);
    *name = tv_json_string(found);
    return yyjson_obj_iter_get_val(found);
}

// Upper estimate of the cost of loading a member, in RSA-2048 verifications. A certificate gets a
// whole step: a usual one costs 1 to 3, but one with explicit curve parameters sixty. For a JWK the
// cost grows with its members, which are searched one after the other.
static size_t effort_of(yyjson_val *value) {
    bool is_der = yyjson_is_str(value) || tv_key_member(value, TV_SPAN("x5c"));
    return is_der ? TV_KEY_SET_STEP_EFFORT : 2 + yyjson_obj_size(value) / 64;
}

enum tv_status tv_key_set_read(struct tv_key_set_reader *reader, size_t *effort,
                               struct tv_key_set **set) {
    while (*effort > 0 && reader->status == TV_OK) {
        struct tv_span name = {0};
        yyjson_val *value = next_member(reader, &name);
        if (!value) {
            *set = reader->set;
            reader->set = NULL;
            return TV_OK;
        }
        size_t takes = effort_of(value);
        *effort -= takes < *effort ? takes : *effort;
        reader->status = add_member(reader->set, reader->rsa_min_bits, name, value);
    }
    return reader->status;
}
