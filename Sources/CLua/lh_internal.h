/* SPDX-License-Identifier: MIT */
/* What the C files of the border share. Never included by Swift. */
#ifndef LH_INTERNAL_H
#define LH_INTERNAL_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* POSIX, and what Linux has beyond it */
#endif

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

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

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

/* Small blocks of memory, see lh_memory.c and lh_pieces.c. */
enum { LH_SIZES = 16, LH_GRAIN = 16, LH_PIECE = 32 * 1024 };
enum { LH_SWEEP_LEAST = 4 << 20 }; /* so much may be free at any time */
typedef struct lh_link {
  struct lh_link *next;
} lh_link;
typedef struct lh_small {
  lh_link *free[LH_SIZES]; /* by size */
  struct lh_piece *pieces; /* that blocks were cut from */
  struct lh_piece *empty;  /* without any, their pages given back */
  lh_link *regions;        /* what pieces are part of */
  char *fresh;             /* what is left of the newest piece */
  size_t left;
  char *next_piece; /* what is left of the newest region */
  size_t pieces_left;
  size_t held;     /* bytes of `pieces` */
  size_t sweep_at; /* bytes free among them; 0: not known yet */
} lh_small;

/* Where Lua code was ended that could not be left: `pcall` and `require` let its
** frames go. */
typedef struct lh_stop {
  uint32_t epoch; /* of which turn */
  int32_t line, line_defined;
  const char *what;
  char source[512]; /* "" when it is not known */
} lh_stop;

struct lh_vm {
  lua_State *L;
  lh_host host;

  /* Memory. Growth is refused only while Lua code runs (in_swift == 0), so
  ** that no memory error can jump over a Swift frame. */
  size_t used, peak, limit, blocks;
  size_t ceiling; /* the limit in force: that of the turn's budget, or the VM's */
  size_t floor;   /* what the app itself holds, without any request */
  size_t collected; /* what was left after the last collection to make room */
  bool refused;   /* in this turn memory was */
  size_t collections; /* since they are counted */
  int64_t fail_countdown;
  lh_small small;
  size_t large; /* bytes of `used` that are not in small blocks */
  int32_t in_swift;

  /* Awaiting: innermost thread of the last wait, and whether every coroutine
  ** below the running one could yield. */
  lua_State *waiting;
  bool outer_yieldable;
  /* Where it is false: the thread whose stack has what cannot be left, or NULL
  ** and the words for it. */
  lua_State *blocked;
  const char *blocked_by;
  lua_CFunction passing[3]; /* functions in C that can be left */

  /* Turns, see lh_watchdog.c. The handler of a signal reads and sets these. */
  lua_State *volatile running; /* innermost thread inside Lua, or NULL */
  volatile sig_atomic_t killed; /* Lua code is to end, wherever it is */
  int32_t stopped_line;         /* where Lua code was ended last */
  int32_t inside;              /* turns and entries into Lua, nested */
  lh_vm *outer;                /* another VM in whose turn ours began */
  uint32_t cpu_limit;          /* of this turn, milliseconds; 0: none */
  uint32_t cpu_default;        /* of Lua code outside of all turns */
  const char *place;           /* whose turn it is */

  lh_blocker blocker; /* takes calls that may block, see lh_job.h */
  void *blocker_context;

  lua_State *refs; /* values the host refers to, by stack index */
  int32_t *free_refs;
  int32_t free_count, free_capacity;
  size_t live_refs;

  lh_pool pool;

  lh_view *views;
  int32_t view_count, free_view;

  lh_stop stop;
};

/* Keys of light userdata: addresses that scripts cannot make. */
extern const char lh_await_key;  /* yielded by a host function that waits */
extern const char lh_pass_key;   /* …and by each coroutine it passes through */
extern const char lh_failed_key; /* …replaced by this when the wait failed, */
extern const char lh_rethrown_key; /* …or this, with a place in the message */

/* The extra space of a thread is the address of its VM; marks of the thread
** are in the lowest bits. */
enum {
  LH_OF_HOST = 1, /* the host resumes it: a coroutine of the pool */
  /* The watchdog stopped it between two instructions, by a yield: nothing may
  ** be pushed onto it or read from its top; it is only reset. */
  LH_STOPPED = 2,
  /* …by an error, which leaves it without hooks: what resetting it would run
  ** could not be ended again, so it is only dropped. */
  LH_TORN = 4,
  LH_MARKS = 7
};

static inline lh_vm *vm_of(lua_State *L) {
  return (lh_vm *)(*(uintptr_t *)lua_getextraspace(L) & ~(uintptr_t)LH_MARKS);
}
static inline bool lh_has_mark(lua_State *L, uintptr_t mark) {
  return *(uintptr_t *)lua_getextraspace(L) & mark;
}
static inline void lh_set_mark(lua_State *L, uintptr_t mark) {
  *(uintptr_t *)lua_getextraspace(L) |= mark;
}
static inline void lh_clear_mark(lua_State *L, uintptr_t mark) {
  *(uintptr_t *)lua_getextraspace(L) &= ~mark;
}

/* {==== Turns (lh_turn.c, lh_watchdog.c) ==== */

/* Whose line held up the thread, gathered by the thread itself. */
typedef struct lh_sample {
  uint32_t epoch; /* of which turn */
  int line;
  bool in_c;
  bool in_host; /* no Lua code ran: a page was rendered */
  char source[LUA_IDSIZE];
  char place[96];
} lh_sample;

/* What the watchdog knows of a thread that runs Lua. */
typedef struct lh_seat {
  _Atomic uint32_t epoch; /* odd in a turn; another number for each */
  _Atomic uint32_t cpu_limit;
  lh_vm *vm; /* whose turn it is */
  const char *place;
  bool taken;
  _Atomic uint32_t kill_epoch, sample_epoch; /* turns that signals are for */
  _Atomic uint32_t placed, sampled;          /* turn of which `sample` tells */
  lh_sample sample;
  /* Of the watchdog's thread. */
  pthread_t thread;
  clockid_t clock;
  uint32_t seen;
  uint64_t since, cpu_since;
  bool asked;
  uint32_t told; /* times, see lh_stall_due */
  struct lh_seat *next;
} lh_seat;

/* Readable in the handler of a signal: no memory is allocated for it then. */
#define LH_TLS __attribute__((tls_model("initial-exec")))
extern _Thread_local LH_TLS lh_seat lh_here;
extern _Atomic bool lh_watchdog_sleeps;

void lh_wake_watchdog(lh_seat *seat);
void lh_arm_kill(lua_State *L);
void lh_keep_stop(lua_State *L);
void lh_forget_older_stop(lh_vm *vm); /* Lua code was ended in this turn */
void lh_find_hook_switch(lua_State *L);
void lh_allow_hooks(lua_State *L);
void lh_open_pcall(lua_State *L);

#define LH_UNLIKELY(x) __builtin_expect(!!(x), 0)

static inline void lh_count_epoch(lh_seat *seat, uint32_t by) {
  uint32_t epoch = atomic_load_explicit(&seat->epoch, memory_order_relaxed);
  atomic_store_explicit(&seat->epoch, epoch + by, memory_order_release);
}

/* Begins the turn of a VM, and ends it. */
static inline void lh_begin(lh_vm *vm, uint32_t cpu_limit, const char *place) {
  lh_seat *seat = &lh_here;
  vm->outer = seat->vm;
  vm->cpu_limit = cpu_limit;
  vm->place = place;
  vm->refused = false;
  seat->place = place;
  seat->vm = vm;
  atomic_store_explicit(&seat->cpu_limit, cpu_limit, memory_order_relaxed);
  lh_count_epoch(seat, vm->outer == NULL ? 1 : 2);
  if (LH_UNLIKELY(!seat->taken || atomic_load_explicit(&lh_watchdog_sleeps,
                                                       memory_order_relaxed)))
    lh_wake_watchdog(seat);
}
static inline void lh_end(lh_vm *vm) {
  lh_seat *seat = &lh_here;
  lh_vm *outer = vm->outer;
  lh_count_epoch(seat, outer == NULL ? 1 : 2);
  atomic_signal_fence(memory_order_seq_cst);
  seat->vm = outer;
  if (outer != NULL) {
    seat->place = outer->place;
    atomic_store_explicit(&seat->cpu_limit, outer->cpu_limit, memory_order_relaxed);
  }
  vm->outer = NULL;
  vm->killed = 0;
}
/* What was to be ended has been: the rest of the turn has a budget of its own. */
static inline void lh_renew(lh_vm *vm) {
  vm->killed = 0;
  if (vm->inside > 0) lh_count_epoch(&lh_here, 2);
}

/* Lua goes on in thread L, or nowhere. */
static inline void lh_run_on(lh_vm *vm, lua_State *L) {
  vm->running = L;
  atomic_signal_fence(memory_order_seq_cst);
  if (LH_UNLIKELY(vm->killed) && L != NULL) lh_arm_kill(L);
}

/* Lua code may run on L between enter and leave, and memory may be refused. */
typedef struct lh_entry {
  int32_t in_swift;
  lua_State *running;
} lh_entry;

static inline lh_entry lh_enter_lua(lh_vm *vm, lua_State *L) {
  lh_entry entry = {vm->in_swift, vm->running};
  vm->in_swift = 0;
  if (vm->inside++ == 0) lh_begin(vm, vm->cpu_default, NULL);
  lh_run_on(vm, L);
  return entry;
}
static inline void lh_leave_lua(lh_vm *vm, lh_entry entry) {
  lh_run_on(vm, entry.running);
  vm->in_swift = entry.in_swift;
  if (--vm->inside == 0) lh_end(vm);
}

/* }==== */

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
/* Another piece to cut from; false when out of memory. */
bool lh_begin_piece(lh_vm *vm);
bool lh_pays_to_sweep(lh_vm *vm);
/* Gives back the pages of pieces without a block in use. */
void lh_sweep(lh_small *small);
void lh_free_small(lh_small *small);
bool lh_is_waiting(lua_State *co); /* a host function waits in it, or deeper */
/* Pushes a function that resumes the coroutine at index, as coroutine.wrap's. */
void lh_push_wrapped(lua_State *L, int index);
bool lh_passes_waits(lua_CFunction function); /* coroutine.resume, wrap */
void lh_open_host(lua_State *L);
bool lh_is_stopped(lua_State *co); /* …or the watchdog stopped it there */

void *lh_grow(void *items, int32_t *capacity, size_t item_size);

/* Sets the metatable of an LHT_* kind on the table on top. */
void lht_mark(lua_State *L, int kind);

/* Set-up of a new VM: may raise, run protected. */
void lh_open_coroutines(lua_State *L);
void lh_open_kinds(lua_State *L);
void lh_open_requests(lua_State *L);
void lh_open_refs(lua_State *L);
void lh_open_io(lua_State *L);
void lh_open_os(lua_State *L);

#endif
