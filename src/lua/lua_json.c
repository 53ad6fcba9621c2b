// SPDX-License-Identifier: MIT
// Pushes JSON values as Lua values.
#include "lua/lua_tv.h"

#include "base/json.h"

#include <stdlib.h>

// A cache of names: finding Lua's string here is faster than letting Lua intern the text again. A
// name is in the place that its digest gives, or in the next one. The cache is a user value of the
// module's state; its own user value is the table that keeps the strings alive.

#define NAME_PLACES 256 // a power of two
#define NAME_LENGTH 32  // of a name that is remembered, at most: Lua interns such strings

struct names {
    struct name {
        uint64_t digest;
        size_t length;
        const char *data; // of the string at the place's index + 1 in the table; NULL: none
    } places[NAME_PLACES];
};

void push_names(lua_State *L) {
    struct names *names = lua_newuserdatauv(L, sizeof *names, 1);
    memset(names, 0, sizeof *names);
    lua_createtable(L, NAME_PLACES, 0);
    for (lua_Integer i = 1; i <= NAME_PLACES; i++) { // so that storing a name never allocates
        lua_pushboolean(L, false);
        lua_rawseti(L, -2, i);
    }
    lua_setiuservalue(L, -2, 1);
}

// What pushing a value needs.
struct push {
    struct names *names; // NULL: names are not remembered
    int strings;         // index of the table
};

static size_t place_of(uint64_t digest) {
    return (size_t)(digest * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (NAME_PLACES - 1);
}

// The last eight bytes of a name of at least eight bytes.
static uint64_t end_of(const char *name, size_t length) {
    uint64_t bytes;
    memcpy(&bytes, name + length - sizeof bytes, sizeof bytes);
    return bytes;
}

// The digest has the first eight bytes. Few names are longer than these and the last eight.
static bool is_name(const struct name *name, uint64_t digest, struct tv_span text) {
    if (name->digest != digest || name->length != text.length || !name->data)
        return false;
    if (text.length <= sizeof digest)
        return true;
    if (end_of(name->data, text.length) != end_of(text.data, text.length))
        return false;
    return text.length <= 2 * sizeof digest ||
           memcmp(name->data + sizeof digest, text.data + sizeof digest,
                  text.length - 2 * sizeof digest) == 0;
}

static void push_name(lua_State *L, const struct push *push, yyjson_val *name) {
    struct tv_span text = tv_json_string(name);
    if (!push->names || text.length > NAME_LENGTH) {
        lua_pushlstring(L, text.data, text.length);
        return;
    }
    uint64_t digest = tv_json_name_digest(name);
    size_t first = place_of(digest), second = first ^ 1;
    struct name *places = push->names->places;
    if (is_name(&places[first], digest, text)) {
        lua_rawgeti(L, push->strings, (lua_Integer)first + 1);
        return;
    }
    if (is_name(&places[second], digest, text)) {
        lua_rawgeti(L, push->strings, (lua_Integer)second + 1);
        return;
    }
    // Pushing may run a finalizer that calls this function again. From here on nothing allocates.
    lua_pushlstring(L, text.data, text.length);
    lua_rawgeti(L, push->strings, (lua_Integer)first + 1);
    lua_rawseti(L, push->strings, (lua_Integer)second + 1);
    lua_pushvalue(L, -1);
    lua_rawseti(L, push->strings, (lua_Integer)first + 1);
    places[second] = places[first];
    places[first] = (struct name){digest, text.length, lua_tostring(L, -1)};
}

static void push_value(lua_State *L, const struct push *push, yyjson_val *value);

static void push_number(lua_State *L, yyjson_val *value) {
    if (yyjson_is_sint(value))
        lua_pushinteger(L, yyjson_get_sint(value));
    else if (yyjson_is_uint(value) && yyjson_get_uint(value) <= LUA_MAXINTEGER)
        lua_pushinteger(L, (lua_Integer)yyjson_get_uint(value));
    else
        lua_pushnumber(L, yyjson_get_num(value));
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static void push_array(lua_State *L, const struct push *push, yyjson_val *array) {
    size_t index, max;
    yyjson_val *element;
    lua_createtable(L, (int)yyjson_arr_size(array), 0);
    yyjson_arr_foreach(array, index, max, element) {
        push_value(L, push, element);
        lua_rawseti(L, -2, (lua_Integer)index + 1);
    }
    if (yyjson_arr_size(array) == 0) {
        luaL_newmetatable(L, EMPTY_ARRAY);
        lua_pushliteral(L, "array");
        lua_setfield(L, -2, "__jsontype"); // also if there was no memory for it when it was made
        lua_setmetatable(L, -2);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static void push_members(lua_State *L, const struct push *push, yyjson_val *object) {
    size_t index, max;
    yyjson_val *name, *member;
    lua_createtable(L, 0, (int)yyjson_obj_size(object));
    yyjson_obj_foreach(object, index, max, name, member) {
        push_name(L, push, name);
        push_value(L, push, member);
        lua_rawset(L, -3);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static void push_value(lua_State *L, const struct push *push, yyjson_val *value) {
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_BOOL:
        lua_pushboolean(L, yyjson_get_bool(value));
        break;
    case YYJSON_TYPE_NUM:
        push_number(L, value);
        break;
    case YYJSON_TYPE_STR:
        lua_pushlstring(L, yyjson_get_str(value), yyjson_get_len(value));
        break;
    case YYJSON_TYPE_ARR:
        push_array(L, push, value);
        break;
    case YYJSON_TYPE_OBJ:
        push_members(L, push, value);
        break;
    default:
        lua_pushlightuserdata(L, NULL);
    }
}

// Each level has a table and a name on the stack; inside the innermost push_name() has two more.
#define STACK_NEEDED (2 * TV_JSON_MAX_DEPTH + 4)

void push_json(lua_State *L, yyjson_val *value, bool trusted) {
    struct push push = {0};
    need_stack(L, STACK_NEEDED);
    if (!trusted) {
        push_value(L, &push, value);
        return;
    }
    lua_getiuservalue(L, STATE_INDEX, STATE_NAMES);
    push.names = lua_touserdata(L, -1);
    lua_getiuservalue(L, -1, 1);
    push.strings = lua_gettop(L);
    push_value(L, &push, value);
    lua_replace(L, -3);
    lua_pop(L, 1);
}

enum tv_status push_object(lua_State *L, struct tv_span text, enum tv_status malformed,
                           enum tv_subject subject, struct tv_detail *detail) {
    void **box = push_box(L, free);
    int index = lua_gettop(L);
    struct tv_arena arena = {0};
    yyjson_val *object;
    enum tv_status status =
        tv_json_parse_copy(text.data, text.length, malformed, subject, &arena, &object, detail);
    *box = arena.memory;
    if (status != TV_OK)
        return status;
    push_json(L, object, false);
    empty_box(L, index);
    return TV_OK;
}
