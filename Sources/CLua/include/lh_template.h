/* SPDX-License-Identifier: MIT */
/*
** What the template renderer does with Lua values, one call per step. Nothing
** declared here raises (see CLua.h for why "memory only" functions do not).
**
** A value of a template is an lht_value in Swift's memory. Numbers, booleans,
** none and undefined are complete in it. Strings, tables, functions, userdata
** and threads are kept alive by a slot of the Lua stack that goes with it;
** a string also knows the address of its bytes, which do not move. The slot
** of a scalar holds anything.
*/
#ifndef LH_TEMPLATE_H
#define LH_TEMPLATE_H

#include "CLua.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  LHT_UNDEFINED = 0, /* bits: where it came from */
  LHT_NONE,
  LHT_BOOLEAN,
  LHT_INTEGER,
  LHT_FLOAT,
  LHT_STRING, /* bits: address, length */
  LHT_TABLE,  /* kind */
  LHT_FUNCTION,
  LHT_USERDATA,
  LHT_THREAD,
  LHT_AWAITABLE, /* a task: its result is asked for when it is used */
  LHT_MISSING, /* Swift only: argument that was not given */
  LHT_BUILTIN  /* Swift only: global function `bits` */
};

enum {
  LHT_SAFE = 1,     /* string: HTML, not escaped again */
  LHT_EXTERNAL = 2, /* string: bytes live in the template, not in the slot */
  LHT_META = 4      /* table: has a metatable of a script */
};

/* What a table is, by its metatable. */
enum {
  LHT_PLAIN = 0, /* list or map by its contents */
  LHT_LIST,
  LHT_MAP,
  LHT_SAFE_BOX, /* {html = string}: never in an lht_value, opened when read */
  LHT_RANGE,
  LHT_NAMESPACE,
  LHT_MACRO,
  LHT_CYCLER,
  LHT_JOINER,
  LHT_MODULE,
  LHT_LOOP,
  LHT_BUILTIN_BOX, /* {number}: opened when read */
  LHT_TASK,        /* its `await` waits for a task and returns its result */
  LHT_KINDS
};

typedef struct lht_value {
  uint64_t bits;
  uint32_t length;
  uint8_t tag;
  uint8_t flags;
  uint16_t kind;
} lht_value;

/* Creates the metatables of the kinds in a VM, once. [-0, +0, -] */
void lht_open(lh_state *L);

/* Pushes the metatable of a kind, LHT_LIST …: of LHT_TASK for what makes
** tasks. [-0, +1, -] */
void lht_push_metatable(lh_state *L, int32_t kind);

/* Pushes the table of names of a set of templates: number → string. True when
** it is new, so that the caller fills it. [-0, +1, -] */
bool lht_push_names(lh_state *L, const void *set);

/* Reads the value on top and moves it to slot `to`. [-1, +0, -] */
void lht_take(lh_state *L, int32_t to, lht_value *out);
/* Reads a slot in place; a box is opened. [-0, +0, -] */
void lht_read(lh_state *L, int32_t slot, lht_value *out);
/* Pushes a value as scripts see it. `boxed`: safe strings and undefined keep
** their nature, for storing. [-0, +1, -] */
void lht_push(lh_state *L, const lht_value *value, int32_t slot, bool boxed);
/* The slot gets the value of another slot. [-0, +0, -] */
void lht_copy(lh_state *L, int32_t from, int32_t to);
void lht_string(lh_state *L, int32_t to, const void *bytes, size_t size,
                lht_value *out);
/* Empty table of a kind. */
void lht_table(lh_state *L, int32_t to, int32_t kind, int32_t items,
               int32_t entries, lht_value *out);

/* A variable: names of the context chain at slot `context` (nil: none), then
** variables, then globals. The chain of a table is its [1]; false ends it
** without the variables. */
void lht_name(lh_state *L, int32_t context, int32_t origin, int32_t name,
              int32_t to, lht_value *out);
/* Slots of the render, from its origin. */
enum {
  LHT_VARIABLES = 0,
  LHT_GLOBALS,
  LHT_FILTERS,
  LHT_TESTS,
  LHT_RESULTS, /* task → result, of those that were used; nil at first */
  LHT_NAMES,
  LHT_SCRATCH,
  LHT_SCRATCH_2,
  LHT_SCRATCH_3,
  LHT_FRAMES /* first slot of the first frame */
};
/* False: a metamethod failed and `out` is its message. */
bool lht_field(lh_state *L, int32_t table, int32_t names, int32_t name,
               int32_t to, lht_value *out);
bool lht_get(lh_state *L, int32_t table, const lht_value *key, int32_t key_slot,
             int32_t to, lht_value *out);
bool lht_get_item(lh_state *L, int32_t table, int64_t index, int32_t to,
                  lht_value *out);
/* Raw: item 1 … of a list. */
void lht_item(lh_state *L, int32_t table, int64_t index, int32_t to,
              lht_value *out);
void lht_set_item(lh_state *L, int32_t table, int64_t index,
                  const lht_value *value, int32_t slot);
void lht_set_name(lh_state *L, int32_t table, int32_t names, int32_t name,
                  const lht_value *value, int32_t slot);
/* False when the key cannot be one (undefined, nan). */
bool lht_set(lh_state *L, int32_t table, const lht_value *key, int32_t key_slot,
             const lht_value *value, int32_t slot);

int64_t lht_length(lh_state *L, int32_t table);
bool lht_is_empty(lh_state *L, int32_t table);
bool lht_same(lh_state *L, int32_t a, int32_t b);
/* List of the keys of a table: integers and floats ascending, strings by
** bytes, then the rest. Returns their number. */
int64_t lht_sorted_keys(lh_state *L, int32_t table, int32_t to);
/* The same for string keys only. */
int64_t lht_sorted_names(lh_state *L, int32_t table, int32_t to);

/* What a loop or a filter goes through instead of an object. */
typedef enum lht_shape {
  LHT_OPAQUE = 0, /* no object, or one without __pairs and __len */
  LHT_PAIRS,      /* it answers __pairs */
  LHT_ITEMS       /* it answers __len, and its items by __index */
} lht_shape;
lht_shape lht_shape_of(lh_state *L, int32_t slot);
/* An object as a plain table of kind map (what its __pairs gives) or list (its
** items). False: it failed, and `out` is its message. */
bool lht_collect(lh_state *L, int32_t slot, lht_shape shape, int32_t to,
                 lht_value *out);
/* #object, with __len, as an integer. False: it failed, and `out` says how. */
bool lht_measure(lh_state *L, int32_t slot, int32_t to, lht_value *out);

/* The result of a task, if it is in the table at `results`; otherwise false
** and everything as it was. */
bool lht_result(lh_state *L, int32_t results, int32_t slot, lht_value *out);
/* Remembers the value on top as the result of the task at `slot`; makes the
** table of results. [-1, +0, -] */
void lht_set_result(lh_state *L, int32_t results, int32_t slot);

/* Slot `to` becomes a function that resumes the coroutine at `slot`, as
** coroutine.wrap does; false: it has ended. */
bool lht_wrap(lh_state *L, int32_t slot, int32_t to, lht_value *out);

/* tostring(value), or its __html: flags of `out` say which. False: failed. */
bool lht_text(lh_state *L, int32_t slot, int32_t to, lht_value *out);
/* Calls a function with the values that the caller pushed after it; cannot
** wait. [-(count + 1), +0, -] */
bool lht_call(lh_state *L, int32_t count, int32_t to, lht_value *out);

#ifdef __cplusplus
}
#endif

#endif
