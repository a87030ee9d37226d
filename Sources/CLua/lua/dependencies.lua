-- SPDX-License-Identifier: MIT
--
-- What the app is made of besides the main script: files that it loads, data that it names, and `.env`.
-- The server watches them where it watches.

local use, host, settings = ...

local messages = use "messages"
local routers = use "routers"
local kind_of, fail = messages.kind_of, messages.fail
local type = type

local dependencies = {}

-- A file that is being saved is empty at first. As a module it would load as `true`, which nobody means.
local function check_is_written(name, path)
  local file <close> = io.open(path, "rb")
  if file and file:read(0) == nil then
    error(("module '%s' is empty: %s"):format(name, path), 4)
  end
end

-- Tells where the module `name` comes from; or, if it is not to be found, where it would count.
function dependencies.note_module(name)
  if type(name) ~= "string" or package.loaded[name] ~= nil or package.preload[name] then return end
  local path = package.searchpath(name, package.path)
  if path then
    host.depends(path)
    return check_is_written(name, path)
  end
  local file = name:gsub("%.", "/")
  for template in package.path:gmatch("[^;]+") do
    if template:sub(1, #settings.root + 1) == settings.root .. "/" then
      host.depends((template:gsub("%?", (file:gsub("%%", "%%%%")))))
    end
  end
end

local plain_dofile, plain_loadfile = dofile, loadfile

function dofile(path, ...)
  if type(path) == "string" then host.depends(path) end
  return plain_dofile(path, ...)
end

function loadfile(path, ...)
  if type(path) == "string" then host.depends(path) end
  return plain_loadfile(path, ...)
end

-- app:watch("menu.json", "texts"): a change in these loads the app again, as a change of the script does.
function routers.methods:watch(...)
  routers.check_declaring(self, "watch")
  for i = 1, select("#", ...) do
    local path = select(i, ...)
    if type(path) ~= "string" then fail("app:watch expects paths, not %s", kind_of(path)) end
    path = path:gsub("(.)/+$", "%1")
    host.watch(path:sub(1, 1) == "/" and path or settings.root .. "/" .. path)
  end
  return self
end

-- The environment wins over `.env`.
local plain_getenv, env = os.getenv, settings.env
function os.getenv(name)
  local value = plain_getenv(name)
  if value == nil then return env[name] end
  return value
end

return dependencies
