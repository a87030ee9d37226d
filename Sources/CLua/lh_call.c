/* SPDX-License-Identifier: MIT */
/* Entering Lua: loading, protected calls, coroutine steps, frames. */
#include "lh_internal.h"

#include <string.h>

lh_status lh_status_of(lua_State *L, int status) {
  (void)L;
  switch (status) {
    case LUA_OK: return LH_OK;
    case LUA_ERRSYNTAX: return LH_ERROR_SYNTAX;
    case LUA_ERRMEM: return LH_ERROR_MEMORY;
    default: return LH_ERROR_RUNTIME;
  }
}

lh_status lh_load(lh_state *L, const char *bytes, size_t size,
                  const char *name) {
  lh_vm *vm = vm_of(L);
  int32_t depth = lh_enter_lua(vm);
  /* Text only: forged bytecode crashes the VM (manual, load). */
  int status = luaL_loadbufferx(L, bytes, size, name, "t");
  lh_leave_lua(vm, depth);
  return lh_status_of(L, status);
}

lh_status lh_call(lh_state *L, int32_t nargs, int32_t nresults) {
  lh_vm *vm = vm_of(L);
  int32_t depth = lh_enter_lua(vm);
  bool outer = vm->outer_yieldable;
  lua_State *blocked = vm->blocked;
  const char *blocked_by = vm->blocked_by;
  vm->outer_yieldable = false; /* a Swift frame lies below */
  vm->blocked = NULL;
  vm->blocked_by = "a function that the server calls";
  int status = lua_pcall(L, nargs, nresults, 0);
  vm->outer_yieldable = outer;
  vm->blocked = blocked;
  vm->blocked_by = blocked_by;
  lh_leave_lua(vm, depth);
  return lh_status_of(L, status);
}

lh_status lh_resume(lh_state *co, int32_t nargs, int32_t *nresults) {
  lh_vm *vm = vm_of(co);
  int32_t depth = lh_enter_lua(vm);
  bool outer = vm->outer_yieldable;
  vm->outer_yieldable = true;
  int n = 0;
  int status = lua_resume(co, NULL, nargs, &n);
  vm->outer_yieldable = outer;
  lh_leave_lua(vm, depth);
  *nresults = n;
  if (status == LUA_YIELD) return lh_is_waiting(co) ? LH_AWAITING : LH_YIELDED;
  /* The host goes on with this stack: as much room as elsewhere. */
  if (!lua_checkstack(co, LUA_MINSTACK) && status == LUA_OK) {
    lua_settop(co, 0);
    lua_pushliteral(co, "too many results");
    status = LUA_ERRRUN;
  }
  return lh_status_of(co, status);
}

lh_state *lh_waiting(lh_vm *vm) { return vm->waiting; }

bool lh_frame(lh_state *L, int32_t level, lh_frame_info *out) {
  lua_Debug ar;
  if (level < 0 || !lua_getstack(L, level, &ar)) return false;
  lua_getinfo(L, "Sln", &ar); /* these three options do not allocate */
  *out = (lh_frame_info){
      .source = ar.source,
      .source_length = ar.srclen,
      .name = ar.name,
      .name_what = ar.namewhat,
      .what = ar.what,
      .line = ar.currentline,
      .line_defined = ar.linedefined,
  };
  return true;
}

const char *lh_local(lh_state *L, int32_t level, int32_t number) {
  lua_Debug ar;
  if (level < 0 || number < 1 || !lua_getstack(L, level, &ar)) return NULL;
  return lua_getlocal(L, &ar, number);
}
