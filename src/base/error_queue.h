// SPDX-License-Identifier: MIT
// OpenSSL's queue of errors, one for each thread. The server's TLS shares it: an entry of ours that
// is left there reads as a failure of one of its connections.
#pragma once

#include <openssl/err.h>

// Runs a statement, and takes what it added to the queue out again.
#define TV_WITHOUT_ERRORS(...)                                                                     \
    do {                                                                                           \
        ERR_set_mark();                                                                            \
        __VA_ARGS__;                                                                               \
        ERR_pop_to_mark();                                                                         \
    } while (0)
