/* SPDX-License-Identifier: MIT */
/*
** Threads for calls that may block. They come when there is work and go when
** there was none for a while: an app that reads no files has none. A wait for a
** pipe, a terminal or a command can be cancelled; one for a disk cannot, and
** keeps its thread. Knows no Lua.
*/
#include "lh_blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_THREADS = 256, IDLE_SECONDS = 10 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;
static lh_job *first, *last;
static int threads, idle, waiting;

/* {==== Threads ==== */

static void perform_and_tell(lh_job *job) {
  pthread_mutex_lock(&job->lock);
  bool cancelled = job->cancelled;
  pthread_mutex_unlock(&job->lock);
  if (cancelled)
    job->error = ECANCELED;
  else
    lh_job_perform(job);
}

/* Runs a job, and those that have queued up for its file. */
static void run(lh_job *job) {
  while (job != NULL) {
    lh_file *file = job->file;
    perform_and_tell(job);
    lh_job *next = NULL;
    if (file != NULL) {
      pthread_mutex_lock(&lock);
      next = file->queue;
      if (next != NULL) file->queue = next->next;
      if (file->queue == NULL) file->newest = NULL;
      atomic_fetch_sub(&file->jobs, 1);
      pthread_mutex_unlock(&lock);
    }
    if (job->done != NULL) job->done(job->context);
    lh_job_release(job);
    job = next;
  }
}

static void *serve(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  for (;;) {
    while (first == NULL) {
      struct timespec until;
      clock_gettime(CLOCK_REALTIME, &until);
      until.tv_sec += IDLE_SECONDS;
      idle++;
      int outcome = pthread_cond_timedwait(&work, &lock, &until);
      idle--;
      if (outcome == ETIMEDOUT && first == NULL) {
        threads--;
        pthread_mutex_unlock(&lock);
        return NULL;
      }
    }
    lh_job *job = first;
    first = job->next;
    if (first == NULL) last = NULL;
    waiting--;
    pthread_mutex_unlock(&lock);
    run(job);
    pthread_mutex_lock(&lock);
  }
}

/* Under the lock. */
static void add_thread(void) {
  pthread_t thread;
  sigset_t all, before;
  sigfillset(&all); /* signals are for others */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (pthread_create(&thread, NULL, serve, NULL) == 0) {
    pthread_detach(thread);
    threads++;
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void lh_job_start(lh_job *job, void (*done)(void *), void *context) {
  job->done = done;
  job->context = context;
  job->next = NULL;
  atomic_fetch_add(&job->references, 1);
  pthread_mutex_lock(&lock);
  lh_file *file = job->file;
  if (file != NULL && atomic_fetch_add(&file->jobs, 1) > 0) {
    if (file->newest != NULL) file->newest->next = job;
    else file->queue = job;
    file->newest = job;
  } else {
    if (last != NULL) last->next = job;
    else first = job;
    last = job;
    waiting++;
    if (idle < waiting && threads < MOST_THREADS) add_thread();
    pthread_cond_signal(&work);
  }
  bool nobody = threads == 0 && first == job; /* the system has no thread */
  if (nobody) {
    first = last = NULL;
    waiting--;
  }
  pthread_mutex_unlock(&lock);
  if (nobody) run(job);
}

/* }==== */

/* {==== Waiting ==== */

static bool prepare_wake(lh_job *job) {
  pthread_mutex_lock(&job->lock);
  bool goes_on = !job->cancelled;
  if (goes_on && job->wake[0] < 0) {
    if (pipe(job->wake) == 0) {
      fcntl(job->wake[0], F_SETFD, FD_CLOEXEC);
      fcntl(job->wake[1], F_SETFD, FD_CLOEXEC);
    } else {
      job->wake[0] = job->wake[1] = -1; /* then it cannot be woken */
    }
  }
  pthread_mutex_unlock(&job->lock);
  return goes_on;
}

int lh_wait_for(lh_job *job, int fd, short events, int milliseconds) {
  struct pollfd each[2] = {{fd, events, 0}, {-1, POLLIN, 0}};
  if (job != NULL) {
    if (!prepare_wake(job)) return ECANCELED;
    each[1].fd = job->wake[0];
  }
  for (;;) {
    int ready = poll(each, 2, milliseconds);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return errno;
    if (each[1].revents != 0) return ECANCELED;
    return ready == 0 ? EAGAIN : 0;
  }
}

void lh_job_cancel(lh_job *job) {
  pthread_mutex_lock(&job->lock);
  job->cancelled = true;
  if (job->wake[1] >= 0) {
    char byte = 0;
    if (write(job->wake[1], &byte, 1) < 0) { /* full: it is awake */
    }
  }
  pthread_mutex_unlock(&job->lock);
}

/* }==== */

void lh_job_release(lh_job *job) {
  if (atomic_fetch_sub(&job->references, 1) > 1) return;
  if (job->wake[0] >= 0) {
    close(job->wake[0]);
    close(job->wake[1]);
  }
  if (job->file != NULL) lh_file_release(job->file);
  pthread_mutex_destroy(&job->lock);
  free(job->path);
  free(job->other);
  free(job->pending);
  free(job->items);
  free(job->bytes);
  free(job);
}

void lh_job_perform(lh_job *job) {
  lh_file *file = job->file;
  if (job->pending_size > 0) {
    job->error = lh_file_write(file, job->pending, job->pending_size, job);
    if (job->error != 0 && job->op != LH_CLOSE) return;
  }
  int error = 0;
  switch (job->op) {
    case LH_OPEN: job->file = lh_file_open(job, job->path, job->other, &error); break;
    case LH_POPEN: job->file = lh_file_popen(job->path, job->other, &error); break;
    case LH_TMPFILE: {
      FILE *stream = tmpfile();
      if (stream == NULL) error = errno;
      else job->file = lh_file_new(stream, fileno(stream), 0);
      break;
    }
    case LH_READ:
      error = lh_file_read(file, job->items, job->item_count, job, true, job->most);
      if (error == 0 && file->at > file->start) {
        job->bytes = malloc(file->at - file->start);
        if (job->bytes == NULL) error = ENOMEM;
        else memcpy(job->bytes, file->in + file->start, file->at - file->start);
      }
      lh_file_trim(file);
      break;
    case LH_FLUSH: break;
    case LH_SEEK: error = lh_file_seek(file, job->whence, job->offset, &job->result); break;
    case LH_CLOSE: error = lh_file_close(file, job, &job->status); break;
    case LH_EXECUTE: error = lh_execute(job, job->path, &job->status); break;
    case LH_REMOVE: if (remove(job->path) != 0) error = errno; break;
    case LH_RENAME: if (rename(job->path, job->other) != 0) error = errno; break;
    case LH_TMPNAME: {
      int fd = mkstemp(job->path);
      if (fd < 0) error = errno;
      else close(fd);
      break;
    }
  }
  if (job->error == 0) job->error = error;
}
