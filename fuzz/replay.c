// SPDX-License-Identifier: MIT
// Gives the files of a corpus to a fuzz target, without a fuzzer: replay NAME FILE|FOLDER...
// A folder that is not there has no files.
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// Only some of the targets have something to prepare.
__attribute__((weak)) int LLVMFuzzerInitialize(int *argument_count, char ***arguments) {
    (void)argument_count, (void)arguments;
    return 0;
}

static struct {
    char **paths;
    size_t count;
} inputs;

static void add_file(const char *path) {
    inputs.paths = realloc(inputs.paths, (inputs.count + 1) * sizeof *inputs.paths);
    MUST(inputs.paths);
    inputs.paths[inputs.count] = strdup(path);
    MUST(inputs.paths[inputs.count++]);
}

static void add(const char *path) {
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, alphasort);
    if (count < 0 && errno == ENOTDIR)
        add_file(path);
    for (int i = 0; i < count; i++) {
        char file[4096];
        snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        if (entries[i]->d_name[0] != '.')
            add_file(file);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

static void run(const char *path) {
    FILE *file = fopen(path, "rb");
    struct stat about;
    if (!file || fstat(fileno(file), &about) != 0 || !S_ISREG(about.st_mode)) {
        fprintf(stderr, "%s cannot be read\n", path);
        exit(2);
    }
    size_t size = (size_t)about.st_size;
    uint8_t *data = fuzz_malloc(size);
    MUST(fread(data, 1, size, file) == size);
    fclose(file);
    MUST(LLVMFuzzerTestOneInput(data, size) == 0);
    free(data);
}

// In a process of its own, since a find ends it. `*at` tells how far it has come.
static int run_from(volatile size_t *at) {
    fflush(NULL);
    pid_t child = fork();
    MUST(child >= 0);
    if (child == 0) {
        LLVMFuzzerInitialize(NULL, NULL);
        for (; *at < inputs.count; ++*at)
            run(inputs.paths[*at]);
        exit(EXIT_SUCCESS); // and with it LeakSanitizer's look around
    }
    int status;
    MUST(waitpid(child, &status, 0) == child);
    return status;
}

int main(int argument_count, char **arguments) {
    if (argument_count < 3) {
        fprintf(stderr, "usage: %s NAME FILE|FOLDER...\n", arguments[0]);
        return 2;
    }
    for (int i = 2; i < argument_count; i++)
        add(arguments[i]);
    volatile size_t *at =
        mmap(NULL, sizeof *at, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    MUST(at != MAP_FAILED);
    size_t failed = 0;
    bool leaked = false;
    while (*at < inputs.count) {
        if (run_from(at) == 0)
            break;
        if (*at < inputs.count) {
            printf("FAILED: %s\n", inputs.paths[*at]);
            failed++;
            ++*at;
        } else {
            printf("FAILED: %s leaks with one of its inputs\n", arguments[1]);
            leaked = true;
        }
    }
    printf("  %s: %zu passed, %zu failed\n", arguments[1], inputs.count - failed,
           failed + (leaked ? 1 : 0));
    return failed > 0 || leaked ? EXIT_FAILURE : EXIT_SUCCESS;
}
