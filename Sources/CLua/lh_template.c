/* SPDX-License-Identifier: MIT */
/* Lua values for the template renderer: reading, indexing, building tables. */
#include "lh_internal.h"

#include "lh_template.h"

#include <stdlib.h>
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
  }
  lua_pop(L, 1);
}

/* Sets the metatable of the table on top. */
static void mark(lua_State *L, int kind) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kinds_key);
  lua_rawgeti(L, -1, kind);
  lua_setmetatable(L, -3);
  lua_pop(L, 1);
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
        mark(L, LHT_SAFE_BOX);
      }
      break;
    case LHT_TABLE:
    case LHT_FUNCTION:
    case LHT_USERDATA:
    case LHT_THREAD:
      lua_pushvalue(L, slot);
      break;
    case LHT_BUILTIN:
      lua_createtable(L, 1, 0);
      lua_pushinteger(L, (lua_Integer)value->bits);
      lua_rawseti(L, -2, 1);
      mark(L, LHT_BUILTIN_BOX);
      break;
    default:
      if (boxed)
        lua_pushlightuserdata(L, (void *)(uintptr_t)&undefined_key);
      else
        lua_pushnil(L);
  }
}

void lht_copy(lh_state *L, int32_t from, int32_t to) { lua_copy(L, from, to); }

void lht_settle(lh_state *L, lht_value *value, int32_t slot) {
  lht_push(L, value, slot, false);
  if (value->tag == LHT_STRING && (value->flags & LHT_EXTERNAL))
    set_string(L, -1, value, value->flags & LHT_SAFE);
  lua_replace(L, slot);
}

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
  if (kind != LHT_PLAIN) mark(L, kind);
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
  if (lua_rawgeti(L, table, index) != LUA_TNIL) {
    lht_take(L, to, out);
    return true;
  }
  lua_pop(L, 1);
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
  mark(L, LHT_LIST);
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

/* {==== Running scripts ==== */

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
