/* SPDX-License-Identifier: MIT */
/*
** The request as scripts see it: an ordinary table, so that handlers may add
** fields of their own, whose metatable fills in what was received when it is
** first asked for. The table holds a token (slot and serial number) of the
** host's request, not a pointer: a table that outlives its request is told
** apart from the next one in the same slot.
*/
#include "lh_internal.h"

#include <string.h>

/* Hidden fields of the tables; __pairs leaves them out. */
static const char token_key = 't';

/* Registry: metatable of req.headers. */
static const char headers_mt = 'h';

static const struct {
  const char *name;
  lh_request_field field;
} field_names[] = {
    {"method", LH_FIELD_METHOD},       {"path", LH_FIELD_PATH},
    {"raw_path", LH_FIELD_RAW_PATH},   {"headers", LH_FIELD_HEADERS},
    {"params", LH_FIELD_PARAMS},       {"raw", LH_FIELD_RAW},
    {"query", LH_FIELD_QUERY},         {"cookies", LH_FIELD_COOKIES},
    {"body", LH_FIELD_BODY},           {"form", LH_FIELD_FORM},
    {"json", LH_FIELD_JSON},           {"ip", LH_FIELD_IP},
    {"port", LH_FIELD_PORT},           {"host", LH_FIELD_HOST},
    {"scheme", LH_FIELD_SCHEME},       {"is_secure", LH_FIELD_IS_SECURE},
    {"url", LH_FIELD_URL},             {"id", LH_FIELD_ID},
    {"route", LH_FIELD_ROUTE},         {"started", LH_FIELD_STARTED},
    {"files", LH_FIELD_FILES},
};
enum { FIELD_COUNT = sizeof field_names / sizeof *field_names };

/* {==== Tokens ==== */

enum { SLOT_BITS = 24 };

uint64_t lh_request_begin(lh_state *L, const lh_request *request) {
  lh_vm *vm = vm_of(L);
  if (vm->free_view < 0) {
    int32_t old = vm->view_count;
    vm->views = lh_grow(vm->views, &vm->view_count, sizeof *vm->views);
    for (int32_t i = vm->view_count - 1; i >= old; i--) {
      vm->views[i] = (lh_view){NULL, 0, vm->free_view};
      vm->free_view = i;
    }
  }
  int32_t slot = vm->free_view;
  lh_view *view = &vm->views[slot];
  vm->free_view = view->next_free;
  view->request = request;
  view->serial++;
  uint64_t token = (uint64_t)view->serial << SLOT_BITS | (uint32_t)slot;
  lua_createtable(L, 0, 4); /* token and three fields: one small block */
  lua_pushlightuserdata(L, (void *)(uintptr_t)token);
  lua_rawsetp(L, -2, &token_key);
  lh_mark(L, -1, LH_KIND_REQUEST);
  return token;
}

void lh_request_end(lh_vm *vm, uint64_t token) {
  int32_t slot = (int32_t)(token & ((1u << SLOT_BITS) - 1));
  lh_view *view = &vm->views[slot];
  view->request = NULL;
  view->next_free = vm->free_view;
  vm->free_view = slot;
}

/* The request of the token on top, or NULL when it is over. */
static const lh_request *request_of(lua_State *L) {
  uint64_t token = (uint64_t)(uintptr_t)lua_touserdata(L, -1);
  const lh_view *view =
      &vm_of(L)->views[token & ((1u << SLOT_BITS) - 1)];
  return view->serial == (uint32_t)(token >> SLOT_BITS) ? view->request : NULL;
}

void *lh_request_owner(lh_state *L, int32_t index) {
  const lh_request *request = NULL;
  if (lua_type(L, index) != LUA_TTABLE) return NULL;
  if (lua_rawgetp(L, index, &token_key) == LUA_TLIGHTUSERDATA)
    request = request_of(L);
  lua_pop(L, 1);
  return request == NULL ? NULL : request->owner;
}

static void complain(lua_State *L, const char *message) {
  lua_pushstring(L, message);
  lh_raise(L);
}

/* The request that the table at `index` stands for; raises when it is over. */
static const lh_request *check_request(lua_State *L, int index) {
  index = lua_absindex(L, index);
  if (lua_type(L, index) != LUA_TTABLE ||
      lua_rawgetp(L, index, &token_key) != LUA_TLIGHTUSERDATA)
    complain(L, "not a request (call it with ':', as in req.headers:all(…))");
  const lh_request *request = request_of(L);
  lua_pop(L, 1);
  if (request == NULL)
    complain(L, "the request has ended: copy what you need from it while the "
                "handler runs");
  return request;
}

/* next without the hidden field. */
static int visible_next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  while (lua_next(L, 1)) {
    if (!lua_islightuserdata(L, -2) ||
        lua_touserdata(L, -2) != (void *)&token_key)
      return 2;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
  return 1;
}

/* }==== */

/* {==== Headers ==== */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

/* Names match without regard to case; '_' in a key stands for '-', so that
** req.headers.content_type works. */
static bool same_name(const char *name, size_t size, const char *key,
                      size_t key_size) {
  if (size != key_size) return false;
  for (size_t i = 0; i < size; i++) {
    char a = lower(name[i]), b = lower(key[i]);
    if (a != b && !(a == '-' && b == '_')) return false;
  }
  return true;
}

static void push_slice(lua_State *L, const lh_request *r, lh_slice s) {
  lua_pushlstring(L, r->head + s.offset, s.length);
}

/* Value of a field; fields of one name are one list (RFC 9110 §5.3). Cookie
** is the exception that joins with "; " (RFC 9113 §8.2.3). */
static int push_header(lua_State *L, const lh_request *r, const char *key,
                       size_t size) {
  int found = 0;
  const char *separator =
      same_name("cookie", 6, key, size) ? "; " : ", ";
  for (uint32_t i = 0; i < r->header_count; i++) {
    lh_slice name = r->headers[i].name;
    if (!same_name(r->head + name.offset, name.length, key, size)) continue;
    if (found++ > 0) lua_pushstring(L, separator);
    push_slice(L, r, r->headers[i].value);
    if (found > 1) lua_concat(L, 3);
  }
  return found;
}

/* req.headers:all(name): list of the values as received. */
static int headers_all(lua_State *L) {
  const lh_request *r = check_request(L, 1);
  size_t size;
  const char *key = luaL_checklstring(L, 2, &size);
  lua_newtable(L);
  lua_Integer n = 0;
  for (uint32_t i = 0; i < r->header_count; i++) {
    lh_slice name = r->headers[i].name;
    if (!same_name(r->head + name.offset, name.length, key, size)) continue;
    push_slice(L, r, r->headers[i].value);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

static int headers_index(lua_State *L) {
  const lh_request *r = check_request(L, 1);
  size_t size;
  if (lua_type(L, 2) != LUA_TSTRING) return 0;
  const char *key = lua_tolstring(L, 2, &size);
  if (size == 3 && memcmp(key, "all", 3) == 0) {
    lua_pushcfunction(L, headers_all);
    return 1;
  }
  return push_header(L, r, key, size) > 0;
}

/* for name, value in pairs(req.headers): names in lower case, each once. */
static int headers_pairs(lua_State *L) {
  const lh_request *r = check_request(L, 1);
  lua_pushcfunction(L, visible_next);
  lua_createtable(L, 0, (int)r->header_count);
  for (uint32_t i = 0; i < r->header_count; i++) {
    lh_slice name = r->headers[i].name;
    luaL_Buffer b;
    char *text = luaL_buffinitsize(L, &b, name.length);
    for (uint32_t j = 0; j < name.length; j++)
      text[j] = lower(r->head[name.offset + j]);
    luaL_pushresultsize(&b, name.length);
    lua_pushvalue(L, -1);
    if (lua_rawget(L, -3) != LUA_TNIL) { /* came before, joined then */
      lua_pop(L, 2);
      continue;
    }
    lua_pop(L, 1);
    size_t size;
    const char *key = lua_tolstring(L, -1, &size);
    push_header(L, r, key, size);
    lua_rawset(L, -3);
  }
  lua_pushnil(L);
  return 3;
}

static int headers_readonly(lua_State *L) {
  return luaL_error(L, "req.headers is what the client sent and cannot be "
                       "changed; set response headers in the third return "
                       "value: { headers = { … } }");
}

static void push_headers(lua_State *L, int request) {
  request = lua_absindex(L, request);
  lua_createtable(L, 0, 1);
  lua_rawgetp(L, request, &token_key);
  lua_rawsetp(L, -2, &token_key);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &headers_mt);
  lua_setmetatable(L, -2);
}

/* }==== */

/* {==== Fields ==== */

static void push_params(lua_State *L, const lh_request *r) {
  lua_createtable(L, 0, (int)r->param_count);
  for (uint32_t i = 0; i < r->param_count; i++) {
    const lh_param *p = &r->params[i];
    lua_pushlstring(L, p->name, p->name_length);
    switch (p->kind) {
      case LH_PARAM_INTEGER: lua_pushinteger(L, p->integer); break;
      case LH_PARAM_NUMBER: lua_pushnumber(L, p->number); break;
      default: lua_pushlstring(L, p->bytes, p->length);
    }
    lua_rawset(L, -3);
  }
}

static void push_from_host(lua_State *L, const lh_request *r, int32_t field) {
  lh_vm *vm = vm_of(L);
  if (vm->in_swift > 0)
    luaL_error(L, "a request cannot be read in a finalizer (__gc)");
  vm->in_swift++;
  int32_t result = vm->host.field(vm->host.context, L, r->owner, field);
  vm->in_swift--;
  if (result == LH_RAISE) lh_raise(L);
}

static void push_field(lua_State *L, const lh_request *r, int32_t field) {
  switch (field) {
    case LH_FIELD_METHOD: push_slice(L, r, r->method); break;
    case LH_FIELD_PATH: lua_pushlstring(L, r->path, r->path_length); break;
    case LH_FIELD_RAW_PATH: push_slice(L, r, r->raw_path); break;
    case LH_FIELD_HEADERS: push_headers(L, 1); break;
    case LH_FIELD_PARAMS: push_params(L, r); break;
    case LH_FIELD_RAW: lua_pushlstring(L, r->head, r->head_length); break;
    default: push_from_host(L, r, field);
  }
}

/* Upvalue 1: name → lh_request_field; upvalue 2: methods. What is read is
** kept in the table: the second read does not come here. */
static int request_index(lua_State *L) {
  const lh_request *r = check_request(L, 1);
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TNIL) {
    lua_pushvalue(L, 2);
    lua_rawget(L, lua_upvalueindex(2));
    return 1;
  }
  int32_t field = (int32_t)lua_tointeger(L, -1);
  push_field(L, r, field);
  lua_pushvalue(L, 2);
  lua_pushvalue(L, -2);
  lua_rawset(L, 1);
  return 1;
}

static int request_pairs(lua_State *L) {
  lua_pushcfunction(L, visible_next);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

void lh_open_requests(lua_State *L) {
  lh_push_kind(L, LH_KIND_REQUEST);
  lua_createtable(L, 0, FIELD_COUNT);
  for (int i = 0; i < FIELD_COUNT; i++) {
    lua_pushinteger(L, field_names[i].field);
    lua_setfield(L, -2, field_names[i].name);
  }
  lua_newtable(L); /* methods, filled by the library */
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, "methods");
  lua_pushcclosure(L, request_index, 2);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, request_pairs);
  lua_setfield(L, -2, "__pairs");
  lua_pushliteral(L, "request");
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);

  lua_createtable(L, 0, 4);
  lua_pushcfunction(L, headers_index);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, headers_pairs);
  lua_setfield(L, -2, "__pairs");
  lua_pushcfunction(L, headers_readonly);
  lua_setfield(L, -2, "__newindex");
  lua_pushliteral(L, "headers");
  lua_setfield(L, -2, "__name");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &headers_mt);
}

/* }==== */
