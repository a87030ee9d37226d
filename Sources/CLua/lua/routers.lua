-- SPDX-License-Identifier: MIT
--
-- Routers: the routes, hooks and static directories that a script declares, under prefixes.

local use = ...

local messages = use "messages"
local place, kind_of, fail, hint = messages.place, messages.kind_of, messages.fail, messages.hint
local check_callable, origin = messages.check_callable, messages.origin
local check_limits = use "limits".check
local type = type
local getmetatable, setmetatable = getmetatable, setmetatable

-- After the main script has run nothing can be declared any more.
local is_loaded = false

local Route = { __name = "route" }
Route.__index = Route

-- Names the route for app:url_for.
function Route:name(name)
  if getmetatable(self) ~= Route then fail("call it with a colon: app:get(…):name \"user\"") end
  if is_loaded then fail("routes are named in the main script: it is too late for it in a handler") end
  if type(name) ~= "string" then fail("route name must be a string, not %s", kind_of(name)) end
  if name == "" then fail("route name must not be empty") end
  local other = self.app_names[name]
  if other and other ~= self then
    fail("the route name '%s' is already taken at %s", name, other.where)
  end
  self.app_names[name] = self
  self.route_name = name
  return self
end

local route_options = {
  limits = "table", json = "boolean", body = "string", compress = "boolean", etag = "boolean",
}

-- body = "stream": the handler reads the body itself.
local function check_route_body(body)
  if body ~= nil and body ~= "stream" then fail("route option 'body' can only be \"stream\", not \"%s\"", body) end
end

local function join(prefix, path)
  if prefix == "" then return path end
  if path == "/" or path == "" then return prefix end
  return prefix .. path
end

local function check_path(path, what)
  if type(path) ~= "string" then fail("%s must be a string such as \"/users/:id\", not %s", what, kind_of(path)) end
  if path:sub(1, 1) ~= "/" then fail("%s \"%s\" must start with '/'", what, path) end
end

local Router = { __name = "router" }

-- A router: routes under a prefix, and the hooks that apply to them and to the groups inside.
local function new_router(prefix, parent, names)
  return setmetatable({
    prefix = prefix, parent = parent, names = names,
    routes = {}, befores = {}, afters = {}, uses = {}, children = {},
  }, Router)
end

local methods = {}

-- `app.get("/")` instead of `app:get("/")`: the first argument is not a router then.
local function check_self(self, name)
  if type(self) ~= "table" or getmetatable(self) ~= Router then
    fail("call it with a colon: app:%s(…)", name)
  end
end

-- What is declared after the main script has run would be ignored.
local function check_declaring(self, name)
  check_self(self, name)
  if is_loaded then fail("app:%s belongs into the main script: it is too late for it in a handler", name) end
end

local function add(self, method, path, handler, options, where)
  local route = setmetatable({
    methods = method, path = join(self.prefix, path), handler = handler, where = where,
    app_names = self.names, router = self, options = options,
  }, Route)
  self.routes[#self.routes + 1] = route
  return route
end

local function define_verb(name, method)
  methods[name] = function(self, path, handler, extra)
    check_declaring(self, name)
    check_path(path, "route path")
    local options
    if type(handler) == "table" and not (getmetatable(handler) or {}).__call and extra ~= nil then
      options, handler = handler, extra -- app:get(path, options, handler)
      for option, value in next, options do
        if not route_options[option] then
          fail("unknown route option '%s'%s", tostring(option), hint(option, route_options))
        end
        if type(value) ~= route_options[option] then
          fail("route option '%s' must be a %s, not %s", option, route_options[option], kind_of(value))
        end
      end
      check_limits(options.limits, true)
      check_route_body(options.body)
    end
    check_callable(handler, "route handler")
    local route = add(self, { method }, path, handler, options, place())
    return route
  end
end

for _, verb in ipairs { "get", "post", "put", "patch", "delete", "head", "options", "any" } do
  define_verb(verb, verb:upper())
end

local route_fields = {
  method = true, path = true, handler = true, name = true, limits = true, json = true, body = true,
  compress = true, etag = true, true,
}

-- app:route { method = "GET" or { "GET", "POST" }, path = "/x", handler = fn, name = "x" }
function methods:route(definition)
  check_declaring(self, "route")
  if type(definition) ~= "table" then fail("app:route expects a table: { method = \"GET\", path = \"/\", handler = fn }") end
  for field in next, definition do
    if not route_fields[field] then fail("unknown field '%s' in app:route%s", tostring(field), hint(field, route_fields)) end
  end
  check_path(definition.path, "path")
  local handler = definition.handler or definition[1]
  check_callable(handler, "handler")
  local list = definition.method or "GET"
  if type(list) == "string" then list = { list } end
  local upper = {}
  for i, method in ipairs(list) do
    if type(method) ~= "string" then fail("method must be a string or a list of strings") end
    upper[i] = method:upper()
  end
  local options = {}
  for option, expected in next, route_options do
    local value = definition[option]
    if value ~= nil and type(value) ~= expected then fail("%s must be a %s, not %s", option, expected, kind_of(value)) end
    options[option] = value
  end
  check_limits(options.limits, true)
  check_route_body(options.body)
  local route = add(self, upper, definition.path, handler, options, place())
  if definition.name then route:name(definition.name) end
  return route
end

-- app:match(name, path, handler): all methods, named.
function methods:match(name, path, handler)
  check_declaring(self, "match")
  check_path(path, "route path")
  check_callable(handler, "route handler")
  local route = add(self, { "ANY" }, path, handler, nil, place())
  route:name(name)
  return route
end

-- Hooks take an optional prefix first: app:before("/admin", fn).
local function define_hook(name, list)
  methods[name] = function(self, prefix, fn)
    check_declaring(self, name)
    if fn == nil then prefix, fn = "", prefix end
    if type(prefix) ~= "string" then fail("prefix must be a string, not %s", kind_of(prefix)) end
    if prefix ~= "" and prefix:sub(1, 1) ~= "/" then fail("prefix \"%s\" must start with '/'", prefix) end
    check_callable(fn, "hook")
    local hooks = self[list]
    hooks[#hooks + 1] = { prefix = join(self.prefix, prefix:gsub("/$", "")), fn = fn, where = origin(fn, place()) }
    return self
  end
end

define_hook("before", "befores")
define_hook("after", "afters")
define_hook("use", "uses")

-- Routes of a group share a prefix and the hooks declared inside.
function methods:group(prefix, build)
  check_declaring(self, "group")
  check_path(prefix, "group prefix")
  check_callable(build, "the function of a group")
  local child = new_router(join(self.prefix, (prefix:gsub("/$", ""))), self, self.names)
  self.children[#self.children + 1] = child
  build(child)
  return self
end

-- Copies the routes of a router made by app.router() under a prefix.
function methods:mount(prefix, router)
  check_declaring(self, "mount")
  check_path(prefix, "mount prefix")
  if type(router) ~= "table" or getmetatable(router) ~= Router then
    fail("app:mount expects a router made by app.router(), not %s (does the module return it?)", kind_of(router))
  end
  local function copy(source, parent, base)
    local target = new_router(join(base, source.prefix), parent, self.names)
    for _, list in ipairs { "befores", "afters", "uses" } do
      for i, hook in ipairs(source[list]) do
        target[list][i] = { prefix = join(base, hook.prefix), fn = hook.fn, where = hook.where }
      end
    end
    for i, route in ipairs(source.routes) do
      local twin = {}
      for key, value in next, route do twin[key] = value end
      twin.path, twin.router, twin.app_names = join(base, route.path), target, self.names
      target.routes[i] = setmetatable(twin, Route)
      if route.route_name then
        twin.route_name = nil
        twin:name(route.route_name)
      end
    end
    for _, child in ipairs(source.children) do
      target.children[#target.children + 1] = copy(child, target, base)
    end
    return target
  end
  self.children[#self.children + 1] = copy(router, self, join(self.prefix, (prefix:gsub("/$", ""))))
  return self
end

local static_options = {
  cache = "string or table", index = "string or table", listing = "boolean", precompressed = "boolean",
}

-- cache = { ["*.css"] = "1h", … }; index = { "index.html", … }
local function check_strings(option, value)
  for key, element in next, type(value) == "table" and value or {} do
    local wanted = option == "cache" and "string" or "number"
    if type(key) ~= wanted or type(element) ~= "string" then
      fail(option == "cache" and "cache of app:static must be a table such as { [\"*.css\"] = \"1h\" }"
        or "index of app:static must be a list of names")
    end
  end
end

-- app:static("/assets", "public"): serves the files of a directory, without Lua.
function methods:static(prefix, directory, options)
  check_declaring(self, "static")
  check_path(prefix, "prefix of static files")
  if type(directory) ~= "string" then fail("directory of static files must be a string, not %s", kind_of(directory)) end
  if options ~= nil and type(options) ~= "table" then fail("options of app:static must be a table, not %s", kind_of(options)) end
  for option, value in next, options or {} do
    if not static_options[option] then fail("unknown option '%s' of app:static%s", tostring(option), hint(option, static_options)) end
    if not static_options[option]:find(type(value), 1, true) then
      fail("option '%s' of app:static must be a %s, not %s", option, static_options[option], kind_of(value))
    end
    check_strings(option, value)
  end
  local files = { directory = directory }
  for option, value in next, options or {} do files[option] = value end
  local path, where = join(self.prefix, (prefix:gsub("/$", ""))), place()
  -- The directory itself (its index file), and what is in it.
  for _, suffix in ipairs { "/", "/*path" } do
    self.routes[#self.routes + 1] = setmetatable({
      methods = { "GET" }, path = path .. suffix, where = where, router = self, app_names = self.names,
      static = files, is_index = suffix == "/",
    }, Route)
  end
  return self
end

return {
  new = new_router, Router = Router, methods = methods,
  check_self = check_self, check_declaring = check_declaring,
  freeze = function() is_loaded = true end,
  is_frozen = function() return is_loaded end,
}
