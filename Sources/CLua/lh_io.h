/* SPDX-License-Identifier: MIT */
/* What the files behind io.* and os.* share: jobs and files as Lua sees them. */
#ifndef LH_IO_H
#define LH_IO_H

#include "lh_blocking.h"

/* {==== Jobs (lh_io_job.c) ==== */

lh_job *lh_new_job(lua_State *L, lh_op op, lh_file *file); /* [-0, +1] the job, so that an error frees it */
char *lh_copy(lua_State *L, int index);                    /* of a string, for a job */
/* Does the job on top of the stack, then calls `then` with it on top. */
bool lh_can_wait(lua_State *L);
int lh_run_job(lua_State *L, lua_KFunction then, lua_KContext context);
/* First thing in each continuation: the job, alone on top. */
lh_job *lh_job_done(lua_State *L, int status);
int lh_file_result(lua_State *L, int error, const char *name);
void lh_open_jobs(lua_State *L);

/* }==== */

/* {==== Files (lh_io.c) ==== */

/* What modules in C expect of a file, and ours behind it. */
typedef struct lh_box {
  luaL_Stream stream;
  lh_file *file;
} lh_box;

extern const char lh_input_key[], lh_output_key[];

/* Files that modules in C have made are left to Lua's own functions: true, and
** call lh_stock. */
bool lh_is_foreign(lua_State *L, int index);
typedef enum lh_method {
  LH_READ_METHOD, LH_WRITE_METHOD, LH_LINES_METHOD, LH_FLUSH_METHOD, LH_SEEK_METHOD,
  LH_CLOSE_METHOD, LH_SETVBUF_METHOD, LH_GC_METHOD, LH_TOSTRING_METHOD, LH_METHODS
} lh_method;
int lh_stock(lua_State *L, lh_method method);

lh_file *lh_to_file(lua_State *L, int index);              /* raises if it is closed */
lh_file *lh_default_file(lua_State *L, const char *key);   /* [-0, +1] of io.input, io.output */
enum { LH_OR_NIL, LH_OR_RAISE };
int lh_opened(lua_State *L, int status, lua_KContext context);
int lh_close_file(lua_State *L, lh_box *b, lua_KFunction then);
int lh_closed_quietly(lua_State *L, int status, lua_KContext context);

/* Bytes that may still be taken. */
static inline size_t lh_room(const lh_vm *vm) {
  return vm->ceiling > vm->used ? vm->ceiling - vm->used : 0;
}

/* }==== */

extern const luaL_Reg lh_reading_functions[], lh_reading_methods[]; /* lh_io_read.c */
extern const luaL_Reg lh_writing_functions[], lh_writing_methods[]; /* lh_io_write.c */

#endif
