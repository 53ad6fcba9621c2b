// SPDX-License-Identifier: MIT
// To be preloaded: looking up a name that ends in ".slow.test" takes 25 s, whatever the resolver is; it is then 127.0.0.1.
// One that ends in ".two.test" is 127.0.0.2 and 127.0.0.1, in this order.

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
    if (node && strstr(node, ".two.test")) {
        struct addrinfo *second, **end = result;
        int status = next("127.0.0.1", service, hints, &second);
        if (status == 0)
            status = next("127.0.0.2", service, hints, result);
        if (status != 0)
            return status;
        while (*end)
            end = &(*end)->ai_next;
        *end = second; // freeaddrinfo() frees each by itself
        return 0;
    }
    return next(node, service, hints, result);
}
