/* SPDX-License-Identifier: MIT */
/* Parts of Lua values for the template renderer: names, fields, items, texts. */
#include "lh_internal.h"

/* {==== Names and fields ==== */

void lht_name(lh_state *L, int32_t context, int32_t origin, int32_t name,
              int32_t to, lht_value *out) {
  int type = lua_type(L, context);
  if (type == LUA_TTABLE) {
    int left = 1000; /* a script may have made a circle of them */
    lua_pushvalue(L, context);
    do {
      lua_rawgeti(L, origin + LHT_NAMES, name);
      if (lua_rawget(L, -2) != LUA_TNIL) {
        lua_remove(L, -2);
        lht_take(L, to, out);
        return;
      }
      lua_pop(L, 1);
      type = lua_rawgeti(L, -1, 1);
      lua_remove(L, -2);
    } while (type == LUA_TTABLE && --left > 0);
    lua_pop(L, 1);
  }
  if (type == LUA_TNIL) { /* the chain ended: the handler's variables */
    lua_rawgeti(L, origin + LHT_NAMES, name);
    if (lua_rawget(L, origin + LHT_VARIABLES) != LUA_TNIL) {
      lht_take(L, to, out);
      return;
    }
    lua_pop(L, 1);
    if (lua_getmetatable(L, origin + LHT_VARIABLES)) {
      lua_pop(L, 1);
      lht_field(L, origin + LHT_VARIABLES, origin + LHT_NAMES, name, to, out);
      if (out->tag != LHT_UNDEFINED) return;
    }
  }
  if (lua_type(L, origin + LHT_GLOBALS) == LUA_TTABLE) {
    lua_rawgeti(L, origin + LHT_NAMES, name);
    lua_rawget(L, origin + LHT_GLOBALS);
    lht_take(L, to, out);
    return;
  }
  *out = (lht_value){0};
}

static int index_protected(lua_State *L) {
  lua_gettable(L, 1);
  return 1;
}

/* Key on top: popped. As a script would read it, __index included. */
static bool get_protected(lua_State *L, int32_t table, int32_t to,
                          lht_value *out) {
  lua_pushcfunction(L, index_protected);
  lua_insert(L, -2);
  lua_pushvalue(L, table);
  lua_insert(L, -2);
  lh_status status = lh_call(L, 2, 1);
  lht_take(L, to, out);
  return status == LH_OK;
}

/* Key on top: popped. */
static bool get_key(lua_State *L, int32_t table, int32_t to, lht_value *out) {
  if (lua_type(L, table) != LUA_TTABLE) {
    if (lua_type(L, table) == LUA_TUSERDATA)
      return get_protected(L, table, to, out);
    lua_pop(L, 1);
    *out = (lht_value){0};
    return true;
  }
  lua_pushvalue(L, -1);
  if (lua_rawget(L, table) != LUA_TNIL || !lua_getmetatable(L, table)) {
    lua_remove(L, -2);
    lht_take(L, to, out);
    return true;
  }
  lua_pop(L, 2); /* nil, metatable */
  return get_protected(L, table, to, out);
}

bool lht_field(lh_state *L, int32_t table, int32_t names, int32_t name,
               int32_t to, lht_value *out) {
  lua_rawgeti(L, names, name);
  if (lua_type(L, table) == LUA_TTABLE) {
    if (lua_rawget(L, table) != LUA_TNIL) {
      lht_take(L, to, out);
      return true;
    }
    lua_pop(L, 1);
    if (!lua_getmetatable(L, table)) {
      *out = (lht_value){0};
      return true;
    }
    lua_pop(L, 1);
    lua_rawgeti(L, names, name);
  }
  return get_key(L, table, to, out);
}

bool lht_get(lh_state *L, int32_t table, const lht_value *key, int32_t key_slot,
             int32_t to, lht_value *out) {
  lht_push(L, key, key_slot, false);
  return get_key(L, table, to, out);
}

bool lht_get_item(lh_state *L, int32_t table, int64_t index, int32_t to,
                  lht_value *out) {
  if (lua_type(L, table) == LUA_TTABLE) {
    if (lua_rawgeti(L, table, index) != LUA_TNIL) {
      lht_take(L, to, out);
      return true;
    }
    lua_pop(L, 1);
  }
  lua_pushinteger(L, index);
  return get_key(L, table, to, out);
}

void lht_item(lh_state *L, int32_t table, int64_t index, int32_t to,
              lht_value *out) {
  lua_rawgeti(L, table, index);
  lht_take(L, to, out);
}

int64_t lht_length(lh_state *L, int32_t table) {
  return (int64_t)lua_rawlen(L, table);
}

bool lht_is_empty(lh_state *L, int32_t table) {
  lua_pushnil(L);
  if (!lua_next(L, table)) return true;
  lua_pop(L, 2);
  return false;
}

bool lht_same(lh_state *L, int32_t a, int32_t b) {
  return lua_rawequal(L, a, b);
}

/* }==== */

/* {==== Running scripts ==== */

bool lht_wrap(lh_state *L, int32_t slot, int32_t to, lht_value *out) {
  lua_State *co = lua_tothread(L, slot);
  int status = co == NULL ? LUA_ERRRUN : lua_status(co);
  lua_Debug ar;
  bool ended = status != LUA_YIELD &&
               (status != LUA_OK || (lua_gettop(co) == 0 && !lua_getstack(co, 0, &ar)));
  if (ended) return false;
  lh_push_wrapped(L, slot);
  lht_take(L, to, out);
  return true;
}

static int text_protected(lua_State *L) {
  if (luaL_getmetafield(L, 1, "__html") != LUA_TNIL) {
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    lua_pushboolean(L, 1);
    return 2;
  }
  luaL_tolstring(L, 1, NULL);
  lua_pushboolean(L, 0);
  return 2;
}

bool lht_text(lh_state *L, int32_t slot, int32_t to, lht_value *out) {
  lua_pushcfunction(L, text_protected);
  lua_pushvalue(L, slot);
  lh_status status = lh_call(L, 1, 2);
  bool safe = status == LH_OK && lua_toboolean(L, -1);
  if (status == LH_OK) lua_pop(L, 1);
  lht_take(L, to, out);
  if (safe && out->tag == LHT_STRING) out->flags |= LHT_SAFE;
  return status == LH_OK;
}

bool lht_call(lh_state *L, int32_t count, int32_t to, lht_value *out) {
  lh_status status = lh_call(L, count, 1);
  lht_take(L, to, out);
  return status == LH_OK;
}

/* }==== */
