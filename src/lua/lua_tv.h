// SPDX-License-Identifier: MIT
// The declarations that the files of the Lua binding share.
#pragma once

#include "base/arena.h"
#include "base/setting.h"
#include "base/status.h"
#include "keys/key.h"
#include "store/keystore.h"
#include "token/verify.h"

#include <lauxlib.h>
#include <lua.h>

// Declared again because Lua's own declaration does not say that it never returns.
int luaL_error(lua_State *L, const char *format, ...) __attribute__((noreturn));

// Every function of the module has the module's state as its first upvalue, a method has the
// metatable of its type as the second.
#define STATE_INDEX lua_upvalueindex(1)
#define TYPE_INDEX lua_upvalueindex(2)

// Its user values.
enum {
    STATE_SECRETS = 1, // keys by secret
    STATE_KEYS,        // keys by text
    STATE_STORES,      // stores that options named, by their numbers
    STATE_NAMES,       // names of members of JSON objects; see lua_json.c
    STATE_VERIFY,      // options table of verify() -> its verifier, or true after the first use
    STATE_VERIFY_JWS,  // likewise of verify_jws(); see lua_remember.c
};
#define STATE_VALUES STATE_VERIFY_JWS // how many there are

// lua_state.c
void push_empty_state(lua_State *L);

// Registers a metatable with these methods and metamethods, and the module's state (on top of the
// stack, popped) and the metatable as their upvalues.
void new_type(lua_State *L, const char *name, const luaL_Reg *methods, const luaL_Reg *metamethods);

// As luaL_checkudata() for the first argument, in a method of the type `name`; faster, because it
// does not look the type up by its name.
void *check_self(lua_State *L, const char *name);

// Pushes the number, as a Lua integer if it is one.
void push_double(lua_State *L, double number);

// Set a field of the table on top of the stack; with a NULL text they do nothing.
void set_span(lua_State *L, const char *name, struct tv_span text);
void set_text(lua_State *L, const char *name, const char *text);
void set_number(lua_State *L, const char *name, double number);

// Makes room on the stack for `count` more values. Nesting is bounded, so only lack of memory can
// prevent that, and then it raises that error.
void need_stack(lua_State *L, int count);

// Pushes a table whose __mode is `mode`, "k" or "v".
void push_weak_table(lua_State *L, const char *mode);

// Pushes an empty box, and returns its place. A pointer put there is released when the box is
// emptied or collected, so it does not leak if Lua raises an error. `release` may get NULL. Push
// the box before you acquire what it is to hold, because pushing may itself raise an error.
void **push_box(lua_State *L, void (*release)(void *held));
void empty_box(lua_State *L, int index);

// Keeps the value on top of the stack alive as long as the userdata at `index`, whose first user
// value is a table for that, and pops it.
void anchor(lua_State *L, int index);

// An arena of at least `size` bytes. It is the module's kept block, or garbage-collected memory
// pushed onto the stack; exactly one value is pushed either way. Ends with arena_release().
struct tv_arena arena_acquire(lua_State *L, size_t size);
void arena_release(lua_State *L, const struct tv_arena *arena);

// The string argument `index`, or an error that names it; numbers are not converted.
struct tv_span check_span(lua_State *L, int index);

// lua_failure.c: pushes nil, message, code and returns 3; for TV_NO_MEMORY it raises an error.
// push_message() pushes the message only. No other function makes messages of failures.
int push_failure(lua_State *L, enum tv_status status, const struct tv_detail *detail);
void push_message(lua_State *L, enum tv_status status, const struct tv_detail *detail);
#define LISTED_MAX 8 // accepted values that a message lists

// lua_facts.c: as push_failure(). With `facts` it also pushes the table of facts and returns 4.
int push_failure_with(lua_State *L, enum tv_status status, const struct tv_detail *detail,
                      bool facts);
void push_facts(lua_State *L, enum tv_status status, const struct tv_detail *detail); // the table

// lua_json.c: pushes a JSON value as a Lua value (RFC 8259); null is the light userdata NULL. With
// `trusted`, for what has a valid signature, names of members are kept for the next value.
void push_json(lua_State *L, yyjson_val *value, bool trusted);
void push_names(lua_State *L); // pushes the table for the names, empty
// Pushes the table of a text that is a JSON object, as tv_json_parse_object() reads it; what is
// then below it is undefined. The text must stay alive. Returns the status of that function.
enum tv_status push_object(lua_State *L, struct tv_span text, enum tv_status malformed,
                           enum tv_subject subject, struct tv_detail *detail);

// lua_json_text.c: pushes the JSON text of the table at `index`. Values that push_json() made get
// their JSON types back. Returns `malformed`, with `subject` in the detail, for a value that JSON
// does not have; what is then on top of the stack is undefined.
enum tv_status push_json_text(lua_State *L, int index, enum tv_status malformed,
                              enum tv_subject subject, struct tv_detail *detail);
// Metatable that marks an empty array; without it an empty table becomes an object.
#define EMPTY_ARRAY "token_verifier.empty_array"

// lua_key.c
#define KEY_TYPE "token_verifier.key"
void register_key(lua_State *L);
// Pushes a key object with a new reference. The caller must hold a reference during the call: it
// allocates first, and finalizers may run.
void push_key(lua_State *L, struct tv_key *key);
// Pushes a key object without key; the caller must put a reference into the returned place.
struct tv_key **push_empty_key(lua_State *L);
// Pushes the text that `make` makes of the key; `release` frees it.
enum tv_status push_key_text(lua_State *L, const struct tv_key *key,
                             enum tv_status (*make)(const struct tv_key *, char **, size_t *),
                             void (*release)(void *text));
struct tv_key *test_key(lua_State *L, int index); // borrowed, or NULL if it is no key object
// A warning about a key.
#define CERTIFICATE_DIFFERS                                                                        \
    "its JWK has a certificate of another key in \"x5c\"; only \"n\", \"e\" or the point is used"
int l_key(lua_State *L);
int l_key_file_name(lua_State *L);

// lua_keystore.c
#define KEYSTORE_TYPE "token_verifier.keystore"
void register_keystore(lua_State *L);
struct tv_keystore *check_keystore(lua_State *L, int index); // borrowed; raises on a closed one
const void *open_store(lua_State *L, int index); // its address, or NULL if it is no open store
int l_keystore(lua_State *L);
// Opens a store as the options table at `table` says, and pushes its handle on top. Other values
// may be left below it.
enum tv_status push_keystore(lua_State *L, int table, struct tv_detail *detail);
// Pushes a handle of the store: the latest one that is still open, or a new one.
void push_store(lua_State *L, struct tv_keystore *store);
int l_stores(lua_State *L);

// lua_wait.c
int l_pollfd(lua_State *L);
int l_events(lua_State *L);
int l_timeout(lua_State *L);

// Whether a call without the option `wait` may wait for a key: until pollfd() has been called.
bool may_wait_by_default(void);

// As tv_keystore_get(). With `wait` it waits for the fetch, at most for the store's wait limit.
enum tv_status get_key(struct tv_keystore *store, const struct tv_key_request *request, bool wait,
                       struct tv_key **key, struct tv_detail *detail);

// lua_step.c
int l_step(lua_State *L);

// lua_options.c: reads options tables. Each function raises an error that names the option if its
// value does not fit its row.

// An array of rows. Each row begins with a struct tv_setting and has `stride` bytes.
struct option_table {
    const struct tv_setting *rows;
    size_t count, stride;
};
// For initializers: all rows of an array.
#define ROWS_OF(array)                                                                             \
    .rows = (array), .count = sizeof(array) / sizeof(array)[0], .stride = sizeof(array)[0]
const struct tv_setting *option_at(const struct option_table *table, size_t index);

// The option of that name, or NULL if none of `tables` has it or, with `jws`, verify_jws() does
// not.
const struct tv_setting *find_option(const struct option_table *tables, struct tv_span name,
                                     bool jws);

// Pushes the field, read raw, and returns its type.
int get_option(lua_State *L, int table, const char *name);
// Stores one option in its member, if the table has it. The value read stays on the stack.
void read_field(lua_State *L, int table, const struct tv_setting *setting, void *target);
// Stores the options of the table in the members of `*target`; an absent option leaves its member
// unchanged. Raises an error on a name that is in none of `tables` (the last one has no rows) or,
// with `jws`, that verify_jws() does not have. Each string that was read stays on the stack,
// because a finalizer may remove it from the table at any time.
void read_options(lua_State *L, int table, const struct option_table *tables, bool jws,
                  void *target);
// Reads the options table at `index` of a function whose one option is `detail`; false if there is
// none.
bool read_detail(lua_State *L, int index);
// For initializers: the row of that option, for a struct with a member of that name.
#define DETAIL_TEXT "a failure returns a fourth value: [its facts](#facts-of-a-failure)"
#define DETAIL_OPTION(type)                                                                        \
    TV_OPTION("detail"), .kind = TV_SETTING_BOOLEAN, TV_MEMBER(type, detail), .text = DETAIL_TEXT
// Stores the defaults of numbers in the members of `*target`.
void set_defaults(const struct option_table *tables, void *target);
// Raises an error: the option `name` is not what is `expected`.
void wrong_type(lua_State *L, int index, const char *name, const char *expected)
    __attribute__((noreturn));

// lua_keystore.c: the tables of what keystore() takes: sources, and settings.
#define STORE_TABLES 4
void get_store_tables(struct option_table tables[STORE_TABLES]);
// The table of sources, for a verifier too.
struct option_table source_table(void);

// A list of strings. Their memory is one userdata, which push_list() pushes.
struct string_list {
    const struct tv_span *values;
    size_t count;
};
// Copies a list of strings from the table at `index`, so that the table may change later. With
// `or_one`, a single string is a list of one.
void push_list(lua_State *L, int index, const char *name, bool or_one, struct string_list *list);

// A store of keys, and the issuers that it may speak for (not configured: those of the policy).
struct source {
    struct tv_keystore *store;
    struct tv_accepted issuers;
};

// What one call asks for.
struct call {
    struct tv_span token;
    struct tv_span room;   // data NULL: none asked for
    struct tv_span client; // address, or empty
    double now_s;          // NaN: the clock's
    bool detail;           // a failure also gives its facts
};

// The settings of new() and verify().
struct verifier {
    struct call call; // defaults for calls, given to new(). First, for call_table()
    struct tv_policy policy;
    struct tv_key *key;     // or NULL
    struct source *sources; // asked in their order if there is no key
    size_t source_count, source_room;
    bool bound; // sources are bound to issuers: the kid is looked up in all of them
    struct tv_accepted bound_issuers; // the issuers of all these sources
    bool allow_missing_kid;
    bool strict_secrets;
    struct tv_detail short_secret; // with a reason: the secret is too short for that algorithm
    bool wait, wait_given;
};

// lua_key_source.c: the tables of the options that say where keys come from.
#define KEY_TABLES 2
void get_key_tables(struct option_table tables[KEY_TABLES]);
// Pushes the value of the one of these options that the table has, and returns its name.
const char *push_key_source(lua_State *L, int table);
// Reads that value, on top of the stack, into the verifier at `verifier_index`: its key, or its
// sources, and the issuers of providers as accepted ones.
enum tv_status read_key_source(lua_State *L, const char *source, int verifier_index,
                               struct verifier *verifier, struct tv_detail *detail);

// lua_verifier_options.c: reads the options table at `index` into `verifier`, which is the zeroed
// userdata on top of the stack. That userdata's first user value, a table, keeps alive what it
// points to. Misuse raises an error; a key that cannot be used gives its status and detail.
enum tv_status read_verifier_options(lua_State *L, int index, struct verifier *verifier,
                                     struct tv_detail *detail);

// Likewise for verify_jws(), which has no options about claims.
enum tv_status read_jws_options(lua_State *L, int index, struct verifier *verifier,
                                struct tv_detail *detail);

// The tables of what verify() and new() take: the first two are those of get_key_tables().
#define VERIFIER_TABLES 5
void get_verifier_tables(struct option_table tables[VERIFIER_TABLES]);
// The one of these with the options of each call. Its members are those of struct call.
struct option_table call_table(void);

// lua_tables.c: pushes the tables that the module publishes.
void push_settings(lua_State *L);
void push_sources(lua_State *L);
void push_algorithms(lua_State *L);
void push_codes(lua_State *L, const char *(*say)(enum tv_status)); // code -> the result of `say`

// lua_generate.c
int l_generate_key(lua_State *L);
int l_decode_json(lua_State *L);

typedef enum tv_status options_reader(lua_State *L, int index, struct verifier *verifier,
                                      struct tv_detail *detail);
// lua_verifier_options.c: pushes a verifier for the options table at `index`, which `reader` reads.
// It is pushed also if its key cannot be used; then the status says why.
enum tv_status push_verifier(lua_State *L, int index, options_reader *reader,
                             struct tv_detail *detail);

// lua_remember.c: as push_verifier(), for the options of verify() or verify_jws(); or pushes the
// verifier made earlier from the same table, if nothing in it has changed since, except the options
// in call_table().
enum tv_status push_remembered(lua_State *L, int index, bool for_verify, struct tv_detail *detail);

// lua_sign.c
int l_sign(lua_State *L);

// lua_verifier.c
#define VERIFIER_TYPE "token_verifier.verifier"
void register_verifier(lua_State *L);
int l_new(lua_State *L);
int l_verify(lua_State *L);
int l_verify_jws(lua_State *L);
int l_inspect(lua_State *L);
