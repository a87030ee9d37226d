/* SPDX-License-Identifier: MIT */
/*
** Host functions. Swift returns a code; raising and yielding happen here, when
** no Swift frame is left on the C stack.
*/
#include "lh_internal.h"

#include <string.h>

const char lh_await_key = 'a';
const char lh_pass_key = 'p';
const char lh_failed_key = 'f';
const char lh_rethrown_key = 'r';

/* The author's line is that of the innermost function that is neither in C nor
** in the library. A tail call into the library left no trace of it. */
int lh_raise(lua_State *L) {
  enum { DEEPEST = 32 };
  lua_Debug ar;
  if (lua_type(L, -1) != LUA_TSTRING) return lua_error(L);
  for (int level = 1; level < DEEPEST && lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Slt", &ar);
    if (ar.currentline > 0 && !lh_is_library(&ar)) {
      lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
      lua_insert(L, -2);
      lua_concat(L, 2);
      break;
    }
    if (ar.istailcall) break;
  }
  return lua_error(L);
}

/* Continuation of a host function that waited. The stack is its arguments
** (`context` many), the key that was yielded, and the results. */
static int await_done(lua_State *L, int status, lua_KContext context) {
  (void)status;
  int first = (int)context + 1;
  const void *key = lua_touserdata(L, first);
  if (key == &lh_failed_key) return lh_raise(L);
  if (key == &lh_rethrown_key) return lua_error(L);
  return lua_gettop(L) - first;
}

/* {==== Where Lua cannot wait ==== */

static int enter_host(lua_State *L);

static lua_CFunction library_function(lua_State *L, const char *library,
                                      const char *name) {
  lua_getglobal(L, library);
  lua_getfield(L, -1, name);
  lua_CFunction function = lua_tocfunction(L, -1);
  lua_pop(L, 2);
  return function;
}

void lh_open_host(lua_State *L) {
  lh_vm *vm = vm_of(L);
  /* lbaselib.c calls these with a continuation. */
  vm->passing[0] = library_function(L, "_G", "pcall");
  vm->passing[1] = library_function(L, "_G", "xpcall");
  vm->passing[2] = library_function(L, "_G", "dofile");
}

static bool can_be_left(const lh_vm *vm, lua_CFunction function) {
  for (size_t i = 0; i < sizeof vm->passing / sizeof *vm->passing; i++)
    if (vm->passing[i] == function) return true;
  return function == enter_host || lh_passes_waits(function);
}

/* For messages: library "table." (or "") and name "sort". */
typedef struct function_name {
  const char *library, *dot, *name;
} function_name;

/* The name of a function in the library on top of the stack, or NULL. */
static const char *name_in_library(lua_State *L, lua_CFunction function) {
  for (lua_pushnil(L); lua_next(L, -2);) {
    bool is_it = lua_type(L, -2) == LUA_TSTRING && lua_tocfunction(L, -1) == function;
    lua_pop(L, 1);
    if (!is_it) continue;
    const char *name = lua_tostring(L, -1); /* the library holds it */
    lua_pop(L, 1);
    return name;
  }
  return NULL;
}

/* As the libraries know it; as it is called where they do not. */
static function_name name_of(lua_State *L, lua_CFunction function, const char *called) {
  int top = lua_gettop(L);
  function_name found = {"", "", NULL};
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  if (lua_getfield(L, -1, LUA_GNAME) == LUA_TTABLE)
    found.name = name_in_library(L, function);
  lua_pop(L, 1);
  for (lua_pushnil(L); found.name == NULL && lua_next(L, -2); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || !lua_istable(L, -1)) continue;
    const char *name = name_in_library(L, function);
    if (name != NULL) found = (function_name){lua_tostring(L, -2), ".", name};
  }
  lua_settop(L, top);
  if (found.name == NULL) found.name = called;
  return found;
}

/* The innermost function in C on the stack of L that has called Lua and cannot
** be left before that returns (manual, 4.5); without a name when there is none. */
static function_name function_in_c(lua_State *L, const lh_vm *vm) {
  enum { DEEPEST = 250 };
  lua_Debug ar;
  for (int level = 0; level < DEEPEST && lua_getstack(L, level, &ar); level++) {
    lua_getinfo(L, "Snf", &ar);
    lua_CFunction function = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    if (ar.name != NULL && strcmp(ar.name, "__gc") == 0)
      return (function_name){"", "", "a finalizer (__gc)"};
    if (strcmp(ar.namewhat, "hook") == 0)
      return (function_name){"", "", "a hook (debug.sethook)"};
    if (*ar.what != 'C' || can_be_left(vm, function)) continue;
    return name_of(L, function, ar.name);
  }
  return (function_name){"", "", NULL};
}

static int refuse_wait(lua_State *L, const lh_vm *vm) {
  lua_State *blocked = lua_isyieldable(L) ? vm->blocked : L;
  luaL_checkstack(L, 8, NULL);
  function_name in = {"", "", NULL};
  if (blocked != NULL && lua_checkstack(blocked, 8)) in = function_in_c(blocked, vm);
  if (in.name == NULL) in.name = vm->blocked_by;
  if (in.name == NULL) in.name = "a function in C";
  return luaL_error(L, "cannot wait inside %s%s%s: Lua cannot leave it and come back",
                    in.library, in.dot, in.name);
}

/* }==== */

/* Entry of every host function. Upvalues: id, whether it may wait. */
static int enter_host(lua_State *L) {
  lh_vm *vm = vm_of(L);
  /* A finalizer may run while Swift pushes a value: Swift is not re-entrant. */
  if (vm->in_swift > 0)
    return luaL_error(L, "luahttpd cannot be called from a finalizer (__gc)");
  if (lua_toboolean(L, lua_upvalueindex(2)) &&
      !(lua_isyieldable(L) && vm->outer_yieldable))
    return refuse_wait(L, vm);
  int32_t id = (int32_t)lua_tointeger(L, lua_upvalueindex(1));
  vm->in_swift++;
  int32_t result = vm->host.call(vm->host.context, L, id);
  vm->in_swift--;
  if (result >= 0) return result;
  if (result != LH_AWAIT) return lh_raise(L);
  vm->waiting = L;
  int arguments = lua_gettop(L);
  lua_pushlightuserdata(L, (void *)&lh_await_key);
  return lua_yieldk(L, 1, arguments, await_done);
}

void lh_push_host_function(lh_state *L, int32_t id, bool waits) {
  lua_pushinteger(L, id);
  lua_pushboolean(L, waits);
  lua_pushcclosure(L, enter_host, 2);
}

void lh_wait_failed(lh_state *waiting, bool as_is) {
  /* The key lies right below the error value, see await_done. */
  const char *key = as_is ? &lh_rethrown_key : &lh_failed_key;
  lua_pushlightuserdata(waiting, (void *)key);
  lua_replace(waiting, -3);
}
