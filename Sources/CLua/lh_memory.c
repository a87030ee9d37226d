/* SPDX-License-Identifier: MIT */
/*
** The memory of a VM: accounting, the limit, and small blocks.
**
** Lua says the size of a block when it frees it, and nearly all of its blocks
** are small: so these come from lists of free ones by size, cut from larger
** pieces, without headers and without a lock. A malloc and free of the C
** library cost about 40 ns together, this about 5; a page of 13 rows takes 37
** blocks. The price: memory of small blocks goes back when the VM closes.
*/
#include "lh_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GRAIN = 16, MOST_SMALL = LH_SIZES * GRAIN, PIECE = 32 * 1024 };

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

static size_t size_class(size_t size) { return (size - 1) / GRAIN; }

static void *cut(lh_small *small, size_t size) {
  if (small->left < size) { /* what is left of the old piece is not missed */
    lh_link *piece = malloc(PIECE);
    if (piece == NULL) return NULL;
    piece->next = small->pieces;
    small->pieces = piece;
    small->fresh = (char *)piece + GRAIN;
    small->left = PIECE - GRAIN;
  }
  void *block = small->fresh;
  small->fresh += size;
  small->left -= size;
  return block;
}

static void *take(lh_small *small, size_t size) {
  if (!is_small(size)) return malloc(size);
  size_t class = size_class(size);
  lh_link *block = small->free[class];
  if (block == NULL) return cut(small, (class + 1) * GRAIN);
  small->free[class] = block->next;
  return block;
}

static void give(lh_small *small, void *block, size_t size) {
  if (!is_small(size)) {
    free(block);
    return;
  }
  lh_link *link = block;
  link->next = small->free[size_class(size)];
  small->free[size_class(size)] = link;
}

/* realloc over both kinds of blocks. */
static void *resize(lh_small *small, void *block, size_t old_size,
                    size_t size) {
  if (!is_small(old_size) && !is_small(size)) return realloc(block, size);
  if (is_small(old_size) && is_small(size) &&
      size_class(old_size) == size_class(size))
    return block;
  void *fresh = take(small, size);
  if (fresh == NULL) return NULL;
  memcpy(fresh, block, old_size < size ? old_size : size);
  give(small, block, old_size);
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
    give(&vm->small, block, old_size);
    return NULL;
  }
  if (block == NULL) old_size = 0; /* was the kind of object */
  bool grows = size > old_size;
  if (grows && vm->in_swift == 0 && !may_grow(vm, size - old_size)) return NULL;
  void *fresh = block == NULL ? take(&vm->small, size)
                              : resize(&vm->small, block, old_size, size);
  if (fresh == NULL) return out_of_memory(vm, !grows);
  if (block == NULL) vm->blocks++;
  vm->used += size - old_size; /* wraps to a subtraction when it shrinks */
  if (vm->used > vm->peak) vm->peak = vm->used;
  return fresh;
}

void lh_free_small(lh_small *small) {
  while (small->pieces != NULL) {
    lh_link *piece = small->pieces;
    small->pieces = piece->next;
    free(piece);
  }
}
