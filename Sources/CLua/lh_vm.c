/* SPDX-License-Identifier: MIT */
/* Creating and closing a VM. */
#include "lh_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reaching it is a bug of the border, never of a script. */
static int panic(lua_State *L) {
  const char *message =
      lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "?";
  fprintf(stderr, "luahttpd: unprotected error in Lua: %s\n", message);
  abort();
}

static void discard_warning(void *context, const char *message, int more) {
  (void)context, (void)message, (void)more; /* "@on" is the script's choice */
}

/* lua_resume and lua_pcall make these messages outside of their own protection
** (ldo.c, resume_error and luaD_seterrorobj). Kept interned: making them takes
** no memory, so no memory error starts there and jumps over Swift. */
static void keep_messages(lua_State *L) {
  static const char *const messages[] = {
      "cannot resume dead coroutine", "cannot resume non-suspended coroutine",
      "C stack overflow", "error in error handling"};
  for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
    lua_pushstring(L, messages[i]);
    luaL_ref(L, LUA_REGISTRYINDEX);
  }
}

static int open_libraries(lua_State *L) {
  luaL_openlibs(L);
  keep_messages(L);
  lh_open_pcall(L);
  lh_open_refs(L);
  lh_open_coroutines(L);
  lh_open_host(L);
  lh_open_kinds(L);
  lh_open_requests(L);
  lh_open_io(L);
  lh_open_os(L);
  lht_open(L);
  lh_find_hook_switch(L);
  return 0;
}

lh_vm *lh_vm_create(lh_host host, size_t memory_limit) {
  lh_vm *vm = calloc(1, sizeof *vm);
  if (vm == NULL) return NULL;
  vm->host = host;
  vm->limit = vm->ceiling = SIZE_MAX;
  vm->free_view = -1;
  vm->in_swift = 1; /* Swift is what calls us */
  vm->L = lua_newstate(lh_allocate, vm);
  if (vm->L == NULL) {
    lh_free_small(&vm->small);
    free(vm);
    return NULL;
  }
  *(lh_vm **)lua_getextraspace(vm->L) = vm; /* inherited by new threads */
  lua_atpanic(vm->L, panic);
  lua_setwarnf(vm->L, discard_warning, NULL);
  lua_pushcfunction(vm->L, open_libraries);
  if (lua_pcall(vm->L, 0, 0, 0) != LUA_OK) {
    lh_vm_close(vm);
    return NULL;
  }
  vm->limit = vm->ceiling = memory_limit;
  return vm;
}

size_t lh_vm_close(lh_vm *vm) {
  vm->limit = vm->ceiling = SIZE_MAX; /* finalizers may need some to free some */
  vm->fail_countdown = 0;
  vm->outer_yieldable = false;
  lh_entry entry = lh_enter_lua(vm, vm->L);
  lua_close(vm->L);
  vm->killed = 0;
  lh_leave_lua(vm, entry);
  size_t leaked = vm->blocks;
  free(vm->free_refs);
  free(vm->pool.items);
  free(vm->views);
  lh_free_small(&vm->small);
  free(vm);
  return leaked;
}

lh_state *lh_vm_main(lh_vm *vm) { return vm->L; }

lh_vm *lh_vm_of(lh_state *L) { return vm_of(L); }

lh_memory lh_vm_memory(const lh_vm *vm) {
  return (lh_memory){vm->used, vm->peak, vm->limit, vm->blocks,
                     vm->small.held};
}

void lh_vm_set_memory_limit(lh_vm *vm, size_t bytes) {
  vm->limit = vm->ceiling = bytes;
}

bool lh_vm_over_limit(const lh_vm *vm) { return vm->used > vm->ceiling; }

void lh_vm_settle(lh_vm *vm) {
  lh_vm_collect(vm);
  vm->floor = vm->used;
}

/* Does not enter Lua: finalizers may not call Swift, which is in a call. They
** may loop. */
void lh_vm_collect(lh_vm *vm) {
  lua_State *running = vm->running;
  if (vm->inside++ == 0) lh_begin(vm, vm->cpu_default, NULL);
  lh_run_on(vm, vm->L);
  lua_gc(vm->L, LUA_GCCOLLECT);
  lh_run_on(vm, running);
  if (--vm->inside == 0) lh_end(vm);
}

/* Garbage from the start: each collection finds it, and its finalizer marks it
** for the next one. At the end of the VM nothing is marked any more. */
static int count_collection(lua_State *L) {
  vm_of(L)->collections++;
  lua_getmetatable(L, 1);
  lua_setmetatable(L, 1);
  return 0;
}

void lh_vm_count_collections(lh_vm *vm) {
  lua_newuserdatauv(vm->L, 0, 0);
  lua_createtable(vm->L, 0, 1);
  lua_pushcfunction(vm->L, count_collection);
  lua_setfield(vm->L, -2, "__gc");
  lua_setmetatable(vm->L, -2);
  lua_pop(vm->L, 1);
}

size_t lh_vm_collections(const lh_vm *vm) { return vm->collections; }

void lh_vm_fail_allocation(lh_vm *vm, int64_t k) { vm->fail_countdown = k; }

size_t lh_vm_live_references(const lh_vm *vm) {
  return vm->live_refs - (size_t)vm->pool.count;
}

const char *lh_lua_release(void) { return LUA_RELEASE; }

/* Room for one more item in an array of the host's own memory. */
void *lh_grow(void *items, int32_t *capacity, size_t item_size) {
  int32_t grown = *capacity == 0 ? 16 : *capacity * 2;
  void *fresh = realloc(items, (size_t)grown * item_size);
  if (fresh == NULL) {
    fputs("luahttpd: out of memory\n", stderr);
    abort();
  }
  *capacity = grown;
  return fresh;
}
