// SPDX-License-Identifier: MIT
// Remembers what was made of an options table, for as long as everything in it is what it was.
#include "lua/lua_tv.h"

#include <math.h>

// What is noted of a table: each name and value in the order in which Lua gives them, tables inside
// it with theirs. Strings and objects by their address, which is nobody else's while they are kept.
struct mark {
    uint64_t kind, value;
};

enum { ADDRESS, INTEGER, NUMBER, BOOLEAN, STORE, BEGIN, END };

#define MARKS_MAX 192
#define DEPTH_MAX 3 // issuers: a table of lists

struct notes {
    struct mark marks[MARKS_MAX];
    size_t count;
    bool whole;         // false: not everything could be noted
    int kept;           // index of a table that keeps what is noted by its address; 0: none
    struct call *asked; // takes `room` and `now`, which are no part of a verifier; or NULL
    int room;           // index of a place that keeps the string of `room`
};

// Of tables that were seen once nothing is remembered: many are made for one call.
#define SEEN 8

struct memory {
    const void *seen[SEEN];
    size_t next;
};

void push_memory(lua_State *L) {
    struct memory *memory = lua_newuserdatauv(L, sizeof *memory, 1);
    memset(memory, 0, sizeof *memory);
    lua_newtable(L); // options table -> verifier
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setiuservalue(L, -2, 1);
}

static void note(struct notes *notes, uint64_t kind, uint64_t value) {
    if (notes->count == MARKS_MAX)
        notes->whole = false;
    else
        notes->marks[notes->count++] = (struct mark){kind, value};
}

// The value on top of the stack.
static void note_address(lua_State *L, struct notes *notes, const void *address) {
    note(notes, ADDRESS, (uint64_t)(uintptr_t)address);
    if (notes->kept && notes->whole) {
        lua_pushvalue(L, -1);
        lua_rawseti(L, notes->kept, (lua_Integer)notes->count); // a place that is there already
    }
}

static void note_number(lua_State *L, struct notes *notes) {
    if (lua_isinteger(L, -1)) {
        note(notes, INTEGER, (uint64_t)lua_tointeger(L, -1));
        return;
    }
    lua_Number number = lua_tonumber(L, -1);
    uint64_t bits = 0;
    memcpy(&bits, &number, sizeof number < sizeof bits ? sizeof number : sizeof bits);
    note(notes, NUMBER, bits);
}

static void note_table(lua_State *L, int index, int depth, struct notes *notes);

// The value on top of the stack.
// NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX
static void note_value(lua_State *L, int depth, struct notes *notes) {
    switch (lua_type(L, -1)) {
    case LUA_TSTRING:
        note_address(L, notes, lua_tostring(L, -1));
        break;
    case LUA_TUSERDATA:
        note_address(L, notes, lua_touserdata(L, -1));
        note(notes, STORE, (uint64_t)(uintptr_t)open_store(L, -1)); // it may be closed meanwhile
        break;
    case LUA_TNUMBER:
        note_number(L, notes);
        break;
    case LUA_TBOOLEAN:
        note(notes, BOOLEAN, (uint64_t)lua_toboolean(L, -1));
        break;
    case LUA_TTABLE:
        if (depth < DEPTH_MAX) {
            note_table(L, lua_gettop(L), depth + 1, notes);
            break;
        }
        // fallthrough
    default: // no option
        notes->whole = false;
    }
}

// Whether the pair on top of the stack is one that is asked for in this call alone, and taken.
static bool take_asked(lua_State *L, const struct notes *notes) {
    if (lua_type(L, -2) != LUA_TSTRING)
        return false;
    struct tv_span name = check_span(L, -2);
    if (tv_span_equal(name, TV_SPAN("room")) && lua_type(L, -1) == LUA_TSTRING) {
        notes->asked->room.data = lua_tolstring(L, -1, &notes->asked->room.length);
        lua_pushvalue(L, -1);
        lua_replace(L, notes->room);
        return true;
    }
    if (tv_span_equal(name, TV_SPAN("now")) && lua_type(L, -1) == LUA_TNUMBER &&
        isfinite(lua_tonumber(L, -1))) {
        notes->asked->now_s = lua_tonumber(L, -1);
        return true;
    }
    return false;
}

// Takes no memory, so that nothing runs meanwhile that could change the table.
// NOLINTNEXTLINE(misc-no-recursion): bounded by DEPTH_MAX
static void note_table(lua_State *L, int index, int depth, struct notes *notes) {
    note(notes, BEGIN, 0);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (depth > 0 || !notes->asked || !take_asked(L, notes)) {
            note_value(L, depth, notes);
            lua_pushvalue(L, -2);
            note_value(L, DEPTH_MAX, notes);
            lua_pop(L, 1);
        }
        lua_pop(L, 1);
    }
    note(notes, END, 0);
}

static void take_notes(lua_State *L, int index, int kept, struct notes *notes) {
    notes->count = 0;
    notes->kept = kept;
    notes->whole = !lua_getmetatable(L, index); // which raises where it is read
    if (notes->whole)
        note_table(L, index, 0, notes);
    else
        lua_pop(L, 1);
}

static bool is_seen_again(struct memory *memory, const void *table) {
    for (size_t i = 0; i < SEEN; i++)
        if (memory->seen[i] == table)
            return true;
    memory->seen[memory->next++ % SEEN] = table;
    return false;
}

static bool same_marks(const struct mark *marks, size_t count, const struct notes *notes) {
    return notes->whole && count == notes->count &&
           memcmp(marks, notes->marks, count * sizeof *marks) == 0;
}

// The user value of a verifier that is remembered: its marks, with the table of what they mean.
static bool is_as_noted(lua_State *L, const struct notes *notes) {
    lua_getiuservalue(L, -1, 2);
    const struct mark *marks = lua_touserdata(L, -1);
    bool same = marks && same_marks(marks, (size_t)lua_rawlen(L, -1) / sizeof *marks, notes);
    lua_pop(L, 1);
    return same;
}

// Makes a verifier and pushes it; remembers it if the table is the same before and after.
static enum tv_status make_and_remember(lua_State *L, int index, int memory, settler *settle,
                                        struct notes *notes, struct tv_detail *detail) {
    size_t count = notes->count;
    struct mark *marks = lua_newuserdatauv(L, count * sizeof *marks, 1);
    int noted = lua_gettop(L);
    lua_createtable(L, (int)count, 0);
    for (lua_Integer i = 1; i <= (lua_Integer)count; i++) {
        lua_pushboolean(L, false);
        lua_rawseti(L, -2, i);
    }
    take_notes(L, index, lua_gettop(L), notes);
    bool good = notes->whole && notes->count == count;
    if (good)
        memcpy(marks, notes->marks, count * sizeof *marks);
    lua_setiuservalue(L, noted, 1);
    enum tv_status status = push_verifier(L, index, settle, detail);
    if (status != TV_OK)
        return status;
    take_notes(L, index, 0, notes);
    if (!good || !same_marks(marks, count, notes))
        return TV_OK;
    lua_pushvalue(L, noted);
    lua_setiuservalue(L, -2, 2);
    lua_getiuservalue(L, memory, 1);
    lua_pushvalue(L, index);
    lua_pushvalue(L, -3);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    return TV_OK;
}

enum tv_status push_remembered(lua_State *L, int index, int which, settler *settle,
                               struct call *asked, struct tv_detail *detail) {
    struct notes notes;
    luaL_checktype(L, index, LUA_TTABLE);
    need_stack(L, 4 * (DEPTH_MAX + 3));
    lua_pushnil(L);
    notes.asked = asked;
    notes.room = lua_gettop(L);
    take_notes(L, index, 0, &notes);
    if (!notes.whole)
        return push_verifier(L, index, settle, detail);
    lua_getiuservalue(L, STATE_INDEX, which);
    int memory = lua_gettop(L);
    lua_getiuservalue(L, memory, 1);
    lua_pushvalue(L, index);
    lua_rawget(L, -2);
    const struct verifier *verifier = lua_touserdata(L, -1);
    // In a finalizer after its own it holds nothing.
    if (verifier && (verifier->key || verifier->source_count > 0) && is_as_noted(L, &notes))
        return TV_OK;
    lua_settop(L, memory);
    if (!is_seen_again(lua_touserdata(L, memory), lua_topointer(L, index)))
        return push_verifier(L, index, settle, detail);
    return make_and_remember(L, index, memory, settle, &notes, detail);
}
