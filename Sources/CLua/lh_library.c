/* SPDX-License-Identifier: MIT */
/* The part of luahttpd that is written in Lua: its files, and how they find
   each other. What they do is theirs. */
#include "lh_internal.h"

#include <string.h>

#define FILE_OF(name) static const char name##_source[]
FILE_OF(app) = {
#embed "lua/app.lua"
};
FILE_OF(bodies) = {
#embed "lua/bodies.lua"
};
FILE_OF(dependencies) = {
#embed "lua/dependencies.lua"
};
FILE_OF(handlers) = {
#embed "lua/handlers.lua"
};
FILE_OF(http) = {
#embed "lua/http.lua"
};
FILE_OF(incoming) = {
#embed "lua/incoming.lua"
};
FILE_OF(lifecycle) = {
#embed "lua/lifecycle.lua"
};
FILE_OF(limits) = {
#embed "lua/limits.lua"
};
FILE_OF(log) = {
#embed "lua/log.lua"
};
FILE_OF(main) = {
#embed "lua/main.lua"
};
FILE_OF(messages) = {
#embed "lua/messages.lua"
};
FILE_OF(modules) = {
#embed "lua/modules.lua"
};
FILE_OF(outgoing) = {
#embed "lua/outgoing.lua"
};
FILE_OF(requests) = {
#embed "lua/requests.lua"
};
FILE_OF(responses) = {
#embed "lua/responses.lua"
};
FILE_OF(routers) = {
#embed "lua/routers.lua"
};
FILE_OF(shared) = {
#embed "lua/shared.lua"
};
FILE_OF(streams) = {
#embed "lua/streams.lua"
};
FILE_OF(tasks) = {
#embed "lua/tasks.lua"
};
FILE_OF(templates) = {
#embed "lua/templates.lua"
};
FILE_OF(timers) = {
#embed "lua/timers.lua"
};
FILE_OF(topics) = {
#embed "lua/topics.lua"
};

#define ENTRY(name) {#name, LH_LIBRARY_PREFIX #name, name##_source, sizeof name##_source}
static const struct {
  const char *name, *chunk, *source;
  size_t size;
} files[] = {
    ENTRY(app),
    ENTRY(bodies),
    ENTRY(dependencies),
    ENTRY(handlers),
    ENTRY(http),
    ENTRY(incoming),
    ENTRY(lifecycle),
    ENTRY(limits),
    ENTRY(log),
    ENTRY(main),
    ENTRY(messages),
    ENTRY(modules),
    ENTRY(outgoing),
    ENTRY(requests),
    ENTRY(responses),
    ENTRY(routers),
    ENTRY(shared),
    ENTRY(streams),
    ENTRY(tasks),
    ENTRY(templates),
    ENTRY(timers),
    ENTRY(topics),
};

/* use(name): runs a file of the library, once, and returns what it returned.
   Upvalues: what was returned so far, host, settings. Raises. */
static int use(lua_State *L) {
  const char *name = luaL_checkstring(L, 1);
  if (lua_getfield(L, lua_upvalueindex(1), name) != LUA_TNIL) return 1;
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    if (strcmp(files[i].name, name) != 0) continue;
    if (luaL_loadbufferx(L, files[i].source, files[i].size, files[i].chunk, "t") != LUA_OK)
      return lua_error(L);
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, lua_upvalueindex(3));
    lua_pushcclosure(L, use, 3);
    lua_pushvalue(L, lua_upvalueindex(2));
    lua_pushvalue(L, lua_upvalueindex(3));
    lua_call(L, 3, 1);
    lua_pushvalue(L, -1);
    lua_setfield(L, lua_upvalueindex(1), name);
    return 1;
  }
  return luaL_error(L, "luahttpd has no file '%s'", name);
}

/* library(host, settings): runs main.lua and returns what it returned. Raises. */
static int library(lua_State *L) {
  lua_settop(L, 2);
  lua_newtable(L);
  lua_insert(L, 1);
  lua_pushcclosure(L, use, 3);
  lua_pushliteral(L, "main");
  lua_call(L, 1, 1);
  return 1;
}

void lh_push_library(lh_state *L) { lua_pushcfunction(L, library); }
