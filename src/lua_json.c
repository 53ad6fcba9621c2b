// SPDX-License-Identifier: MIT
// Pushes JSON values as Lua values.
#include "lua_tv.h"

#include "json.h"

static void push_number(lua_State *L, yyjson_val *value) {
    if (yyjson_is_sint(value))
        lua_pushinteger(L, yyjson_get_sint(value));
    else if (yyjson_is_uint(value) && yyjson_get_uint(value) <= LUA_MAXINTEGER)
        lua_pushinteger(L, (lua_Integer)yyjson_get_uint(value));
    else
        lua_pushnumber(L, yyjson_get_num(value));
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static void push_array(lua_State *L, yyjson_val *array) {
    size_t index, max;
    yyjson_val *element;
    lua_createtable(L, (int)yyjson_arr_size(array), 0);
    yyjson_arr_foreach(array, index, max, element) {
        push_json(L, element);
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
static void push_object(lua_State *L, yyjson_val *object) {
    size_t index, max;
    yyjson_val *name, *member;
    lua_createtable(L, 0, (int)yyjson_obj_size(object));
    yyjson_obj_foreach(object, index, max, name, member) {
        lua_pushlstring(L, yyjson_get_str(name), yyjson_get_len(name));
        push_json(L, member);
        lua_rawset(L, -3);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
void push_json(lua_State *L, yyjson_val *value) {
    luaL_checkstack(L, 4, "nested JSON");
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
        push_array(L, value);
        break;
    case YYJSON_TYPE_OBJ:
        push_object(L, value);
        break;
    default:
        lua_pushlightuserdata(L, NULL);
    }
}
