/* SPDX-License-Identifier: MIT */
/*
** Commands of the shell, as popen and system run them, but with the signals of
** the server left alone, and waited for in a way that can be cancelled.
*/
#include "lh_blocking.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Commands that nobody waits for any more; they are reaped when the next one
** ends or begins. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t *orphans;
static int32_t orphan_count, orphan_capacity;

static void sweep(pid_t more) {
  int status;
  pthread_mutex_lock(&lock);
  int32_t left = 0;
  for (int32_t i = 0; i < orphan_count; i++)
    if (waitpid(orphans[i], &status, WNOHANG) == 0) orphans[left++] = orphans[i];
  orphan_count = left;
  if (more > 0) {
    if (orphan_count == orphan_capacity)
      orphans = lh_grow(orphans, &orphan_capacity, sizeof *orphans);
    orphans[orphan_count++] = more;
  }
  pthread_mutex_unlock(&lock);
}

void lh_abandon(pid_t child) {
  if (child > 0) sweep(child);
}

/* The server ignores some signals and may block others: a command starts with
** neither. fds: what its standard input or output is to be, -1 for ours. */
static int spawn(const char *command, int to_replace, int fd, pid_t *child) {
  char *const argv[] = {"sh", "-c", (char *)command, NULL};
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  sigset_t set;
  sweep(0);
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  if (fd >= 0) posix_spawn_file_actions_adddup2(&actions, fd, to_replace);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  sigemptyset(&set);
  posix_spawnattr_setsigmask(&attributes, &set);
  sigaddset(&set, SIGPIPE);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGHUP);
  posix_spawnattr_setsigdefault(&attributes, &set);
  int error = posix_spawn(child, "/bin/sh", &actions, &attributes, argv, environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  return error;
}

static int descriptor_of(pid_t child) {
#ifdef SYS_pidfd_open
  return (int)syscall(SYS_pidfd_open, child, 0);
#else
  (void)child;
  return -1;
#endif
}

/* Waits for the end of a command: 0 and its status, or an errno. */
int lh_reap(lh_job *job, pid_t child, int *status) {
  enum { RETRY_MS = 20 };
  int fd = job == NULL ? -1 : descriptor_of(child);
  int error = 0;
  for (;;) {
    pid_t done = waitpid(child, status, job == NULL ? 0 : WNOHANG);
    if (done == child) break;
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) {
      error = errno;
      break;
    }
    error = lh_wait_for(job, fd, POLLIN, fd < 0 ? RETRY_MS : -1);
    if (error == ECANCELED) {
      sweep(child);
      break;
    }
    error = 0;
  }
  if (fd >= 0) close(fd);
  return error;
}

int lh_execute(lh_job *job, const char *command, int *status) {
  pid_t child;
  int error = spawn(command, 0, -1, &child);
  return error != 0 ? error : lh_reap(job, child, status);
}

lh_file *lh_file_popen(const char *command, const char *mode, int *error) {
  int ends[2];
  pid_t child;
  bool reads = mode[0] == 'r';
  if (pipe(ends) != 0) {
    *error = errno;
    return NULL;
  }
  int ours = ends[reads ? 0 : 1], its = ends[reads ? 1 : 0];
  fcntl(ours, F_SETFD, FD_CLOEXEC);
  fcntl(its, F_SETFD, FD_CLOEXEC);
  *error = spawn(command, reads ? STDOUT_FILENO : STDIN_FILENO, its, &child);
  close(its);
  FILE *stream = *error == 0 ? fdopen(ours, mode) : NULL;
  lh_file *file = stream == NULL ? NULL : lh_file_new(stream, ours, child);
  if (file != NULL) return file;
  if (*error == 0) {
    *error = ENOMEM;
    sweep(child);
  }
  if (stream != NULL) fclose(stream);
  else close(ours);
  return NULL;
}
