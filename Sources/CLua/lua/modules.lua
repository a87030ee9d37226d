-- SPDX-License-Identifier: MIT
--
-- Modules that scripts require, where they are looked for, and the guard of globals.

local use, host, settings = ...

local messages = use "messages"
local responses = use "responses"
local routers = use "routers"
local note_module = use("dependencies").note_module
local place, kind_of, fail = messages.place, messages.kind_of, messages.fail
local type, error, rawset = type, error, rawset
local getmetatable, setmetatable = getmetatable, setmetatable
local mark = responses.mark

package.path = table.concat({
  settings.root .. "/?.lua", settings.root .. "/?/init.lua",
  settings.root .. "/lua_modules/share/lua/5.4/?.lua", settings.root .. "/lua_modules/share/lua/5.4/?/init.lua",
  package.path,
}, ";")
package.cpath = settings.root .. "/lua_modules/lib/lua/5.4/?.so;" .. package.cpath

package.loaded["luahttpd"] = use("app").root
package.loaded["luahttpd.json"] = {
  null = host.null,
  array = responses.functions.array,
  object = function(map) return mark(map, host.Object, "json.object") end,
  encode = function(value) return (host.json_encode(value)) end,
  -- value, or nil and a message
  decode = function(text)
    if type(text) ~= "string" then fail("json.decode expects a string, not %s", kind_of(text)) end
    return host.json_decode(text)
  end,
}
host.Object.__jsontype = "object"
package.loaded["luahttpd.http"] = use "http"

-- The process is the server: no script ends it at once, with all requests. One that is not to be served fails to load.
function os.exit(code)
  if routers.is_frozen() then
    fail("os.exit would end the server and every request: stop it from outside (SIGTERM)")
  end
  fail("os.exit(%s) while the app loads", code == nil and "" or tostring(code))
end

-- Functions of the program that the server is part of.
for name, functions in next, host.functions do package.loaded[name] = functions end

-- Modules may set globals while they load, whenever that is.
local loading = 0
local plain_require = require
function require(name)
  note_module(name)
  loading = loading + 1
  local results = table.pack(pcall(plain_require, name))
  loading = loading - 1
  if results[1] then return table.unpack(results, 2, results.n) end
  error(results[2], 0)
end

-- After loading, a new global in a handler is most likely a forgotten `local`: each worker has its
-- own copy, so requests would see different values.
local function guard_globals()
  local mt = getmetatable(_G) or {}
  local plain_newindex = mt.__newindex
  mt.__newindex = function(globals, name, value)
    if loading == 0 then
      local message = ("assignment to undeclared global '%s': add 'local', or declare it at the top of the script")
        :format(tostring(name))
      if settings.dev then error(message, 2) end
      host.log("warn", message, place())
    end
    if type(plain_newindex) == "function" then return plain_newindex(globals, name, value) end
    rawset(globals, name, value)
  end
  setmetatable(_G, mt)
end

return { guard_globals = guard_globals }
