/* SPDX-License-Identifier: MIT */
/*
** io.* and the functions of os.* that may block, as scripts know them (liolib.c
** is the model): what can be done at once is; for the rest the coroutine waits
** while a job runs, or, where Lua cannot yield, the call blocks as in Lua.
*/
#include "lh_blocking.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define JOB_TYPE "luahttpd.job"

/* What modules in C expect of a file, and ours behind it. */
typedef struct box {
  luaL_Stream stream;
  lh_file *file;
} box;

static const char input_key[] = "_IO_input", output_key[] = "_IO_output";

void lh_vm_set_blocker(lh_vm *vm, lh_blocker blocker, void *context) {
  vm->blocker = blocker;
  vm->blocker_context = context;
}

/* {==== Jobs as Lua sees them ==== */

/* A job on the stack, so that an error frees it. */
static lh_job *new_job(lua_State *L, lh_op op, lh_file *file) {
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

static char *copy(lua_State *L, int index) {
  const char *text = luaL_checkstring(L, index);
  char *fresh = strdup(text);
  if (fresh == NULL) luaL_error(L, "not enough memory");
  return fresh;
}

static bool can_wait(lua_State *L) {
  const lh_vm *vm = vm_of(L);
  return vm->blocker != NULL && vm->in_swift == 0 && lua_isyieldable(L) && vm->outer_yieldable;
}

/* Does the job on top of the stack, then calls `then` with it on top. */
static int run_job(lua_State *L, lua_KFunction then, lua_KContext context) {
  lh_vm *vm = vm_of(L);
  lh_job *job = job_at(L, -1);
  if (can_wait(L)) {
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
static lh_job *job_done(lua_State *L, int status) {
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

static int file_result(lua_State *L, int error, const char *name) {
  errno = error;
  return luaL_fileresult(L, error == 0, name);
}

/* }==== */

/* {==== Files as Lua sees them ==== */

/* Files that modules in C have made are left to Lua's own functions. */
enum { READ, WRITE, LINES_OF, FLUSH, SEEK, CLOSE, SETVBUF, GC, TOSTRING, STOCK };
static const char *const stock_names[STOCK] = {
    "read", "write", "lines", "flush", "seek", "close", "setvbuf", "__gc", "__tostring"};
static lua_CFunction stock[STOCK]; /* the same for each VM */

static box *to_box(lua_State *L, int index) {
  return luaL_checkudata(L, index, LUA_FILEHANDLE);
}

static bool is_foreign(lua_State *L, int index) {
  return luaL_testudata(L, index, LUA_FILEHANDLE) != NULL && lua_rawlen(L, index) != sizeof(box);
}

static lh_file *to_file(lua_State *L, int index) {
  box *b = to_box(L, index);
  if (is_foreign(L, index)) luaL_error(L, "the file is of another library: use its methods");
  if (b->stream.closef == NULL) luaL_error(L, "attempt to use a closed file");
  return b->file;
}

/* For modules that close a file by themselves. */
static int close_by_others(lua_State *L) {
  box *b = to_box(L, 1);
  lh_file *file = b->file;
  b->file = NULL;
  if (file != NULL) lh_file_release(file);
  return luaL_fileresult(L, 1, NULL);
}

static box *new_box(lua_State *L) {
  box *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (box){{NULL, NULL}, NULL};
  luaL_setmetatable(L, LUA_FILEHANDLE);
  return b;
}

static void fill_box(box *b, lh_file *file) {
  b->file = file;
  b->stream.f = file->stream;
  b->stream.closef = close_by_others;
}

/* Takes the file that a job has made. */
static void push_made(lua_State *L, lh_job *job) {
  box *b = new_box(L);
  fill_box(b, job->file);
  atomic_fetch_add(&job->file->references, 1);
}

static int io_type(lua_State *L) {
  luaL_checkany(L, 1);
  box *b = luaL_testudata(L, 1, LUA_FILEHANDLE);
  if (b == NULL) luaL_pushfail(L);
  else lua_pushstring(L, b->stream.closef == NULL ? "closed file" : "file");
  return 1;
}

static int f_tostring(lua_State *L) {
  if (is_foreign(L, 1)) return stock[TOSTRING](L);
  box *b = to_box(L, 1);
  if (b->stream.closef == NULL) lua_pushliteral(L, "file (closed)");
  else lua_pushfstring(L, "file (%p)", b->stream.f);
  return 1;
}

/* Of io.input and io.output. */
static lh_file *default_file(lua_State *L, const char *key) {
  lua_getfield(L, LUA_REGISTRYINDEX, key);
  box *b = lua_touserdata(L, -1);
  if (b->stream.closef == NULL) luaL_error(L, "default %s file is closed", key + 4);
  return b->file;
}

/* }==== */

/* {==== Opening ==== */

static bool is_mode(const char *mode) {
  if (*mode == 0 || strchr("rwa", *mode++) == NULL) return false;
  if (*mode == '+') mode++;
  return strspn(mode, "b") == strlen(mode);
}

enum { OR_NIL, OR_RAISE };

static int opened(lua_State *L, int status, lua_KContext context) {
  lh_job *job = job_done(L, status);
  if (job->error == 0) {
    push_made(L, job);
    return 1;
  }
  if (context == OR_RAISE)
    return luaL_error(L, "cannot open file '%s' (%s)", job->path, strerror(job->error));
  return file_result(L, job->error, job->op == LH_TMPFILE ? NULL : job->path);
}

static int io_open(lua_State *L) {
  luaL_checkstring(L, 1);
  const char *mode = luaL_optstring(L, 2, "r");
  luaL_argcheck(L, is_mode(mode), 2, "invalid mode");
  lua_settop(L, 1);
  lua_pushstring(L, mode);
  lh_job *job = new_job(L, LH_OPEN, NULL);
  job->path = copy(L, 1);
  job->other = copy(L, 2);
  return run_job(L, opened, OR_NIL);
}

static int io_popen(lua_State *L) {
  luaL_checkstring(L, 1);
  const char *mode = luaL_optstring(L, 2, "r");
  luaL_argcheck(L, strcmp(mode, "r") == 0 || strcmp(mode, "w") == 0, 2, "invalid mode");
  lua_settop(L, 1);
  lua_pushstring(L, mode);
  lh_job *job = new_job(L, LH_POPEN, NULL);
  job->path = copy(L, 1);
  job->other = copy(L, 2);
  return run_job(L, opened, OR_NIL);
}

static int io_tmpfile(lua_State *L) {
  new_job(L, LH_TMPFILE, NULL);
  return run_job(L, opened, OR_NIL);
}

static int default_opened(lua_State *L, int status, lua_KContext context) {
  const char *key = (const char *)context;
  opened(L, status, OR_RAISE);
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
    to_file(L, 1);
    lua_settop(L, 1);
    lua_pushvalue(L, 1);
    lua_setfield(L, LUA_REGISTRYINDEX, key);
    return 1;
  }
  lh_job *job = new_job(L, LH_OPEN, NULL);
  lua_pushstring(L, mode);
  job->path = copy(L, 1);
  job->other = copy(L, -1);
  lua_pop(L, 1);
  return run_job(L, default_opened, (lua_KContext)key);
}

static int io_input(lua_State *L) { return set_default(L, input_key, "r"); }
static int io_output(lua_State *L) { return set_default(L, output_key, "w"); }

/* }==== */

/* {==== Closing ==== */

static int closed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = job_done(L, status);
  if (job->offset != 0) { /* of popen */
    errno = job->error;
    return luaL_execresult(L, job->error != 0 ? -1 : job->status);
  }
  return file_result(L, job->error, NULL);
}

static int close_file(lua_State *L, box *b, lua_KFunction then) {
  lh_file *file = b->file;
  if (file->standard) { /* Lua's own closes them too; the server needs them */
    fflush(file->stream);
    return luaL_fileresult(L, 1, NULL);
  }
  bool at_once = file->out_end == 0 && file->regular && atomic_load(&file->jobs) == 0;
  lh_job *job = new_job(L, LH_CLOSE, file);
  job->offset = file->child;
  b->stream.closef = NULL; /* closed for the script from now on */
  b->file = NULL;
  lh_file_release(file); /* the job keeps it */
  if (!at_once) return run_job(L, then, 0);
  lh_job_perform(job);
  return then(L, LUA_OK, 0);
}

static int f_close(lua_State *L) {
  if (is_foreign(L, 1)) return stock[CLOSE](L);
  to_file(L, 1);
  return close_file(L, to_box(L, 1), closed);
}

static int io_close(lua_State *L) {
  if (lua_isnone(L, 1)) lua_getfield(L, LUA_REGISTRYINDEX, output_key);
  to_file(L, 1);
  return close_file(L, to_box(L, 1), closed);
}

static int closed_quietly(lua_State *L, int status, lua_KContext context) {
  (void)context;
  job_done(L, status);
  return 0;
}

/* Nobody closed it. A job that still uses it closes it when it is through. What
** is to be written to a pipe may wait for long: another thread does that. */
static int f_gc(lua_State *L) {
  if (is_foreign(L, 1)) return stock[GC](L);
  box *b = to_box(L, 1);
  lh_file *file = b->file;
  if (b->stream.closef == NULL || file == NULL) return 0;
  b->stream.closef = NULL;
  b->file = NULL;
  if (!file->regular && file->out_end > 0 && vm_of(L)->blocker != NULL) {
    lh_job *job = new_job(L, LH_CLOSE, file);
    lh_job_start(job, NULL, NULL);
  }
  lh_file_release(file);
  return 0;
}

/* local f <close> = io.open(…). A request whose client has gone is closed where
** nothing can wait: a command of io.popen ends by itself then. */
static int f_end(lua_State *L) {
  if (is_foreign(L, 1)) return stock[GC](L);
  box *b = to_box(L, 1);
  if (b->stream.closef == NULL || b->file == NULL) return 0;
  if (vm_of(L)->blocker != NULL && !can_wait(L)) return f_gc(L);
  return close_file(L, b, closed_quietly);
}

/* }==== */

/* {==== Reading ==== */

static int push_items(lua_State *L, lh_item *items, int count, const char *bytes) {
  luaL_checkstack(L, count + 2, "too many arguments");
  int pushed = 0;
  for (int i = 0; i < count; i++) {
    lh_item *item = &items[i];
    const char *text = bytes == NULL ? "" : bytes + item->offset;
    bool good = !item->missing;
    if (good && item->format == 'n') {
      lua_pushlstring(L, text, item->size);
      good = lua_stringtonumber(L, lua_tostring(L, -1)) != 0;
      if (good) lua_remove(L, -2);
      else lua_pop(L, 1);
    } else if (good) {
      lua_pushlstring(L, text, item->size);
    }
    pushed++;
    if (good) continue;
    luaL_pushfail(L);
    break; /* those behind it were not read */
  }
  return pushed;
}

/* Formats from index `first` to the top, as items. */
static lh_item *read_formats(lua_State *L, int first, int *count) {
  int n = lua_gettop(L) - first + 1;
  *count = n > 0 ? n : 1;
  lh_item *items = lua_newuserdatauv(L, (size_t)*count * sizeof *items, 0);
  memset(items, 0, (size_t)*count * sizeof *items);
  items[0].format = 'l';
  for (int i = 0; i < n; i++) {
    int index = first + i;
    if (lua_type(L, index) == LUA_TNUMBER) {
      items[i].format = 'c';
      items[i].wanted = (size_t)luaL_checkinteger(L, index);
      continue;
    }
    const char *format = luaL_checkstring(L, index);
    if (*format == '*') format++;
    if (*format == 0 || strchr("nlLa", *format) == NULL) luaL_argerror(L, index, "invalid format");
    items[i].format = *format;
  }
  return items;
}

enum { PLAIN, LINES };

static int lines_result(lua_State *L, int n);

static int read_result(lua_State *L, int error, lh_item *items, int count, const char *bytes, lua_KContext how) {
  int n = error != 0 ? file_result(L, error, NULL) : push_items(L, items, count, bytes);
  return how == LINES ? lines_result(L, n) : n;
}

static int have_read(lua_State *L, int status, lua_KContext how) {
  lh_job *job = job_done(L, status);
  return read_result(L, job->error, job->items, job->item_count, job->bytes, how);
}

static size_t room(const lh_vm *vm) {
  return vm->ceiling > vm->used ? vm->ceiling - vm->used : 0;
}

/* Reads what the items on top of the stack ask for. */
static int read_file(lua_State *L, lh_file *file, lh_item *items, int count, lua_KContext how) {
  size_t most = room(vm_of(L));
  if (file->out_end == 0 && !file->standard && atomic_load(&file->jobs) == 0) {
    int error = lh_file_read(file, items, count, NULL, false, most);
    if (error != EAGAIN) {
      const char *bytes = file->in == NULL ? NULL : file->in + file->start;
      return read_result(L, error, items, count, bytes, how);
    }
  }
  lh_job *job = new_job(L, LH_READ, file);
  job->items = malloc((size_t)count * sizeof *items);
  if (job->items == NULL) luaL_error(L, "not enough memory");
  memcpy(job->items, items, (size_t)count * sizeof *items);
  job->item_count = count;
  job->most = most;
  return run_job(L, have_read, how);
}

static int f_read(lua_State *L) {
  if (is_foreign(L, 1)) return stock[READ](L);
  int count;
  lh_file *file = to_file(L, 1);
  lh_item *items = read_formats(L, 2, &count);
  return read_file(L, file, items, count, PLAIN);
}

static int io_read(lua_State *L) {
  int count;
  lh_item *items = read_formats(L, 1, &count);
  return read_file(L, default_file(L, input_key), items, count, PLAIN);
}

/* }==== */

/* {==== Lines ==== */

enum { MOST_FORMATS = 250 };

/* Upvalues: the file, how many formats, whether to close it, the formats. */
static int next_line(lua_State *L) {
  box *b = lua_touserdata(L, lua_upvalueindex(1));
  int n = (int)lua_tointeger(L, lua_upvalueindex(2)), count;
  if (b->stream.closef == NULL) return luaL_error(L, "file is already closed");
  lua_settop(L, 0);
  luaL_checkstack(L, n + 4, "too many arguments");
  for (int i = 1; i <= n; i++) lua_pushvalue(L, lua_upvalueindex(3 + i));
  lh_item *items = read_formats(L, 1, &count);
  return read_file(L, b->file, items, count, LINES);
}

static int lines_result(lua_State *L, int n) {
  if (lua_toboolean(L, -n)) return n;
  if (n > 1) return luaL_error(L, "%s", lua_tostring(L, -n + 1));
  if (!lua_toboolean(L, lua_upvalueindex(3))) return 0;
  box *b = lua_touserdata(L, lua_upvalueindex(1));
  return b->file == NULL ? 0 : close_file(L, b, closed_quietly);
}

/* The iterator over the file at index 1, with the formats above it. */
static void push_lines(lua_State *L, bool closes) {
  int n = lua_gettop(L) - 1;
  luaL_argcheck(L, n <= MOST_FORMATS, MOST_FORMATS + 2, "too many arguments");
  lua_pushvalue(L, 1);
  lua_pushinteger(L, n);
  lua_pushboolean(L, closes);
  lua_rotate(L, 2, 3);
  lua_pushcclosure(L, next_line, 3 + n);
}

static int f_lines(lua_State *L) {
  if (is_foreign(L, 1)) return stock[LINES_OF](L);
  to_file(L, 1);
  push_lines(L, false);
  return 1;
}

static int lines_opened(lua_State *L, int status, lua_KContext context) {
  opened(L, status, OR_RAISE);
  (void)context;
  lua_replace(L, 1); /* the name */
  lua_pop(L, 1);     /* the job */
  push_lines(L, true);
  lua_pushnil(L);
  lua_pushnil(L);
  lua_pushvalue(L, 1); /* closed by the loop, whatever ends it */
  return 4;
}

static int io_lines(lua_State *L) {
  if (lua_isnone(L, 1)) lua_pushnil(L);
  if (lua_isnil(L, 1)) {
    lua_getfield(L, LUA_REGISTRYINDEX, input_key);
    lua_replace(L, 1);
    return f_lines(L);
  }
  luaL_checkstring(L, 1);
  lh_job *job = new_job(L, LH_OPEN, NULL);
  job->path = copy(L, 1);
  lua_pushliteral(L, "r");
  job->other = copy(L, -1);
  lua_pop(L, 1);
  return run_job(L, lines_opened, 0);
}

/* }==== */

/* {==== Writing ==== */

static void keep(lua_State *L, lh_file *file, const char *bytes, size_t size) {
  if (file->out_size - file->out_end < size) {
    size_t grown = file->out_end + size;
    grown = grown < LH_BUFFER ? LH_BUFFER : grown + grown / 2;
    if (grown > room(vm_of(L)) + LH_BUFFER) vm_of(L)->refused = true;
    char *fresh = grown > room(vm_of(L)) + LH_BUFFER ? NULL : realloc(file->out, grown);
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
  lh_job *job = job_done(L, status);
  if (job->error != 0) return file_result(L, job->error, NULL);
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
      if (fwrite(bytes, 1, size, file->stream) != size) return file_result(L, errno, NULL);
      continue;
    }
    keep(L, file, bytes, size);
    if (file->buffering == LH_LINE_BUFFER && memchr(bytes, '\n', size) != NULL) line = true;
  }
  if (file->standard || (!line && file->buffering != LH_NO_BUFFER && file->out_end < LH_BUFFER)) return 1;
  new_job(L, LH_FLUSH, file);
  return run_job(L, written, 0);
}

static int f_write(lua_State *L) {
  if (is_foreign(L, 1)) return stock[WRITE](L);
  lh_file *file = to_file(L, 1);
  lua_pushvalue(L, 1);
  return write_file(L, file, 2);
}

static int io_write(lua_State *L) {
  lh_file *file = default_file(L, output_key);
  return write_file(L, file, 1);
}

static int flushed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  return file_result(L, job_done(L, status)->error, NULL);
}

static int flush_file(lua_State *L, lh_file *file) {
  if (file->standard) return luaL_fileresult(L, fflush(file->stream) == 0, NULL);
  if (file->out_end == 0 && atomic_load(&file->jobs) == 0) return luaL_fileresult(L, 1, NULL);
  new_job(L, LH_FLUSH, file);
  return run_job(L, flushed, 0);
}

static int f_flush(lua_State *L) {
  if (is_foreign(L, 1)) return stock[FLUSH](L);
  return flush_file(L, to_file(L, 1));
}

static int io_flush(lua_State *L) { return flush_file(L, default_file(L, output_key)); }

static int f_setvbuf(lua_State *L) {
  if (is_foreign(L, 1)) return stock[SETVBUF](L);
  static const char *const names[] = {"full", "line", "no", NULL};
  lh_file *file = to_file(L, 1);
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
  lh_job *job = job_done(L, status);
  if (job->error != 0) return file_result(L, job->error, NULL);
  lua_pushinteger(L, job->result);
  return 1;
}

static int f_seek(lua_State *L) {
  if (is_foreign(L, 1)) return stock[SEEK](L);
  static const int modes[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  static const char *const names[] = {"set", "cur", "end", NULL};
  lh_file *file = to_file(L, 1);
  int mode = luaL_checkoption(L, 2, "cur", names);
  lua_Integer offset = luaL_optinteger(L, 3, 0);
  bool at_once = file->out_end == 0 && atomic_load(&file->jobs) == 0;
  lh_job *job = new_job(L, LH_SEEK, file);
  job->whence = modes[mode];
  job->offset = offset;
  if (!at_once) return run_job(L, sought, 0);
  lh_job_perform(job);
  return sought(L, LUA_OK, 0);
}

/* }==== */

/* {==== os ==== */

static int executed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = job_done(L, status);
  errno = job->error;
  return luaL_execresult(L, job->error != 0 ? -1 : job->status);
}

static int os_execute(lua_State *L) {
  if (lua_isnoneornil(L, 1)) {
    lua_pushboolean(L, true); /* there is a shell */
    return 1;
  }
  lh_job *job = new_job(L, LH_EXECUTE, NULL);
  job->path = copy(L, 1);
  return run_job(L, executed, 0);
}

static int removed(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = job_done(L, status);
  return file_result(L, job->error, job->op == LH_REMOVE ? job->path : NULL);
}

static int os_remove(lua_State *L) {
  luaL_checkstring(L, 1);
  lh_job *job = new_job(L, LH_REMOVE, NULL);
  job->path = copy(L, 1);
  return run_job(L, removed, 0);
}

static int os_rename(lua_State *L) {
  luaL_checkstring(L, 1);
  luaL_checkstring(L, 2);
  lh_job *job = new_job(L, LH_RENAME, NULL);
  job->path = copy(L, 1);
  job->other = copy(L, 2);
  return run_job(L, removed, 0);
}

static int named(lua_State *L, int status, lua_KContext context) {
  (void)context;
  lh_job *job = job_done(L, status);
  if (job->error != 0) return luaL_error(L, "unable to generate a unique filename");
  lua_pushstring(L, job->path);
  return 1;
}

static int os_tmpname(lua_State *L) {
  lh_job *job = new_job(L, LH_TMPNAME, NULL);
  lua_pushliteral(L, "/tmp/lua_XXXXXX");
  job->path = copy(L, -1);
  lua_pop(L, 1);
  return run_job(L, named, 0);
}

/* }==== */

static const luaL_Reg io_functions[] = {
    {"close", io_close}, {"flush", io_flush}, {"input", io_input}, {"lines", io_lines},
    {"open", io_open}, {"output", io_output}, {"popen", io_popen}, {"read", io_read},
    {"tmpfile", io_tmpfile}, {"type", io_type}, {"write", io_write}, {NULL, NULL}};

static const luaL_Reg methods[] = {
    {"read", f_read}, {"write", f_write}, {"lines", f_lines}, {"flush", f_flush},
    {"seek", f_seek}, {"close", f_close}, {"setvbuf", f_setvbuf}, {NULL, NULL}};

static const luaL_Reg metamethods[] = {
    {"__gc", f_gc}, {"__close", f_end}, {"__tostring", f_tostring}, {NULL, NULL}};

static const luaL_Reg os_functions[] = {
    {"execute", os_execute}, {"remove", os_remove}, {"rename", os_rename},
    {"tmpname", os_tmpname}, {NULL, NULL}};

static void open_standard(lua_State *L, FILE *stream, int fd, const char *name, const char *key) {
  box *b = new_box(L);
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

void lh_open_io(lua_State *L) {
  luaL_newmetatable(L, JOB_TYPE);
  lua_pushcfunction(L, job_gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  luaL_getmetatable(L, LUA_FILEHANDLE);
  for (int i = 0; i < STOCK; i++) {
    lua_getfield(L, -1, i < GC ? "__index" : stock_names[i]);
    if (i < GC) lua_getfield(L, -1, stock_names[i]);
    stock[i] = lua_tocfunction(L, -1);
    lua_pop(L, i < GC ? 2 : 1);
  }
  luaL_setfuncs(L, metamethods, 0);
  lua_getfield(L, -1, "__index");
  luaL_setfuncs(L, methods, 0);
  lua_pop(L, 2);
  lua_getglobal(L, LUA_IOLIBNAME);
  luaL_setfuncs(L, io_functions, 0);
  open_standard(L, stdin, 0, "stdin", input_key);
  open_standard(L, stdout, 1, "stdout", output_key);
  open_standard(L, stderr, 2, "stderr", NULL);
  lua_pop(L, 1);
  lua_getglobal(L, LUA_OSLIBNAME);
  luaL_setfuncs(L, os_functions, 0);
  lua_pop(L, 1);
}
