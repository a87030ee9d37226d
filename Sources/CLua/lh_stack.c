/* SPDX-License-Identifier: MIT */
/*
** Reading and writing Lua stacks without raising. What the manual marks 'm'
** (memory only) cannot raise here, see lh_memory.c; what may run a
** metamethod goes through a protected call.
*/
#include "lh_internal.h"

enum { MOST_BYTES = 1 << 30 };

static const char kind_keys[LH_KIND_COUNT];

/* One metatable for each kind; the library fills in its methods. */
void lh_open_kinds(lua_State *L) {
  for (int kind = 0; kind < LH_KIND_COUNT; kind++) {
    lua_newtable(L);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kind_keys[kind]);
  }
}

void lh_push_kind(lh_state *L, lh_kind kind) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kind_keys[kind]);
}

void lh_mark(lh_state *L, int32_t index, lh_kind kind) {
  index = lua_absindex(L, index);
  lh_push_kind(L, kind);
  lua_setmetatable(L, index);
}

bool lh_is_kind(lh_state *L, int32_t index, lh_kind kind) {
  if (!lua_getmetatable(L, index)) return false;
  lh_push_kind(L, kind);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

bool lh_is_null(lh_state *L, int32_t index) {
  return lua_islightuserdata(L, index) && lua_touserdata(L, index) == NULL;
}

int32_t lh_top(lh_state *L) { return lua_gettop(L); }

/* Only values that Swift pushed are dropped: no to-be-closed slot is among
** them, so no __close runs here. */
void lh_set_top(lh_state *L, int32_t index) { lua_settop(L, index); }

bool lh_reserve(lh_state *L, int32_t n) { return lua_checkstack(L, n); }

int32_t lh_absolute(lh_state *L, int32_t index) {
  return lua_absindex(L, index);
}

lh_type lh_type_of(lh_state *L, int32_t index) { return lua_type(L, index); }

bool lh_is_integer(lh_state *L, int32_t index) {
  return lua_isinteger(L, index);
}

bool lh_boolean(lh_state *L, int32_t index) { return lua_toboolean(L, index); }

int64_t lh_integer(lh_state *L, int32_t index) {
  return lua_type(L, index) == LUA_TNUMBER ? lua_tointeger(L, index) : 0;
}

double lh_number(lh_state *L, int32_t index) {
  return lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : 0;
}

const char *lh_bytes(lh_state *L, int32_t index, size_t *size) {
  if (lua_type(L, index) != LUA_TSTRING) { /* a number would be converted */
    *size = 0;
    return NULL;
  }
  return lua_tolstring(L, index, size);
}

const void *lh_pointer(lh_state *L, int32_t index) {
  return lua_topointer(L, index);
}

uint64_t lh_raw_length(lh_state *L, int32_t index) {
  return lua_rawlen(L, index);
}

void lh_push_nil(lh_state *L) { lua_pushnil(L); }

void lh_push_boolean(lh_state *L, bool value) { lua_pushboolean(L, value); }

void lh_push_integer(lh_state *L, int64_t value) { lua_pushinteger(L, value); }

void lh_push_number(lh_state *L, double value) { lua_pushnumber(L, value); }

bool lh_push_bytes(lh_state *L, const char *bytes, size_t size) {
  if (size >= MOST_BYTES) {
    lua_pushnil(L);
    return false;
  }
  lua_pushlstring(L, bytes, size);
  return true;
}

void lh_push_copy(lh_state *L, int32_t index) { lua_pushvalue(L, index); }

void lh_push_light(lh_state *L, void *pointer) {
  lua_pushlightuserdata(L, pointer);
}

void lh_push_table(lh_state *L, int32_t array_size, int32_t map_size) {
  enum { MOST_PRESIZED = 1 << 20 }; /* a hint, not to be abused */
  if (array_size < 0 || array_size > MOST_PRESIZED) array_size = MOST_PRESIZED;
  if (map_size < 0 || map_size > MOST_PRESIZED) map_size = MOST_PRESIZED;
  lua_createtable(L, array_size, map_size);
}

void lh_move(lh_state *from, lh_state *to, int32_t n) {
  lua_xmove(from, to, n);
}

void lh_rotate(lh_state *L, int32_t index, int32_t n) {
  lua_rotate(L, index, n);
}

void lh_remove(lh_state *L, int32_t index) { lua_remove(L, index); }

lh_type lh_get_field(lh_state *L, int32_t table, const char *key,
                     size_t size) {
  table = lua_absindex(L, table);
  lua_pushlstring(L, key, size);
  return lua_rawget(L, table);
}

lh_type lh_get_index(lh_state *L, int32_t table, int64_t index) {
  return lua_rawgeti(L, table, index);
}

lh_type lh_get(lh_state *L, int32_t table) { return lua_rawget(L, table); }

void lh_set_field(lh_state *L, int32_t table, const char *key, size_t size) {
  table = lua_absindex(L, table);
  lua_pushlstring(L, key, size);
  lua_insert(L, -2);
  lua_rawset(L, table);
}

void lh_set_index(lh_state *L, int32_t table, int64_t index) {
  lua_rawseti(L, table, index);
}

bool lh_set(lh_state *L, int32_t table) {
  int key = lua_type(L, -2);
  bool nan = key == LUA_TNUMBER && lua_tonumber(L, -2) != lua_tonumber(L, -2);
  if (key == LUA_TNIL || nan) { /* rawset would raise */
    lua_pop(L, 2);
    return false;
  }
  lua_rawset(L, table);
  return true;
}

bool lh_next(lh_state *L, int32_t table) { return lua_next(L, table); }

static int to_string(lua_State *L) {
  luaL_tolstring(L, 1, NULL);
  return 1;
}

lh_status lh_to_string(lh_state *L, int32_t index) {
  index = lua_absindex(L, index);
  lua_pushcfunction(L, to_string);
  lua_pushvalue(L, index);
  return lh_call(L, 1, 1);
}

bool lh_get_metatable(lh_state *L, int32_t index) {
  return lua_getmetatable(L, index);
}

void lh_set_metatable(lh_state *L, int32_t index) {
  lua_setmetatable(L, index);
}
