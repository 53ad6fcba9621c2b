// SPDX-License-Identifier: MIT
// Files that settings name: lines of every kind, and what is no plain file.
#include "check.h"

#include "net/plain_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SIZE 16
#define WHOLE_MAX 20

static char folder[CHECK_FOLDER_SIZE];

static const char *path_of(const char *name) {
    static char path[CHECK_FOLDER_SIZE + 64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static const struct {
    const char *text, *line; // NULL: none
} lines[] = {
    {"abc", "abc"},
    {"a", "a"},
    {"abc\n", "abc"},
    {"abc\r\n", "abc"},
    {"abc\ndef\n", "abc"},
    {"", NULL},
    {"\nabc", NULL},
    {"123456789012345", "123456789012345"},
    {"1234567890123456", NULL}, // does not fit
    {"12345678901234567890", NULL},
    {"abc\n78901234567890", NULL}, // nor does this, though its line would
};

static int lowest_free(void) {
    int descriptor = dup(STDOUT_FILENO);
    close(descriptor);
    return descriptor;
}

static void check_read(const char *path, enum tv_file_outcome outcome, const char *text) {
    char *found = NULL;
    size_t length = 99;
    alarm(10); // a pipe that is waited for must not hang the tests
    enum tv_file_outcome came = tv_plain_file_read(path, WHOLE_MAX, &found, &length);
    alarm(0);
    CHECK_NUMBER(outcome, came, path);
    CHECK_TEXT(text, found, path);
    CHECK_NUMBER(text ? strlen(text) : 99, length, path);
    tv_plain_file_free(found, length);
}

static void test_lines(void) {
    int free_before = lowest_free();
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const char *text = lines[i].text;
        char line[SIZE] = "untouched";
        FILE *file = fopen(path_of("line"), "w");
        if (!file || fputs(text, file) < 0 || fclose(file) != 0)
            check_abort("no file");
        CHECK(tv_plain_file_read_line(path_of("line"), line, sizeof line) ==
                  (lines[i].line != NULL),
              text);
        CHECK_TEXT(lines[i].line ? lines[i].line : "", line, text);
        check_read(path_of("line"), TV_FILE_READ, text);
    }
    CHECK_NUMBER(free_before, lowest_free(), "no file is left open");
}

static void check_no_line(const char *path) {
    char line[SIZE] = "untouched";
    alarm(10); // a pipe that is waited for must not hang the tests
    CHECK(!tv_plain_file_read_line(path, line, sizeof line), path);
    alarm(0);
    CHECK_TEXT("", line, path);
}

static void test_others(void) {
    if (mkfifo(path_of("pipe"), 0600) != 0)
        check_abort("no pipe");
    static const char *const others[] = {"/", "/dev/null", "/dev/zero"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check_no_line(others[i]);
        check_read(others[i], TV_FILE_NOT_PLAIN, NULL);
    }
    check_no_line(path_of("pipe"));
    check_read(path_of("pipe"), TV_FILE_NOT_PLAIN, NULL);
    // Nor where somebody has written into it.
    int pipe = open(path_of("pipe"), O_RDWR);
    CHECK_NUMBER(4, write(pipe, "abc\n", 4), "written");
    check_no_line(path_of("pipe"));
    close(pipe);
    check_no_line("/nowhere");
    check_read("/nowhere", TV_FILE_UNREADABLE, NULL);
}

static void test_too_large(void) {
    FILE *file = fopen(path_of("line"), "w");
    if (!file || fputs("123456789012345678901", file) < 0 || fclose(file) != 0)
        check_abort("no file");
    check_read(path_of("line"), TV_FILE_TOO_LARGE, NULL);
}

int main(void) {
    check_make_folder(folder);
    test_lines();
    test_others();
    test_too_large();
    unlink(path_of("line"));
    unlink(path_of("pipe"));
    CHECK(rmdir(folder) == 0, "cleared up");
    return check_report("test_plain_file");
}
