// SPDX-License-Identifier: MIT
// Waiting for keys: within a call, or in an event loop that watches the descriptor of all stores.
#include "lua/lua_tv.h"

#include "base/clock.h"

#include <errno.h>

// Whether pollfd() was called: the program then has an event loop, which a waiting call would
// block.
static bool watched;

bool may_wait_by_default(void) { return !watched; }

enum tv_status get_key(struct tv_keystore *store, const struct tv_key_request *request, bool wait,
                       struct tv_key **key, struct tv_detail *detail) {
    struct tv_key_request asked = *request;
    int64_t deadline_ms = wait ? tv_clock_steady_in_ms(tv_keystore_wait_ms(store)) : 0;
    int64_t now_ms = tv_clock_steady_ms();
    asked.announce = !wait;
    enum tv_status status = tv_keystore_get(store, &asked, now_ms, key, detail);
    if (!wait || status != TV_KEY_PENDING)
        return status;
    asked.again = true;
    while (status == TV_KEY_PENDING && now_ms < deadline_ms) {
        tv_keystores_step(deadline_ms - now_ms);
        now_ms = tv_clock_steady_ms();
        *detail = (struct tv_detail){0};
        status = tv_keystore_get(store, &asked, now_ms, key, detail);
    }
    tv_keystores_wake_collector();
    if (status != TV_KEY_PENDING)
        return status;
    detail->reason = TV_REASON_WAITED;
    detail->limit = (double)tv_keystore_wait_ms(store) / 1000;
    return TV_KEY_SOURCE_UNAVAILABLE;
}

int l_pollfd(lua_State *L) {
    int descriptor = tv_keystores_descriptor();
    if (descriptor < 0)
        return luaL_error(L, "no descriptor for key fetches: %s", strerror(errno));
    watched = true;
    lua_pushinteger(L, descriptor);
    return 1;
}

int l_events(lua_State *L) {
    lua_pushliteral(L, "r");
    return 1;
}

int l_timeout(lua_State *L) {
    lua_pushnil(L); // not needed: the descriptor contains a timer
    return 1;
}
