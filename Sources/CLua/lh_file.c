/* SPDX-License-Identifier: MIT */
/*
** Opening, writing, moving and closing the files of scripts. Knows no Lua, and
** no threads: a file is used by one at a time. Reading is lh_file_read.c.
*/
#include "lh_blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* {==== Life ==== */

lh_file *lh_file_new(FILE *stream, int fd, pid_t child) {
  lh_file *file = calloc(1, sizeof *file);
  struct stat info;
  if (file == NULL) return NULL;
  atomic_store(&file->references, 1);
  file->stream = stream;
  file->fd = fd;
  file->child = child;
  file->regular = fstat(fd, &info) == 0 && (S_ISREG(info.st_mode) || S_ISDIR(info.st_mode) || S_ISBLK(info.st_mode));
  return file;
}

void lh_file_release(lh_file *file) {
  int status;
  if (atomic_fetch_sub(&file->references, 1) > 1) return;
  if (file->stream != NULL && !file->standard) {
    if (file->out_end > 0) lh_file_write(file, file->out, file->out_end, NULL);
    lh_abandon(file->child); /* nobody asks how it ended */
    file->child = 0;
    lh_file_close(file, NULL, &status);
  }
  free(file->in);
  free(file->out);
  free(file);
}

int lh_file_close(lh_file *file, lh_job *job, int *status) {
  FILE *stream = file->stream;
  pid_t child = file->child;
  *status = 0;
  if (stream == NULL) return 0;
  file->stream = NULL;
  file->child = 0;
  int error = fclose(stream) == 0 ? 0 : errno;
  file->fd = -1;
  return child == 0 ? error : lh_reap(job, child, status);
}

/* }==== */

/* {==== Writing and moving ==== */

/* Back to where the script is: behind what it has read, not what we have. */
static void forget_input(lh_file *file) {
  if (file->at < file->end && file->regular)
    lseek(file->fd, -(off_t)(file->end - file->at), SEEK_CUR);
  if (file->regular) file->start = file->at = file->end = 0;
}

int lh_file_write(lh_file *file, const char *bytes, size_t size, lh_job *job) {
  enum { AT_ONCE = 4096 }; /* PIPE_BUF: does not block when there is room */
  forget_input(file);
  while (size > 0) {
    size_t part = size;
    if (!file->regular) {
      int error = lh_wait_for(job, file->fd, POLLOUT, -1);
      if (error != 0) return error;
      if (part > AT_ONCE) part = AT_ONCE;
    }
    ssize_t n = write(file->fd, bytes, part);
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return errno;
    bytes += n;
    size -= (size_t)n;
  }
  return 0;
}

int lh_file_seek(lh_file *file, int whence, int64_t offset, int64_t *position) {
  if (whence == SEEK_CUR) offset -= (int64_t)(file->end - file->at);
  off_t at = lseek(file->fd, (off_t)offset, whence);
  if (at < 0) return errno;
  file->start = file->at = file->end = 0;
  *position = (int64_t)at;
  return 0;
}

/* }==== */

/* {==== Opening ==== */

/* Without blocking: a FIFO is waited for when it is read, or, for one that is
** written, until somebody reads it. */
static int open_path(lh_job *job, const char *path, int flags, int *error) {
  for (;;) {
    int fd = open(path, flags | O_NONBLOCK | O_CLOEXEC, 0666);
    struct stat info;
    if (fd >= 0) {
      if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) fcntl(fd, F_SETFL, flags & O_APPEND);
      return fd;
    }
    *error = errno;
    if (*error == EINTR) continue;
    if (*error != ENXIO || stat(path, &info) != 0 || !S_ISFIFO(info.st_mode)) return -1;
    enum { RETRY_MS = 20 };
    if (lh_wait_for(job, -1, 0, RETRY_MS) == ECANCELED) {
      *error = ECANCELED;
      return -1;
    }
  }
}

lh_file *lh_file_open(lh_job *job, const char *path, const char *mode, int *error) {
  bool both = strchr(mode, '+') != NULL;
  int flags = both ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
  if (mode[0] == 'w') flags |= O_CREAT | O_TRUNC;
  if (mode[0] == 'a') flags |= O_CREAT | O_APPEND;
  int fd = open_path(job, path, flags, error);
  if (fd < 0) return NULL;
  if (mode[0] == 'a') lseek(fd, 0, SEEK_END);
  FILE *stream = fdopen(fd, mode);
  lh_file *file = stream == NULL ? NULL : lh_file_new(stream, fd, 0);
  if (file != NULL) return file;
  *error = ENOMEM;
  if (stream != NULL) fclose(stream);
  else close(fd);
  return NULL;
}

/* }==== */
