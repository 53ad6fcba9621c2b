// SPDX-License-Identifier: MIT
// The room that Jitsi's page makes of a name: what is expected was computed by JavaScript.
#include "check.h"

#include "token/page_room.h"

static const struct {
    const char *part, *name;
} rooms[] = {
    {"planning", "planning"},
    {"Planning", "planning"},
    {"AZaz09-_.!~*'()", "azaz09-_.!~*'()"},
    {"my room", "my%20room"},
    {"my%20room", "my%20room"},
    {"/:?#[]@$&+,;=\"<>^`{|}\\",
     "%2f%3a%3f%23%5b%5d%40%24%26%2b%2c%3b%3d%22%3c%3e%5e%60%7b%7c%7d%5c"},
    {"R\xc3\xa4ksm\xc3\xb6rg\xc3\xa5s", "r%c3%a4ksm%c3%b6rg%c3%a5s"},
    {"R%C3%A4ksm%c3%B6rg%C3%a5s", "r%c3%a4ksm%c3%b6rg%c3%a5s"},
    {"r\xc3\xa4ksm%C3%B6rg", "r%c3%a4ksm%c3%b6rg"},
    {"Ra\xcc\x88ks", "r%c3%a4ks"},                      // composed
    {"\xd0\x92\xd1\x81", "%d0%b2%d1%81"},               // Cyrillic
    {"\xef\xbd\x86\xef\xbc\xb5ll", "full"},             // full width
    {"\xc2\xb2\xef\xac\x81ne", "2fine"},                // superscript, ligature
    {"\xe1\xba\x9e", "%c3%9f"},                         // capital sharp s
    {"\xc4\xb0stanbul", "i%cc%87stanbul"},              // I with a dot, in no language
    {"\xce\xa3\xce\x91\xce\xa3", "%cf%83%ce%b1%cf%82"}, // final sigma
    {"\xce\xa3\xce\x91\xce\xa3\xce\x91", "%cf%83%ce%b1%cf%83%ce%b1"},
    {"\xe2\x84\xa6\xe2\x84\xab", "%cf%89%c3%a5"}, // Ohm and Angstrom signs
    {"a\xc2\xa0z", "a%20z"},                      // a blank that breaks no line
    {"a\xe2\x80\x8bz", "a%e2%80%8bz"},            // a blank of no width stays
    {"\xf0\x9f\x98\x80", "%f0%9f%98%80"},
    {"%F6", "%25f6"}, // not UTF-8: nothing is decoded
    {"%41%F6", "%2541%25f6"},
    {"100%", "100%25"},
    {"a%4", "a%254"},
    {"a%4g", "a%254g"},
    {"a%g4", "a%25g4"},
    {"%/1%:1", "%25%2f1%25%3a1"}, // around the digits
    {"%1/%1:", "%251%2f%251%3a"},
    {"%@1%G1", "%25%401%25g1"},
    {"%`1%g1", "%25%601%25g1"},
    {"%g0%9f%98%80", "%25g0%259f%2598%2580"},
    {"%4f%4F%4a%4A%6", "%254f%254f%254a%254a%256"},
    {"a%", "a%25"},
    {"%ed%a0%80", "%25ed%25a0%2580"}, // a surrogate
    {"%c0%af", "%25c0%25af"},         // too long a form
    {"%2520", "%2520"},               // decoded once
    {"%00", "%00"},
    {"%41%5A%61%7a%30%39", "azaz09"},
    {"%2F%2f%3A%4a%4F%6f", "%2f%2f%3ajoo"},
};

static enum tv_status room(const char *part, size_t size, char found[TV_PAGE_ROOM_MAX],
                           size_t *length) {
    struct tv_span input = guard_copy(GUARD_TOKEN, part, size);
    return tv_page_room(input, found, length);
}

static void test_rooms(void) {
    for (size_t i = 0; i < sizeof rooms / sizeof rooms[0]; i++) {
        char name[TV_PAGE_ROOM_MAX];
        size_t length = 0;
        const char *part = rooms[i].part;
        CHECK_STATUS(TV_OK, room(part, strlen(part), name, &length), part);
        CHECK_SPAN(rooms[i].name, ((struct tv_span){name, length}), part);
        // What the page made is made of itself, too.
        char again[TV_PAGE_ROOM_MAX];
        size_t again_length = 0;
        CHECK_STATUS(TV_OK, room(name, length, again, &again_length), part);
        CHECK_SPAN(rooms[i].name, ((struct tv_span){again, again_length}), part);
    }
}

static void test_refused(void) {
    static const char *const parts[] = {"", "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\xaf", "%41\xe4"};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        char name[TV_PAGE_ROOM_MAX];
        size_t length = 77;
        CHECK_STATUS(TV_ROOM_INVALID, room(parts[i], strlen(parts[i]), name, &length), parts[i]);
        CHECK_NUMBER(77, length, parts[i]);
    }
}

// `count` times `unit`, and `tail`.
static enum tv_status repeated(const char *unit, size_t count, const char *tail, size_t *length) {
    static char part[4 * TV_PAGE_ROOM_PART_MAX], name[TV_PAGE_ROOM_MAX];
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += (size_t)sprintf(part + size, "%s", unit);
    size += (size_t)sprintf(part + size, "%s", tail);
    return room(part, size, name, length);
}

static void test_lengths(void) {
    size_t length = 0;
    CHECK_STATUS(TV_OK, repeated("a", TV_PAGE_ROOM_MAX, "", &length), "longest");
    CHECK_NUMBER(TV_PAGE_ROOM_MAX, length, "longest");
    CHECK_STATUS(TV_ROOM_INVALID, repeated("a", TV_PAGE_ROOM_MAX + 1, "", &length), "longer");
    CHECK_STATUS(TV_OK, repeated(" ", TV_PAGE_ROOM_MAX / 3, "", &length), "longest, encoded");
    CHECK_NUMBER(TV_PAGE_ROOM_MAX, length, "longest, encoded");
    CHECK_STATUS(TV_ROOM_INVALID, repeated(" ", TV_PAGE_ROOM_MAX / 3, "a", &length), "one more");
    CHECK_STATUS(TV_ROOM_INVALID, repeated(" ", TV_PAGE_ROOM_MAX / 3 - 1, "aa ", &length), "cut");
    // U+1D400, a bold A.
    CHECK_STATUS(TV_OK, repeated("%F0%9D%90%80", TV_PAGE_ROOM_MAX, "", &length), "longest part");
    CHECK_NUMBER(TV_PAGE_ROOM_MAX, length, "longest part");
    // The vowel sign is composed away: only the length of the part is too much.
    CHECK_STATUS(TV_ROOM_INVALID, repeated("%F0%9D%90%80", TV_PAGE_ROOM_MAX, "x", &length),
                 "longer");
}

int main(void) {
    test_rooms();
    test_refused();
    test_lengths();
    return check_report("test_page_room");
}
