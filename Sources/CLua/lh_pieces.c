/* SPDX-License-Identifier: MIT */
/*
** Where small blocks come from: pieces of 32 KiB, cut from regions of 1 MiB.
**
** A free block stays in the list of its size, so each kind of hog would leave
** what it had to its own kind. Hence, when the VM has taken more than half of
** its limit from the system and much of it has become free, pieces with no
** block in use are found by going through the lists; their pages go back to
** the system, and the pieces to blocks of any size. Nothing is counted when a
** block is taken or given.
*/
#include "lh_internal.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* At its beginning; it is aligned to its size, so that blocks find it. */
struct lh_piece {
  struct lh_piece *next;
  uint32_t tail; /* bytes at its end that were never cut */
  uint32_t idle; /* while sweeping: bytes without a block in use */
};
typedef struct lh_piece lh_piece;

enum { REGION_PIECES = 32, LARGEST_PAGE = LH_PIECE };

/* What munmap needs. */
typedef struct region {
  lh_link link;
  void *start;
} region;

static lh_piece *piece_of(const void *block) {
  return (lh_piece *)((uintptr_t)block & ~(uintptr_t)(LH_PIECE - 1));
}

static bool is_empty(const lh_piece *piece) {
  return piece->idle == LH_PIECE - sizeof *piece;
}

/* {==== Pieces ==== */

static bool add_region(lh_small *small) {
  size_t size = (size_t)REGION_PIECES * LH_PIECE;
  region *added = malloc(sizeof *added);
  if (added == NULL) return false;
  char *start = mmap(NULL, size + LH_PIECE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) {
    free(added);
    return false;
  }
  added->start = start;
  added->link.next = small->regions;
  small->regions = &added->link;
  small->next_piece = (char *)piece_of(start + LH_PIECE - 1);
  small->pieces_left = REGION_PIECES;
  return true;
}

static lh_piece *take_piece(lh_small *small) {
  lh_piece *piece = small->empty;
  if (piece != NULL) {
    small->empty = piece->next;
    return piece;
  }
  if (small->pieces_left == 0 && !add_region(small)) return NULL;
  piece = (lh_piece *)small->next_piece;
  small->next_piece += LH_PIECE;
  small->pieces_left--;
  return piece;
}

/* What is left of the newest piece is not missed. */
static void retire(lh_small *small) {
  if (small->fresh != NULL) small->pieces->tail = (uint32_t)small->left;
  small->fresh = NULL;
  small->left = 0;
}

bool lh_begin_piece(lh_vm *vm) {
  lh_small *small = &vm->small;
  retire(small);
  if (small->empty == NULL && lh_pays_to_sweep(vm)) lh_sweep(small);
  lh_piece *piece = take_piece(small);
  if (piece == NULL) return false;
  *piece = (lh_piece){.next = small->pieces};
  small->pieces = piece;
  small->held += LH_PIECE;
  small->fresh = (char *)(piece + 1);
  small->left = LH_PIECE - sizeof *piece;
  return true;
}

void lh_free_small(lh_small *small) {
  while (small->regions != NULL) {
    region *first = (region *)small->regions;
    small->regions = first->link.next;
    munmap(first->start, ((size_t)REGION_PIECES + 1) * LH_PIECE);
    free(first);
  }
}

/* }==== */

/* {==== Sweeping ==== */

/* A quarter more is free than there was at least since the last time. Each
** sweep goes through what is free, so it costs little beside what freed that;
** yet it does so in one go, and is left to VMs that come near their limit.
** Sizes are rounded up to blocks, which counts as free: it stays about the
** same. */
bool lh_pays_to_sweep(lh_vm *vm) {
  lh_small *small = &vm->small;
  if (small->held + vm->large < vm->limit / 2) return false;
  size_t in_use = vm->used - vm->large;
  size_t idle = small->held > in_use ? small->held - in_use : 0;
  size_t step = small->held / 4;
  if (step < LH_SWEEP_LEAST) step = LH_SWEEP_LEAST;
  if (small->sweep_at == 0 || idle + step < small->sweep_at)
    small->sweep_at = idle + step;
  return idle >= small->sweep_at;
}

static void count_idle(lh_small *small) {
  for (lh_piece *piece = small->pieces; piece != NULL; piece = piece->next)
    piece->idle = piece->tail;
  for (size_t class = 0; class < LH_SIZES; class++)
    for (lh_link *block = small->free[class]; block != NULL; block = block->next)
      piece_of(block)->idle += (uint32_t)((class + 1) * LH_GRAIN);
}

static void forget_blocks(lh_small *small) {
  for (size_t class = 0; class < LH_SIZES; class++) {
    lh_link **at = &small->free[class];
    while (*at != NULL) {
      if (is_empty(piece_of(*at)))
        *at = (*at)->next;
      else
        at = &(*at)->next;
    }
  }
}

/* All but the page that its beginning is on. */
static void give_pages_back(lh_piece *piece) {
  long page = sysconf(_SC_PAGESIZE);
  if (page <= 0 || page >= LARGEST_PAGE) return;
  (void)madvise((char *)piece + page, LH_PIECE - (size_t)page, MADV_DONTNEED);
}

void lh_sweep(lh_small *small) {
  retire(small);
  count_idle(small);
  forget_blocks(small);
  lh_piece **at = &small->pieces;
  while (*at != NULL) {
    lh_piece *piece = *at;
    if (!is_empty(piece)) {
      at = &piece->next;
      continue;
    }
    *at = piece->next;
    give_pages_back(piece);
    piece->next = small->empty;
    small->empty = piece;
    small->held -= LH_PIECE;
  }
  small->sweep_at = 0;
}

/* }==== */
