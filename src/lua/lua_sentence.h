// SPDX-License-Identifier: MIT
// What the files that write sentences share: each function adds a part of one.
#pragma once

#include "lua/lua_tv.h"

// lua_sentence.c
void add_format(luaL_Buffer *out, const char *format, ...) __attribute__((format(printf, 2, 3)));
void add_number(luaL_Buffer *out, double number);

// Bytes from outside, escaped so that they can stand in a log line. add_byte() adds no quotes.
void add_byte(luaL_Buffer *out, char byte);
void add_bytes(luaL_Buffer *out, struct tv_span text, bool is_cut);
void add_quoted(luaL_Buffer *out, struct tv_span text); // at most TV_EXCERPT_MAX bytes of it

// The parts that several sentences have: what was found, what is accepted, which kid.
void add_found(luaL_Buffer *out, const struct tv_detail *detail);
void add_expected(luaL_Buffer *out, const struct tv_detail *detail);
void add_key_id(luaL_Buffer *out, const struct tv_detail *detail);

// What is wrong with a JSON object: the header, the payload or a JWK.
void add_json_problem(luaL_Buffer *out, const struct tv_detail *detail);

// lua_key_sentence.c: the statuses about keys and their sources; false if it is none of them.
bool add_key_sentence(luaL_Buffer *out, enum tv_status status, const struct tv_detail *detail);
