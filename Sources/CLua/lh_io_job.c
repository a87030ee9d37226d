/* SPDX-License-Identifier: MIT */
/*
** Calls that may block, as Lua code makes them: the coroutine waits while a job
** runs, or, where Lua cannot yield, the call blocks as in Lua. Does not know
** what the calls are for.
*/
#include "lh_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JOB_TYPE "luahttpd.job"

void lh_vm_set_blocker(lh_vm *vm, lh_blocker blocker, void *context) {
  vm->blocker = blocker;
  vm->blocker_context = context;
}

/* A job on the stack, so that an error frees it. */
lh_job *lh_new_job(lua_State *L, lh_op op, lh_file *file) {
  lh_job **slot = lua_newuserdatauv(L, sizeof *slot, 0);
  *slot = NULL;
  luaL_setmetatable(L, JOB_TYPE);
  lh_job *job = calloc(1, sizeof *job);
  if (job == NULL) luaL_error(L, "not enough memory");
  atomic_store(&job->references, 1);
  pthread_mutex_init(&job->lock, NULL);
  job->wake[0] = job->wake[1] = -1;
  job->op = op;
  job->file = file;
  if (file != NULL) {
    atomic_fetch_add(&file->references, 1);
    job->pending = file->out; /* written before all else */
    job->pending_size = file->out_end;
    file->out = NULL;
    file->out_end = file->out_size = 0;
  }
  *slot = job;
  return job;
}

static int job_gc(lua_State *L) {
  lh_job **slot = lua_touserdata(L, 1);
  if (*slot != NULL) lh_job_release(*slot);
  *slot = NULL;
  return 0;
}

static lh_job *job_at(lua_State *L, int index) {
  return *(lh_job **)lua_touserdata(L, index);
}

char *lh_copy(lua_State *L, int index) {
  const char *text = luaL_checkstring(L, index);
  char *fresh = strdup(text);
  if (fresh == NULL) luaL_error(L, "not enough memory");
  return fresh;
}

bool lh_can_wait(lua_State *L) {
  const lh_vm *vm = vm_of(L);
  return vm->blocker != NULL && vm->in_swift == 0 && lua_isyieldable(L) && vm->outer_yieldable;
}

/* Does the job on top of the stack, then calls `then` with it on top. */
int lh_run_job(lua_State *L, lua_KFunction then, lua_KContext context) {
  lh_vm *vm = vm_of(L);
  lh_job *job = job_at(L, -1);
  if (lh_can_wait(L)) {
    vm->in_swift++;
    bool waits = vm->blocker(vm->blocker_context, L, job);
    vm->in_swift--;
    if (waits) {
      vm->waiting = L;
      lua_pushlightuserdata(L, (void *)&lh_await_key);
      return lua_yieldk(L, 1, context, then);
    }
  }
  if (job->file != NULL && atomic_load(&job->file->jobs) > 0)
    return luaL_error(L, "the file is in use by a coroutine that waits, and one cannot wait here");
  lh_job_perform(job);
  return then(L, LUA_OK, context);
}

/* First thing in each continuation: the job, alone on top. */
lh_job *lh_job_done(lua_State *L, int status) {
  if (status == LUA_YIELD) {
    if (lua_touserdata(L, -2) == (void *)&lh_failed_key) lua_error(L);
    lua_settop(L, -2); /* the key */
  }
  lh_job *job = job_at(L, -1);
  if (job->error == ENOMEM) {
    vm_of(L)->refused = true;
    luaL_error(L, "not enough memory");
  }
  return job;
}

int lh_file_result(lua_State *L, int error, const char *name) {
  errno = error;
  return luaL_fileresult(L, error == 0, name);
}

void lh_open_jobs(lua_State *L) {
  luaL_newmetatable(L, JOB_TYPE);
  lua_pushcfunction(L, job_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}
