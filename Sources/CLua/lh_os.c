/* SPDX-License-Identifier: MIT */
/* The functions of os.* that may block. */
#include "lh_io.h"

#include <errno.h>

static int executed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = lh_job_done(L, status);
  errno = job->error;
  return luaL_execresult(L, job->error != 0 ? -1 : job->status);
}

static int os_execute(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_pushboolean(L, true); /* there is a shell */
    return 1;
  }
  lh_job *job = lh_new_job(L, LH_EXECUTE, NULL);
  job->path = lh_copy(L, 1);
  return lh_run_job(L, executed, 0);
}

static int removed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = lh_job_done(L, status);
  return lh_file_result(L, job->error, job->op == LH_REMOVE ? job->path : NULL);
}

static int os_remove(lua_State *L) {
  luaL_checkstring(L, 1);
  lh_job *job = lh_new_job(L, LH_REMOVE, NULL);
  job->path = lh_copy(L, 1);
  return lh_run_job(L, removed, 0);
}

static int os_rename(lua_State *L) {
  luaL_checkstring(L, 1);
  luaL_checkstring(L, 2);
  lh_job *job = lh_new_job(L, LH_RENAME, NULL);
  job->path = lh_copy(L, 1);
  job->other = lh_copy(L, 2);
  return lh_run_job(L, removed, 0);
}

static int named(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = lh_job_done(L, status);
  if (job->error != 0) return luaL_error(L, "unable to generate a unique filename");
  lua_pushstring(L, job->path);
  return 1;
}

static int os_tmpname(lua_State *L) {
  lh_job *job = lh_new_job(L, LH_TMPNAME, NULL);
  lua_pushliteral(L, "/tmp/lua_XXXXXX");
  job->path = lh_copy(L, -1);
  lua_pop(L, 1);
  return lh_run_job(L, named, 0);
}

static const luaL_Reg os_functions[] = {
    {"execute", os_execute}, {"remove", os_remove}, {"rename", os_rename},
    {"tmpname", os_tmpname}, {NULL, NULL}};

void lh_open_os(lua_State *L) {
  lua_getglobal(L, LUA_OSLIBNAME);
  luaL_setfuncs(L, os_functions, 0);
  lua_pop(L, 1);
}
