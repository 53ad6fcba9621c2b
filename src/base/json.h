// SPDX-License-Identifier: MIT
// Strict JSON objects (RFC 8259) on yyjson: depth-limited, without duplicate members.
#pragma once

#include "base/arena.h"
#include "base/status.h"

#include <stdint.h>
#include <yyjson.h>

// Objects and arrays inside each other, the outermost counted.
#define TV_JSON_MAX_DEPTH 32

// Bytes of arena that parsing a text of `length` bytes takes, at most; the text not included.
size_t tv_json_arena_size(size_t length);

// Bytes that must follow a text, writable, for tv_json_parse_object().
#define TV_JSON_PADDING YYJSON_PADDING_SIZE
_Static_assert(TV_JSON_PADDING >= 4, "tv_json_name_digest() reads so far");

// Parses the `length` bytes at `text` in place (they are overwritten, as are TV_JSON_PADDING bytes
// after them) and gives the object. The tree lives in `arena` and points into `text`.
// Returns `malformed`, with `subject` in the detail, for anything that is not one JSON object,
// for a member that stands twice in an object at any depth once its name is decoded (RFC 7515
// section 4, RFC 7519 section 4), and for nesting beyond TV_JSON_MAX_DEPTH. TV_NO_MEMORY if the
// arena is smaller than tv_json_arena_size(length).
enum tv_status tv_json_parse_object(struct tv_arena *arena, char *text, size_t length,
                                    enum tv_status malformed, enum tv_subject subject,
                                    yyjson_val **object, struct tv_detail *detail);

// As tv_json_parse_object(), of a copy of the text: `*arena` gets memory of its own, which the
// caller frees with free() in any case. What the tree points to lies there.
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

// Eight bytes that equal names have in common; names of the same length that have them in common
// begin with the same eight bytes, or are equal if they are shorter. `name` is that of a member in
// a tree of tv_json_parse_object(), never a value or another span: eight bytes are read whatever
// its length, and behind the shortest there are at least `":0}` and TV_JSON_PADDING. A step for
// each length would cost more than the rest of looking for members that stand twice.
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
