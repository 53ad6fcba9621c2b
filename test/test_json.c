// SPDX-License-Identifier: MIT
// JSON objects: strict, each member once, not nested too deeply, in the memory that was promised.
#include "check.h"

#include "base/json.h"

// Fifteen members: one less than are compared pair by pair.
#define TO_O                                                                                       \
    "\"a\":1,\"b\":2,\"c\":3,\"d\":4,\"e\":5,\"f\":6,\"g\":7,\"h\":8,\"i\":9,\"j\":10,\"k\":11,"   \
    "\"l\":12,"                                                                                    \
    "\"m\":13,\"n\":14,\"o\":15"

static const struct {
    const char *text;
    size_t length; // 0: strlen
    enum tv_status status;
    enum tv_reason reason;
    const char *found; // the detail's found, or its text for TV_REASON_NOT_OBJECT
} cases[] = {
    {"{}", 0, TV_OK, 0, NULL},
    {" {\t\r\n} ", 0, TV_OK, 0, NULL},
    {"{\"a\":1,\"b\":[1,2,{\"a\":3}],\"c\":{\"a\":1}}", 0, TV_OK, 0, NULL},
    {"{\"a\":[1,1,\"a\",\"a\"]}", 0, TV_OK, 0, NULL},
    {"{\"\":0}", 0, TV_OK, 0, NULL},
    {"{\"a\\u0000\":0,\"a\":1}", 0, TV_OK, 0, NULL},
    {"{\"a\":1,\"A\":2}", 0, TV_OK, 0, NULL},
    {"{\"e\":\"\\ud83d\\ude00 \xf0\x9f\x98\x80\"}", 0, TV_OK, 0, NULL},
    {"{\"e\":-0.5e-3}", 0, TV_OK, 0, NULL},

    // Not one object.
    {"", 0, TV_MALFORMED_HEADER, TV_REASON_EMPTY, NULL},
    {"null", 0, TV_MALFORMED_HEADER, TV_REASON_NOT_OBJECT, "null"},
    {"true", 0, TV_MALFORMED_HEADER, TV_REASON_NOT_OBJECT, "boolean"},
    {"17", 0, TV_MALFORMED_HEADER, TV_REASON_NOT_OBJECT, "number"},
    {"\"{}\"", 0, TV_MALFORMED_HEADER, TV_REASON_NOT_OBJECT, "string"},
    {"[{}]", 0, TV_MALFORMED_HEADER, TV_REASON_NOT_OBJECT, "array"},

    // Not JSON.
    {" ", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":1", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\\u00", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":tru", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":-", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{}{}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{} x", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{},", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":1,}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{'a':1}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{a:1}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":1/**/}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":NaN}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":Infinity}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":1e999}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":01}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":+1}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":1.}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":0x1}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"\xef\xbb\xbf{}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},           // byte order mark
    {"{\"a\":\"\xe9\"}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},         // Latin-1
    {"{\"a\":\"\xc0\xaf\"}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},     // overlong
    {"{\"a\":\"\xed\xa0\x80\"}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL}, // surrogate
    {"{\"a\":\"\\ud800\"}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":\"\\x41\"}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":\"\n\"}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL}, // raw control characters
    {"{\"a\":\"\x01\"}", 0, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{\"a\":\"\0\"}", 9, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{}\0", 3, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"{}\0{}", 5, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},
    {"\0{}", 3, TV_MALFORMED_HEADER, TV_REASON_JSON, NULL},

    // A member twice.
    {"{\"a\":1,\"a\":1}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "a"},
    {"{\"\":1,\"\":1}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, ""},
    {"{\"alg\":1,\"\\u0061lg\":1}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "alg"},
    {"{\"\\u0061\\/\":1,\"a/\":1}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "a/"},
    {"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":1}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE,
     "\xf0\x9f\x98\x80"},
    {"{\"a\":1,\"b\":2,\"c\":3,\"b\":4}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "b"},
    {"{\"x\":{\"y\":[0,{\"a\":1,\"a\":2}]}}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "a"},
    {"{\"x\":{},\"a\":1,\"a\":1,\"y\":{}}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "a"},
    {"{\"a\":{\"b\":1,\"b\":2},\"c\":3}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "b"},
    {"{" TO_O ",\"p\":16}", 0, TV_OK, 0, NULL},
    {"{" TO_O ",\"a\":16}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "a"}, // the most in pairs
    {"{" TO_O ",\"o\":16}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "o"},
    {"{" TO_O ",\"oo\":16,\"a\":17}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "a"}, // sorted
    {"{\"z\":0," TO_O ",\"a\":17}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE, "a"},
    {"{" TO_O ",\"aa\":16,\"\":17}", 0, TV_OK, 0, NULL},
    {"{" TO_O ",\"p\":16,\"q\":{\"j\":1,\"j\":2}}", 0, TV_MALFORMED_HEADER, TV_REASON_DUPLICATE,
     "j"},
    // The same length, and the same eight bytes at the beginning.
    {"{\"abcdefgh1\":0,\"abcdefgh2\":0}", 0, TV_OK, 0, NULL},
    {"{\"abcdefgh1\":0,\"abcdefgh2\":0,\"abcdefgh2\":0}", 0, TV_MALFORMED_HEADER,
     TV_REASON_DUPLICATE, "abcdefgh2"},
};

// Parses with exactly the memory the header asks for; with `short_of` bytes less if it is not 0.
static enum tv_status parse(const char *text, size_t length, size_t short_of, void **memory,
                            yyjson_val **object, struct tv_detail *detail) {
    struct tv_arena arena = {.size = tv_json_arena_size(length) - short_of};
    *memory = arena.memory = check_malloc(arena.size);
    char *copy = guard_take(GUARD_JSON, length + TV_JSON_PADDING);
    memcpy(copy, text, length);
    memset(copy + length, '}', TV_JSON_PADDING); // the parser may not rely on what stood there
    *object = NULL;
    return tv_json_parse_object(&arena, copy, length, TV_MALFORMED_HEADER, TV_SUBJECT_HEADER,
                                object, detail);
}

static void test_cases(void) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = cases[i].text;
        size_t length = cases[i].length ? cases[i].length : strlen(text);
        struct tv_detail detail = {0};
        void *memory;
        yyjson_val *object;
        CHECK_STATUS(cases[i].status, parse(text, length, 0, &memory, &object, &detail), text);
        CHECK_NUMBER(cases[i].reason, detail.reason, text);
        CHECK((cases[i].status == TV_OK) == (object != NULL), text);
        CHECK_TEXT(cases[i].status == TV_OK ? NULL : "header", tv_subject_name(detail.subject),
                   text);
        if (cases[i].reason == TV_REASON_NOT_OBJECT)
            CHECK_TEXT(cases[i].found, detail.text, text);
        else
            CHECK_SPAN(cases[i].found, tv_excerpt_span(&detail.found), text);
        if (cases[i].reason == TV_REASON_JSON)
            CHECK(detail.text && detail.text[0] && detail.number <= (double)length, text);
        free(memory);
    }
}

static void test_depth(void) {
    static const struct {
        const char *open, *close;
    } kinds[] = {{"[", "]"}, {"{\"a\":", "}"}, {"{\"a\":[", "]}"}};
    static const char *const innermost[] = {"{}", "{\"b\":1}", "[1]"};
    for (size_t kind = 0; kind < 3 * sizeof kinds / sizeof kinds[0]; kind++) {
        for (size_t depth = 31; depth <= 33; depth++) {
            char text[1024] = "{\"x\":", name[64];
            size_t levels = strlen(kinds[kind / 3].close);
            size_t pairs = (depth - 1) / levels;
            for (size_t i = 0; i < pairs; i++)
                strcat(text, kinds[kind / 3].open);
            strcat(text, innermost[kind % 3]); // one more level
            for (size_t i = 0; i < pairs; i++)
                strcat(text, kinds[kind / 3].close);
            strcat(text, "}");
            size_t nested = 1 + pairs * levels + 1;
            snprintf(name, sizeof name, "%zu levels of %s", nested, kinds[kind / 3].open);
            struct tv_detail detail = {0};
            void *memory;
            yyjson_val *object;
            CHECK_STATUS(nested <= 32 ? TV_OK : TV_MALFORMED_HEADER,
                         parse(text, strlen(text), 0, &memory, &object, &detail), name);
            CHECK_NUMBER(nested <= 32 ? TV_REASON_NONE : TV_REASON_DEPTH, detail.reason, name);
            CHECK_NUMBER(nested <= 32 ? 0 : TV_JSON_MAX_DEPTH, detail.limit, name);
            free(memory);
        }
    }
    CHECK_NUMBER(32, TV_JSON_MAX_DEPTH, "depth");
}

// Shapes that take the most memory for their length, each as long as a token can be.
static void test_memory(void) {
    enum { SIZE = 16 * 1024 };
    static const struct {
        const char *name, *start, *repeat, *end;
        enum tv_status status;
    } shapes[] = {
        {"brackets", "{\"a\":", "[", "", TV_MALFORMED_HEADER},
        {"empty arrays", "{\"a\":[0", ",[]", "]}", TV_OK},
        {"digits", "{\"a\":[0", ",1", "]}", TV_OK},
        {"empty names", "{\"a\":0", ",\"\":0", "}", TV_MALFORMED_HEADER},
        {"empty objects", "{\"a\":[0", ",{}", "]}", TV_OK},
        {"one string", "{\"a\":\"", "a", "\"}", TV_OK},
        {"escapes", "{\"a\":\"", "\\u0041", "\"}", TV_OK},
        {"white space", "{", " ", "}", TV_OK},
        {"brackets and others", "{\"a\":[0", ",[[]]", "]}", TV_OK},
    };
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        char *text = check_malloc(SIZE + 1);
        size_t length = (size_t)sprintf(text, "%s", shapes[i].start);
        size_t step = strlen(shapes[i].repeat), end = strlen(shapes[i].end);
        for (; length + step + end <= SIZE; length += step)
            memcpy(text + length, shapes[i].repeat, step);
        memcpy(text + length, shapes[i].end, end + 1);
        length += end;
        struct tv_detail detail = {0};
        void *memory;
        yyjson_val *object;
        CHECK_STATUS(shapes[i].status, parse(text, length, 0, &memory, &object, &detail),
                     shapes[i].name);
        free(memory);
        free(text);
    }
}

// Thousands of members, all distinct, then one twice: sorted, in the memory promised.
static void test_many_members(void) {
    for (int twice = 0; twice <= 1; twice++) {
        char *text = check_malloc(64 * 1024);
        size_t length = (size_t)sprintf(text, "{");
        for (int i = 0; i < 3000; i++)
            length += (size_t)sprintf(text + length, "\"%x\":0,", i * 7919 % 3000);
        length += (size_t)sprintf(text + length, twice ? "\"3e8\":1}" : "\"z\":1}");
        struct tv_detail detail = {0};
        void *memory;
        yyjson_val *object;
        CHECK_STATUS(twice ? TV_MALFORMED_HEADER : TV_OK,
                     parse(text, length, 0, &memory, &object, &detail), "3000 members");
        CHECK_SPAN(twice ? "3e8" : "", tv_excerpt_span(&detail.found), "3000 members");
        free(memory);
        free(text);
    }
}

// Puts so many members of other names in front.
static size_t begin_object(char *text, int others) {
    size_t length = (size_t)sprintf(text, "{");
    for (int i = 0; i < others; i++)
        length += (size_t)sprintf(text + length, "\"%c\":0,", 'A' + i);
    return length;
}

// With the dozen below: few members, the most that are compared pair by pair, and more.
static const int others[] = {0, 4, 5, 20};

#define OTHERS (sizeof others / sizeof others[0])

static void check_twice(const char *text, size_t length, const char *name) {
    struct tv_detail detail = {0};
    void *memory;
    yyjson_val *object;
    CHECK_STATUS(TV_MALFORMED_HEADER, parse(text, length, 0, &memory, &object, &detail), text);
    CHECK_SPAN(name, tv_excerpt_span(&detail.found), text);
    free(memory);
}

// Of a dozen names of mixed lengths each pair in turn is the same: in whatever order, and however
// many there are.
static void test_every_pair(void) {
    static const char *const names[] = {"a",  "bbb", "cc", "d", "eee", "ff",
                                        "gg", "h",   "ii", "j", "kkk", "l"};
    enum { COUNT = sizeof names / sizeof names[0] };
    for (size_t o = 0; o < OTHERS; o++)
        for (int first = 0; first < COUNT; first++)
            for (int second = first + 1; second < COUNT; second++) {
                char text[512];
                size_t length = begin_object(text, others[o]);
                for (int i = 0; i < COUNT; i++)
                    length += (size_t)sprintf(text + length, "%s\"%s\":0", i ? "," : "",
                                              names[i == second ? first : i]);
                length += (size_t)sprintf(text + length, "}");
                check_twice(text, length, names[first]);
            }
}

// Names that begin with each other, the longest first: only their lengths tell them apart.
static void test_every_prefix(void) {
    static const char longest[] = "aaaaaaaaaaaa";
    enum { COUNT = sizeof longest - 1 };
    for (size_t o = 0; o < OTHERS; o++)
        for (int twice = 1; twice <= COUNT; twice++) {
            char text[512];
            size_t length = begin_object(text, others[o]);
            length += (size_t)sprintf(text + length, "\"%.*s\":0", twice, longest);
            for (int i = COUNT; i > 0; i--)
                length += (size_t)sprintf(text + length, ",\"%.*s\":0", i, longest);
            length += (size_t)sprintf(text + length, "}");
            check_twice(text, length, longest + COUNT - twice);
        }
}

// What the sentence about broken JSON is made of.
static void test_position(void) {
    static const char broken[] = "{\"a\":1 x";
    char unclosed[1024] = "{\"a\":";
    memset(unclosed + 5, '[', 900);
    struct tv_detail detail = {0};
    void *memory;
    yyjson_val *object;
    CHECK_STATUS(TV_MALFORMED_HEADER, parse(broken, strlen(broken), 0, &memory, &object, &detail),
                 broken);
    CHECK_NUMBER(7, detail.number, broken);
    CHECK(strcmp(detail.text, "brackets that are never closed") != 0, broken);
    free(memory);
    CHECK_STATUS(TV_MALFORMED_HEADER,
                 parse(unclosed, strlen(unclosed), 0, &memory, &object, &detail), "unclosed");
    CHECK_TEXT("brackets that are never closed", detail.text, "unclosed");
    free(memory);
    memset(unclosed + 5 + 450, ']', 450);
    strcpy(unclosed + 5 + 900, "}");
    CHECK_STATUS(TV_MALFORMED_HEADER,
                 parse(unclosed, strlen(unclosed), 0, &memory, &object, &detail), "closed");
    CHECK_NUMBER(TV_REASON_DEPTH, detail.reason, "closed");
    free(memory);
}

// An arena that is too small is said to be, and nothing is written past its end.
static void test_small_arena(void) {
    static const char text[] = "{" TO_O ",\"p\":16,\"q\":[[],[]]}";
    size_t length = sizeof text - 1, size = tv_json_arena_size(length);
    enum tv_status last = TV_NO_MEMORY;
    bool turned_once = true;
    for (size_t less = 1; less <= size; less++) {
        size_t short_of = size - less;
        struct tv_detail detail = {0};
        void *memory;
        yyjson_val *object;
        enum tv_status status = parse(text, length, short_of, &memory, &object, &detail);
        free(memory);
        turned_once = turned_once && (status == last || (status == TV_OK && last == TV_NO_MEMORY));
        last = status;
    }
    CHECK(turned_once, "no memory until there is enough");
    CHECK_STATUS(TV_OK, last, "exactly the memory promised");
}

// Nor is a member that stands twice ever missed for want of memory.
static void test_small_arena_twice(void) {
    static const char text[] = "{" TO_O ",\"p\":16,\"a\":17}";
    size_t accepted = 0;
    for (size_t size = tv_json_arena_size(sizeof text - 1); size > 0; size--) {
        struct tv_detail detail = {0};
        void *memory;
        yyjson_val *object;
        accepted += parse(text, sizeof text - 1, size, &memory, &object, &detail) == TV_OK;
        free(memory);
    }
    CHECK_NUMBER(0, accepted, "a member twice");
}

static void test_copies(void) {
    static const struct {
        const char *text;
        size_t length;
        enum tv_status status;
        enum tv_reason reason;
    } copies[] = {
        {NULL, 0, TV_MALFORMED_KEY, TV_REASON_EMPTY},
        {"7", 1, TV_MALFORMED_KEY, TV_REASON_NOT_OBJECT},
        {"{}", 2, TV_OK, TV_REASON_NONE},
    };
    for (size_t i = 0; i < sizeof copies / sizeof copies[0]; i++) {
        struct tv_detail detail = {0};
        struct tv_arena arena;
        yyjson_val *object = NULL;
        CHECK_STATUS(copies[i].status,
                     tv_json_parse_copy(copies[i].text, copies[i].length, TV_MALFORMED_KEY,
                                        TV_SUBJECT_JWK, &arena, &object, &detail),
                     "copy");
        CHECK_NUMBER(copies[i].reason, detail.reason, "copy");
        CHECK((object != NULL) == (copies[i].status == TV_OK), "copy");
        free(arena.memory);
    }
}

static void test_access(void) {
    struct tv_detail detail = {0};
    void *memory;
    yyjson_val *object;
    static const char text[] = "{\"a\\u0000b\":1,\"a\":\"x\\u0000y\",\"n\":null}";
    CHECK_STATUS(TV_OK, parse(text, sizeof text - 1, 0, &memory, &object, &detail), text);
    struct tv_span found = tv_json_string(tv_json_member(object, TV_SPAN("a")));
    CHECK(tv_span_equal(found, TV_SPAN("x\0y")), "a string with NUL");
    CHECK(yyjson_get_int(tv_json_member(object, TV_SPAN("a\0b"))) == 1, "a name with NUL");
    CHECK(!tv_json_member(object, TV_SPAN("A")), "names have case");
    CHECK(!tv_json_member(object, TV_SPAN("")), "no such name");
    CHECK_TEXT("null", tv_json_type_name(tv_json_member(object, TV_SPAN("n"))), "null");
    CHECK_TEXT("object", tv_json_type_name(object), "object");
    found = tv_json_string(object); // three members, which are no length of bytes
    CHECK(!found.data && found.length == 0, "no string");
    found = tv_json_string(NULL);
    CHECK(!found.data && found.length == 0, "no value");
    free(memory);
}

static uint64_t digest_at(const char *name, size_t length) {
    yyjson_val value = {.tag = (uint64_t)length << YYJSON_TAG_BIT | YYJSON_TYPE_STR,
                        .uni.str = name};
    return tv_json_name_digest(&value);
}

// Of a name with just so much behind it as the shortest document has.
static uint64_t digest_of(const char *name, size_t length) {
    static const char rest[] = "\":0}";
    char *copy = guard_take(GUARD_JSON, length + sizeof rest - 1 + TV_JSON_PADDING);
    memcpy(copy, name, length);
    memcpy(copy + length, rest, sizeof rest - 1);
    memset(copy + length + sizeof rest - 1, 0, TV_JSON_PADDING);
    return digest_at(copy, length);
}

// Names of one length, whose first eight bytes are zeros but for one bit, ones but for one, or
// either alone: no two have the same digest, and what stands behind a name is not in it.
static void check_digests(size_t length) {
    uint64_t digests[2 * (8 * 8 + 1)];
    size_t count = 0, equal = 0, bits = 8 * (length < 8 ? length : 8);
    for (int base = 0; base <= 0xff; base += 0xff)
        for (size_t bit = 0; bit <= bits; bit++) {
            char name[20];
            memset(name, base, sizeof name);
            if (bit < bits)
                name[bit / 8] = (char)(name[bit / 8] ^ 1 << bit % 8);
            digests[count] = digest_of(name, length);
            char other[sizeof name + 8];
            memset(other, 'x', sizeof other);
            memcpy(other, name, length);
            equal += digest_at(other, length) != digests[count++];
        }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < i; j++)
            equal += digests[i] == digests[j];
    check_that(equal == 0, __FILE__, __LINE__, "%zu pairs of names of %zu bytes", equal, length);
}

static void test_digests(void) {
    for (size_t length = 1; length <= 20; length++)
        check_digests(length);
    CHECK(digest_at("xxxxxxxx", 8) != digest_of("", 0), "no name");
    CHECK(digest_at("xxxxxxxx", 0) == digest_of("", 0), "no name");
}

int main(void) {
    test_cases();
    test_depth();
    test_memory();
    test_many_members();
    test_every_pair();
    test_every_prefix();
    test_position();
    test_small_arena();
    test_small_arena_twice();
    test_copies();
    test_access();
    test_digests();
    return check_report("test_json");
}
