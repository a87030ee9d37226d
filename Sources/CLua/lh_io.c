/* SPDX-License-Identifier: MIT */
/*
** io.* as scripts know it (liolib.c is the model): files, and how they are
** opened and closed. Reading is in lh_io_read.c, writing in lh_io_write.c.
*/
#include "lh_io.h"

#include <errno.h>
#include <string.h>

const char lh_input_key[] = "_IO_input", lh_output_key[] = "_IO_output";

/* The same for each VM. */
static lua_CFunction stock[LH_METHODS];
static const char *const stock_names[LH_METHODS] = {
    "read", "write", "lines", "flush", "seek", "close", "setvbuf", "__gc", "__tostring"};

int lh_stock(lua_State *L, lh_method method) { return stock[method](L); }

static lh_box *to_box(lua_State *L, int index) {
  return luaL_checkudata(L, index, LUA_FILEHANDLE);
}

bool lh_is_foreign(lua_State *L, int index) {
  return luaL_testudata(L, index, LUA_FILEHANDLE) != NULL && lua_rawlen(L, index) != sizeof(lh_box);
}

lh_file *lh_to_file(lua_State *L, int index) {
  lh_box *b = to_box(L, index);
  if (lh_is_foreign(L, index)) luaL_error(L, "the file is of another library: use its methods");
  if (b->stream.closef == NULL) luaL_error(L, "attempt to use a closed file");
  return b->file;
}

/* For modules that close a file by themselves. */
static int close_by_others(lua_State *L) {
  lh_box *b = to_box(L, 1);
  lh_file *file = b->file;
  b->file = NULL;
  if (file != NULL) lh_file_release(file);
  return luaL_fileresult(L, 1, NULL);
}

static lh_box *new_box(lua_State *L) {
  lh_box *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (lh_box){{NULL, NULL}, NULL};
  luaL_setmetatable(L, LUA_FILEHANDLE);
  return b;
}

static void fill_box(lh_box *b, lh_file *file) {
  b->file = file;
  b->stream.f = file->stream;
  b->stream.closef = close_by_others;
}

/* Takes the file that a job has made. */
static void push_made(lua_State *L, lh_job *job) {
  lh_box *b = new_box(L);
  fill_box(b, job->file);
  atomic_fetch_add(&job->file->references, 1);
}

static int io_type(lua_State *L) {
  luaL_checkany(L, 1);
  lh_box *b = luaL_testudata(L, 1, LUA_FILEHANDLE);
  if (b == NULL) luaL_pushfail(L);
  else lua_pushstring(L, b->stream.closef == NULL ? "closed file" : "file");
  return 1;
}

static int f_tostring(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_TOSTRING_METHOD);
  lh_box *b = to_box(L, 1);
  if (b->stream.closef == NULL) lua_pushliteral(L, "file (closed)");
  else lua_pushfstring(L, "file (%p)", b->stream.f);
  return 1;
}

/* Of io.input and io.output. */
lh_file *lh_default_file(lua_State *L, const char *key) {
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  lh_box *b = lua_touserdata(L, -1);
  if (b->stream.closef == NULL) luaL_error(L, "default %s file is closed", key + 4);
  return b->file;
}

/* {==== Opening ==== */

static bool is_mode(const char *mode) {
  if (*mode == 0 || strchr("rwa", *mode++) == NULL) return false;
  if (*mode == '+') mode++;
  return strspn(mode, "b") == strlen(mode);
}

static bool is_pipe_mode(const char *mode) { return strcmp(mode, "r") == 0 || strcmp(mode, "w") == 0; }

int lh_opened(lua_State *L, int status, lua_KContext context) {
  lh_job *job = lh_job_done(L, status);
  if (job->error == 0) {
    push_made(L, job);
    return 1;
  }
  if (context == LH_OR_RAISE)
    return luaL_error(L, "cannot open file '%s' (%s)", job->path, strerror(job->error));
  return lh_file_result(L, job->error, job->op == LH_TMPFILE ? NULL : job->path);
}

/* (name or command[, mode]) */
static int open_named(lua_State *L, lh_op op, bool (*is_valid)(const char *mode)) {
  luaL_checkstring(L, 1);
  const char *mode = luaL_optstring(L, 2, "r");
  luaL_argcheck(L, is_valid(mode), 2, "invalid mode");
  lua_settop(L, 1);
  lua_pushstring(L, mode);
  lh_job *job = lh_new_job(L, op, NULL);
  job->path = lh_copy(L, 1);
  job->other = lh_copy(L, 2);
  return lh_run_job(L, lh_opened, LH_OR_NIL);
}

static int io_open(lua_State *L) { return open_named(L, LH_OPEN, is_mode); }
static int io_popen(lua_State *L) { return open_named(L, LH_POPEN, is_pipe_mode); }

static int io_tmpfile(lua_State *L) {
  lh_new_job(L, LH_TMPFILE, NULL);
  return lh_run_job(L, lh_opened, LH_OR_NIL);
}

static int default_opened(lua_State *L, int status, lua_KContext context) {
  const char *key = (const char *)context;
  lh_opened(L, status, LH_OR_RAISE);
  lua_pushvalue(L, -1);
  lua_setfield(L, LUA_REGISTRYINDEX, key);
  return 1;
}

static int set_default(lua_State *L, const char *key, const char *mode) {
  if (lua_isnoneornil(L, 1)) {
    lua_getfield(L, LUA_REGISTRYINDEX, key);
    return 1;
  }
  if (lua_tostring(L, 1) == NULL) {
    lh_to_file(L, 1);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
    return 1;
  }
  lh_job *job = lh_new_job(L, LH_OPEN, NULL);
  lua_pushstring(L, mode);
  job->path = lh_copy(L, 1);
  job->other = lh_copy(L, -1);
  lua_pop(L, 1);
  return lh_run_job(L, default_opened, (lua_KContext)key);
}

static int io_input(lua_State *L) { return set_default(L, lh_input_key, "r"); }
static int io_output(lua_State *L) { return set_default(L, lh_output_key, "w"); }

/* }==== */

/* {==== Closing ==== */

static int closed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = lh_job_done(L, status);
  if (job->offset != 0) { /* of popen */
    errno = job->error;
    return luaL_execresult(L, job->error != 0 ? -1 : job->status);
  }
  return lh_file_result(L, job->error, NULL);
}

int lh_close_file(lua_State *L, lh_box *b, lua_KFunction then) {
  lh_file *file = b->file;
  if (file->standard) { /* Lua's own closes them too; the server needs them */
    fflush(file->stream);
    return luaL_fileresult(L, 1, NULL);
  }
  bool at_once = file->out_end == 0 && file->regular && atomic_load(&file->jobs) == 0;
  lh_job *job = lh_new_job(L, LH_CLOSE, file);
  job->offset = file->child;
  b->stream.closef = NULL; /* closed for the script from now on */
  b->file = NULL;
  lh_file_release(file); /* the job keeps it */
  if (!at_once) return lh_run_job(L, then, 0);
  lh_job_perform(job);
  return then(L, LUA_OK, 0);
}

static int f_close(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_CLOSE_METHOD);
  lh_to_file(L, 1);
  return lh_close_file(L, to_box(L, 1), closed);
}

static int io_close(lua_State *L) {
  if (lua_isnone(L, 1)) lua_getfield(L, LUA_REGISTRYINDEX, lh_output_key);
  lh_to_file(L, 1);
  return lh_close_file(L, to_box(L, 1), closed);
}

int lh_closed_quietly(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job_done(L, status);
  return 0;
}

/* Nobody closed it. A job that still uses it closes it when it is through. What
** is to be written to a pipe may wait for long: another thread does that. */
static int f_gc(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_GC_METHOD);
  lh_box *b = to_box(L, 1);
  lh_file *file = b->file;
  if (b->stream.closef == NULL || file == NULL) return 0;
  b->stream.closef = NULL;
  b->file = NULL;
  if (!file->regular && file->out_end > 0 && vm_of(L)->blocker != NULL) {
    lh_job *job = lh_new_job(L, LH_CLOSE, file);
    lh_job_start(job, NULL, NULL);
  }
  lh_file_release(file);
  return 0;
}

/* local f <close> = io.open(…). A request whose client has gone is closed where
** nothing can wait: a command of io.popen ends by itself then. */
static int f_end(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_GC_METHOD);
  lh_box *b = to_box(L, 1);
  if (b->stream.closef == NULL || b->file == NULL) return 0;
  if (vm_of(L)->blocker != NULL && !lh_can_wait(L)) return f_gc(L);
  return lh_close_file(L, b, lh_closed_quietly);
}

/* }==== */

static const luaL_Reg functions[] = {
    {"close", io_close}, {"input", io_input}, {"open", io_open}, {"output", io_output},
    {"popen", io_popen}, {"tmpfile", io_tmpfile}, {"type", io_type}, {NULL, NULL}};

static const luaL_Reg metamethods[] = {
    {"__gc", f_gc}, {"__close", f_end}, {"__tostring", f_tostring}, {NULL, NULL}};

static void open_standard(lua_State *L, FILE *stream, int fd, const char *name, const char *key) {
  lh_box *b = new_box(L);
  lh_file *file = lh_file_new(stream, fd, 0);
  if (file == NULL) luaL_error(L, "not enough memory");
  file->standard = true;
  fill_box(b, file);
  if (key != NULL) {
    lua_pushvalue(L, -1);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
  }
  lua_setfield(L, -2, name);
}

/* Keeps Lua's own methods and puts ours in their place. */
static void open_methods(lua_State *L) {
  luaL_getmetatable(L, LUA_FILEHANDLE);
  lua_getfield(L, -1, "__index");
  for (int i = 0; i < LH_METHODS; i++) {
    lua_getfield(L, i < LH_GC_METHOD ? -1 : -2, stock_names[i]);
    stock[i] = lua_tocfunction(L, -1);
    lua_pop(L, 1);
  }
  lua_pushcfunction(L, f_close);
  lua_setfield(L, -2, "close");
  luaL_setfuncs(L, lh_reading_methods, 0);
  luaL_setfuncs(L, lh_writing_methods, 0);
  lua_pop(L, 1);
  luaL_setfuncs(L, metamethods, 0);
  lua_pop(L, 1);
}

void lh_open_io(lua_State *L) {
  lh_open_jobs(L);
  open_methods(L);
  lua_getglobal(L, LUA_IOLIBNAME);
  luaL_setfuncs(L, functions, 0);
  luaL_setfuncs(L, lh_reading_functions, 0);
  luaL_setfuncs(L, lh_writing_functions, 0);
  open_standard(L, stdin, 0, "stdin", lh_input_key);
  open_standard(L, stdout, 1, "stdout", lh_output_key);
  open_standard(L, stderr, 2, "stderr", NULL);
  lua_pop(L, 1);
}
