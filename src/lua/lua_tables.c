// SPDX-License-Identifier: MIT
// The tables that the module publishes: settings, sources, algorithms, codes.
#include "lua/lua_tv.h"

static void set_true(lua_State *L, const char *name, bool is) {
    if (!is)
        return;
    lua_pushboolean(L, true);
    lua_setfield(L, -2, name);
}

static const char *type_of(const struct tv_setting *setting) {
    if (tv_setting_is_number(setting))
        return "number";
    switch (setting->kind) {
    case TV_SETTING_BOOLEAN:
        return "boolean";
    case TV_SETTING_STRING:
    case TV_SETTING_TEXT:
        return "string";
    case TV_SETTING_ACCEPTED:
        return "list";
    default:
        return setting->type;
    }
}

static void push_setting(lua_State *L, const struct tv_setting *setting) {
    lua_createtable(L, 0, 8);
    set_text(L, "name", setting->name.data);
    set_text(L, "type", type_of(setting));
    set_text(L, "unit", tv_setting_unit(setting));
    set_text(L, "default_text", setting->instead);
    set_text(L, "text", setting->text);
    set_true(L, "whole", tv_setting_is_whole(setting));
    if (tv_setting_is_number(setting) && setting->most != 0) {
        set_number(L, "least", setting->least);
        set_number(L, "most", setting->most);
    }
    if (tv_setting_is_number(setting) && !setting->instead)
        set_number(L, "default", setting->initial);
    if (setting->kind == TV_SETTING_BOOLEAN && !setting->instead) {
        lua_pushboolean(L, false);
        lua_setfield(L, -2, "default");
    }
}

// The first `key_tables` of the tables say where keys come from.
static void push_rows(lua_State *L, const struct option_table *tables, int key_tables) {
    lua_Integer count = 0;
    lua_newtable(L);
    for (int t = 0; tables[t].rows; t++)
        for (size_t i = 0; i < tables[t].count; i++) {
            const struct tv_setting *setting = option_at(&tables[t], i);
            push_setting(L, setting);
            set_true(L, "jws", key_tables == KEY_TABLES && setting->jws);
            set_true(L, "key_source", t < key_tables);
            lua_rawseti(L, -2, ++count);
        }
}

// What a source is for a verifier, in the list on top of the stack, where it begins at `first`.
static void adapt_sources(lua_State *L, lua_Integer first) {
    size_t count;
    const struct tv_source_kind *kinds = tv_source_kinds(&count);
    for (size_t i = 0; i < count; i++) {
        lua_rawgeti(L, -1, first + (lua_Integer)i);
        set_text(L, "text", kinds[i].brief);
        set_text(L, "type", kinds[i].verifier_type);
        lua_pop(L, 1);
    }
}

void push_settings(lua_State *L) {
    struct option_table of_verifier[VERIFIER_TABLES], of_store[STORE_TABLES];
    get_verifier_tables(of_verifier);
    get_store_tables(of_store);
    lua_createtable(L, 0, 2);
    push_rows(L, of_verifier, KEY_TABLES);
    adapt_sources(L, (lua_Integer)of_verifier[0].count + 1);
    lua_setfield(L, -2, "verifier");
    push_rows(L, of_store, 1);
    lua_setfield(L, -2, "keystore");
}

void push_sources(lua_State *L) {
    size_t count;
    const struct tv_source_kind *kinds = tv_source_kinds(&count);
    lua_createtable(L, (int)count, 0);
    for (size_t i = 0; i < count; i++) {
        lua_createtable(L, 0, 4);
        set_text(L, "name", kinds[i].option.name.data);
        set_text(L, "text", kinds[i].option.text);
        set_true(L, "is_set", kinds[i].is_set);
        set_number(L, "most", kinds[i].option.most);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
}

void push_algorithms(lua_State *L) {
    const struct tv_algorithm *algorithm;
    lua_newtable(L);
    for (size_t i = 0; (algorithm = tv_algorithm_at(i)); i++) {
        lua_createtable(L, 0, 7);
        set_number(L, "order", (double)i + 1);
        set_text(L, "family", tv_algorithm_family(algorithm));
        set_text(L, "key_type", tv_key_type_name(tv_algorithm_key_type(algorithm)));
        set_text(L, "curve", tv_curve_name(algorithm->curve));
        set_text(L, "hash", tv_algorithm_hash(algorithm));
        if (tv_algorithm_signature_size(algorithm) > 0)
            set_number(L, "signature_size", (double)tv_algorithm_signature_size(algorithm));
        set_true(L, "symmetric", tv_algorithm_is_hmac(algorithm));
        lua_setfield(L, -2, algorithm->name);
    }
}

void push_codes(lua_State *L, const char *(*say)(enum tv_status)) {
    lua_createtable(L, 0, TV_STATUS_COUNT);
    for (enum tv_status status = TV_OK + 1; status < TV_STATUS_COUNT; status++)
        if (status != TV_NO_MEMORY) // raises an error, is never returned
            set_text(L, tv_status_code(status), say(status));
}
