-- SPDX-License-Identifier: MIT
--
-- What a script gives to all of its templates: filters, tests, global values.

local use = ...

local messages = use "messages"
local routers = use "routers"
local place, kind_of, fail = messages.place, messages.kind_of, messages.fail
local check_callable = messages.check_callable
local methods, check_declaring = routers.methods, routers.check_declaring
local next, type = next, type

local declared = { filter = {}, test = {}, global = {} }
local places = { filter = {}, test = {}, global = {} }

local function define(self, method, kind, name, value, is_called)
  check_declaring(self, method)
  if type(name) ~= "string" then fail("the name of a %s must be a string, not %s", kind, kind_of(name)) end
  if not name:find("^[%a_][%w_]*$") then
    fail("'%s' cannot be the name of a %s: letters, digits and '_'", name, kind)
  end
  if is_called then check_callable(value, kind) end
  local taken = places[kind][name]
  if taken then fail("the %s '%s' is already defined at %s", kind, name, taken) end
  declared[kind][name] = value
  places[kind][name] = place()
end

-- {{ value|name(…) }}: fn(value, …) returns what is printed.
function methods:filter(name, fn)
  define(self, "filter", "filter", name, fn, true)
  return self
end

-- {% if value is name(…) %}: fn(value, …) returns whether it is.
function methods:test(name, fn)
  define(self, "test", "test", name, fn, true)
  return self
end

-- A variable of every template; those that a handler returns win.
function methods:global(name, value)
  if name ~= nil and value == nil then fail("app:global expects a name and a value") end
  define(self, "global", "global", name, value)
  return self
end

-- app:globals { site = "Shop", year = function() … end }
function methods:globals(values)
  if type(values) ~= "table" then fail("app:globals expects a table such as { site = \"Shop\" }, not %s", kind_of(values)) end
  for name, value in next, values do define(self, "globals", "global", name, value) end
  return self
end

-- What the server takes: names for the compiler, and what renderings look them up in.
local function finish()
  local globals = next(declared.global) and declared.global or false
  local filters = next(declared.filter) and declared.filter or false
  local tests = next(declared.test) and declared.test or false
  local environment = (globals or filters or tests) and { globals, filters, tests } or nil
  return { filters = declared.filter, tests = declared.test, environment = environment }
end

return { finish = finish }
