// SPDX-License-Identifier: MIT
// Verifies tokens with one library as it is told on standard input: see bench/README.md, "Workers".
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CASES_MAX 64
#define FIELDS_MAX 6
#define WARM_UP 20 // calls before those that are timed
#define FIELD_SEPARATOR "\t"

static struct {
    char name[64];
    struct peer_case with;
} cases[CASES_MAX];
static size_t case_count;

static void die(const char *what, const char *why) {
    fprintf(stderr, "worker: %s: %s\n", what, why);
    exit(1);
}

// A whole file as a string; NULL if it is not there.
static char *read_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    size_t room = 1 << 16;
    char *text = malloc(room);
    if (!text)
        die(path, "no memory");
    size_t length = fread(text, 1, room - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

static char *read_key(const char *base, const char *form) {
    char path[1024];
    snprintf(path, sizeof path, "%s.%s", base, form);
    return read_file(path);
}

static void answer(const char *word, const char *text) {
    printf("%s%s%s\n", word, *text ? FIELD_SEPARATOR : "", text);
    fflush(stdout);
}

static void load(const char *name, const char *algorithm, const char *key, const char *token) {
    if (case_count == CASES_MAX)
        die(name, "too many cases");
    struct peer_case *with = &cases[case_count].with;
    snprintf(cases[case_count].name, sizeof cases[case_count].name, "%s", name);
    with->algorithm = strdup(algorithm);
    with->secret = read_key(key, "secret");
    with->pem = read_key(key, "pem");
    with->jwk = read_key(key, "jwk");
    with->token = read_file(token);
    if (!with->token || !(with->secret || with->pem))
        die(name, "its key or token is missing");
    with->token_length = strlen(with->token);
    const char *problem = peer_load(with);
    if (problem) {
        answer("no", problem);
        return;
    }
    case_count++;
    answer("ok", "");
}

static struct peer_case *find(const char *name) {
    for (size_t i = 0; i < case_count; i++) {
        if (strcmp(cases[i].name, name) == 0)
            return &cases[i].with;
    }
    die(name, "no such case");
    return NULL;
}

static void run(const char *name, long calls) {
    struct peer_case *with = find(name);
    struct timespec start, end;
    for (long i = -WARM_UP; i < calls; i++) {
        if (i == 0)
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
        const char *problem = peer_verify(with);
        if (problem)
            die(name, problem);
    }
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    char text[32];
    double seconds = (double)(end.tv_sec - start.tv_sec);
    snprintf(text, sizeof text, "%.0f", seconds * 1e9 + (double)(end.tv_nsec - start.tv_nsec));
    answer("ok", text);
}

int main(void) {
    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        char *fields[FIELDS_MAX] = {NULL}, *rest = line;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < FIELDS_MAX; i++)
            fields[i] = strsep(&rest, FIELD_SEPARATOR);
        if (strcmp(fields[0], "version") == 0) {
            answer("ok", peer_version());
        } else if (strcmp(fields[0], "load") == 0 && fields[5]) {
            // fields[2] is the kind, of which there is one here
            load(fields[1], fields[3], fields[4], fields[5]);
        } else if (strcmp(fields[0], "once") == 0 && fields[1]) {
            const char *problem = peer_verify(find(fields[1]));
            answer(problem ? "refused" : "accepted", problem ? problem : "");
        } else if (strcmp(fields[0], "run") == 0 && fields[2]) {
            run(fields[1], atol(fields[2]));
        } else {
            die(fields[0], "not understood");
        }
    }
    return 0;
}
