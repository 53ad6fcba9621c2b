// SPDX-License-Identifier: MIT
// What plain Lua lacks for the specs: fork() -> 0 or pid, wait(pid) -> exit status, leave(status) without any clean-up.

#include <lauxlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int l_fork(lua_State *L) {
    lua_pushinteger(L, fork());
    return 1;
}

static int l_wait(lua_State *L) {
    int status = 0;
    pid_t pid = waitpid((pid_t)luaL_checkinteger(L, 1), &status, 0);
    lua_pushinteger(L, pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return 1;
}

static int l_leave(lua_State *L) {
    _exit((int)luaL_checkinteger(L, 1));
}

int luaopen_process(lua_State *L) {
    luaL_Reg functions[] = {{"fork", l_fork}, {"wait", l_wait}, {"leave", l_leave}, {NULL, NULL}};
    luaL_newlib(L, functions);
    return 1;
}
