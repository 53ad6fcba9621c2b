// SPDX-License-Identifier: MIT
// Reads the fields of options tables: each has one reader, and an unknown name is an error.
#include "lua/lua_tv.h"

#include <math.h>
#include <stdio.h>

// Reading single fields. The value is at `index`, never nil.

void wrong_type(lua_State *L, int index, const char *name, const char *expected) {
    luaL_error(L, "option '%s' must be %s, not %s", name, expected, luaL_typename(L, index));
}

static struct tv_span read_string(lua_State *L, int index, const char *name) {
    if (lua_type(L, index) != LUA_TSTRING)
        wrong_type(L, index, name, "a string");
    return check_span(L, index);
}

static const char *read_text(lua_State *L, int index, const char *name) {
    struct tv_span span = read_string(L, index, name);
    if (strlen(span.data) != span.length)
        luaL_error(L, "option '%s' holds a NUL character", name);
    return span.data;
}

static void out_of_range(lua_State *L, const struct tv_setting *setting) {
    const char *unit = tv_setting_unit(setting);
    char range[64];
    snprintf(range, sizeof range, "from %.10g to %.10g", setting->least, setting->most);
    if (unit && strcmp(unit, "s") == 0)
        luaL_error(L, "option '%s' must be %s seconds%s", setting->name.data, range,
                   tv_setting_is_whole(setting) ? ", without a fraction" : "");
    luaL_error(L, "option '%s' must be a whole number %s%s", setting->name.data, range,
               unit && strcmp(unit, "%") == 0 ? " (percent)" : "");
}

static void read_number(lua_State *L, int index, const struct tv_setting *setting, void *member) {
    if (lua_type(L, index) != LUA_TNUMBER)
        wrong_type(L, index, setting->name.data, "a number");
    double number = lua_tonumber(L, index);
    if (!isfinite(number))
        luaL_error(L, "option '%s' must be a finite number", setting->name.data);
    if (setting->most != 0 && (number < setting->least || number > setting->most ||
                               (tv_setting_is_whole(setting) && floor(number) != number)))
        out_of_range(L, setting);
    tv_setting_put(setting, number, member);
}

// Reads the value at `index` into its member; nothing if it is read in another way.
static void read_option(lua_State *L, int index, const struct tv_setting *setting, void *member) {
    if (tv_setting_is_number(setting)) {
        read_number(L, index, setting, member);
    } else if (setting->kind == TV_SETTING_BOOLEAN) {
        if (!lua_isboolean(L, index))
            wrong_type(L, index, setting->name.data, "a boolean");
        *(bool *)member = lua_toboolean(L, index);
    } else if (setting->kind == TV_SETTING_STRING) {
        *(struct tv_span *)member = read_string(L, index, setting->name.data);
    } else if (setting->kind == TV_SETTING_TEXT) {
        *(const char **)member = read_text(L, index, setting->name.data);
    }
}

// The total bytes of the strings of a list. Raises an error if the table has anything else: a set
// would otherwise be taken for an empty list.
static size_t measure_list(lua_State *L, int index, const char *name, size_t count) {
    size_t size = 0, members = 0;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        members++;
    if (members != count)
        luaL_error(L, "option '%s' must be a list of strings, without other keys or holes", name);
    for (size_t i = 0; i < count; i++) {
        if (lua_rawgeti(L, index, (lua_Integer)i + 1) != LUA_TSTRING)
            luaL_error(L, "option '%s' must be a list of strings, but element %d is a %s", name,
                       (int)i + 1, luaL_typename(L, -1));
        size += (size_t)lua_rawlen(L, -1) + 1;
        lua_pop(L, 1);
    }
    return size;
}

void push_list(lua_State *L, int index, const char *name, bool or_one, struct string_list *list) {
    bool one = or_one && lua_type(L, index) == LUA_TSTRING;
    if (!one && !lua_istable(L, index))
        wrong_type(L, index, name, or_one ? "a string or a list of strings" : "a list of strings");
    size_t count = one ? 1 : (size_t)lua_rawlen(L, index);
    size_t size = one ? (size_t)lua_rawlen(L, index) + 1 : measure_list(L, index, name, count);
    struct tv_span *values = lua_newuserdatauv(L, count * sizeof *values + size + 1, 0);
    char *text = (char *)(values + count), *end = text + size;
    for (size_t i = 0; i < count; i++) {
        if (one)
            lua_pushvalue(L, index);
        else
            lua_rawgeti(L, index, (lua_Integer)i + 1);
        struct tv_span value = {0};
        if (lua_type(L, -1) == LUA_TSTRING)
            value.data = lua_tolstring(L, -1, &value.length);
        // The allocation may have run a finalizer that changed the list.
        if (!value.data || value.length >= (size_t)(end - text))
            luaL_error(L, "option '%s' changed while it was read", name);
        memcpy(text, value.data, value.length + 1); // with Lua's NUL behind it
        values[i] = (struct tv_span){text, value.length};
        text += value.length + 1;
        lua_pop(L, 1);
    }
    list->values = values;
    list->count = count;
}

int get_option(lua_State *L, int table, const char *name) {
    lua_pushstring(L, name);
    return lua_rawget(L, table);
}

void read_field(lua_State *L, int table, const struct tv_setting *setting, void *target) {
    if (get_option(L, table, setting->name.data) != LUA_TNIL)
        read_option(L, lua_gettop(L), setting, (char *)target + setting->offset);
}

// Options that one table may have, at most: strings among them stay on the stack.
#define OPTIONS_MAX 40

const struct tv_setting *option_at(const struct option_table *table, size_t index) {
    return (const struct tv_setting *)(const void *)((const char *)table->rows +
                                                     index * table->stride);
}

const struct tv_setting *find_option(const struct option_table *tables, struct tv_span name,
                                     bool jws) {
    for (; tables->rows; tables++)
        for (size_t i = 0; i < tables->count; i++) {
            const struct tv_setting *setting = option_at(tables, i);
            if (tv_span_equal(setting->name, name)) // compares bytes after a NUL too
                return jws && !setting->jws ? NULL : setting;
        }
    return NULL;
}

void set_defaults(const struct option_table *tables, void *target) {
    for (; tables->rows; tables++)
        for (size_t i = 0; i < tables->count; i++) {
            const struct tv_setting *setting = option_at(tables, i);
            tv_setting_put(setting, setting->initial, (char *)target + setting->offset);
        }
}

// Allocates nothing, so no finalizer can change the table meanwhile.
void read_options(lua_State *L, int table, const struct option_table *tables, bool jws,
                  void *target) {
    // Fields behind a metatable would be overlooked, and so a check that they ask for.
    if (lua_getmetatable(L, table))
        luaL_error(L, "options must be a table without metatable");
    need_stack(L, OPTIONS_MAX + 4);
    lua_pushnil(L);
    while (lua_next(L, table)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            luaL_error(L, "option names must be strings, not %s", luaL_typename(L, -2));
        struct tv_span name = check_span(L, -2);
        const struct tv_setting *setting = find_option(tables, name, jws);
        if (!setting)
            luaL_error(L, "unknown option '%s'%s", name.data,
                       strlen(name.data) == name.length ? "" : ", behind whose name is a NUL");
        read_option(L, lua_gettop(L), setting, (char *)target + setting->offset);
        if (tv_setting_size(setting) > 0 && lua_type(L, -1) == LUA_TSTRING)
            lua_insert(L, -2); // below the name, which lua_next() takes
        else
            lua_pop(L, 1);
    }
}

bool read_detail(lua_State *L, int index) {
    struct options {
        bool detail;
    } options = {0};
    static const struct tv_setting rows[] = {{DETAIL_OPTION(struct options)}};
    static const struct option_table tables[] = {{ROWS_OF(rows)}, {0}};
    if (lua_istable(L, index)) // key(generate_key()) passes a string here
        read_options(L, index, tables, false, &options);
    return options.detail;
}
