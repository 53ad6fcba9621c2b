// SPDX-License-Identifier: MIT
// What yyjson leaves to its caller: duplicate members and depth.
#include "base/json.h"

#include <stdlib.h>

// Up to so many members are compared pair by pair; more are sorted first, so that an object with
// thousands of members (which fit into a token) does not take quadratic time.
#define PAIRWISE_MEMBERS 16

// Memory for the sorted names of all objects: the shortest member, `"":0,`, takes 5 bytes.
#define NAMES_SIZE(length) ((length) / 5 * sizeof(struct tv_span))

size_t tv_json_arena_size(size_t length) {
    size_t tree = yyjson_read_max_memory_usage(length, YYJSON_READ_INSITU);
    return TV_ARENA_ROUND(tree) + TV_ARENA_ROUND(NAMES_SIZE(length));
}

const char *tv_json_type_name(yyjson_val *value) {
    switch (yyjson_get_type(value)) {
    case YYJSON_TYPE_BOOL:
        return "boolean";
    case YYJSON_TYPE_NUM:
        return "number";
    case YYJSON_TYPE_STR:
        return "string";
    case YYJSON_TYPE_ARR:
        return "array";
    case YYJSON_TYPE_OBJ:
        return "object";
    default:
        return "null";
    }
}

struct check {
    struct tv_arena *arena;
    enum tv_status malformed;
    struct tv_detail *detail;
};

static enum tv_status fail_duplicate(const struct check *check, struct tv_span name) {
    check->detail->reason = TV_REASON_DUPLICATE;
    tv_detail_set_found(check->detail, name);
    return check->malformed;
}

static int compare_names(const void *left, const void *right) {
    const struct tv_span *a = left, *b = right;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return memcmp(a->data, b->data, a->length);
}

static enum tv_status check_names_pairwise(const struct check *check, yyjson_val *object) {
    struct tv_span names[PAIRWISE_MEMBERS];
    uint64_t digests[PAIRWISE_MEMBERS];
    size_t count = 0, index, max;
    yyjson_val *name, *value;
    yyjson_obj_foreach(object, index, max, name, value) {
        struct tv_span found = {unsafe_yyjson_get_str(name), unsafe_yyjson_get_len(name)};
        uint64_t digest = tv_json_name_digest(name);
        for (size_t i = 0; i < count; i++)
            if (digests[i] == digest && tv_span_equal(names[i], found))
                return fail_duplicate(check, found);
        names[count] = found;
        digests[count++] = digest;
    }
    return TV_OK;
}

static enum tv_status check_names_sorted(const struct check *check, yyjson_val *object) {
    size_t count = yyjson_obj_size(object);
    struct tv_span *names = tv_arena_take(check->arena, count * sizeof *names);
    if (!names)
        return TV_NO_MEMORY;
    size_t index, max;
    yyjson_val *name, *value;
    yyjson_obj_foreach(object, index, max, name, value) names[index] = tv_json_string(name);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i + 1 < count; i++)
        if (tv_span_equal(names[i], names[i + 1]))
            return fail_duplicate(check, names[i]);
    return TV_OK;
}

// Of a value that is an array or object.
// NOLINTNEXTLINE(misc-no-recursion): bounded by TV_JSON_MAX_DEPTH
static enum tv_status check_container(const struct check *check, yyjson_val *value, int depth) {
    if (depth > TV_JSON_MAX_DEPTH) {
        check->detail->reason = TV_REASON_DEPTH;
        check->detail->limit = TV_JSON_MAX_DEPTH;
        return check->malformed;
    }
    size_t index, max;
    yyjson_val *name, *member;
    enum tv_status status = TV_OK;
    if (yyjson_is_arr(value)) {
        yyjson_arr_foreach(value, index, max, member) {
            if (yyjson_is_ctn(member))
                status = check_container(check, member, depth + 1);
            if (status != TV_OK)
                return status;
        }
        return TV_OK;
    }
    status = yyjson_obj_size(value) <= PAIRWISE_MEMBERS ? check_names_pairwise(check, value)
                                                        : check_names_sorted(check, value);
    if (status != TV_OK)
        return status;
    yyjson_obj_foreach(value, index, max, name, member) {
        if (yyjson_is_ctn(member))
            status = check_container(check, member, depth + 1);
        if (status != TV_OK)
            return status;
    }
    return TV_OK;
}

enum tv_status tv_json_parse_object(struct tv_arena *arena, char *text, size_t length,
                                    enum tv_status malformed, enum tv_subject subject,
                                    yyjson_val **object, struct tv_detail *detail) {
    detail->subject = subject;
    if (length == 0) {
        detail->reason = TV_REASON_EMPTY;
        return malformed;
    }
    size_t tree_size = yyjson_read_max_memory_usage(length, YYJSON_READ_INSITU);
    void *tree = tv_arena_take(arena, tree_size);
    yyjson_alc allocator;
    if (!tree || !yyjson_alc_pool_init(&allocator, tree, tree_size))
        return TV_NO_MEMORY;
    memset(text + length, 0, TV_JSON_PADDING);
    yyjson_read_err error;
    yyjson_doc *document = yyjson_read_opts(text, length, YYJSON_READ_INSITU, &allocator, &error);
    if (!document) {
        // The parser had enough memory for any valid JSON text of this length. Only a text that
        // opens many arrays or objects without closing them needs more.
        bool unclosed = error.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION;
        detail->reason = TV_REASON_JSON;
        detail->text = unclosed ? "brackets that are never closed" : error.msg;
        detail->number = (double)error.pos;
        return malformed;
    }
    yyjson_val *root = yyjson_doc_get_root(document);
    if (!yyjson_is_obj(root)) {
        detail->reason = TV_REASON_NOT_OBJECT;
        detail->text = tv_json_type_name(root);
        return malformed;
    }
    struct check check = {.arena = arena, .malformed = malformed, .detail = detail};
    enum tv_status status = check_container(&check, root, 1);
    if (status == TV_OK) {
        detail->subject = TV_SUBJECT_NONE;
        *object = root;
    }
    return status;
}

enum tv_status tv_json_parse_copy(const char *text, size_t length, enum tv_status malformed,
                                  enum tv_subject subject, struct tv_arena *arena,
                                  yyjson_val **object, struct tv_detail *detail) {
    size_t text_size = TV_ARENA_ROUND(length + TV_JSON_PADDING);
    *arena = (struct tv_arena){.size = text_size + tv_json_arena_size(length), .used = text_size};
    arena->memory = malloc(arena->size);
    if (!arena->memory)
        return TV_NO_MEMORY;
    char *copy = (char *)arena->memory;
    if (length > 0)
        memcpy(copy, text, length);
    return tv_json_parse_object(arena, copy, length, malformed, subject, object, detail);
}
