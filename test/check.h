// SPDX-License-Identifier: MIT
// What the unit tests share: counted checks, which statuses were seen, input at an unreadable page.
#pragma once

#include "base/status.h"
#include "statuses.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
    int passed, failed;
    bool seen[TV_STATUS_COUNT];
} checks;

__attribute__((format(printf, 4, 5))) static inline bool
check_that(bool holds, const char *file, int line, const char *format, ...) {
    if (holds) {
        checks.passed++;
        return true;
    }
    checks.failed++;
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", file, line);
    vprintf(format, arguments);
    putchar('\n');
    va_end(arguments);
    return false;
}

// Each takes the case's name, printed on failure, as its last argument.
#define CHECK(condition, name)                                                                     \
    check_that((condition), __FILE__, __LINE__, "%s: %s", (name), #condition)

#define CHECK_NUMBER(expected, found, name)                                                        \
    check_that((double)(expected) == (double)(found), __FILE__, __LINE__,                          \
               "%s: %s is %.17g, not %.17g", (name), #found, (double)(found), (double)(expected))

#define CHECK_STATUS(expected, found, name)                                                        \
    check_status((expected), (found), __FILE__, __LINE__, (name))

// `expected` may be NULL for an empty span or a NULL string.
#define CHECK_SPAN(expected, found, name)                                                          \
    check_span((expected), (found), __FILE__, __LINE__, (name))
#define CHECK_TEXT(expected, found, name)                                                          \
    check_text((expected), (found), __FILE__, __LINE__, (name))

static inline bool check_status(enum tv_status expected, enum tv_status found, const char *file,
                                int line, const char *name) {
    if (expected == found)
        checks.seen[found] = true;
    return check_that(expected == found, file, line, "%s: %s, not %s", name, tv_status_code(found),
                      tv_status_code(expected));
}

static inline bool check_span(const char *expected, struct tv_span found, const char *file,
                              int line, const char *name) {
    return check_that(tv_span_equal(tv_span_of(expected ? expected : ""), found), file, line,
                      "%s: found \"%.*s\", not \"%s\"", name, (int)found.length,
                      found.data ? found.data : "", expected ? expected : "");
}

static inline bool check_text(const char *expected, const char *found, const char *file, int line,
                              const char *name) {
    bool equal = expected && found ? strcmp(expected, found) == 0 : expected == found;
    return check_that(equal, file, line, "%s: found %s, not %s", name, found ? found : "NULL",
                      expected ? expected : "NULL");
}

// The last line of a program, and its exit status. The statuses that statuses.h gives to `program`
// must have been seen.
static inline int check_report(const char *program) {
    for (int status = 0; status < TV_STATUS_COUNT; status++)
        if (strcmp(producer_of((enum tv_status)status), program) == 0)
            check_that(checks.seen[status], __FILE__, __LINE__, "no case of %s produces %s",
                       program, tv_status_code((enum tv_status)status));
    printf("%s: %d passed, %d failed\n", program, checks.passed, checks.failed);
    return checks.failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

// What stops a test before it could check anything: a broken set-up.
__attribute__((format(printf, 1, 2), noreturn)) static inline void check_abort(const char *format,
                                                                               ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    exit(2);
}

#define CHECK_FOLDER_SIZE 256

// Makes a folder below $TMPDIR, which the caller deletes.
static inline void check_make_folder(char folder[CHECK_FOLDER_SIZE]) {
    const char *parent = getenv("TMPDIR");
    int length = snprintf(folder, CHECK_FOLDER_SIZE, "%s/token_verifier_XXXXXX",
                          parent && *parent ? parent : "/tmp");
    if (length >= CHECK_FOLDER_SIZE || !mkdtemp(folder))
        check_abort("no folder for temporary files");
}

// Places for input that ends exactly at an unreadable page, so that reading one byte too far ends
// the program, whatever it was compiled with. Each place is overwritten by its next use.
enum guard_place { GUARD_TOKEN, GUARD_KEY, GUARD_JSON, GUARD_OUTPUT, GUARD_PLACES };

#define GUARD_SIZE ((size_t)256 * 1024)

// `size` writable bytes.
static inline char *guard_take(enum guard_place place, size_t size) {
    static char *pages[GUARD_PLACES];
    if (size > GUARD_SIZE)
        check_abort("guard_take: %zu bytes are too many", size);
    if (!pages[place]) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        pages[place] = mmap(NULL, GUARD_SIZE + page, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (pages[place] == MAP_FAILED || mprotect(pages[place] + GUARD_SIZE, page, PROT_NONE) != 0)
            check_abort("guard_take: no pages");
    }
    if (mprotect(pages[place], GUARD_SIZE, PROT_READ | PROT_WRITE) != 0)
        check_abort("guard_take: mprotect");
    return pages[place] + GUARD_SIZE - size;
}

// A copy that can only be read: whoever writes into what it was given to check ends the program.
static inline struct tv_span guard_copy(enum guard_place place, const void *bytes, size_t length) {
    char *copy = guard_take(place, length);
    if (length > 0)
        memcpy(copy, bytes, length);
    if (mprotect(copy + length - GUARD_SIZE, GUARD_SIZE, PROT_READ) != 0)
        check_abort("guard_copy: mprotect");
    return (struct tv_span){copy, length};
}

static inline void *check_malloc(size_t size) {
    void *memory = malloc(size > 0 ? size : 1);
    if (!memory)
        check_abort("no memory");
    return memory;
}

// A file of test data as a string the caller frees. The tests run in the project's top folder.
static inline char *check_read_file(const char *path, size_t *length) {
    FILE *file = fopen(path, "rb");
    if (!file)
        check_abort("%s cannot be read (the tests run in the project's top folder)", path);
    char *text = check_malloc(GUARD_SIZE);
    *length = fread(text, 1, GUARD_SIZE - 1, file);
    text[*length] = '\0';
    fclose(file);
    return text;
}
