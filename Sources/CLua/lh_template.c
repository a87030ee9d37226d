/* SPDX-License-Identifier: MIT */
/* Lua values for the template renderer: what they are, reading and writing them. */
#include "lh_internal.h"

#include <string.h>

static const char kind_key;      /* metatable[&kind_key] = kind */
static const char kinds_key;     /* registry: list of metatables by kind */
static const char names_key;     /* registry: names of the set in use */
static const char undefined_key; /* what undefined is inside a list */

/* {==== Kinds ==== */

static void stamp(lua_State *L, int kind) {
  lua_pushinteger(L, kind);
  lua_rawsetp(L, -2, &kind_key);
}

static void stamp_library(lua_State *L, lh_kind kind, int as) {
  lh_push_kind(L, kind);
  if (lua_istable(L, -1)) stamp(L, as);
  lua_pop(L, 1);
}

void lht_open(lh_state *L) {
  lua_checkstack(L, 4);
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kinds_key) != LUA_TTABLE) {
    lua_createtable(L, LHT_KINDS, 0);
    for (int kind = 1; kind < LHT_KINDS; kind++) {
      if (kind == LHT_SAFE_BOX) {
        lh_push_kind(L, LH_KIND_SAFE);
      } else {
        lua_createtable(L, 0, 1);
      }
      stamp(L, kind);
      lua_rawseti(L, -2, kind);
    }
    lua_rawsetp(L, LUA_REGISTRYINDEX, &kinds_key);
    stamp_library(L, LH_KIND_ARRAY, LHT_LIST);
    stamp_library(L, LH_KIND_OBJECT, LHT_MAP);
    stamp_library(L, LH_KIND_TASK, LHT_TASK);
  }
  lua_pop(L, 1);
}

/* Sets the metatable of the table on top. */
void lht_mark(lua_State *L, int kind) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kinds_key);
  lua_rawgeti(L, -1, kind);
  lua_setmetatable(L, -3);
  lua_pop(L, 1);
}

void lht_push_metatable(lh_state *L, int32_t kind) {
  lht_open(L);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kinds_key);
  lua_rawgeti(L, -1, kind);
  lua_remove(L, -2);
}

/* registry[&names_key] = {[set] = names}: the newest set only. Renders of an
** older one hold its names on their stack. */
bool lht_push_names(lh_state *L, const void *set) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &names_key) == LUA_TTABLE) {
    if (lua_rawgetp(L, -1, set) == LUA_TTABLE) {
      lua_replace(L, -2);
      return false;
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  lua_createtable(L, 64, 0); /* names */
  lua_createtable(L, 0, 1);
  lua_pushvalue(L, -2);
  lua_rawsetp(L, -2, set);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &names_key);
  return true;
}

/* The kind of the table at index, whose metatable is on top: popped. */
static void read_kind(lua_State *L, lht_value *out) {
  if (lua_rawgetp(L, -1, &kind_key) == LUA_TNUMBER) {
    out->kind = (uint16_t)lua_tointeger(L, -1);
    lua_pop(L, 2);
    return;
  }
  lua_pop(L, 1);
  out->flags = LHT_META;
  lua_pushliteral(L, "__jinja");
  lua_rawget(L, -2);
  if (lua_type(L, -1) != LUA_TSTRING) {
    lua_pop(L, 1);
    lua_pushliteral(L, "__jsontype");
    lua_rawget(L, -2);
  }
  if (lua_type(L, -1) == LUA_TSTRING) {
    const char *name = lua_tostring(L, -1);
    if (strcmp(name, "list") == 0 || strcmp(name, "array") == 0)
      out->kind = LHT_LIST;
    if (strcmp(name, "map") == 0 || strcmp(name, "object") == 0)
      out->kind = LHT_MAP;
  }
  lua_pop(L, 2);
}

/* }==== */

/* {==== Reading ==== */

static void set_string(lua_State *L, int index, lht_value *out, uint8_t flags) {
  size_t size;
  const char *bytes = lua_tolstring(L, index, &size);
  if (size > UINT32_MAX) { /* cannot happen below the memory limit */
    out->tag = LHT_UNDEFINED;
    return;
  }
  out->bits = (uint64_t)(uintptr_t)bytes;
  out->length = (uint32_t)size;
  out->tag = LHT_STRING;
  out->flags = flags;
}

/* Describes the value on top. Returns false when it needs no slot. A box is
** replaced on the stack by what is in it. */
static bool describe(lua_State *L, lht_value *out) {
  *out = (lht_value){0};
  switch (lua_type(L, -1)) {
    case LUA_TBOOLEAN:
      out->tag = LHT_BOOLEAN;
      out->bits = (uint64_t)lua_toboolean(L, -1);
      return false;
    case LUA_TNUMBER:
      if (lua_isinteger(L, -1)) {
        out->tag = LHT_INTEGER;
        out->bits = (uint64_t)lua_tointeger(L, -1);
      } else {
        double number = lua_tonumber(L, -1);
        out->tag = LHT_FLOAT;
        memcpy(&out->bits, &number, sizeof number);
      }
      return false;
    case LUA_TSTRING:
      set_string(L, -1, out, 0);
      return out->tag == LHT_STRING;
    case LUA_TLIGHTUSERDATA: {
      const void *pointer = lua_touserdata(L, -1);
      if (pointer == &undefined_key) return false;
      out->tag = pointer == NULL ? LHT_NONE : LHT_USERDATA;
      return pointer != NULL;
    }
    case LUA_TTABLE:
      out->tag = LHT_TABLE;
      if (!lua_getmetatable(L, -1)) return true;
      read_kind(L, out);
      if (out->kind == LHT_TASK) {
        out->tag = LHT_AWAITABLE;
        return true;
      }
      if (out->kind == LHT_SAFE_BOX) {
        lua_pushliteral(L, "html");
        if (lua_rawget(L, -2) == LUA_TSTRING) {
          set_string(L, -1, out, LHT_SAFE);
        } else {
          *out = (lht_value){0};
        }
        lua_replace(L, -2);
        return out->tag == LHT_STRING;
      }
      if (out->kind == LHT_BUILTIN_BOX) {
        lua_rawgeti(L, -1, 1);
        out->tag = LHT_BUILTIN;
        out->bits = (uint64_t)lua_tointeger(L, -1);
        lua_pop(L, 1);
        return false;
      }
      return true;
    case LUA_TFUNCTION:
      out->tag = LHT_FUNCTION;
      return true;
    case LUA_TUSERDATA:
      out->tag = LHT_USERDATA;
      if (lua_getmetatable(L, -1)) {
        if (lua_rawgetp(L, -1, &kind_key) == LUA_TNUMBER &&
            lua_tointeger(L, -1) == LHT_TASK)
          out->tag = LHT_AWAITABLE;
        lua_pop(L, 2);
      }
      return true;
    case LUA_TTHREAD:
      out->tag = LHT_THREAD;
      return true;
    default:
      return false;
  }
}

void lht_take(lh_state *L, int32_t to, lht_value *out) {
  if (describe(L, out))
    lua_replace(L, to);
  else
    lua_pop(L, 1);
}

void lht_read(lh_state *L, int32_t slot, lht_value *out) {
  lua_pushvalue(L, slot);
  lht_take(L, slot, out);
}

/* }==== */

/* {==== Writing ==== */

void lht_push(lh_state *L, const lht_value *value, int32_t slot, bool boxed) {
  switch (value->tag) {
    case LHT_NONE:
      lua_pushlightuserdata(L, NULL);
      break;
    case LHT_BOOLEAN:
      lua_pushboolean(L, value->bits != 0);
      break;
    case LHT_INTEGER:
      lua_pushinteger(L, (lua_Integer)value->bits);
      break;
    case LHT_FLOAT: {
      double number;
      memcpy(&number, &value->bits, sizeof number);
      lua_pushnumber(L, number);
      break;
    }
    case LHT_STRING:
      if (boxed && (value->flags & LHT_SAFE)) {
        lua_createtable(L, 0, 1);
        lua_pushliteral(L, "html");
      }
      if (value->flags & LHT_EXTERNAL)
        lua_pushlstring(L, (const char *)(uintptr_t)value->bits, value->length);
      else
        lua_pushvalue(L, slot);
      if (boxed && (value->flags & LHT_SAFE)) {
        lua_rawset(L, -3);
        lht_mark(L, LHT_SAFE_BOX);
      }
      break;
    case LHT_TABLE:
    case LHT_FUNCTION:
    case LHT_USERDATA:
    case LHT_THREAD:
    case LHT_AWAITABLE:
      lua_pushvalue(L, slot);
      break;
    case LHT_BUILTIN:
      lua_createtable(L, 1, 0);
      lua_pushinteger(L, (lua_Integer)value->bits);
      lua_rawseti(L, -2, 1);
      lht_mark(L, LHT_BUILTIN_BOX);
      break;
    default:
      if (boxed)
        lua_pushlightuserdata(L, (void *)(uintptr_t)&undefined_key);
      else
        lua_pushnil(L);
  }
}

void lht_copy(lh_state *L, int32_t from, int32_t to) { lua_copy(L, from, to); }

void lht_string(lh_state *L, int32_t to, const void *bytes, size_t size,
                lht_value *out) {
  *out = (lht_value){0};
  lua_pushlstring(L, bytes, size);
  set_string(L, -1, out, 0);
  lua_replace(L, to);
}

void lht_table(lh_state *L, int32_t to, int32_t kind, int32_t items,
               int32_t entries, lht_value *out) {
  lua_createtable(L, items, entries);
  if (kind != LHT_PLAIN) lht_mark(L, kind);
  *out = (lht_value){.tag = LHT_TABLE, .kind = (uint16_t)kind};
  lua_replace(L, to);
}

void lht_set_item(lh_state *L, int32_t table, int64_t index,
                  const lht_value *value, int32_t slot) {
  lht_push(L, value, slot, true);
  lua_rawseti(L, table, index);
}

void lht_set_name(lh_state *L, int32_t table, int32_t names, int32_t name,
                  const lht_value *value, int32_t slot) {
  lua_rawgeti(L, names, name);
  lht_push(L, value, slot, true);
  lua_rawset(L, table);
}

bool lht_set(lh_state *L, int32_t table, const lht_value *key, int32_t key_slot,
             const lht_value *value, int32_t slot) {
  lht_push(L, key, key_slot, false);
  if (lua_isnil(L, -1) ||
      (lua_type(L, -1) == LUA_TNUMBER && lua_tonumber(L, -1) != lua_tonumber(L, -1))) {
    lua_pop(L, 1);
    return false;
  }
  lht_push(L, value, slot, true);
  lua_rawset(L, table);
  return true;
}

/* }==== */

/* {==== Results of tasks ==== */

bool lht_result(lh_state *L, int32_t results, int32_t slot, lht_value *out) {
  if (lua_type(L, results) != LUA_TTABLE) return false;
  lua_pushvalue(L, slot);
  if (lua_rawget(L, results) == LUA_TNIL) {
    lua_pop(L, 1);
    return false;
  }
  lht_take(L, slot, out);
  return true;
}

void lht_set_result(lh_state *L, int32_t results, int32_t slot) {
  if (lua_type(L, results) != LUA_TTABLE) {
    lua_newtable(L);
    lua_replace(L, results);
  }
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_pushlightuserdata(L, (void *)(uintptr_t)&undefined_key);
  }
  lua_pushvalue(L, slot);
  lua_insert(L, -2);
  lua_rawset(L, results);
}

/* }==== */
