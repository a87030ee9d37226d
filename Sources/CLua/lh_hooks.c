/* SPDX-License-Identifier: MIT */
/*
** Hooks where Lua turns them off: in finalizers (lgc.c, GCTM) and in hooks
** (ldo.c, luaD_hook). An endless loop there could not be ended otherwise. The
** switch is a byte near the beginning of lua_State, which the library does not
** show. It is looked for, by what is 1 outside of a hook and 0 inside; where
** nothing or more than one byte fits, hooks stay off there, and the log of
** stalls is all that tells of such a loop.
*/
#include "lh_internal.h"

#include <string.h>

/* Behind the header that each object of the collector has. */
enum { FROM = sizeof(void *) + 2, TO = FROM + 6 };

static _Atomic int switch_at; /* 0: not known */
static _Thread_local unsigned char inside[TO];

static void look(lua_State *L, lua_Debug *ar) {
  (void)ar;
  memcpy(inside, L, TO);
  lua_sethook(L, NULL, 0, 0);
}

void lh_find_hook_switch(lua_State *L) {
  unsigned char before[TO], after[TO];
  int found = 0;
  if (atomic_load(&switch_at) != 0) return;
  luaL_loadstring(L, "local x = 1");
  memset(inside, 1, TO);
  lua_sethook(L, look, LUA_MASKCOUNT, 1);
  memcpy(before, L, TO);
  lua_call(L, 0, 0);
  memcpy(after, L, TO);
  for (int at = FROM; at < TO; at++)
    if (before[at] == 1 && inside[at] == 0 && after[at] == 1) found = found == 0 ? at : -1;
  if (found > 0) atomic_store(&switch_at, found);
}

/* Called in the handler of a signal, too. What turned them off turns them on
** again in any case, so this changes nothing behind it. */
void lh_allow_hooks(lua_State *L) {
  int at = atomic_load_explicit(&switch_at, memory_order_relaxed);
  if (at != 0) *((volatile unsigned char *)L + at) = 1;
}
