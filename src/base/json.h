// SPDX-License-Identifier: MIT
// Strict JSON objects (RFC 8259) on yyjson: depth-limited, without duplicate members.
#pragma once

#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>
#include <yyjson.h>

// Most levels of objects and arrays, including the outermost.
#define TV_JSON_MAX_DEPTH 32

// Most bytes of arena that parsing a text of `length` bytes needs, without the text.
size_t tv_json_arena_size(size_t length);

// Writable bytes that must follow a text for tv_json_parse_object().
#define TV_JSON_PADDING YYJSON_PADDING_SIZE
_Static_assert(TV_JSON_PADDING >= 4, "tv_json_name_digest() reads so far");

// Parses the `length` bytes at `text` in place (they are overwritten, as are TV_JSON_PADDING bytes
// after them) and gives the object. The tree lives in `arena` and points into `text`.
// Returns `malformed`, with `subject` in the detail, for anything that is not one JSON object,
// for two members of an object, at any depth, whose names are equal after decoding (RFC 7515
// section 4, RFC 7519 section 4), and for nesting deeper than TV_JSON_MAX_DEPTH. TV_NO_MEMORY if
// the arena is smaller than tv_json_arena_size(length).
enum tv_status tv_json_parse_object(struct tv_arena *arena, char *text, size_t length,
                                    enum tv_status malformed, enum tv_subject subject,
                                    yyjson_val **object, struct tv_detail *detail);

// As tv_json_parse_object(), for a copy of the text. `*arena` gets new memory, which holds the tree
// and the copy; the caller frees it with free(), also after a failure.
enum tv_status tv_json_parse_copy(const char *text, size_t length, enum tv_status malformed,
                                  enum tv_subject subject, struct tv_arena *arena,
                                  yyjson_val **object, struct tv_detail *detail);

// "null", "boolean", "number", "string", "array" or "object"; a string constant.
const char *tv_json_type_name(yyjson_val *value);

// The bytes of a string value; empty for any other, and for NULL.
static inline struct tv_span tv_json_string(yyjson_val *value) {
    // yyjson_get_len() counts the members of arrays and objects too.
    return yyjson_is_str(value) ? (struct tv_span){yyjson_get_str(value), yyjson_get_len(value)}
                                : (struct tv_span){0};
}

// A digest of a member's name: its first eight bytes and its length. Equal names have equal
// digests. Names of the same length with equal digests begin with the same eight bytes, or are
// equal if they are shorter. `name` must be the name of a member in a tree of
// tv_json_parse_object(), never a value or another span: eight bytes are read whatever its length,
// and the shortest name is followed by at least `":0}` and TV_JSON_PADDING. Branching on the length
// would cost more than the rest of the search for duplicate members.
static inline uint64_t tv_json_name_digest(yyjson_val *name) {
    static const unsigned char masks[2 * sizeof(uint64_t)] = {255, 255, 255, 255,
                                                              255, 255, 255, 255};
    uint64_t bytes, mask;
    size_t whole = unsafe_yyjson_get_len(name);
    size_t length = whole < sizeof bytes ? whole : sizeof bytes;
    memcpy(&bytes, unsafe_yyjson_get_str(name), sizeof bytes);
    memcpy(&mask, masks + sizeof mask - length, sizeof mask); // the first `length` bytes
    return (bytes & mask) ^ whole;
}

// The member `name` of an object, or NULL.
static inline yyjson_val *tv_json_member(yyjson_val *object, struct tv_span name) {
    return yyjson_obj_getn(object, name.data, name.length);
}
