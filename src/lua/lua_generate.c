// SPDX-License-Identifier: MIT
// generate_key(): key pairs for those who sign; decode_json(): what they sign, and JWK Sets, as
// tokens are read.
#include "lua/lua_tv.h"

#include "keys/key_generate.h"

// Longest text that decode_json() reads: more than a JWK Set may have.
#define DOCUMENT_MAX_LENGTH ((size_t)1024 * 1024)

static void free_private(void *text) { tv_key_free_private(text); }

struct options {
    struct tv_span curve;
    int bits;
};

static const struct tv_setting rows[] = {
    {TV_OPTION("curve"), .kind = TV_SETTING_STRING, TV_MEMBER(struct options, curve)},
    {TV_OPTION("bits"), .kind = TV_SETTING_INT, TV_MEMBER(struct options, bits),
     .least = TV_RSA_FLOOR_BITS, .most = TV_RSA_MAX_BITS},
};
static const struct option_table tables[] = {{ROWS_OF(rows)}, {0}};

// The curve that is asked for, or TV_CURVE_NONE for an RSA key of `options->bits`.
static enum tv_curve read_generate_options(lua_State *L, struct options *options) {
    luaL_checktype(L, 1, LUA_TTABLE);
    read_options(L, 1, tables, false, options);
    if ((options->curve.data != NULL) == (options->bits > 0))
        luaL_error(L, "exactly one of the options 'bits' and 'curve' is needed");
    if (!options->curve.data) {
        if (options->bits < TV_RSA_MIN_BITS)
            luaL_error(L, "option 'bits' must be %d at least for a new key", TV_RSA_MIN_BITS);
        return TV_CURVE_NONE;
    }
    enum tv_curve curve = tv_curve_find(options->curve);
    if (curve == TV_CURVE_NONE)
        luaL_error(L, "option 'curve': '%s' is no curve that is supported", options->curve.data);
    return curve;
}

int l_generate_key(lua_State *L) {
    struct options options = {0};
    struct tv_detail detail = {0};
    lua_settop(L, 1);
    enum tv_curve curve = read_generate_options(L, &options);
    struct tv_key **key = push_empty_key(L);
    enum tv_status status = tv_key_generate(curve, options.bits, key, &detail);
    if (status == TV_OK)
        status = push_key_text(L, *key, tv_key_private_pem, free_private);
    if (status == TV_OK)
        status = push_key_text(L, *key, tv_key_private_jwk, free_private);
    return status == TV_OK ? 2 : push_failure(L, status, &detail);
}

int l_decode_json(lua_State *L) {
    struct tv_detail detail = {0};
    struct tv_span text = check_span(L, 1);
    if (text.length > DOCUMENT_MAX_LENGTH) {
        detail.reason = TV_REASON_LENGTH;
        detail.subject = TV_SUBJECT_JSON_TEXT;
        detail.number = (double)text.length;
        detail.limit = (double)DOCUMENT_MAX_LENGTH;
        return push_failure(L, TV_MALFORMED_PAYLOAD, &detail);
    }
    enum tv_status status =
        push_object(L, text, TV_MALFORMED_PAYLOAD, TV_SUBJECT_JSON_TEXT, &detail);
    return status == TV_OK ? 1 : push_failure(L, status, &detail);
}
