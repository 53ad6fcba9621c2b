// SPDX-License-Identifier: MIT
// Turns a status and its detail into a table of facts for programs. lua_failure.c makes the message
// for people from the same.
#include "lua/lua_tv.h"

#include "store/asap.h"

static void set_subject(lua_State *L, const struct tv_detail *detail) {
    static const char *const fields[] = {[TV_SUBJECT_IS_PART] = "part",
                                         [TV_SUBJECT_IS_CLAIM] = "claim",
                                         [TV_SUBJECT_IS_MEMBER] = "member"};
    const char *name = tv_subject_name(detail->subject);
    if (!name && detail->reason == TV_REASON_MISSING) // a claim that an option requires
        set_span(L, "claim", tv_excerpt_span(&detail->found));
    else
        set_text(L, fields[tv_subject_kind(detail->subject)], name);
}

static void set_expected(lua_State *L, const struct tv_detail *detail) {
    if (!detail->expected)
        return;
    lua_newtable(L);
    for (size_t i = 0; i < detail->expected_count && i < LISTED_MAX; i++) {
        lua_pushlstring(L, detail->expected[i].data, detail->expected[i].length);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_setfield(L, -2, "expected");
}

// Where a key was looked for.
static void set_source(lua_State *L, enum tv_status status, const struct tv_detail *detail) {
    static const char *const asked[] = {[TV_ASKED_KEY] = "key",
                                        [TV_ASKED_SET] = "set",
                                        [TV_ASKED_KEY_OF_SET] = "key-of-set",
                                        [TV_ASKED_CONFIGURATION] = "configuration"};
    struct tv_span source = detail->source;
    bool is_folder = source.length > 0 && source.data[0] == '/';
    bool is_file = is_folder || status == TV_KEY_UNUSABLE || status == TV_KEY_NOT_FOUND ||
                   status == TV_WEAK_KEY;
    char file[TV_ASAP_FILE_NAME_SIZE];
    if (source.length == 0)
        return;
    set_text(L, "asked", asked[detail->asked]);
    set_span(L, is_folder ? "folder" : "url", source);
    if (is_file && detail->asked == TV_ASKED_KEY && detail->reason != TV_REASON_NOT_IN_SET &&
        detail->key_id.length > 0 && tv_asap_file_name(detail->key_id, file) == TV_OK)
        set_text(L, "file", file);
}

void push_facts(lua_State *L, enum tv_status status, const struct tv_detail *detail) {
    enum tv_reason reason = detail->reason;
    lua_createtable(L, 0, 8);
    set_text(L, "reason", tv_reason_word(reason));
    set_text(L, "class", tv_network_word(detail->network));
    set_text(L, "kind", detail->kind);
    set_subject(L, detail);
    if (reason == TV_REASON_HTTP_STATUS)
        set_number(L, "status", detail->number);
    if (tv_reason_has_number(reason))
        set_number(L, "number", detail->number);
    if (tv_reason_has_limit(reason))
        set_number(L, "limit", detail->limit);
    if (reason != TV_REASON_MISSING)
        set_span(L, "found", tv_excerpt_span(&detail->found));
    set_expected(L, detail);
    if (detail->key_id.length > 0)
        set_span(L, "kid", detail->key_id);
    set_source(L, status, detail);
}

int push_failure_with(lua_State *L, enum tv_status status, const struct tv_detail *detail,
                      bool facts) {
    int results = push_failure(L, status, detail);
    if (!facts)
        return results;
    push_facts(L, status, detail);
    return results + 1;
}
