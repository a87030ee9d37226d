/* SPDX-License-Identifier: MIT */
/* What the C files of the border share. Never included by Swift. */
#ifndef LH_INTERNAL_H
#define LH_INTERNAL_H

#if __has_include(<lua5.4/lua.h>)
#include <lua5.4/lauxlib.h>
#include <lua5.4/lua.h>
#include <lua5.4/lualib.h>
#else
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#endif

#include <string.h>

#include "CLua.h"

#if LUA_VERSION_NUM != 504
#error "luahttpd needs Lua 5.4"
#endif

/* Set of Lua threads kept alive by the pool, ready for use. */
typedef struct lh_pool {
  lh_coroutine *items;
  int32_t count, capacity;
} lh_pool;

/* One slot for a request that scripts may still hold a table of. */
typedef struct lh_view {
  const lh_request *request; /* NULL once it has ended */
  uint32_t serial;           /* tells this request from the slot's next one */
  int32_t next_free;
} lh_view;

/* Small blocks of memory, see lh_memory.c. */
enum { LH_SIZES = 16 };
typedef struct lh_link {
  struct lh_link *next;
} lh_link;
typedef struct lh_small {
  lh_link *free[LH_SIZES]; /* by size */
  lh_link *pieces;
  char *fresh; /* what is left of the newest piece */
  size_t left;
} lh_small;

struct lh_vm {
  lua_State *L;
  lh_host host;

  /* Memory. Growth is refused only while Lua code runs (in_swift == 0), so
  ** that no memory error can jump over a Swift frame. */
  size_t used, peak, limit, blocks;
  int64_t fail_countdown;
  lh_small small;
  int32_t in_swift;

  /* Awaiting: innermost thread of the last wait, and whether every coroutine
  ** below the running one could yield. */
  lua_State *waiting;
  bool outer_yieldable;
  /* Where it is false: the thread whose stack has what cannot be left, or NULL
  ** and the words for it. */
  lua_State *blocked;
  const char *blocked_by;
  lua_CFunction sort, gsub, require; /* as opened, for messages */
  lua_CFunction passing[3];          /* functions in C that can be left */

  lua_State *refs; /* values the host refers to, by stack index */
  int32_t *free_refs;
  int32_t free_count, free_capacity;
  size_t live_refs;

  lh_pool pool;

  lh_view *views;
  int32_t view_count, free_view;
};

/* Keys of light userdata: addresses that scripts cannot make. */
extern const char lh_await_key;  /* yielded by a host function that waits */
extern const char lh_pass_key;   /* …and by each coroutine it passes through */
extern const char lh_failed_key; /* …replaced by this when the wait failed, */
extern const char lh_rethrown_key; /* …or this, with a place in the message */

/* The extra space of a thread is the address of its VM; the lowest bit is set
** in threads that the host resumes, the coroutines of the pool. */
enum { LH_OF_HOST = 1 };

static inline lh_vm *vm_of(lua_State *L) {
  return (lh_vm *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)LH_OF_HOST);
}
static inline bool lh_is_of_host(lua_State *L) {
  return *(uintptr_t *)lua_getextraspace(L) & LH_OF_HOST;
}

/* Lua code may run between enter and leave, and memory may be refused. */
static inline int32_t lh_enter_lua(lh_vm *vm) {
  int32_t depth = vm->in_swift;
  vm->in_swift = 0;
  return depth;
}
static inline void lh_leave_lua(lh_vm *vm, int32_t depth) {
  vm->in_swift = depth;
}

/* The chunks of the library are named "=luahttpd/<file>"; their lines are not
   the author's. */
#define LH_LIBRARY_PREFIX "=luahttpd/"
static inline bool lh_is_library(const lua_Debug *ar) {
  return strncmp(ar->source, LH_LIBRARY_PREFIX, sizeof LH_LIBRARY_PREFIX - 1) == 0;
}

lh_status lh_status_of(lua_State *L, int status);
/* Raises the value on top; a message gets the author's line. */
int lh_raise(lua_State *L);
void *lh_allocate(void *context, void *block, size_t old_size, size_t size);
void lh_free_small(lh_small *small);
bool lh_is_waiting(lua_State *co); /* a host function waits in it, or deeper */
/* Pushes a function that resumes the coroutine at index, as coroutine.wrap's. */
void lh_push_wrapped(lua_State *L, int index);
bool lh_passes_waits(lua_CFunction function); /* coroutine.resume, wrap */
void lh_open_host(lua_State *L);
void *lh_grow(void *items, int32_t *capacity, size_t item_size);

/* Sets the metatable of an LHT_* kind on the table on top. */
void lht_mark(lua_State *L, int kind);

/* Set-up of a new VM: may raise, run protected. */
void lh_open_coroutines(lua_State *L);
void lh_open_kinds(lua_State *L);
void lh_open_requests(lua_State *L);
void lh_open_refs(lua_State *L);

#endif
