// SPDX-License-Identifier: MIT
// The table of statuses.
#include "base/status.h"

#include <assert.h>

static const struct {
    const char *class;
    const char *code;
    const char *explanation;
} statuses[] = {
#define ROW(name, class, code, explanation) [TV_##name] = {#class, code, explanation},
    TV_STATUSES(ROW)
#undef ROW
};

const char *tv_status_code(enum tv_status status) {
    assert(status < TV_STATUS_COUNT);
    return statuses[status].code;
}

const char *tv_status_class(enum tv_status status) {
    assert(status < TV_STATUS_COUNT);
    return statuses[status].class;
}

const char *tv_status_explanation(enum tv_status status) {
    assert(status < TV_STATUS_COUNT);
    return statuses[status].explanation;
}
