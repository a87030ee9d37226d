/* SPDX-License-Identifier: MIT */
/*
** The border between Swift and Lua, as Swift sees it. This header includes no
** Lua header: what can longjmp is not visible to Swift.
**
** Each function carries the notation of the Lua manual, [-pops, +pushes, x].
** x is '-' everywhere: nothing declared here raises. While Swift runs, the
** allocator of the VM does not fail (lh_memory.c), so "memory only" functions of
** Lua's API do not raise either.
**
** Contract of all functions: called on the thread that owns the VM; stack
** indices are valid; the caller has reserved the stack slots that are pushed
** (20 are free at entry of a host function and on a fresh coroutine;
** otherwise lh_reserve).
*/
#ifndef CLUA_H
#define CLUA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A VM: one Lua universe, owned by one thread at a time. */
typedef struct lh_vm lh_vm;
/* A Lua thread (main thread or coroutine): a stack. It is a lua_State. */
typedef struct lua_State lh_state;

/* {==== Outcomes ==== */

typedef enum lh_status {
  LH_OK = 0,
  LH_AWAITING,      /* resume: a host function waits; complete it, then resume */
  LH_YIELDED,       /* resume: coroutine.yield outside of any coroutine */
  LH_ERROR_RUNTIME, /* these leave the error value on top */
  LH_ERROR_SYNTAX,
  LH_ERROR_MEMORY,
  LH_ERROR_TIME /* ended by the watchdog. resume: no value is on top; until the
                ** coroutine is discarded only lh_frame and lh_inner may be used */
} lh_status;

/* What a host function returns to the trampoline, when not a result count. */
enum { LH_RAISE = -1, LH_AWAIT = -2 };

/* Types of values: the LUA_T* constants, which are part of Lua's stable API. */
typedef enum lh_type {
  LH_NONE = -1,
  LH_NIL = 0,
  LH_BOOLEAN = 1,
  LH_LIGHTUSERDATA = 2,
  LH_NUMBER = 3,
  LH_STRING = 4,
  LH_TABLE = 5,
  LH_FUNCTION = 6,
  LH_USERDATA = 7,
  LH_THREAD = 8
} lh_type;

/* }==== */

/* {==== VM (lh_vm.c) ==== */

/* What the VM calls in the host. None of these may call back into Lua except
** through lh_call and lh_resume. */
typedef struct lh_host {
  void *context;
  /* Host function `id` was called with the arguments on L. Returns the number
  ** of results pushed, LH_RAISE (error value pushed) or LH_AWAIT. */
  int32_t (*call)(void *context, lh_state *L, int32_t id);
  /* Field `field` (lh_request_field) of the request at index 1 was read. Pushes
  ** one value and returns 1, or pushes an error value and returns LH_RAISE. */
  int32_t (*field)(void *context, lh_state *L, void *owner, int32_t field);
} lh_host;

typedef struct lh_memory {
  size_t used;   /* bytes held by the VM */
  size_t peak;   /* most bytes ever held */
  size_t limit;  /* bytes at which Lua code gets "not enough memory" */
  size_t blocks; /* blocks held */
  size_t pieces; /* bytes that small blocks are cut from, used or not */
} lh_memory;

/* New VM with the standard libraries, or NULL when out of memory. */
lh_vm *lh_vm_create(lh_host host, size_t memory_limit);
/* Closes it (running finalizers); returns the number of blocks that leaked. */
size_t lh_vm_close(lh_vm *vm);
lh_state *lh_vm_main(lh_vm *vm);
lh_vm *lh_vm_of(lh_state *L);
lh_memory lh_vm_memory(const lh_vm *vm);
void lh_vm_set_memory_limit(lh_vm *vm, size_t bytes);
/* True when more is held than the limit allows: possible after host work,
** which the allocator never refuses. */
bool lh_vm_over_limit(const lh_vm *vm); /* …or the budget of the turn */
/* The app is loaded: what it holds now is not a request's. Collects first. */
void lh_vm_settle(lh_vm *vm);
/* Runs a full collection. Finalizers cannot call the host meanwhile. */
void lh_vm_collect(lh_vm *vm);
/* From now on counts the collections that came to their end. */
void lh_vm_count_collections(lh_vm *vm);
size_t lh_vm_collections(const lh_vm *vm);
/* Tests: from the k-th growth of memory by Lua code on, each growth fails,
** until called again with 0. */
void lh_vm_fail_allocation(lh_vm *vm, int64_t k);
/* References and coroutines that the host still holds. */
size_t lh_vm_live_references(const lh_vm *vm);
/* "Lua 5.4.4": the release this program was built with. */
const char *lh_lua_release(void);

/* }==== */

/* {==== Turns and the watchdog (lh_turn.c, lh_watchdog.c) ==== */

/* What a task may use, and what it has in use. */
typedef struct lh_budget {
  uint32_t cpu;      /* milliseconds of processor time in one turn; 0: no limit */
  size_t memory;     /* bytes by which it may let the VM grow */
  size_t held;       /* bytes by which its turns did so far */
  const char *place; /* whose it is, for the log ("app.lua:12"); stays in place
                     ** during the turn */
} lh_budget;

/* For lh_turn_end. */
typedef struct lh_turn {
  size_t ceiling, used;
} lh_turn;

/* What happens between begin and end is one turn of a task: from one wait to
** the next. Lua code that runs longer than it may gets LH_ERROR_TIME, and with
** more memory LH_ERROR_MEMORY. Turns nest; only the outermost has a clock. */
lh_turn lh_turn_begin(lh_vm *vm, const lh_budget *budget);
void lh_turn_end(lh_vm *vm, lh_turn turn, lh_budget *budget);
/* The limit of Lua code outside of turns: <close> variables of a cancelled
** request, finalizers of a VM that closes. None at first. */
void lh_vm_set_cpu_limit(lh_vm *vm, uint32_t milliseconds);
/* The time is used up. Long work of the host asks and ends itself. */
bool lh_turn_is_over(const lh_vm *vm);
/* Processor time of the calling thread in microseconds, for work of several
** turns: a page that lets others go first. */
uint64_t lh_thread_time(void);

/* A turn that held up its thread for more than 50 ms. */
typedef struct lh_stall {
  const char *source; /* the line that ran then; line 0 when it is not known */
  int32_t line;
  bool in_c;          /* a function in C ran, called from there */
  const char *place;  /* of the budget */
  uint32_t milliseconds;
  bool ended;
  uint32_t omitted;   /* stalls since the last one that was told */
} lh_stall;
typedef void (*lh_stall_listener)(const lh_stall *stall);
/* Called from a thread of the watchdog, at most once a second. */
void lh_stall_listen(lh_stall_listener listener);
/* Milliseconds after which a stall that goes on is told, after it was so many
** times. */
uint64_t lh_stall_due(uint32_t told);

/* }==== */

/* {==== Loading and running (lh_call.c) ==== */

/* Compiles a text chunk (bytecode is refused). [-0, +1, -]: the function, or
** the error value. `name` as in lua_load: "@file.lua" or "=what". */
lh_status lh_load(lh_state *L, const char *bytes, size_t size,
                  const char *name);
/* The library of luahttpd that is written in Lua, as a function of host and
** settings (CLua/lua/main.lua). [-0, +1, -] */
void lh_push_library(lh_state *L);
/* Protected call that cannot wait. [-(nargs+1), +nresults|1, -] */
lh_status lh_call(lh_state *L, int32_t nargs, int32_t nresults);
/* One step of a coroutine: starts it (function and nargs arguments on top) or
** goes on after a wait (nargs 0). OK leaves *nresults values on its stack.
** On an error the stack of frames stays, for lh_frame. After both, 20 slots are
** free. [-?, +*nresults, -] */
lh_status lh_resume(lh_state *co, int32_t nargs, int32_t *nresults);
/* The thread on which the host function that waits was called: its results
** go there. Valid right after lh_resume returned LH_AWAITING. */
lh_state *lh_waiting(lh_vm *vm);
/* The coroutine of the script through which co waits, or in which it was ended;
** NULL in the innermost. [-0, +0, -] */
lh_state *lh_inner(lh_state *co);
/* The wait ends with an error: the value on top of `waiting` is raised in the
** script by the next lh_resume. A message gets the author's line, unless
** `as_is`: then it has a place already. [-0, +0, -] */
void lh_wait_failed(lh_state *waiting, bool as_is);

/* A function on the call stack of a thread. Strings live as long as the frame. */
typedef struct lh_frame_info {
  const char *source;     /* "@app.lua", "=[C]" or the text of the chunk */
  size_t source_length;
  const char *name;       /* of the function as called, or NULL */
  const char *name_what;  /* "global", "method", "field", … or "" */
  const char *what;       /* "Lua", "C" or "main" */
  int32_t line;           /* current line, -1 when unknown */
  int32_t line_defined;
  bool is_tail_call;      /* who called it is not on the stack any more */
} lh_frame_info;
/* Describes call level `level` (0 = innermost). False past the last one. */
bool lh_frame(lh_state *L, int32_t level, lh_frame_info *out);
/* The innermost function in a file ("@…") that ran when Lua code was ended last,
** if it was ended where it could not be left: the frames of its thread may be
** gone. For after LH_ERROR_TIME; false when the frames say it. */
bool lh_stopped(const lh_vm *vm, lh_frame_info *out);
/* Pushes local variable `number` (from 1) of the function at call level `level`
** and returns its name, or returns NULL past the last one. Names that begin with
** '(' are Lua's own. [-0, +(1|0), -] */
const char *lh_local(lh_state *L, int32_t level, int32_t number);

/* }==== */

/* {==== Coroutines (lh_co.c) ==== */

/* A pooled coroutine and the slot that keeps it alive. */
typedef struct lh_coroutine {
  lh_state *state;
  int32_t reference;
} lh_coroutine;

/* A coroutine with an empty stack. */
lh_coroutine lh_coroutine_take(lh_vm *vm);
/* Back to the pool: only after LH_OK. Its stack is emptied. */
void lh_coroutine_put(lh_vm *vm, lh_coroutine co);
/* Ends one that failed or waits, and the coroutines of the script that it waits
** through: closes their to-be-closed variables, drops it. */
void lh_coroutine_discard(lh_vm *vm, lh_coroutine co);

/* }==== */

/* {==== References (lh_ref.c) ==== */

/* Takes the value on top out of the stack and keeps it. [-1, +0, -] */
int32_t lh_ref_take(lh_state *L);
/* [-0, +1, -] */
void lh_ref_push(lh_state *L, int32_t ref);
void lh_ref_free(lh_vm *vm, int32_t ref);

/* }==== */

/* {==== Reading and writing the stack (lh_stack.c) ==== */

int32_t lh_top(lh_state *L);
/* [-?, +?, -] */
void lh_set_top(lh_state *L, int32_t index);
/* Makes room for n more values; false at Lua's stack limit. */
bool lh_reserve(lh_state *L, int32_t n);
int32_t lh_absolute(lh_state *L, int32_t index);
lh_type lh_type_of(lh_state *L, int32_t index);
bool lh_is_integer(lh_state *L, int32_t index);
bool lh_boolean(lh_state *L, int32_t index);  /* Lua's truth of any value */
int64_t lh_integer(lh_state *L, int32_t index); /* 0 when not a number */
double lh_number(lh_state *L, int32_t index);   /* 0 when not a number */
/* The first place of `wanted` in `bytes`, or NULL; in linear time whatever they
** are (memmem). */
const void *lh_find(const void *bytes, size_t size, const void *wanted,
                    size_t length);

/* Writes a number in decimal, without a NUL; returns how many bytes. `buffer`
** has room for LH_INTEGER_SIZE. */
#define LH_INTEGER_SIZE 20
int32_t lh_format_integer(char *buffer, int64_t value);
/* Bytes of a string, valid while it is on the stack or in a live table.
** NULL for anything that is not a string: numbers are not converted. */
const char *lh_bytes(lh_state *L, int32_t index, size_t *size);
const void *lh_pointer(lh_state *L, int32_t index);
uint64_t lh_raw_length(lh_state *L, int32_t index);

void lh_push_nil(lh_state *L);                      /* [-0, +1, -] … */
void lh_push_boolean(lh_state *L, bool value);
void lh_push_integer(lh_state *L, int64_t value);
void lh_push_number(lh_state *L, double value);
/* A string of 1 GiB or more becomes nil; returns false then. */
bool lh_push_bytes(lh_state *L, const char *bytes, size_t size);
void lh_push_copy(lh_state *L, int32_t index);
void lh_push_light(lh_state *L, void *pointer);
void lh_push_table(lh_state *L, int32_t array_size, int32_t map_size);
/* Closure that calls the host with `id`. `waits`: it may return LH_AWAIT. */
void lh_push_host_function(lh_state *L, int32_t id, bool waits);
/* Values of one type move between threads of a VM. [-n from, +n to, -] */
void lh_move(lh_state *from, lh_state *to, int32_t n);
void lh_rotate(lh_state *L, int32_t index, int32_t n);
void lh_remove(lh_state *L, int32_t index);

/* Raw table access: no metamethods. `table` must be a table. */
lh_type lh_get_field(lh_state *L, int32_t table, const char *key, size_t size);
                                                    /* [-0, +1, -] */
lh_type lh_get_index(lh_state *L, int32_t table, int64_t index); /* [-0, +1, -] */
lh_type lh_get(lh_state *L, int32_t table);         /* key → value: [-1, +1, -] */
void lh_set_field(lh_state *L, int32_t table, const char *key, size_t size);
                                                    /* value: [-1, +0, -] */
void lh_set_index(lh_state *L, int32_t table, int64_t index); /* [-1, +0, -] */
/* Sets table[key] = value; a nil or NaN key returns false. [-2, +0, -] */
bool lh_set(lh_state *L, int32_t table);
/* Key → next key and value; false (nothing pushed) at the end. The table must
** not get new keys in between: no Lua code may touch it, so what is allocated
** in between must not matter to a finalizer that does. [-1, +(2|0), -] */
bool lh_next(lh_state *L, int32_t table);

/* tostring(value), metamethods included, protected: the text, or the error
** value. [-0, +1, -] */
lh_status lh_to_string(lh_state *L, int32_t index);

bool lh_get_metatable(lh_state *L, int32_t index);  /* [-0, +(1|0), -] */
void lh_set_metatable(lh_state *L, int32_t index);  /* table: [-1, +0, -] */

/* Kinds of tables and values that the library marks by a shared metatable. */
typedef enum lh_kind {
  LH_KIND_RESPONSE = 0, /* what app.json, app.redirect … return */
  LH_KIND_ABORT,        /* error value raised by app.abort */
  LH_KIND_ARRAY,        /* JSON array */
  LH_KIND_OBJECT,       /* JSON object */
  LH_KIND_SAFE,         /* luahttpd.safe: HTML that is not escaped again */
  LH_KIND_VALUES,       /* decoded query or form */
  LH_KIND_REQUEST,      /* what handlers get */
  LH_KIND_UPLOAD,       /* model for the metatables of uploaded files */
  LH_KIND_TASK,         /* what app.async returns; lua/tasks.lua */
  LH_KIND_STREAM,       /* what the function of app.stream gets; lua/streams.lua */
  LH_KIND_COUNT
} lh_kind;
/* The metatable of a kind. [-0, +1, -] */
void lh_push_kind(lh_state *L, lh_kind kind);
void lh_mark(lh_state *L, int32_t index, lh_kind kind);
bool lh_is_kind(lh_state *L, int32_t index, lh_kind kind);
/* luahttpd.null, which is lua-cjson's null too: light userdata NULL. */
bool lh_is_null(lh_state *L, int32_t index);

/* }==== */

/* {==== Requests (lh_request.c) ==== */

typedef struct lh_slice {
  uint32_t offset, length;
} lh_slice;

/* Layout shared with HTTP/HeaderTable: offsets into the received head. */
typedef struct lh_header {
  lh_slice name, value;
} lh_header;

typedef enum lh_param_kind { LH_PARAM_BYTES, LH_PARAM_INTEGER, LH_PARAM_NUMBER } lh_param_kind;

typedef struct lh_param {
  const char *name;
  const char *bytes;
  uint32_t name_length;
  uint32_t length;
  int64_t integer;
  double number;
  lh_param_kind kind;
} lh_param;

/* A request as scripts see it: memory of the host that stays in place until
** lh_request_end. Scripts hold a table that looks into it on demand. */
typedef struct lh_request {
  const char *head; /* the head as received; slices are offsets into it */
  uint32_t head_length;
  lh_slice method;
  lh_slice raw_path;
  const char *path; /* decoded path */
  uint32_t path_length;
  uint32_t header_count;
  const lh_header *headers;
  const lh_param *params;
  uint32_t param_count;
  void *owner; /* handed back to the host's `field` */
} lh_request;

/* Fields of req. Those from LH_FIELD_QUERY on are asked of the host. */
typedef enum lh_request_field {
  LH_FIELD_METHOD = 1,
  LH_FIELD_PATH,
  LH_FIELD_RAW_PATH,
  LH_FIELD_HEADERS,
  LH_FIELD_PARAMS,
  LH_FIELD_RAW,
  LH_FIELD_QUERY,
  LH_FIELD_COOKIES,
  LH_FIELD_BODY,
  LH_FIELD_FORM,
  LH_FIELD_JSON,
  LH_FIELD_IP,
  LH_FIELD_PORT,
  LH_FIELD_HOST,
  LH_FIELD_SCHEME,
  LH_FIELD_IS_SECURE,
  LH_FIELD_URL,
  LH_FIELD_ID,
  LH_FIELD_ROUTE,
  LH_FIELD_STARTED,
  LH_FIELD_FILES
} lh_request_field;

/* Pushes the table for scripts; returns the token for lh_request_end.
** [-0, +1, -] */
uint64_t lh_request_begin(lh_state *L, const lh_request *request);
/* From now on a script that kept the table gets "request has ended". */
void lh_request_end(lh_vm *vm, uint64_t token);
/* The owner of the request that the table at `index` stands for; NULL when it
** is none, or one that has ended. [-0, +0, -] */
void *lh_request_owner(lh_state *L, int32_t index);

/* }==== */

#include "lh_job.h"

#if __has_include("lh_template.h")
#include "lh_template.h"
#endif

#ifdef __cplusplus
}
#endif

#endif
