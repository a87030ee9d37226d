/* SPDX-License-Identifier: MIT */
/*
** The memory of a VM: accounting, the limit, and small blocks.
**
** Lua says the size of a block when it frees it, and nearly all of its blocks
** are small: so these come from lists of free ones by size, cut from larger
** pieces, without headers and without a lock. A malloc and free of the C
** library cost about 40 ns together, this about 5; a page of 13 rows takes 37
** blocks.
*/
#include "lh_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SMALL = LH_SIZES * LH_GRAIN };

/* A sanitizer watches blocks of malloc only. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ALL_FROM_MALLOC 1
#endif
#endif
#ifndef ALL_FROM_MALLOC
#define ALL_FROM_MALLOC 0
#endif

static bool is_small(size_t size) {
  return !ALL_FROM_MALLOC && size <= MOST_SMALL;
}

static size_t size_class(size_t size) { return (size - 1) / LH_GRAIN; }

static void *cut(lh_vm *vm, size_t size) {
  lh_small *small = &vm->small;
  if (small->left < size && !lh_begin_piece(vm)) return NULL;
  void *block = small->fresh;
  small->fresh += size;
  small->left -= size;
  return block;
}

/* Large blocks may not come on top of small ones that nobody uses. */
static void *take_large(lh_vm *vm, size_t size) {
  if (LH_UNLIKELY(vm->small.held > LH_SWEEP_LEAST) && lh_pays_to_sweep(vm))
    lh_sweep(&vm->small);
  void *block = malloc(size);
  if (block != NULL) vm->large += size;
  return block;
}

static void *take(lh_vm *vm, size_t size) {
  if (!is_small(size)) return take_large(vm, size);
  size_t class = size_class(size);
  lh_link *block = vm->small.free[class];
  if (block == NULL) return cut(vm, (class + 1) * LH_GRAIN);
  vm->small.free[class] = block->next;
  return block;
}

static void give(lh_vm *vm, void *block, size_t size) {
  if (!is_small(size)) {
    vm->large -= size;
    free(block);
    return;
  }
  lh_link *link = block;
  link->next = vm->small.free[size_class(size)];
  vm->small.free[size_class(size)] = link;
}

/* realloc over both kinds of blocks. */
static void *resize(lh_vm *vm, void *block, size_t old_size, size_t size) {
  if (!is_small(old_size) && !is_small(size)) {
    void *moved = realloc(block, size);
    if (moved != NULL) vm->large += size - old_size; /* wraps, as below */
    return moved;
  }
  if (is_small(old_size) && is_small(size) &&
      size_class(old_size) == size_class(size))
    return block;
  void *fresh = take(vm, size);
  if (fresh == NULL) return NULL;
  memcpy(fresh, block, old_size < size ? old_size : size);
  give(vm, block, old_size);
  return fresh;
}

static void *out_of_memory(const lh_vm *vm, bool shrinks) {
  /* Under Swift raising would jump over its frames, and a shrinking that fails
  ** is against Lua's contract (manual, lua_Alloc): stop, as Swift does. */
  if (vm->in_swift > 0 || shrinks) {
    fputs("luahttpd: out of memory\n", stderr);
    abort();
  }
  return NULL;
}

/* Whether Lua code may have so many bytes more. */
static bool may_grow(lh_vm *vm, size_t more) {
  if (vm->used + more > vm->ceiling) {
    vm->refused = true;
    return false;
  }
  if (vm->fail_countdown > 0 && --vm->fail_countdown == 0)
    vm->fail_countdown = -1;
  if (vm->fail_countdown < 0) vm->refused = true;
  return vm->fail_countdown >= 0;
}

void *lh_allocate(void *context, void *block, size_t old_size, size_t size) {
  lh_vm *vm = context;
  if (size == 0) {
    if (block == NULL) return NULL;
    vm->used -= old_size;
    vm->blocks--;
    give(vm, block, old_size);
    return NULL;
  }
  if (block == NULL) old_size = 0; /* was the kind of object */
  bool grows = size > old_size;
  if (grows && vm->in_swift == 0 && !may_grow(vm, size - old_size)) return NULL;
  void *fresh = block == NULL ? take(vm, size) : resize(vm, block, old_size, size);
  if (fresh == NULL) return out_of_memory(vm, !grows);
  if (block == NULL) vm->blocks++;
  vm->used += size - old_size; /* wraps to a subtraction when it shrinks */
  if (vm->used > vm->peak) vm->peak = vm->used;
  return fresh;
}
