// SPDX-License-Identifier: MIT
// verify(), new(), inspect() and verifier objects.
#include "lua/lua_tv.h"

#include "base/clock.h"
#include "base/json.h"

#include <math.h>

static int l_verifier_gc(lua_State *L) {
    struct verifier *verifier = luaL_checkudata(L, 1, VERIFIER_TYPE);
    tv_key_free(verifier->key);
    verifier->key = NULL;
    for (size_t i = 0; i < verifier->source_count; i++)
        tv_keystore_free(verifier->sources[i].store);
    verifier->source_count = 0;
    return 0;
}

int l_new(lua_State *L) {
    struct tv_detail detail = {0};
    enum tv_status status = push_verifier(L, 1, read_verifier_options, &detail);
    const struct verifier *verifier = lua_touserdata(L, -1);
    if (status != TV_OK)
        return push_failure_with(L, status, &detail, verifier->call.detail);
    if (!verifier->short_secret.reason)
        return 1;
    push_message(L, TV_WEAK_SECRET, &verifier->short_secret);
    return 2;
}

// One running call.
struct run {
    bool signature_only;
    const struct verifier *verifier;
    const struct call *call;
    struct tv_arena *arena;
    struct tv_verification verification;
    struct tv_claims_request request; // a failure's detail may point into it
    yyjson_val *claims;
};

// Signature and claims with one key, that of `source` (NULL: the only one).
static enum tv_status check_with_key(struct run *run, const struct source *source,
                                     const struct tv_key *key, struct tv_detail *detail) {
    const struct verifier *verifier = run->verifier;
    enum tv_status status = tv_verify_signature(&run->verification, key, detail);
    if (status != TV_OK || run->signature_only)
        return status;
    run->request = (struct tv_claims_request){
        .now_s = isnan(run->call->now_s) ? (double)tv_clock_wall_s() : run->call->now_s,
        .room = run->call->room,
        .has_room = run->call->room.data != NULL};
    if (source && source->issuers.configured)
        run->request.issuers = &source->issuers;
    else if (verifier->bound)
        run->request.others_issuers = &verifier->bound_issuers;
    return tv_verify_claims(&run->verification, &run->request, run->arena, &run->claims, detail);
}

// Keys of one kid that are tried at most: each costs as long as a check.
#define TRIED_MAX 4

// Likewise with each key that the source has for the kid, until one holds: some providers publish
// several under one.
static enum tv_status check_with_keys(struct run *run, const struct source *source,
                                      const struct tv_key_request *request, struct tv_key *key,
                                      struct tv_detail *detail) {
    struct tv_key_request next = *request;
    struct tv_span asked = detail->source;
    detail->key_id = request->key_id;
    enum tv_status status = check_with_key(run, source, key, detail);
    while ((status == TV_BAD_SIGNATURE || status == TV_WEAK_KEY) && ++next.nth < TRIED_MAX) {
        struct tv_detail ignored = {0};
        if (get_key(source->store, &next, false, &key, &ignored) != TV_OK)
            break;
        *detail = (struct tv_detail){.key_id = request->key_id, .source = asked};
        status = check_with_key(run, source, key, detail);
    }
    return status;
}

// The kid to look up; empty if there is none and that is allowed.
static enum tv_status read_key_id(const struct run *run, struct tv_span *key_id,
                                  struct tv_detail *detail) {
    if (!run->verification.jws.key_id && run->verifier->allow_missing_kid) {
        *key_id = (struct tv_span){"", 0};
        return TV_OK;
    }
    return tv_jws_key_id(&run->verification.jws, key_id, detail);
}

// Whether the next source may give another result.
static bool asks_on(const struct verifier *verifier, enum tv_status status) {
    if (status == TV_KEY_NOT_FOUND || status == TV_KEY_SOURCE_UNAVAILABLE ||
        status == TV_KEY_UNUSABLE || status == TV_WEAK_KEY || status == TV_KEY_ID_MISSING)
        return true;
    // Two sources may have the same kid; the issuer says which one is meant.
    return verifier->bound && (status == TV_BAD_SIGNATURE || status == TV_ISSUER_NOT_ACCEPTED ||
                               status == TV_KEY_ALGORITHM_MISMATCH);
}

// Asks the sources in their order. While a source is fetching, the key of a later one is not used,
// but the later ones start their fetches.
static enum tv_status check_with_sources(struct run *run, struct tv_detail *detail) {
    const struct verifier *verifier = run->verifier;
    struct tv_key_request request = {.algorithm = run->verification.algorithm,
                                     .client = run->call->client};
    enum tv_status status = read_key_id(run, &request.key_id, detail);
    if (status != TV_OK)
        return status;
    bool wait = verifier->wait_given ? verifier->wait : may_wait_by_default();
    enum tv_status worst = TV_KEY_NOT_FOUND;
    for (size_t i = 0; i < verifier->source_count; i++) {
        const struct source *source = &verifier->sources[i];
        struct tv_detail found = {0};
        struct tv_key *key = NULL;
        status = get_key(source->store, &request, wait, &key, &found);
        if (status == TV_OK && worst != TV_KEY_PENDING) {
            status = check_with_keys(run, source, &request, key, &found);
            if (status == TV_OK)
                return status;
        }
        // A pending source may have the right key. Of the other results, "not found" says least,
        // since the key may be in a source that could not be asked; a valid signature for another
        // issuer says most.
        bool says_more = status == TV_KEY_PENDING ||
                         (status != TV_KEY_NOT_FOUND && worst != TV_ISSUER_NOT_ACCEPTED);
        if (worst != TV_KEY_PENDING && (i == 0 || says_more)) {
            worst = status;
            *detail = found;
        }
        if (worst != TV_KEY_PENDING && !asks_on(verifier, status))
            break;
    }
    return worst;
}

static enum tv_status check_token(struct run *run, struct tv_detail *detail) {
    enum tv_status status = tv_verify_begin(&run->verifier->policy, run->call->token, run->arena,
                                            &run->verification, detail);
    if (status != TV_OK)
        return status;
    if (run->verifier->key)
        return check_with_key(run, NULL, run->verifier->key, detail);
    return check_with_sources(run, detail);
}

// As push_failure_with(). The facts get `kid` and `issuer` from the token as already parsed;
// `payload` is NULL unless the signature is valid.
static int push_token_failure(lua_State *L, enum tv_status status, const struct tv_detail *detail,
                              const struct tv_jws *jws, yyjson_val *payload, bool facts) {
    int results = push_failure_with(L, status, detail, facts);
    if (!facts)
        return results;
    set_span(L, "kid", tv_json_string(jws->key_id));
    set_span(L, "issuer", tv_json_string(tv_json_member(payload, TV_SPAN("iss"))));
    return results;
}

// Memory for the token; none if it is over the limit, because its length alone refuses it.
static struct tv_arena acquire_for(lua_State *L, struct tv_span token) {
    return arena_acquire(L,
                         tv_jws_arena_size(token.length <= TV_JWS_MAX_LENGTH ? token.length : 0));
}

static int verify(lua_State *L, const struct verifier *verifier, const struct call *call,
                  bool signature_only) {
    struct tv_arena arena = acquire_for(L, call->token);
    struct run run = {
        .signature_only = signature_only, .verifier = verifier, .call = call, .arena = &arena};
    struct tv_detail detail = {0};
    enum tv_status status = check_token(&run, &detail);
    int results = 2;
    if (status == TV_OK) {
        if (signature_only)
            lua_pushlstring(L, run.verification.jws.payload, run.verification.jws.payload_length);
        else
            push_json(L, run.claims, true);
        push_json(L, run.verification.jws.header, true);
    } else {
        results = push_token_failure(L, status, &detail, &run.verification.jws,
                                     run.verification.payload, call->detail);
    }
    arena_release(L, &arena);
    return results;
}

// For a call whose key cannot be used; the verifier with its other options is on top of the stack.
// Shape and header are checked before the key, so an error in them is the answer.
static int refuse(lua_State *L, const struct call *call, enum tv_status status,
                  const struct tv_detail *detail) {
    if (status == TV_NO_MEMORY)
        return push_failure(L, status, detail);
    const struct tv_policy *policy = &((const struct verifier *)lua_touserdata(L, -1))->policy;
    struct tv_arena arena = acquire_for(L, call->token);
    struct tv_verification verification = {0};
    struct tv_detail found = {0};
    enum tv_status first = tv_verify_begin(policy, call->token, &arena, &verification, &found);
    // Without a readable key and without option, no algorithm is known to compare with.
    bool is_undecided = first == TV_ALGORITHM_NOT_ACCEPTED && policy->algorithm_count == 0;
    if (first != TV_OK && !is_undecided) {
        status = first;
        detail = &found;
    }
    int results = push_token_failure(L, status, detail, &verification.jws, NULL, call->detail);
    arena_release(L, &arena);
    return results;
}

static int verify_with_options(lua_State *L, bool signature_only) {
    struct call call = {.token = check_span(L, 1), .now_s = NAN};
    struct tv_detail detail = {0};
    const struct option_table table = call_table();
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    for (size_t i = 0; i < table.count; i++) {
        const struct tv_setting *row = option_at(&table, i);
        if (!signature_only || row->jws)
            read_field(L, 2, row, &call);
    }
    enum tv_status status = push_remembered(L, 2, !signature_only, &detail);
    if (status != TV_OK)
        return refuse(L, &call, status, &detail);
    return verify(L, lua_touserdata(L, -1), &call, signature_only);
}

int l_verify(lua_State *L) { return verify_with_options(L, false); }

int l_verify_jws(lua_State *L) { return verify_with_options(L, true); }

static int l_verifier_verify(lua_State *L) {
    const struct verifier *verifier = check_self(L, VERIFIER_TYPE);
    // Called in a finalizer, after the verifier was finalized.
    luaL_argcheck(L, verifier->key || verifier->source_count > 0, 1,
                  "the verifier has been collected");
    struct call call = {
        .token = check_span(L, 2), .room = verifier->call.room, .now_s = verifier->call.now_s};
    lua_settop(L, 3);
    if (!lua_isnil(L, 3)) {
        static const struct tv_setting rows[] = {
            {TV_OPTION("client"), .kind = TV_SETTING_STRING, TV_MEMBER(struct call, client)}};
        const struct option_table tables[] = {call_table(), {ROWS_OF(rows)}, {0}};
        luaL_checktype(L, 3, LUA_TTABLE);
        read_options(L, 3, tables, false, &call);
    }
    return verify(L, verifier, &call, false);
}

static int l_verifier_tostring(lua_State *L) {
    const struct verifier *verifier = luaL_checkudata(L, 1, VERIFIER_TYPE);
    luaL_Buffer text;
    luaL_buffinit(L, &text);
    luaL_addstring(&text, VERIFIER_TYPE " (");
    for (size_t i = 0; i < verifier->policy.algorithm_count; i++) {
        if (i > 0)
            luaL_addchar(&text, ' ');
        luaL_addstring(&text, verifier->policy.algorithms[i]->name);
    }
    luaL_addchar(&text, ')');
    luaL_pushresult(&text);
    return 1;
}

int l_inspect(lua_State *L) {
    struct tv_span token = check_span(L, 1);
    bool facts = read_detail(L, 2);
    struct tv_arena arena = acquire_for(L, token);
    struct tv_jws jws = {0};
    struct tv_detail detail = {0};
    yyjson_val *claims = NULL;
    enum tv_status status = tv_jws_parse(token, &arena, &jws, &detail);
    if (status == TV_OK)
        status = tv_jws_parse_payload(&jws, &arena, &claims, &detail);
    int results = 2;
    if (status == TV_OK) {
        push_json(L, jws.header, false);
        push_json(L, claims, false);
    } else {
        results = push_token_failure(L, status, &detail, &jws, NULL, facts);
    }
    arena_release(L, &arena);
    return results;
}

void register_verifier(lua_State *L) {
    static const luaL_Reg methods[] = {{"verify", l_verifier_verify}, {NULL, NULL}};
    static const luaL_Reg metamethods[] = {
        {"__gc", l_verifier_gc}, {"__tostring", l_verifier_tostring}, {NULL, NULL}};
    new_type(L, VERIFIER_TYPE, methods, metamethods);
}
