/* SPDX-License-Identifier: MIT */
/* Entering Lua: loading, protected calls, coroutine steps, frames. */
#include "lh_internal.h"

#include <string.h>

static bool lacked_memory(lua_State *L);

lh_status lh_status_of(lua_State *L, int status) {
  switch (status) {
    case LUA_OK: return LH_OK;
    case LUA_ERRSYNTAX: return LH_ERROR_SYNTAX;
    case LUA_ERRMEM: return LH_ERROR_MEMORY;
    default: return lacked_memory(L) ? LH_ERROR_MEMORY : LH_ERROR_RUNTIME;
  }
}

/* lauxlib.c (resizebox) reports memory that it did not get as a common error,
** to which others may have added a place in front. */
static bool lacked_memory(lua_State *L) {
  static const char text[] = "not enough memory";
  size_t size, length = sizeof text - 1;
  if (!vm_of(L)->refused || lua_type(L, -1) != LUA_TSTRING) return false;
  const char *message = lua_tolstring(L, -1, &size);
  return size >= length && memcmp(message + size - length, text, length) == 0;
}

lh_status lh_load(lh_state *L, const char *bytes, size_t size,
                  const char *name) {
  lh_vm *vm = vm_of(L);
  lh_entry entry = lh_enter_lua(vm, L);
  /* Text only: forged bytecode crashes the VM (manual, load). */
  int status = luaL_loadbufferx(L, bytes, size, name, "t");
  lh_leave_lua(vm, entry);
  return lh_status_of(L, status);
}

lh_status lh_call(lh_state *L, int32_t nargs, int32_t nresults) {
  lh_vm *vm = vm_of(L);
  lh_entry entry = lh_enter_lua(vm, L);
  bool outer = vm->outer_yieldable;
  lua_State *blocked = vm->blocked;
  const char *blocked_by = vm->blocked_by;
  int below = lua_gettop(L) - nargs - 1;
  vm->outer_yieldable = false; /* a Swift frame lies below */
  vm->blocked = NULL;
  vm->blocked_by = "a function that the server calls";
  int status = lua_pcall(L, nargs, nresults, 0);
  vm->outer_yieldable = outer;
  vm->blocked = blocked;
  vm->blocked_by = blocked_by;
  bool killed = vm->killed;
  if (LH_UNLIKELY(killed)) lh_forget_older_stop(vm);
  lh_leave_lua(vm, entry);
  if (!killed) return lh_status_of(L, status);
  if (status == LUA_OK) { /* what ended it was swallowed, as by load */
    lua_settop(L, below);
    lua_pushliteral(L, "ran too long without waiting");
  }
  return LH_ERROR_TIME; /* the turn stays over */
}

/* What became of co, which was to be ended while it ran. */
static lh_status killed(lh_vm *vm, lua_State *co, int status) {
  if (status == LUA_YIELD) {
    if (!lh_is_stopped(co)) { /* it began to wait just then */
      vm->killed = 0;
      return lh_is_waiting(co) ? LH_AWAITING : LH_YIELDED;
    }
  } else if (status != LUA_OK) { /* OK: what ended it was swallowed, as by load */
    lh_set_mark(co, LH_TORN);
  }
  lh_forget_older_stop(vm);
  lh_renew(vm);
  return LH_ERROR_TIME;
}

lh_status lh_resume(lh_state *co, int32_t nargs, int32_t *nresults) {
  lh_vm *vm = vm_of(co);
  lh_entry entry = lh_enter_lua(vm, co);
  bool outer = vm->outer_yieldable;
  vm->outer_yieldable = true;
  int n = 0;
  int status = lua_resume(co, NULL, nargs, &n);
  vm->outer_yieldable = outer;
  lh_status outcome = LH_OK;
  if (LH_UNLIKELY(vm->killed))
    outcome = killed(vm, co, status);
  else if (status == LUA_YIELD)
    outcome = lh_is_waiting(co) ? LH_AWAITING : LH_YIELDED;
  lh_leave_lua(vm, entry);
  *nresults = n;
  if (outcome != LH_OK) return outcome;
  /* The host goes on with this stack: as much room as elsewhere. */
  if (!lua_checkstack(co, LUA_MINSTACK) && status == LUA_OK) {
    lua_settop(co, 0);
    lua_pushliteral(co, "too many results");
    status = LUA_ERRRUN;
  }
  return lh_status_of(co, status);
}

lh_state *lh_inner(lh_state *co) {
  bool passes = lh_is_waiting(co) && lua_touserdata(co, -1) == (void *)&lh_pass_key;
  return passes ? lua_tothread(co, -2) : NULL;
}

lh_state *lh_waiting(lh_vm *vm) { return vm->waiting; }

bool lh_frame(lh_state *L, int32_t level, lh_frame_info *out) {
  lua_Debug ar;
  if (level < 0 || !lua_getstack(L, level, &ar)) return false;
  lua_getinfo(L, "Slnt", &ar); /* these four options do not allocate */
  *out = (lh_frame_info){
      .source = ar.source,
      .source_length = ar.srclen,
      .name = ar.name,
      .name_what = ar.namewhat,
      .what = ar.what,
      .line = ar.currentline,
      .line_defined = ar.linedefined,
      .is_tail_call = ar.istailcall,
  };
  if (level == 0 && lh_has_mark(L, LH_STOPPED)) out->line = vm_of(L)->stopped_line;
  return true;
}

const char *lh_local(lh_state *L, int32_t level, int32_t number) {
  lua_Debug ar;
  if (level < 0 || number < 1 || !lua_getstack(L, level, &ar)) return NULL;
  return lua_getlocal(L, &ar, number);
}
