/* SPDX-License-Identifier: MIT */
/* Tables and objects gone through by the template renderer: keys in order, and
** objects that answer __pairs or __len as plain tables. */
#include "lh_internal.h"

#include <stdlib.h>
#include <string.h>

/* {==== Sorted keys ==== */

typedef struct sort_key {
  int order; /* 0 number, 1 string, 2 boolean, 3 the rest */
  bool is_integer;
  int64_t integer; /* also false and true */
  double number;
  const char *bytes;
  size_t size;
  int32_t position; /* in the order of lua_next */
} sort_key;

static int compare_numbers(const sort_key *a, const sort_key *b) {
  if (a->is_integer && b->is_integer)
    return (a->integer > b->integer) - (a->integer < b->integer);
  return (a->number > b->number) - (a->number < b->number);
}

static int compare_keys(const void *left, const void *right) {
  const sort_key *a = left, *b = right;
  int result = a->order - b->order;
  if (result == 0 && a->order == 0) result = compare_numbers(a, b);
  if (result == 0 && a->order == 1) {
    size_t shorter = a->size < b->size ? a->size : b->size;
    result = memcmp(a->bytes, b->bytes, shorter);
    if (result == 0) result = (a->size > b->size) - (a->size < b->size);
  }
  if (result == 0 && a->order == 2)
    result = (a->integer > b->integer) - (a->integer < b->integer);
  if (result == 0)
    result = (a->position > b->position) - (a->position < b->position);
  return result;
}

/* The key on top. */
static sort_key sort_key_of(lua_State *L, int32_t position) {
  sort_key key = {.order = 3, .position = position};
  switch (lua_type(L, -1)) {
    case LUA_TNUMBER:
      key.order = 0;
      key.is_integer = lua_isinteger(L, -1);
      key.integer = key.is_integer ? lua_tointeger(L, -1) : 0;
      key.number = lua_tonumber(L, -1);
      break;
    case LUA_TSTRING:
      key.order = 1;
      key.bytes = lua_tolstring(L, -1, &key.size);
      break;
    case LUA_TBOOLEAN:
      key.order = 2;
      key.integer = lua_toboolean(L, -1);
      break;
    default:
      break;
  }
  return key;
}

static int64_t sorted_keys(lua_State *L, int32_t table, int32_t to,
                           bool names_only) {
  int32_t capacity = 0, count = 0;
  sort_key *keys = NULL;
  lua_newtable(L); /* the keys as they come */
  int32_t unsorted = lua_gettop(L);
  lua_pushnil(L);
  while (lua_next(L, table)) {
    lua_pop(L, 1);
    if (names_only && lua_type(L, -1) != LUA_TSTRING) continue;
    if (count == capacity) keys = lh_grow(keys, &capacity, sizeof *keys);
    keys[count] = sort_key_of(L, count + 1);
    count++;
    lua_pushvalue(L, -1);
    lua_rawseti(L, unsorted, count);
  }
  if (count > 1) qsort(keys, (size_t)count, sizeof *keys, compare_keys);
  lua_createtable(L, count, 0);
  for (int32_t i = 0; i < count; i++) {
    lua_rawgeti(L, unsorted, keys[i].position);
    lua_rawseti(L, -2, i + 1);
  }
  lht_mark(L, LHT_LIST);
  lua_replace(L, to);
  lua_pop(L, 1); /* unsorted */
  free(keys);
  return count;
}

int64_t lht_sorted_keys(lh_state *L, int32_t table, int32_t to) {
  return sorted_keys(L, table, to, false);
}

int64_t lht_sorted_names(lh_state *L, int32_t table, int32_t to) {
  return sorted_keys(L, table, to, true);
}

/* }==== */

/* {==== Objects ==== */

/* Entries of one object; more is an iterator without end. */
enum { MOST_ENTRIES = 1000000 };

lht_shape lht_shape_of(lh_state *L, int32_t slot) {
  if (!lua_getmetatable(L, slot)) return LHT_OPAQUE;
  lua_pushliteral(L, "__pairs");
  bool pairs = lua_rawget(L, -2) != LUA_TNIL;
  lua_pushliteral(L, "__len");
  bool len = lua_rawget(L, -3) != LUA_TNIL;
  lua_pop(L, 3);
  return pairs ? LHT_PAIRS : len ? LHT_ITEMS : LHT_OPAQUE;
}

static void check_entries(lua_State *L, lua_Integer count) {
  if (count > MOST_ENTRIES)
    luaL_error(L, "the object gives more than %d entries", MOST_ENTRIES);
}

/* As the generic for of a script: 1 object → table. */
static int collect_pairs(lua_State *L) {
  luaL_getmetafield(L, 1, "__pairs");
  lua_insert(L, 1);
  lua_call(L, 1, 3); /* 1 next, 2 state, 3 control */
  lua_newtable(L);   /* 4 */
  for (lua_Integer count = 1;; count++) {
    check_entries(L, count);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_pushvalue(L, 3);
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2)) break;
    lua_copy(L, -2, 3);
    lua_rawset(L, 4);
  }
  lua_settop(L, 4);
  return 1;
}

/* 1 object → list */
static int collect_items(lua_State *L) {
  lua_Integer count = luaL_len(L, 1);
  check_entries(L, count);
  lua_createtable(L, count > 0 ? (int)count : 0, 0);
  for (lua_Integer i = 1; i <= count; i++) {
    lua_geti(L, 1, i);
    lua_rawseti(L, 2, i);
  }
  return 1;
}

bool lht_collect(lh_state *L, int32_t slot, lht_shape shape, int32_t to,
                 lht_value *out) {
  lua_pushcfunction(L, shape == LHT_PAIRS ? collect_pairs : collect_items);
  lua_pushvalue(L, slot);
  lh_status status = lh_call(L, 1, 1);
  if (status == LH_OK) lht_mark(L, shape == LHT_PAIRS ? LHT_MAP : LHT_LIST);
  lht_take(L, to, out);
  return status == LH_OK;
}

static int measure(lua_State *L) {
  lua_pushinteger(L, luaL_len(L, 1));
  return 1;
}

bool lht_measure(lh_state *L, int32_t slot, int32_t to, lht_value *out) {
  lua_pushcfunction(L, measure);
  lua_pushvalue(L, slot);
  lh_status status = lh_call(L, 1, 1);
  lht_take(L, to, out);
  return status == LH_OK;
}

/* }==== */
