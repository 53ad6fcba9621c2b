// SPDX-License-Identifier: MIT
// JWK Sets and Google's certificate map: only public keys come out, each found by its kid.
#include "fuzz.h"

#include "keys/keyset.h"

#include <openssl/err.h>

static bool may_check(const struct tv_key *key, const struct tv_algorithm *algorithm) {
    struct tv_detail detail = {0};
    return tv_key_check_algorithm(key, algorithm, &detail) == TV_OK;
}

static void check_look_ups(const struct tv_key_set *set, const struct tv_algorithm *algorithm) {
    size_t fit = 0;
    for (size_t i = 0; i < set->count; i++) {
        const struct tv_key_set_entry *entry = &set->entries[i];
        const struct tv_key_set_entry *found = tv_key_set_find(set, entry->key_id, algorithm, 0);
        bool fits = entry->key && may_check(entry->key, algorithm);
        MUST(found && (found->key || !entry->key));
        MUST(!fits || (found->key && may_check(found->key, algorithm)));
        size_t nth = 0; // the later ones are those that may check it
        while ((found = tv_key_set_find(set, entry->key_id, algorithm, ++nth)))
            MUST(nth < set->count && found->key && may_check(found->key, algorithm));
        fit += fits;
    }
    const struct tv_key_set_entry *only = tv_key_set_only(set, algorithm);
    MUST(fit != 1 || (only && only->key && may_check(only->key, algorithm)));
    MUST(!only || fit == 1 || (fit == 0 && !only->key && set->unusable == 1));
}

static void check_set(const struct tv_key_set *set) {
    size_t unusable = 0;
    MUST(set->count <= TV_KEY_SET_MAX_KEYS);
    for (size_t i = 0; i < set->count; i++) {
        const struct tv_key_set_entry *entry = &set->entries[i];
        fuzz_read_span(entry->key_id);
        MUST((entry->key != NULL) == (entry->status == TV_OK));
        MUST(!entry->key || tv_key_type(entry->key) != TV_KEY_SECRET);
        MUST(!entry->key_id_type || entry->key_id.length == 0);
        if (!entry->key)
            fuzz_read_detail(entry->status, &entry->detail);
        unusable += !entry->key;
    }
    MUST(unusable == set->unusable);
    const struct tv_algorithm *algorithm;
    for (size_t i = 0; set->count > 0 && (algorithm = tv_algorithm_at(i)); i++)
        check_look_ups(set, algorithm);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct tv_detail detail = {0};
    struct tv_key_set_reader *reader = NULL;
    struct tv_key_set *set = NULL;
    // A copy, gone before the set is read: the reader has its own.
    struct tv_span text = fuzz_copy(data, size);
    enum tv_status status = tv_key_set_reader_new(text.data, text.length, TV_RSA_MIN_BITS,
                                                  TV_KEY_SET_MAX_KEYS, &reader, &detail);
    MUST((status == TV_OK) == (reader != NULL));
    if (status != TV_OK)
        fuzz_read_detail(status, &detail);
    free((char *)text.data);
    for (size_t parts = 0; status == TV_OK && !set; parts++) {
        size_t effort = 1 + size % 32; // so that parts of all sizes come up
        status = tv_key_set_read(reader, &effort, &set);
        MUST(status == TV_OK && parts <= TV_KEY_SET_MAX_KEYS);
    }
    tv_key_set_reader_free(reader); // as is the text before the set is looked at
    if (status == TV_OK)
        check_set(set);
    tv_key_set_free(set);
    MUST(ERR_peek_error() == 0); // the queue is shared with the server's TLS code
    return 0;
}
