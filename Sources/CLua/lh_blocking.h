/* SPDX-License-Identifier: MIT */
/* What the files that make and run blocking calls share. */
#ifndef LH_BLOCKING_H
#define LH_BLOCKING_H

#include "lh_internal.h"

#include <stdio.h>
#include <sys/types.h>

/* {==== Jobs (lh_job.c) ==== */

typedef struct lh_file lh_file;

enum lh_op {
  LH_OPEN, LH_POPEN, LH_TMPFILE, /* make a file */
  LH_READ, LH_FLUSH, LH_SEEK, LH_CLOSE,
  LH_EXECUTE, LH_REMOVE, LH_RENAME, LH_TMPNAME
};
typedef enum lh_op lh_op;

/* One thing to read, or one that was read. */
typedef struct lh_item {
  char format;   /* 'l', 'L', 'n', 'a', or 'c': so many bytes */
  bool missing;  /* end of file, or no number there */
  size_t wanted; /* of c */
  size_t offset; /* into the bytes read */
  size_t size;
} lh_item;

struct lh_job {
  _Atomic int32_t references;
  void (*done)(void *context);
  void *context;
  lh_job *next; /* in a queue */

  pthread_mutex_t lock; /* of the next two */
  bool cancelled;
  int wake[2]; /* a pipe that ends waiting, -1 before it is needed */

  lh_op op;
  lh_file *file;
  char *path, *other; /* or the command; mode, or new name */
  char *pending;      /* bytes to be written first */
  size_t pending_size;
  lh_item *items;
  int32_t item_count;
  size_t most; /* bytes that may be read */
  int whence;
  int64_t offset;

  int error;   /* errno, or 0 */
  int status;  /* of a command */
  char *bytes; /* what was read */
  int64_t result;
};

void lh_job_perform(lh_job *job); /* in the calling thread */
void lh_job_release(lh_job *job);
/* Waits for a descriptor: 0, or an errno (ECANCELED). job may be NULL. */
int lh_wait_for(lh_job *job, int fd, short events, int milliseconds);

/* }==== */

/* {==== Files (lh_file.c, lh_file_read.c): no Lua ==== */

enum { LH_BUFFER = 64 * 1024 };

/* `in` belongs to the thread of a job while there is one, `out` to that of the
** VM: a job takes what is in it along. */
struct lh_file {
  _Atomic int32_t references;
  _Atomic int32_t jobs;   /* at work, or in the queue */
  lh_job *queue, *newest; /* jobs for later, under the lock of the pool */
  FILE *stream;           /* for modules that ask for it; its buffer stays empty */
  int fd;
  pid_t child;  /* of popen, or 0 */
  bool regular; /* its descriptor is always ready */
  bool standard; /* stdout, stderr: written at once, by stdio */
  char *in;
  size_t start, at, end, size; /* start: what this call has read begins */
  char *out;
  size_t out_end, out_size;
  enum { LH_FULL_BUFFER, LH_LINE_BUFFER, LH_NO_BUFFER } buffering;
};

lh_file *lh_file_new(FILE *stream, int fd, pid_t child);
void lh_file_release(lh_file *file); /* closes it when it was the last */
/* Reads the items. 0, or an errno; EAGAIN: not without blocking, nothing was
** read then. */
int lh_file_read(lh_file *file, lh_item *items, int32_t count, lh_job *job, bool may_block, size_t most);
int lh_file_write(lh_file *file, const char *bytes, size_t size, lh_job *job);
int lh_file_seek(lh_file *file, int whence, int64_t offset, int64_t *position);
int lh_file_close(lh_file *file, lh_job *job, int *status);
void lh_file_trim(lh_file *file);

lh_file *lh_file_open(lh_job *job, const char *path, const char *mode, int *error);
lh_file *lh_file_popen(const char *command, const char *mode, int *error);
void lh_abandon(pid_t child);
int lh_reap(lh_job *job, pid_t child, int *status);
int lh_execute(lh_job *job, const char *command, int *status);

/* }==== */

#endif
