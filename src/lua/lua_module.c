// SPDX-License-Identifier: MIT
// The module's entry, its function table, and the state its functions share.
#include "lua/lua_tv.h"

#include "base/version.h"
#include "token/page_room.h"

#ifdef __GNUC__
#define EXPORTED __attribute__((visibility("default")))
#else
#define EXPORTED
#endif

EXPORTED int luaopen_token_verifier(lua_State *L);

static void push_state(lua_State *L) {
    push_empty_state(L);
    for (int i = STATE_SECRETS; i <= STATE_STORES; i++) {
        lua_newtable(L);
        lua_setiuservalue(L, -2, i);
    }
    push_names(L);
    lua_setiuservalue(L, -2, STATE_NAMES);
    for (int i = STATE_VERIFY; i <= STATE_VERIFY_JWS; i++) {
        push_weak_table(L, "k");
        lua_setiuservalue(L, -2, i);
    }
}

// page_room(part): the room that Jitsi's page makes of it; nil if it makes none.
static int l_page_room(lua_State *L) {
    struct tv_span part = check_span(L, 1);
    char name[TV_PAGE_ROOM_MAX];
    size_t length = 0;
    enum tv_status status = tv_page_room(part, name, &length);
    if (status == TV_NO_MEMORY)
        return push_failure(L, status, NULL); // raises
    if (status != TV_OK)
        lua_pushnil(L);
    else
        lua_pushlstring(L, name, length);
    return 1;
}

int luaopen_token_verifier(lua_State *L) {
    static const luaL_Reg functions[] = {{"verify", l_verify},
                                         {"new", l_new},
                                         {"verify_jws", l_verify_jws},
                                         {"sign", l_sign},
                                         {"generate_key", l_generate_key},
                                         {"decode_json", l_decode_json},
                                         {"inspect", l_inspect},
                                         {"key", l_key},
                                         {"keystore", l_keystore},
                                         {"key_file_name", l_key_file_name},
                                         {"page_room", l_page_room},
                                         {"step", l_step},
                                         {"stores", l_stores},
                                         {"pollfd", l_pollfd},
                                         {"events", l_events},
                                         {"timeout", l_timeout},
                                         {NULL, NULL}};
    static void (*const registrations[])(lua_State *) = {register_key, register_keystore,
                                                         register_verifier};
    luaL_checkversion(L);
    push_state(L);
    int state = lua_gettop(L);
    for (size_t i = 0; i < sizeof registrations / sizeof registrations[0]; i++) {
        lua_pushvalue(L, state);
        registrations[i](L);
    }
    luaL_newlibtable(L, functions);
    lua_pushvalue(L, state);
    luaL_setfuncs(L, functions, 1);
    push_codes(L, tv_status_explanation);
    lua_setfield(L, -2, "codes");
    push_codes(L, tv_status_class);
    lua_setfield(L, -2, "code_classes");
    push_algorithms(L);
    lua_setfield(L, -2, "algorithms");
    push_sources(L);
    lua_setfield(L, -2, "sources");
    push_settings(L);
    lua_setfield(L, -2, "settings");
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_pushliteral(L, TV_VERSION);
    lua_setfield(L, -2, "_VERSION");
    return 1;
}
