/* SPDX-License-Identifier: MIT */
/*
** Turns: what one of them may use of its VM's memory and time, and what its
** task holds afterwards. Whoever takes too long is for lh_watchdog.c to find.
*/
#include "lh_internal.h"

#include <time.h>

/* The last sixteenth of the VM's memory is for those who need little: hogs
** that hold what they have while they wait do not fail the others. */
static size_t ceiling_for(const lh_vm *vm, const lh_budget *budget, size_t held) {
  enum { LITTLE = 1 << 20 };
  size_t own = budget->memory > held ? budget->memory - held : 0;
  size_t most = vm->limit - vm->limit / 16;
  if (held < LITTLE && vm->used + (LITTLE - held) > most) most = vm->used + (LITTLE - held);
  if (most > vm->limit) most = vm->limit;
  return own < most && vm->used < most - own ? vm->used + own : most;
}

/* Much of what is held may be garbage of others, which the auxiliary library
** (luaL_Buffer) does not collect before it fails. */
static void make_room(lh_vm *vm) {
  if (vm->used < vm->collected + vm->limit / 8) return;
  lh_vm_collect(vm);
  vm->collected = vm->used;
}

lh_turn lh_turn_begin(lh_vm *vm, const lh_budget *budget) {
  if (LH_UNLIKELY(vm->used > vm->limit / 2) && vm->inside == 0) make_room(vm);
  lh_turn turn = {vm->ceiling, vm->used};
  /* Nobody holds more than is there beyond the app's own: what earlier turns
  ** added may have been collected in those of others. */
  size_t beyond = vm->used > vm->floor ? vm->used - vm->floor : 0;
  size_t held = budget->held < beyond ? budget->held : beyond;
  vm->ceiling = ceiling_for(vm, budget, held);
  turn.used -= held; /* what the task holds is counted from here */
  if (vm->inside++ == 0) lh_begin(vm, budget->cpu, budget->place);
  return turn;
}

void lh_turn_end(lh_vm *vm, lh_turn turn, lh_budget *budget) {
  /* Less than before: what was collected may have been of others. */
  ptrdiff_t held = (ptrdiff_t)(vm->used - turn.used);
  budget->held = held > 0 ? (size_t)held : 0;
  vm->ceiling = turn.ceiling;
  if (--vm->inside == 0) lh_end(vm);
}

void lh_vm_set_cpu_limit(lh_vm *vm, uint32_t milliseconds) {
  vm->cpu_default = milliseconds;
}

uint64_t lh_thread_time(void) {
  struct timespec t;
  if (clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t) != 0) return 0;
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool lh_turn_is_over(const lh_vm *vm) { return vm->killed; }
