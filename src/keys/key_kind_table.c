// SPDX-License-Identifier: MIT
// The words of the kinds of texts that are no usable key, and what may be shown of such a text.
#include "keys/key_kind.h"

// A run of characters as long as this in what a server says may be a token or a secret.
#define RUN_MAX 24

static const struct {
    const char *kind, *words;
} kinds[] = {
#define ROW(name, kind, words) [KIND_##name] = {kind, words},
    KINDS(ROW)
#undef ROW
};

void tv_key_set_kind(struct tv_detail *detail, enum tv_key_kind kind, struct tv_span found) {
    bool is_vague = kind == KIND_JSON || kind == KIND_UNKNOWN ||
                    (kind == KIND_JWK && detail->reason == TV_REASON_MISSING);
    if (is_vague && detail->reason != TV_REASON_NONE)
        return;
    detail->kind = kinds[kind].kind;
    detail->subject = TV_SUBJECT_NONE;
    if (found.length > 0)
        tv_detail_set_found(detail, found);
    tv_key_fail(detail, TV_MALFORMED_KEY, TV_REASON_NOT_A_KEY, kinds[kind].words);
}

bool tv_key_is_showable(struct tv_span words) {
    size_t run = 0;
    for (size_t i = 0; i < words.length; i++) {
        run = tv_is_space(words.data[i]) ? 0 : run + 1;
        if (run > RUN_MAX)
            return false;
    }
    return words.length > 0;
}
