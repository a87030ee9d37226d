/* SPDX-License-Identifier: MIT */
/*
** Where the watchdog ended Lua code by an error: the frames that say it go when
** `pcall`, or `require`, catches that.
*/
#include "lh_internal.h"

/* The first of a turn: what runs after it was caught is ended as well. */
void lh_keep_stop(lua_State *L) {
  enum { DEEPEST = 32 };
  lua_Debug frame;
  lh_stop *stop = &vm_of(L)->stop;
  uint32_t epoch = atomic_load_explicit(&lh_here.epoch, memory_order_relaxed);
  if (stop->epoch == epoch && stop->source[0] != 0) return;
  stop->epoch = epoch;
  stop->source[0] = 0;
  for (int level = 0; level < DEEPEST && lua_getstack(L, level, &frame); level++) {
    lua_getinfo(L, "Sl", &frame);
    if (frame.currentline <= 0 || frame.source[0] != '@') continue;
    if (frame.srclen >= sizeof stop->source) return;
    memcpy(stop->source, frame.source, frame.srclen);
    stop->source[frame.srclen] = 0;
    stop->line = frame.currentline;
    stop->line_defined = frame.linedefined;
    stop->what = frame.what; /* a literal of Lua's */
    return;
  }
}

void lh_forget_older_stop(lh_vm *vm) {
  uint32_t epoch = atomic_load_explicit(&lh_here.epoch, memory_order_relaxed);
  if (vm->stop.epoch != epoch) vm->stop.source[0] = 0;
}

bool lh_stopped(const lh_vm *vm, lh_frame_info *out) {
  if (vm->stop.source[0] == 0) return false;
  *out = (lh_frame_info){
      .source = vm->stop.source,
      .source_length = strlen(vm->stop.source),
      .what = vm->stop.what,
      .line = vm->stop.line,
      .line_defined = vm->stop.line_defined,
  };
  return true;
}
