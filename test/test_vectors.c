// SPDX-License-Identifier: MIT
// Runs the vectors that are raw bytes: signatures over bytes, and texts that are to be keys.
//
//     test_vectors [FILE...]       one case a line, as test/vectors/README.md has it
#include "check.h"

#include "base/json.h"
#include "keys/key.h"
#include "keys/signature.h"

#include <glob.h>

// Texts that lines define, by the names that later lines of the same file use.
struct text {
    char *name;
    char *bytes;
    size_t length;
};

static struct {
    struct text *texts;
    size_t count;
} defined;

// What was counted, by the class of the case.
#define CLASSES_MAX 256

static struct {
    char *name;
    int passed, failed;
} classes[CLASSES_MAX];

static struct tv_span string_of(yyjson_val *line, const char *name) {
    yyjson_val *value = yyjson_obj_get(line, name);
    if (!yyjson_is_str(value))
        check_abort("a line has no string \"%s\"", name);
    return tv_json_string(value);
}

// The bytes of a string of hexadecimal digits, which the caller frees.
static char *bytes_of(yyjson_val *line, const char *name, size_t *length) {
    struct tv_span text = string_of(line, name);
    char *bytes = check_malloc(text.length / 2);
    for (size_t i = 0; i < text.length; i += 2) {
        int byte = i + 1 < text.length ? tv_hex_byte(text.data + i) : -1;
        if (byte < 0)
            check_abort("\"%s\" of a line is not hexadecimal", name);
        bytes[i / 2] = (char)byte;
    }
    *length = text.length / 2;
    return bytes;
}

// Definitions

static void define(yyjson_val *line) {
    struct text text = {0};
    struct tv_span name = string_of(line, "define");
    text.name = strndup(name.data, name.length);
    if (yyjson_obj_get(line, "hex")) {
        text.bytes = bytes_of(line, "hex", &text.length);
    } else {
        struct tv_span found = string_of(line, "text");
        text.bytes = check_malloc(found.length);
        memcpy(text.bytes, found.data, found.length);
        text.length = found.length;
    }
    struct text *texts = realloc(defined.texts, (defined.count + 1) * sizeof *texts);
    if (!texts || !text.name)
        check_abort("no memory");
    texts[defined.count++] = text;
    defined.texts = texts;
}

static const struct text *text_of(struct tv_span name) {
    for (size_t i = defined.count; i > 0; i--)
        if (tv_span_equal(tv_span_of(defined.texts[i - 1].name), name))
            return &defined.texts[i - 1];
    check_abort("\"%.*s\" is not defined before it is used", (int)name.length, name.data);
}

static void forget_definitions(void) {
    for (size_t i = 0; i < defined.count; i++) {
        free(defined.texts[i].name);
        free(defined.texts[i].bytes);
    }
    free(defined.texts);
    memset(&defined, 0, sizeof defined);
}

// Cases

// The key that a line names, loaded as one.
static enum tv_status load(yyjson_val *line, struct tv_key **key) {
    bool secret = yyjson_obj_get(line, "secret") != NULL;
    const struct text *text = text_of(string_of(line, secret ? "secret" : "key"));
    struct tv_span copy = guard_copy(GUARD_KEY, text->bytes, text->length);
    struct tv_detail detail = {0};
    return secret ? tv_key_from_secret(copy.data, copy.length, key, &detail)
                  : tv_key_load(copy.data, copy.length, key, &detail);
}

// "refused" is any answer but "ok" that checks what was given.
static bool expected_is(struct tv_span expected, enum tv_status found) {
    if (tv_span_equal(expected, TV_SPAN("refused")))
        return found != TV_OK && found != TV_CRYPTO_FAILURE && found != TV_NO_MEMORY;
    return tv_span_equal(expected, tv_span_of(tv_status_code(found)));
}

static enum tv_status verify(const struct tv_algorithm *algorithm, const struct tv_key *key,
                             struct tv_span input, const char *signature, size_t length) {
    struct tv_span copy = guard_copy(GUARD_OUTPUT, signature, length);
    struct tv_detail detail = {0};
    return tv_signature_verify(algorithm, key, input, (const unsigned char *)copy.data, copy.length,
                               &detail);
}

// What holds must not hold any more with a bit turned, a byte less, or a byte more at either end.
// Not the last bit: where s is half of an ECDSA curve's order, that makes -s, which holds too.
static bool spoiled_fails(const struct tv_algorithm *algorithm, const struct tv_key *key,
                          struct tv_span input, const char *signature, size_t length) {
    char *changed = check_malloc(length + 2);
    size_t accepted = 0;
    memcpy(changed, signature, length);
    changed[length - 1] ^= 2;
    accepted += verify(algorithm, key, input, changed, length) == TV_OK;
    memcpy(changed, signature, length);
    changed[0] ^= 1;
    accepted += verify(algorithm, key, input, changed, length) == TV_OK;
    changed[0] = changed[length + 1] = 0;
    memcpy(changed + 1, signature, length);
    accepted += verify(algorithm, key, input, changed, length + 1) == TV_OK;
    accepted += verify(algorithm, key, input, changed + 1, length + 1) == TV_OK;
    accepted += verify(algorithm, key, input, signature, length - 1) == TV_OK;
    accepted += verify(algorithm, key, input, signature + 1, length - 1) == TV_OK;
    accepted += verify(algorithm, key, input, signature, 0) == TV_OK;
    free(changed);
    return accepted == 0;
}

static enum tv_status check_signature(yyjson_val *line, const struct tv_key *key, bool *spoiled) {
    struct tv_span name = string_of(line, "algorithm");
    const struct tv_algorithm *algorithm = tv_algorithm_find(name);
    if (!algorithm)
        check_abort("there is no algorithm %.*s", (int)name.length, name.data);
    size_t input_length, length;
    char *input = bytes_of(line, "input", &input_length);
    char *signature = bytes_of(line, "signature", &length);
    struct tv_span copy = guard_copy(GUARD_TOKEN, input, input_length);
    enum tv_status status = verify(algorithm, key, copy, signature, length);
    if (status == TV_OK && length > 0)
        *spoiled = spoiled_fails(algorithm, key, copy, signature, length);
    free(signature);
    free(input);
    return status;
}

// What the key is, where the line says so.
static bool is_as_said(yyjson_val *line, const struct tv_key *key) {
    yyjson_val *thumbprint = yyjson_obj_get(line, "thumbprint");
    if (!thumbprint)
        return true;
    char *text = NULL;
    size_t length = 0;
    bool same = tv_key_thumbprint(key, &text, &length) == TV_OK &&
                tv_span_equal((struct tv_span){text, length}, tv_json_string(thumbprint));
    free(text);
    return same;
}

static void count(struct tv_span class_name, bool passed) {
    size_t i = 0;
    while (i < CLASSES_MAX && classes[i].name &&
           !tv_span_equal(tv_span_of(classes[i].name), class_name))
        i++;
    if (i == CLASSES_MAX)
        check_abort("too many classes");
    if (!classes[i].name)
        classes[i].name = strndup(class_name.data, class_name.length);
    *(passed ? &classes[i].passed : &classes[i].failed) += 1;
}

static void run(yyjson_val *line, const char *path, int number) {
    struct tv_span name = string_of(line, "name"), expected = string_of(line, "code");
    struct tv_key *key = NULL;
    bool spoiled = true, as_said = true;
    string_of(line, "source");
    enum tv_status status = load(line, &key);
    if (status == TV_OK)
        as_said = is_as_said(line, key);
    if (status == TV_OK && yyjson_obj_get(line, "algorithm"))
        status = check_signature(line, key, &spoiled);
    tv_key_free(key);
    bool passed = check_that(expected_is(expected, status), path, number, "%.*s: %s, not %.*s",
                             (int)name.length, name.data, tv_status_code(status),
                             (int)expected.length, expected.data);
    passed &= spoiled && as_said;
    if (!spoiled)
        check_that(false, path, number, "%.*s: holds when it is spoiled", (int)name.length,
                   name.data);
    if (!as_said)
        check_that(false, path, number, "%.*s: another thumbprint", (int)name.length, name.data);
    count(string_of(line, "class"), passed);
}

static void run_file(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        check_abort("%s cannot be read", path);
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    int before = checks.passed + checks.failed;
    for (int number = 1; (length = getline(&line, &size, file)) > 0; number++) {
        yyjson_doc *document = yyjson_read(line, (size_t)length, 0);
        yyjson_val *root = yyjson_doc_get_root(document);
        if (!yyjson_is_obj(root))
            check_abort("%s:%d: no JSON object", path, number);
        if (yyjson_obj_get(root, "define"))
            define(root);
        else
            run(root, path, number);
        yyjson_doc_free(document);
    }
    free(line);
    fclose(file);
    forget_definitions();
    check_that(checks.passed + checks.failed > before, path, 1, "no cases");
}

int main(int argc, char **argv) {
    glob_t found = {0};
    int flags = 0;
    for (int i = 1; i < argc; i++, flags = GLOB_APPEND)
        glob(argv[i], flags | GLOB_NOCHECK, NULL, &found);
    if (argc == 1 && (glob("test/vectors/raw/*.jsonl", 0, NULL, &found) != 0 ||
                      glob("test/vectors/published/*.jsonl", GLOB_APPEND, NULL, &found) != 0))
        check_abort("there are no vectors (the tests run in the project's top folder)");
    for (size_t i = 0; i < found.gl_pathc; i++)
        run_file(found.gl_pathv[i]);
    globfree(&found);
    for (size_t i = 0; i < CLASSES_MAX && classes[i].name; i++) {
        printf("  %-44s %5d right, %d wrong\n", classes[i].name, classes[i].passed,
               classes[i].failed);
        free(classes[i].name);
    }
    return check_report("vectors");
}
