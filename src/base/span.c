// SPDX-License-Identifier: MIT
#include "base/span.h"

#include <stdlib.h>

char *tv_span_copy(struct tv_span span) {
    char *copy = malloc(span.length + 1); // +1: never of size 0
    if (copy && span.length > 0)
        memcpy(copy, span.data, span.length);
    return copy;
}
