/* SPDX-License-Identifier: MIT */
/* Reading files and their lines, as scripts know it (liolib.c is the model). */
#include "lh_io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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
  int n = error != 0 ? lh_file_result(L, error, NULL) : push_items(L, items, count, bytes);
  return how == LINES ? lines_result(L, n) : n;
}

static int have_read(lua_State *L, int status, lua_KContext how) {
  lh_job *job = lh_job_done(L, status);
  return read_result(L, job->error, job->items, job->item_count, job->bytes, how);
}

/* Reads what the items on top of the stack ask for. */
static int read_file(lua_State *L, lh_file *file, lh_item *items, int count, lua_KContext how) {
  size_t most = lh_room(vm_of(L));
  if (file->out_end == 0 && !file->standard && atomic_load(&file->jobs) == 0) {
    int error = lh_file_read(file, items, count, NULL, false, most);
    if (error != EAGAIN) {
      const char *bytes = file->in == NULL ? NULL : file->in + file->start;
      return read_result(L, error, items, count, bytes, how);
    }
  }
  lh_job *job = lh_new_job(L, LH_READ, file);
  job->items = malloc((size_t)count * sizeof *items);
  if (job->items == NULL) luaL_error(L, "not enough memory");
  memcpy(job->items, items, (size_t)count * sizeof *items);
  job->item_count = count;
  job->most = most;
  return lh_run_job(L, have_read, how);
}

static int f_read(lua_State *L) {
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_READ_METHOD);
  int count;
  lh_file *file = lh_to_file(L, 1);
  lh_item *items = read_formats(L, 2, &count);
  return read_file(L, file, items, count, PLAIN);
}

static int io_read(lua_State *L) {
  int count;
  lh_item *items = read_formats(L, 1, &count);
  return read_file(L, lh_default_file(L, lh_input_key), items, count, PLAIN);
}

/* {==== Lines ==== */

enum { MOST_FORMATS = 250 };

/* Upvalues: the file, how many formats, whether to close it, the formats. */
static int next_line(lua_State *L) {
  lh_box *b = lua_touserdata(L, lua_upvalueindex(1));
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
  lh_box *b = lua_touserdata(L, lua_upvalueindex(1));
  return b->file == NULL ? 0 : lh_close_file(L, b, lh_closed_quietly);
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
  if (lh_is_foreign(L, 1)) return lh_stock(L, LH_LINES_METHOD);
  lh_to_file(L, 1);
  push_lines(L, false);
  return 1;
}

static int lines_opened(lua_State *L, int status, lua_KContext context) {
  lh_opened(L, status, LH_OR_RAISE);
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
    lua_getfield(L, LUA_REGISTRYINDEX, lh_input_key);
    lua_replace(L, 1);
    return f_lines(L);
  }
  luaL_checkstring(L, 1);
  lh_job *job = lh_new_job(L, LH_OPEN, NULL);
  job->path = lh_copy(L, 1);
  lua_pushliteral(L, "r");
  job->other = lh_copy(L, -1);
  lua_pop(L, 1);
  return lh_run_job(L, lines_opened, 0);
}

/* }==== */

const luaL_Reg lh_reading_functions[] = {{"lines", io_lines}, {"read", io_read}, {NULL, NULL}};
const luaL_Reg lh_reading_methods[] = {{"lines", f_lines}, {"read", f_read}, {NULL, NULL}};
