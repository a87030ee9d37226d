/* SPDX-License-Identifier: MIT */
/*
** The pool of coroutines that requests run on, and coroutine.resume, wrap and
** close as scripts see them: like Lua's own, except that a wait of a host
** function inside passes through to the request (lcorolib.c is the model).
*/
#include "lh_internal.h"

/* {==== Pool ==== */

lh_coroutine lh_coroutine_take(lh_vm *vm) {
  if (vm->pool.count > 0) return vm->pool.items[--vm->pool.count];
  lh_coroutine co;
  co.state = lua_newthread(vm->L);
  lh_set_mark(co.state, LH_OF_HOST);
  co.reference = lh_ref_take(vm->L);
  return co;
}

/* lua_resume accepts a new function on a thread that returned normally
** (manual, lua_resume), so nothing but the values on it has to go. */
void lh_coroutine_put(lh_vm *vm, lh_coroutine co) {
  enum { MOST_IDLE = 1024 };
  lua_settop(co.state, 0);
  if (lua_gethook(co.state) != NULL) /* debug.sethook was for one request */
    lua_sethook(co.state, NULL, 0, 0);
  if (vm->pool.count >= MOST_IDLE) {
    lh_ref_free(vm, co.reference);
    return;
  }
  if (vm->pool.count == vm->pool.capacity)
    vm->pool.items =
        lh_grow(vm->pool.items, &vm->pool.capacity, sizeof *vm->pool.items);
  vm->pool.items[vm->pool.count++] = co;
}

/* Runs pending to-be-closed variables; they cannot wait. */
static int reset(lh_vm *vm, lua_State *co, lua_State *from) {
  bool outer = vm->outer_yieldable;
  const char *blocked_by = vm->blocked_by;
  lua_State *blocked = vm->blocked;
  lua_State *running = vm->running;
  vm->outer_yieldable = false;
  vm->blocked = NULL;
  vm->blocked_by = "__close, while its coroutine is being ended";
  lh_clear_mark(co, LH_STOPPED);
  if (lua_gethook(co) != NULL) lua_sethook(co, NULL, 0, 0);
  lh_run_on(vm, co);
#if LUA_VERSION_RELEASE_NUM >= 50406
  int status = lua_closethread(co, from);
#else
  (void)from;
  int status = lua_resetthread(co);
#endif
  lh_run_on(vm, running);
  vm->outer_yieldable = outer;
  vm->blocked = blocked;
  vm->blocked_by = blocked_by;
  return status;
}

/* Innermost first, so that no <close> variable of an inner coroutine is
** forgotten. As deep as coroutines nest, which Lua bounds (LUAI_MAXCCALLS). */
static void reset_chain(lh_vm *vm, lua_State *co, lua_State *from) {
  if (lh_has_mark(co, LH_TORN)) return; /* the collector takes what it held */
  lua_State *inner = lh_inner(co);
  if (inner != NULL) reset_chain(vm, inner, from);
  reset(vm, co, from);
  lua_settop(co, 0); /* an error of __close has nowhere to go */
}

void lh_coroutine_discard(lh_vm *vm, lh_coroutine co) {
  if (vm->killed && vm->running == NULL) lh_renew(vm); /* it is what was to end */
  lh_entry entry = lh_enter_lua(vm, co.state);
  reset_chain(vm, co.state, NULL);
  if (vm->killed) lh_renew(vm); /* one of __close had to be ended */
  lh_leave_lua(vm, entry);
  lh_ref_free(vm, co.reference);
}

/* }==== */

/* {==== The coroutine library ==== */

bool lh_is_waiting(lua_State *co) {
  if (lua_status(co) != LUA_YIELD || lh_has_mark(co, LH_STOPPED) ||
      lua_gettop(co) == 0)
    return false;
  const void *key = lua_touserdata(co, -1);
  return key == &lh_await_key || key == &lh_pass_key;
}

bool lh_is_stopped(lua_State *co) {
  for (lua_State *inner; (inner = lh_inner(co)) != NULL;) co = inner;
  return lh_has_mark(co, LH_STOPPED);
}

/* Yields on: a wait in coroutine `index` of L passes through L. The inner
** thread lies below the key, so that the chain can be walked. */
static int pass_wait(lua_State *L, int index, lua_KFunction go_on) {
  lua_pushvalue(L, index);
  lua_pushlightuserdata(L, (void *)&lh_pass_key);
  return lua_yieldk(L, 2, 0, go_on);
}

static lua_State *check_coroutine(lua_State *L) {
  lua_State *co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  return co;
}

/* Why co is not for scripts to resume or close, or NULL. A script may have kept
** the coroutine of its request (coroutine.running), whose stack the server
** reads after the handler returned. */
static const char *busy(lua_State *co) {
  if (lh_is_waiting(co)) return "a coroutine that is waiting";
  return lh_has_mark(co, LH_OF_HOST) ? "the coroutine of a request" : NULL;
}

/* One step of co with narg values from the top of L. Returns the number of
** results now on top of L, or -1 with an error value there. *waits is set
** when co waits: its key stays on its stack and marks it as busy. */
static int step(lua_State *L, lua_State *co, int narg, bool *waits) {
  lh_vm *vm = vm_of(L);
  int nres;
  *waits = false;
  const char *reason = narg >= 0 ? busy(co) : NULL;
  if (reason != NULL) {
    lua_pushfstring(L, "cannot resume %s", reason);
    return -1;
  }
  if (narg < 0) narg = 0; /* the wait is over, go on */
  if (!lua_checkstack(co, narg)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, co, narg);
  bool outer = vm->outer_yieldable;
  lua_State *blocked = vm->blocked;
  vm->outer_yieldable = outer && lua_isyieldable(L);
  if (outer && !vm->outer_yieldable) vm->blocked = L;
  lh_run_on(vm, co);
  int status = lua_resume(co, L, narg, &nres);
  lh_run_on(vm, L);
  vm->outer_yieldable = outer;
  vm->blocked = blocked;
  if (status != LUA_OK && status != LUA_YIELD) {
    if (LH_UNLIKELY(vm->killed)) lh_set_mark(co, LH_TORN);
    lua_xmove(co, L, 1);
    return -1;
  }
  if (LH_UNLIKELY(vm->killed) && lh_is_stopped(co)) {
    *waits = true; /* never to go on */
    if (lua_isyieldable(L)) return 0;
    reset_chain(vm, co, L);
    return luaL_error(L, "ran too long without waiting");
  }
  if (lh_is_waiting(co)) {
    *waits = true;
    return 0;
  }
  if (!lua_checkstack(L, nres + 1)) {
    lua_pop(co, nres);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, nres);
  return nres;
}

static int resume_go_on(lua_State *L, int status, lua_KContext context);

static int finish_resume(lua_State *L, lua_State *co, int narg) {
  bool waits;
  int n = step(L, co, narg, &waits);
  if (waits) return pass_wait(L, 1, resume_go_on);
  lua_pushboolean(L, n >= 0);
  lua_insert(L, n >= 0 ? -(n + 1) : -2);
  return n >= 0 ? n + 1 : 2;
}

static int resume_go_on(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context;
  lua_settop(L, 1); /* what was yielded stays otherwise, for each wait */
  return finish_resume(L, lua_tothread(L, 1), -1);
}

static int co_resume(lua_State *L) {
  lua_State *co = check_coroutine(L);
  return finish_resume(L, co, lua_gettop(L) - 1);
}

static int wrap_go_on(lua_State *L, int status, lua_KContext context);

static int finish_wrap(lua_State *L, int narg) {
  lua_State *co = lua_tothread(L, lua_upvalueindex(1));
  bool waits;
  int n = step(L, co, narg, &waits);
  if (waits) return pass_wait(L, lua_upvalueindex(1), wrap_go_on);
  if (n >= 0) return n;
  int status = lua_status(co);
  if (status != LUA_OK && status != LUA_YIELD && !lh_has_mark(co, LH_TORN)) {
    status = reset(vm_of(L), co, L);
    lua_xmove(co, L, 1);
  }
  if (status != LUA_ERRMEM && lua_type(L, -1) == LUA_TSTRING) {
    luaL_where(L, 1);
    lua_insert(L, -2);
    lua_concat(L, 2);
  }
  return lua_error(L);
}

static int wrap_go_on(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context;
  lua_settop(L, 0);
  return finish_wrap(L, -1);
}

static int call_wrapped(lua_State *L) { return finish_wrap(L, lua_gettop(L)); }

bool lh_passes_waits(lua_CFunction function) {
  return function == co_resume || function == call_wrapped;
}

static int co_wrap(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_State *co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  lua_pushcclosure(L, call_wrapped, 1);
  return 1;
}

void lh_push_wrapped(lua_State *L, int index) {
  lua_pushvalue(L, index);
  lua_pushcclosure(L, call_wrapped, 1);
}

static int co_close(lua_State *L) {
  lua_State *co = check_coroutine(L);
  lua_Debug ar;
  if (co == L) return luaL_error(L, "cannot close a running coroutine");
  if (lua_status(co) == LUA_OK && lua_getstack(co, 0, &ar)) /* has frames */
    return luaL_error(L, "cannot close a normal coroutine");
  if (busy(co) != NULL) return luaL_error(L, "cannot close %s", busy(co));
  bool closed = reset(vm_of(L), co, L) == LUA_OK;
  lua_pushboolean(L, closed);
  if (closed) return 1;
  lua_xmove(co, L, 1); /* the error value */
  return 2;
}

void lh_open_coroutines(lua_State *L) {
  lua_getglobal(L, LUA_COLIBNAME);
  lua_pushcfunction(L, co_resume);
  lua_setfield(L, -2, "resume");
  lua_pushcfunction(L, co_wrap);
  lua_setfield(L, -2, "wrap");
  lua_pushcfunction(L, co_close);
  lua_setfield(L, -2, "close");
  lua_pop(L, 1);
}

/* }==== */
