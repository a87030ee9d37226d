/* SPDX-License-Identifier: MIT */
/*
** Reading files through buffers of their own, so that a line from what is there
** needs neither a lock nor another thread, and what is in the page cache is
** read at once. Knows no Lua, and no threads: a file is used by one at a time.
*/
#include "lh_blocking.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CHUNK = 16 * 1024, MOST_KEPT = 256 * 1024, LONGEST_NUMBER = 200 };

/* What was read at once does not stay. */
void lh_file_trim(lh_file *file) {
  if (file->at < file->end || file->size <= MOST_KEPT) return;
  free(file->in);
  file->in = NULL;
  file->start = file->at = file->end = file->size = 0;
}

typedef struct reader {
  lh_file *file;
  lh_job *job;
  bool may_block;
  size_t most;
  int error;
} reader;

/* Bytes read, 0 at the end; -1 with an errno. */
static ssize_t read_some(reader *r, char *to, size_t size) {
  lh_file *file = r->file;
  for (;;) {
    ssize_t n;
    if (!r->may_block && file->regular) {
#ifdef RWF_NOWAIT /* what is in the page cache */
      struct iovec part = {to, size};
      n = preadv2(file->fd, &part, 1, -1, RWF_NOWAIT);
      if (n < 0 && errno == EOPNOTSUPP) errno = EAGAIN;
#else
      n = -1;
      errno = EAGAIN;
#endif
    } else {
      if (!file->regular) {
        int error = lh_wait_for(r->job, file->fd, POLLIN, r->may_block ? -1 : 0);
        if (error != 0) return errno = error, -1;
      }
      n = read(file->fd, to, size);
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN && r->may_block) continue; /* another was faster */
    return n;
  }
}

/* More bytes behind those at hand. False at the end, and after an error. */
static bool fill(reader *r) {
  lh_file *file = r->file;
  if (r->error != 0) return false;
  if (file->start > 0) { /* what earlier calls have taken is done with */
    memmove(file->in, file->in + file->start, file->end - file->start);
    file->at -= file->start;
    file->end -= file->start;
    file->start = 0;
  }
  if (file->end >= r->most || (!r->may_block && file->end > MOST_KEPT)) {
    r->error = r->may_block ? ENOMEM : EAGAIN;
    return false;
  }
  if (file->size - file->end < CHUNK) {
    size_t grown = file->size == 0 ? LH_BUFFER : file->size * 2;
    char *fresh = realloc(file->in, grown);
    if (fresh == NULL) {
      r->error = ENOMEM;
      return false;
    }
    file->in = fresh;
    file->size = grown;
  }
  ssize_t n = read_some(r, file->in + file->end, file->size - file->end);
  if (n < 0) r->error = errno;
  if (n > 0) file->end += (size_t)n;
  return n > 0;
}

/* The next byte, which is not taken, or -1. */
static int peek(reader *r) {
  lh_file *file = r->file;
  if (file->at == file->end && !fill(r)) return -1;
  return (unsigned char)file->in[file->at];
}

static void read_line(reader *r, lh_item *item) {
  lh_file *file = r->file;
  size_t from = file->at - file->start;
  size_t searched = from;
  for (;;) {
    char *begin = file->in == NULL ? NULL : file->in + file->start + searched;
    size_t there = file->end - file->start - searched;
    char *found = there > 0 ? memchr(begin, '\n', there) : NULL;
    if (found != NULL) {
      file->at = (size_t)(found - file->in) + 1;
      item->size = file->at - file->start - from - (item->format == 'l');
      break;
    }
    searched += there;
    if (fill(r)) continue;
    file->at = file->end;
    item->size = file->at - file->start - from;
    item->missing = item->size == 0;
    break;
  }
  item->offset = from;
}

static void read_block(reader *r, lh_item *item) {
  lh_file *file = r->file;
  size_t from = file->at - file->start;
  size_t wanted = item->format == 'a' ? SIZE_MAX : item->wanted;
  if (wanted == 0) { /* only whether there is more */
    item->missing = peek(r) < 0;
    item->offset = from;
    return;
  }
  while (file->end - file->start - from < wanted && fill(r)) {
  }
  size_t there = file->end - file->start - from;
  item->size = there < wanted ? there : wanted;
  item->offset = from;
  item->missing = item->format == 'c' && item->size == 0;
  file->at = file->start + from + item->size;
}

/* The longest prefix that may be a numeral (liolib.c, read_number). Its text
** is the item; whether it is a number is decided later. */
typedef struct numeral {
  reader *r;
  size_t length;
  bool too_long;
} numeral;

static bool accept(numeral *n) {
  if (n->length >= LONGEST_NUMBER) {
    n->too_long = true;
    return false;
  }
  n->length++;
  n->r->file->at++;
  return true;
}

static bool accept_of(numeral *n, const char *set) {
  int c = peek(n->r);
  return c >= 0 && (c == set[0] || c == set[1]) && accept(n);
}

static int accept_digits(numeral *n, bool hex) {
  int count = 0;
  for (;;) {
    int c = peek(n->r);
    if (c < 0 || !(hex ? isxdigit(c) : isdigit(c)) || !accept(n)) return count;
    count++;
  }
}

static void read_number(reader *r, lh_item *item) {
  numeral n = {r, 0, false};
  bool hex = false;
  int count = 0, c;
  while ((c = peek(r)) >= 0 && isspace(c)) r->file->at++;
  item->offset = r->file->at - r->file->start;
  accept_of(&n, "-+");
  if (accept_of(&n, "00")) {
    if (accept_of(&n, "xX")) hex = true;
    else count = 1;
  }
  count += accept_digits(&n, hex);
  if (accept_of(&n, "..")) count += accept_digits(&n, hex);
  if (count > 0 && accept_of(&n, hex ? "pP" : "eE")) {
    accept_of(&n, "-+");
    accept_digits(&n, false);
  }
  item->size = n.length;
  item->missing = count == 0 || n.too_long;
}

int lh_file_read(lh_file *file, lh_item *items, int32_t count, lh_job *job,
                 bool may_block, size_t most) {
  reader r = {file, job, may_block, most, 0};
  file->start = file->at;
  for (int32_t i = 0; i < count; i++) {
    lh_item *item = &items[i];
    item->missing = false;
    switch (item->format) {
      case 'n': read_number(&r, item); break;
      case 'a':
      case 'c': read_block(&r, item); break;
      default: read_line(&r, item);
    }
    if (r.error != 0 || item->missing) break; /* those behind it are not read */
  }
  if (r.error == EAGAIN || r.error == ENOMEM) file->at = file->start;
  return r.error;
}
