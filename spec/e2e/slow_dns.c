// SPDX-License-Identifier: MIT
// To be preloaded: looking up a name that ends in ".slow.test" takes 25 s, whatever the resolver is; it is then 127.0.0.1.

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <time.h>

typedef int (*lookup)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **result) {
    lookup next = (lookup)dlsym(RTLD_NEXT, "getaddrinfo");
    const char *ending = node ? strstr(node, ".slow.test") : NULL;
    if (ending) {
        struct timespec left = {.tv_sec = 25};
        while (nanosleep(&left, &left) != 0)
            continue;
        node = "127.0.0.1";
    }
    return next(node, service, hints, result);
}
