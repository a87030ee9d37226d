/* SPDX-License-Identifier: MIT */
/*
** Writing files, as scripts know it (liolib.c is the model): what is written is
** kept until there is much of it, and then a job takes it along.
*/
#include "lh_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void keep(lua_State *L, lh_file *file, const char *bytes, size_t size) {
  if (file->out_size - file->out_end < size) {
    size_t grown = file->out_end + size;
    grown = grown < LH_BUFFER ? LH_BUFFER : grown + grown / 2;
    if (grown > lh_room(vm_of(L)) + LH_BUFFER) vm_of(L)->refused = true;
    char *fresh = grown > lh_room(vm_of(L)) + LH_BUFFER ? NULL : realloc(file->out, grown);
    if (fresh == NULL) luaL_error(L, "not enough memory");
    file->out = fresh;
    file->out_size = grown;
  }
  memcpy(file->out + file->out_end, bytes, size);
  file->out_end += size;
}

/* The file is on the stack right below the job. */
static int written(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = lh_job_done(L, status);
  if (job->error != 0) return lh_file_result(L, job->error, NULL);
  lua_pop(L, 1);
  return 1;
}

/* Writes the values from index `first` to below the file, which is on top. */
static int write_file(lua_State *L, lh_file *file, int first) {
  int top = lua_gettop(L);
  bool line = false;
  for (int i = first; i < top; i++) luaL_checkstring(L, i);
  for (int i = first; i < top; i++) {
    size_t size;
    char number[64];
    const char *bytes = number;
    if (lua_type(L, i) != LUA_TNUMBER) bytes = lua_tolstring(L, i, &size);
    else if (lua_isinteger(L, i)) size = (size_t)snprintf(number, sizeof number, LUA_INTEGER_FMT, lua_tointeger(L, i));
    else size = (size_t)snprintf(number, sizeof number, LUA_NUMBER_FMT, lua_tonumber(L, i));
    if (file->standard) {
      if (fwrite(bytes, 1, size, file->stream) != size) return lh_file_result(L, errno, NULL);
      continue;
    }
    keep(L, file, bytes, size);
    if (file->buffering == LH_LINE_BUFFER && memchr(bytes, '\n', size) != NULL) line = true;
  }
  if (file->standard || (!line && file->buffering != LH_NO_BUFFER && file->out_end < LH_BUFFER)) return 1;
  lh_new_job(L, LH_FLUSH, file);
  return lh_run_job(L, written, 0);
}

static int f_write(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_WRITE_METHOD);
  lh_file *file = lh_to_file(L, 1);
  lua_pushvalue(L, 1);
  return write_file(L, file, 2);
}

static int io_write(lua_State *L) {
  lh_file *file = lh_default_file(L, lh_output_key);
  return write_file(L, file, 1);
}

static int flushed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  return lh_file_result(L, lh_job_done(L, status)->error, NULL);
}

static int flush_file(lua_State *L, lh_file *file) {
  if (file->standard) return luaL_fileresult(L, fflush(file->stream) == 0, NULL);
  if (file->out_end == 0 && atomic_load(&file->jobs) == 0) return luaL_fileresult(L, 1, NULL);
  lh_new_job(L, LH_FLUSH, file);
  return lh_run_job(L, flushed, 0);
}

static int f_flush(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_FLUSH_METHOD);
  return flush_file(L, lh_to_file(L, 1));
}

static int io_flush(lua_State *L) { return flush_file(L, lh_default_file(L, lh_output_key)); }

static int f_setvbuf(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_SETVBUF_METHOD);
  static const char *const names[] = {"full", "line", "no", NULL};
  lh_file *file = lh_to_file(L, 1);
  int mode = luaL_checkoption(L, 2, NULL, names);
  luaL_optinteger(L, 3, 0);
  if (file->standard) {
    static const int modes[] = {_IOFBF, _IOLBF, _IONBF};
    return luaL_fileresult(L, setvbuf(file->stream, NULL, modes[mode], BUFSIZ) == 0, NULL);
  }
  file->buffering = mode;
  return luaL_fileresult(L, 1, NULL);
}

static int sought(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = lh_job_done(L, status);
  if (job->error != 0) return lh_file_result(L, job->error, NULL);
  lua_pushinteger(L, job->result);
  return 1;
}

static int f_seek(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_SEEK_METHOD);
  static const int modes[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  static const char *const names[] = {"set", "cur", "end", NULL};
  lh_file *file = lh_to_file(L, 1);
  int mode = luaL_checkoption(L, 2, "cur", names);
  lua_Integer offset = luaL_optinteger(L, 3, 0);
  bool at_once = file->out_end == 0 && atomic_load(&file->jobs) == 0;
  lh_job *job = lh_new_job(L, LH_SEEK, file);
  job->whence = modes[mode];
  job->offset = offset;
  if (!at_once) return lh_run_job(L, sought, 0);
  lh_job_perform(job);
  return sought(L, LUA_OK, 0);
}

const luaL_Reg lh_writing_functions[] = {{"flush", io_flush}, {"write", io_write}, {NULL, NULL}};
const luaL_Reg lh_writing_methods[] = {
    {"flush", f_flush}, {"seek", f_seek}, {"setvbuf", f_setvbuf}, {"write", f_write}, {NULL, NULL}};
