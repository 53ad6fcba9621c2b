// SPDX-License-Identifier: MIT
// Preloaded beside the sanitizers: keeps libraries loaded, and them out of other programs.
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

// A library that is unloaded at the end takes its globals along, and LeakSanitizer then misses what
// they lead to and can name nothing.
int dlclose(void *handle) {
    (void)handle;
    return 0;
}

// Lua is what is looked at; what the specs start from it (servers in other languages) is not.
__attribute__((constructor)) static void spare_children(void) {
    if (strncmp(program_invocation_short_name, "lua", 3) == 0)
        unsetenv("LD_PRELOAD");
}
