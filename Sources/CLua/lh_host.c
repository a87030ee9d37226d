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
  if (lua_touserdata(L, first) == (void *)&lh_failed_key) return lh_raise(L);
  return lua_gettop(L) - first;
}

/* Entry of every host function. Upvalues: id, whether it may wait. */
static int enter_host(lua_State *L) {
  lh_vm *vm = vm_of(L);
  /* A finalizer may run while Swift pushes a value: Swift is not re-entrant. */
  if (vm->in_swift > 0)
    return luaL_error(L, "luahttpd cannot be called from a finalizer (__gc)");
  if (lua_toboolean(L, lua_upvalueindex(2)) &&
      !(lua_isyieldable(L) && vm->outer_yieldable))
    return luaL_error(L, "cannot wait here (inside table.sort, string.gsub, "
                         "require, __gc, __close or while the app is loading)");
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

void lh_wait_failed(lh_state *waiting) {
  /* The key lies right below the error value, see await_done. */
  lua_pushlightuserdata(waiting, (void *)&lh_failed_key);
  lua_replace(waiting, -3);
}
