/* SPDX-License-Identifier: MIT */
/*
** References of the host: slots on the stack of a thread that never runs.
** Taking and pushing are moves between stacks, without hashing.
*/
#include "lh_internal.h"

#include <stdio.h>
#include <stdlib.h>

void lh_open_refs(lua_State *L) {
  lh_vm *vm = vm_of(L);
  vm->refs = lua_newthread(L);
  luaL_ref(L, LUA_REGISTRYINDEX);
}

int32_t lh_ref_take(lh_state *L) {
  lh_vm *vm = vm_of(L);
  vm->live_refs++;
  if (vm->free_count > 0) {
    int32_t slot = vm->free_refs[--vm->free_count];
    lua_xmove(L, vm->refs, 1);
    lua_replace(vm->refs, slot);
    return slot;
  }
  /* LUAI_MAXSTACK is a million slots: more than the requests that fit into
  ** memory. Past it nothing could be kept alive, so stop rather than corrupt. */
  if (!lua_checkstack(vm->refs, 2)) {
    fputs("luahttpd: too many references\n", stderr);
    abort();
  }
  lua_xmove(L, vm->refs, 1);
  return lua_gettop(vm->refs);
}

void lh_ref_push(lh_state *L, int32_t ref) {
  lua_State *refs = vm_of(L)->refs;
  lua_pushvalue(refs, ref);
  lua_xmove(refs, L, 1);
}

void lh_ref_free(lh_vm *vm, int32_t ref) {
  lua_pushnil(vm->refs);
  lua_replace(vm->refs, ref);
  if (vm->free_count == vm->free_capacity)
    vm->free_refs =
        lh_grow(vm->free_refs, &vm->free_capacity, sizeof *vm->free_refs);
  vm->free_refs[vm->free_count++] = ref;
  vm->live_refs--;
}
