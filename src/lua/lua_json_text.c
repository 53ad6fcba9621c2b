// SPDX-License-Identifier: MIT
// Writes Lua tables as JSON texts.
#include "lua/lua_tv.h"

#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

// Most values written: more than fit into a token. Without a limit, tables that contain each other
// many times would take for ever.
#define VALUES_MAX ((size_t)16 * 1024)

// Writing allocates no memory of Lua, so no finalizer can change what is written.
struct writer {
    lua_State *lua;
    int mark; // index of the name of the field that marks an array
    size_t *values_left;
    yyjson_mut_doc *document;
    enum tv_status malformed;
    struct tv_detail *detail;
};

static void free_document(void *document) { yyjson_mut_doc_free(document); }

static enum tv_status fail(const struct writer *writer, const char *what) {
    writer->detail->reason = TV_REASON_NOT_JSON;
    writer->detail->text = what;
    return writer->malformed;
}

static enum tv_status write_value(const struct writer *writer, int index, int depth,
                                  yyjson_mut_val **value);

// Whether its metatable marks the table as an array: the only way for an empty one.
static bool is_marked_array(lua_State *L, int index, int mark) {
    if (!lua_getmetatable(L, index))
        return false;
    lua_pushvalue(L, mark);
    lua_rawget(L, -2);
    bool marked =
        lua_type(L, -1) == LUA_TSTRING && tv_span_equal(check_span(L, -1), TV_SPAN("array"));
    lua_pop(L, 2);
    return marked;
}

// Its members are 1 to `count` and no others.
// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static enum tv_status write_array(const struct writer *writer, int index, size_t count, int depth,
                                  yyjson_mut_val **value) {
    lua_State *L = writer->lua; // NOLINT(readability-identifier-naming)
    yyjson_mut_val *array = yyjson_mut_arr(writer->document);
    for (size_t i = 1; i <= count; i++) {
        yyjson_mut_val *element = NULL;
        lua_rawgeti(L, index, (lua_Integer)i);
        enum tv_status status = write_value(writer, lua_gettop(L), depth + 1, &element);
        if (status != TV_OK)
            return status;
        lua_pop(L, 1);
        if (!yyjson_mut_arr_append(array, element))
            return TV_NO_MEMORY;
    }
    *value = array;
    return array ? TV_OK : TV_NO_MEMORY;
}

struct member {
    yyjson_mut_val *name, *value;
};

static int by_name(const void *left, const void *right) {
    const struct member *a = left, *b = right;
    size_t a_length = yyjson_mut_get_len(a->name), b_length = yyjson_mut_get_len(b->name);
    size_t shared = a_length < b_length ? a_length : b_length;
    int order = memcmp(yyjson_mut_get_str(a->name), yyjson_mut_get_str(b->name), shared);
    return order != 0 ? order : (a_length > b_length) - (a_length < b_length);
}

// Sorts an object by the names of its members, since the order of a Lua table is another in each
// process: the same claims then make the same token.
static enum tv_status sort_members(yyjson_mut_val *object) {
    size_t count = yyjson_mut_obj_size(object), i = 0;
    if (count < 2)
        return TV_OK;
    struct member *members = calloc(count, sizeof *members);
    if (!members)
        return TV_NO_MEMORY;
    yyjson_mut_obj_iter iterator = yyjson_mut_obj_iter_with(object);
    for (yyjson_mut_val *name; i < count && (name = yyjson_mut_obj_iter_next(&iterator)); i++)
        members[i] = (struct member){name, yyjson_mut_obj_iter_get_val(name)};
    qsort(members, i, sizeof *members, by_name);
    yyjson_mut_obj_clear(object);
    for (size_t k = 0; k < i; k++)
        yyjson_mut_obj_add(object, members[k].name, members[k].value);
    free(members);
    return TV_OK;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static enum tv_status write_object(const struct writer *writer, int index, int depth,
                                   yyjson_mut_val **value) {
    lua_State *L = writer->lua; // NOLINT(readability-identifier-naming)
    yyjson_mut_val *object = yyjson_mut_obj(writer->document);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING)
            return fail(writer, "a table that is neither a list nor has names only");
        size_t length;
        const char *name = lua_tolstring(L, -2, &length);
        yyjson_mut_val *member = NULL;
        enum tv_status status = write_value(writer, lua_gettop(L), depth + 1, &member);
        if (status != TV_OK)
            return status;
        if (!yyjson_mut_obj_add(object, yyjson_mut_strncpy(writer->document, name, length), member))
            return TV_NO_MEMORY;
    }
    *value = object;
    return object ? sort_members(object) : TV_NO_MEMORY;
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static enum tv_status write_table(const struct writer *writer, int index, int depth,
                                  yyjson_mut_val **value) {
    lua_State *L = writer->lua;      // NOLINT(readability-identifier-naming)
    if (depth > TV_JSON_MAX_DEPTH) { // also a table that contains itself
        writer->detail->reason = TV_REASON_DEPTH;
        writer->detail->limit = TV_JSON_MAX_DEPTH;
        return writer->malformed;
    }
    need_stack(L, 6);
    size_t count = (size_t)lua_rawlen(L, index), members = 0;
    if (count == 0 && !is_marked_array(L, index, writer->mark))
        return write_object(writer, index, depth, value);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1))
        members++;
    if (members != count)
        return fail(writer, "a table that is neither a list nor has names only");
    return write_array(writer, index, count, depth, value);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static enum tv_status write_value(const struct writer *writer, int index, int depth,
                                  yyjson_mut_val **value) {
    lua_State *L = writer->lua; // NOLINT(readability-identifier-naming)
    yyjson_mut_doc *document = writer->document;
    size_t length;
    const char *bytes;
    if (*writer->values_left == 0)
        return fail(writer, "more values than a token has room for");
    --*writer->values_left;
    switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
        *value = yyjson_mut_bool(document, lua_toboolean(L, index));
        break;
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            *value = yyjson_mut_sint(document, lua_tointeger(L, index));
        else if (isfinite(lua_tonumber(L, index)))
            *value = yyjson_mut_real(document, lua_tonumber(L, index));
        else
            return fail(writer, "a number that is not finite");
        break;
    case LUA_TSTRING:
        bytes = lua_tolstring(L, index, &length);
        *value = yyjson_mut_strncpy(document, bytes, length);
        break;
    case LUA_TTABLE:
        return write_table(writer, index, depth, value);
    case LUA_TLIGHTUSERDATA:
        if (lua_touserdata(L, index))
            return fail(writer, "a light userdata that is not null");
        *value = yyjson_mut_null(document);
        break;
    case LUA_TNIL: // the list has changed meanwhile
        return fail(writer, "a list with holes");
    case LUA_TFUNCTION:
        return fail(writer, "a function");
    case LUA_TTHREAD:
        return fail(writer, "a thread");
    default:
        return fail(writer, "a userdata");
    }
    return *value ? TV_OK : TV_NO_MEMORY;
}

enum tv_status push_json_text(lua_State *L, int index, enum tv_status malformed,
                              enum tv_subject subject, struct tv_detail *detail) {
    void **text_box = push_box(L, free), **document_box = push_box(L, free_document);
    int top = lua_gettop(L);
    detail->subject = subject;
    yyjson_mut_doc *document = *document_box = yyjson_mut_doc_new(NULL);
    if (!document)
        return TV_NO_MEMORY;
    size_t values_left = VALUES_MAX;
    lua_pushliteral(L, "__jsontype");
    const struct writer writer = {.lua = L,
                                  .mark = lua_gettop(L),
                                  .values_left = &values_left,
                                  .document = document,
                                  .malformed = malformed,
                                  .detail = detail};
    yyjson_mut_val *root = NULL;
    enum tv_status status = write_value(&writer, index, 1, &root);
    lua_settop(L, top);
    if (status != TV_OK)
        return status;
    if (!yyjson_mut_is_obj(root))
        return fail(&writer, "a list where an object is expected");
    size_t length;
    yyjson_write_err error;
    char *text = *text_box = yyjson_mut_val_write_opts(root, 0, NULL, &length, &error);
    if (!text)
        return error.code == YYJSON_WRITE_ERROR_INVALID_STRING
                   ? fail(&writer, "a string that is not UTF-8")
                   : TV_NO_MEMORY;
    detail->subject = TV_SUBJECT_NONE;
    lua_pushlstring(L, text, length);
    empty_box(L, top);
    empty_box(L, top - 1);
    lua_replace(L, top - 1);
    lua_settop(L, top - 1);
    return TV_OK;
}
