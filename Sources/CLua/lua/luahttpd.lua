-- SPDX-License-Identifier: MIT
--
-- The part of luahttpd that is written in Lua: what `require "luahttpd"` gives a script.
-- It only collects what the script declares and shapes what handlers return; sockets, routes and
-- templates are the server's. Runs once for each VM, before the main script, and gets
--   host      functions and metatables of the server (Script/ScriptLibrary.swift lists them)
--   settings  { dev = boolean, root = directory of the main script }
-- Returns the functions that the server calls: finish(), explain(…), complain(options).

local host, settings = ...

local type, error, rawget, rawset = type, error, rawget, rawset
local getmetatable, setmetatable = getmetatable, setmetatable
local getinfo = debug.getinfo

local Response, Abort, Array, Safe, Values = host.Response, host.Abort, host.Array, host.Safe, host.Values

-- {==== Places and messages ====

-- Level, for the caller of this function, of the author's code: the innermost function in Lua that is
-- not of this file. Nil when a tail call (`return app.json(…)`) left no trace of it.
local function author_level()
  local level = 3
  while true do
    local info = getinfo(level, "Slt")
    if not info then return nil end
    if info.source ~= "=luahttpd" and info.currentline > 0 then return level - 1 end
    if info.istailcall then return nil end
    level = level + 1
  end
end

-- "app.lua:12": the author's line.
local function place()
  local level = author_level()
  local info = level and getinfo(level, "Sl")
  return info and info.short_src .. ":" .. info.currentline or "?"
end

local function kind_of(value)
  local mt = getmetatable(value)
  if mt == Response then return "a response" end
  if value == nil then return "nothing" end
  return "a " .. type(value)
end

-- Raises a message with the author's line.
local function fail(message, ...)
  error(select("#", ...) > 0 and message:format(...) or message, author_level() or 0)
end

-- How many letters differ, two swapped ones counted once.
local function distance(a, b)
  local before, last = nil, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

-- The key of `known` that was meant by `name`, for "did you mean".
local function nearest(name, known)
  name = tostring(name)
  if #name > 64 then return nil end -- comparing takes time in proportion to its length
  local best, least
  for candidate in pairs(known) do
    candidate = tostring(candidate)
    local differs = distance(name, candidate)
    if differs < #name and differs <= math.max(1, #name // 3) and (not least or differs < least
        or differs == least and candidate < best) then
      best, least = candidate, differs
    end
  end
  return best
end

local function hint(name, known)
  local meant = nearest(name, known)
  return meant and (" (did you mean '%s'?)"):format(meant) or ""
end

local function check_callable(value, what)
  if type(value) == "function" then return end
  local mt = getmetatable(value)
  if type(mt) == "table" and mt.__call then return end
  fail("%s must be a function, not %s", what, kind_of(value))
end

-- }====

-- {==== Responses ====

-- Options of a response: third return value of a handler, last argument of app.json and the like.
local response_options = {
  status = "number", headers = "table", cookies = "table", content_type = "string",
}

-- `of_handler`: a handler returned them, and the server knows its place.
local function check_options(options, of_handler)
  local function raise(message)
    if of_handler then error(message, 0) end
    fail("%s", message)
  end
  if options == nil then return end
  if type(options) ~= "table" then
    raise(("response options must be a table such as { status = 201 }, not %s"):format(kind_of(options)))
  end
  for name, value in next, options do
    local expected = response_options[name]
    if not expected then
      raise(("unknown response option '%s'%s; options are status, headers, cookies, content_type")
        :format(tostring(name), hint(name, response_options)))
    end
    if type(value) ~= expected then
      raise(("response option '%s' must be a %s, not %s"):format(name, expected, kind_of(value)))
    end
  end
end

local function response(fields, options)
  if options then
    for name, value in next, options do fields[name] = value end
  end
  return setmetatable(fields, Response)
end

Response.__name = "response"

local Response_methods = {}

-- Sets a header of the response; nil removes it.
function Response_methods:header(name, value)
  if getmetatable(self) ~= Response then fail("call it with a colon: response:header(name, value)") end
  if type(name) ~= "string" then fail("header name must be a string, not %s", kind_of(name)) end
  local headers = self.headers
  if not headers then
    headers = {}
    self.headers = headers
  end
  headers[name] = value
  return self
end

-- Sets a cookie. options: path, domain, max_age, http_only, same_site, secure.
function Response_methods:cookie(name, value, options)
  if getmetatable(self) ~= Response then fail("call it with a colon: response:cookie(name, value)") end
  if type(name) ~= "string" then fail("cookie name must be a string, not %s", kind_of(name)) end
  if options ~= nil and type(options) ~= "table" then fail("cookie options must be a table, not %s", kind_of(options)) end
  local cookies = self.cookies
  if not cookies then
    cookies = {}
    self.cookies = cookies
  end
  local cookie = { value = value }
  for option, setting in next, options or {} do cookie[option] = setting end
  cookies[name] = cookie
  return self
end

-- Fields that have not been set read as nil; `headers` and `cookies` are made on demand, so that
-- response.headers["X-A"] = "b" works in hooks.
function Response.__index(self, key)
  if key == "headers" or key == "cookies" then
    local fresh = {}
    rawset(self, key, fresh)
    return fresh
  end
  return Response_methods[key]
end

-- What is wrong with the values that a handler returned, and what to write instead.
local function explain(a, b, c, extra)
  if a == nil and b == nil then
    return "returned nothing: return { … }, \"page.html\", or app.empty() for an answer without content"
  end
  if a == nil and type(b) == "string" then
    return ("returned nil as variables of the template '%s': return {}, \"%s\""):format(b, b)
  end
  if getmetatable(a) == Response then
    return ("returned a response and %s after it: give the options to the function that made the response, as in app.json(value, { status = 201 })")
      :format(kind_of(b))
  end
  if type(a) == "table" and b == nil then
    return "returned variables but no template name: return vars, \"page.html\", or app.json(vars) for JSON"
  end
  if type(a) == "table" and type(b) ~= "string" then
    return ("returned %s as template name: it must be a string such as \"page.html\""):format(kind_of(b))
  end
  if type(a) == "string" and b ~= nil then
    return "returned a string and something after it: use app.html(text, { status = … }), or { … }, \"page.html\""
  end
  if type(a) == "table" and type(b) == "string" and c ~= nil and type(c) ~= "table" then
    return ("returned %s as response options: the third value must be a table such as { status = 201 }")
      :format(kind_of(c))
  end
  if extra ~= nil then return "returned more than three values: variables, template, options" end
  return ("returned %s: return { … }, \"page.html\", a string of HTML, or a response such as app.json(value)")
    :format(kind_of(a))
end

-- The values that a handler returned, as one response. For hooks, which see responses only.
local function to_response(a, b, c, ...)
  if getmetatable(a) == Response and b == nil then return a end
  if type(a) == "string" and b == nil then return response { body = a, content_type = "text/html; charset=utf-8" } end
  if type(a) == "table" and type(b) == "string" and (c == nil or type(c) == "table") and (...) == nil then
    check_options(c, true)
    return response({ vars = a, template = b }, c)
  end
  error(explain(a, b, c, ...), 0)
end

-- }====

-- {==== Routes and groups ====

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

local route_options = { limits = "table", json = "boolean" }
local route_limits = { body = true }

local function check_route_limits(limits)
  for limit in next, limits or {} do
    if not route_limits[limit] then fail("unknown limit '%s' of a route%s; there is body", tostring(limit), hint(limit, route_limits)) end
  end
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
local is_loaded = false

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
      check_route_limits(options.limits)
    end
    check_callable(handler, "route handler")
    local route = add(self, { method }, path, handler, options, place())
    return route
  end
end

for _, verb in ipairs { "get", "post", "put", "patch", "delete", "head", "options", "any" } do
  define_verb(verb, verb:upper())
end

local route_fields = { method = true, path = true, handler = true, name = true, limits = true, json = true, true }

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
  local options
  if definition.json ~= nil or definition.limits ~= nil then
    for option, expected in next, route_options do
      local value = definition[option]
      if value ~= nil and type(value) ~= expected then fail("%s must be a %s, not %s", option, expected, kind_of(value)) end
    end
    check_route_limits(definition.limits)
    options = { json = definition.json, limits = definition.limits }
  end
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
    hooks[#hooks + 1] = { prefix = join(self.prefix, prefix:gsub("/$", "")), fn = fn }
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
        target[list][i] = { prefix = join(base, hook.prefix), fn = hook.fn }
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

local static_options = { cache = "string" }

-- app:static("/assets", "public"): serves the files of a directory, without Lua.
function methods:static(prefix, directory, options)
  check_declaring(self, "static")
  check_path(prefix, "prefix of static files")
  if type(directory) ~= "string" then fail("directory of static files must be a string, not %s", kind_of(directory)) end
  if options ~= nil and type(options) ~= "table" then fail("options of app:static must be a table, not %s", kind_of(options)) end
  for option, value in next, options or {} do
    if not static_options[option] then fail("unknown option '%s' of app:static%s", tostring(option), hint(option, static_options)) end
    if type(value) ~= static_options[option] then
      fail("option '%s' of app:static must be a %s, not %s", option, static_options[option], kind_of(value))
    end
  end
  local path, where = join(self.prefix, (prefix:gsub("/$", ""))), place()
  -- The directory itself (its index file), and what is in it.
  for _, suffix in ipairs { "/", "/*path" } do
    self.routes[#self.routes + 1] = setmetatable({
      methods = { "GET" }, path = path .. suffix, where = where, router = self, app_names = self.names,
      static = directory, cache = options and options.cache, is_index = suffix == "/",
    }, Route)
  end
  return self
end

-- }====

-- {==== From routes to handlers ====

local function covers(prefix, path)
  return prefix == "" or path == prefix or path:sub(1, #prefix + 1) == prefix .. "/"
end

-- Hooks of all routers above a route, outermost first.
local function hooks_for(route, list)
  local chain, router = {}, route.router
  while router do
    table.insert(chain, 1, router)
    router = router.parent
  end
  local found = {}
  for _, each in ipairs(chain) do
    for _, hook in ipairs(each[list]) do
      if covers(hook.prefix, route.path) then found[#found + 1] = hook.fn end
    end
  end
  return found
end

-- A handler that takes (req, res) gets a response to fill, which is merged into what it returns.
local function with_response(handler)
  local info = type(handler) == "function" and getinfo(handler, "u")
  if not info or info.isvararg or info.nparams < 2 then return handler end
  return function(req)
    local res = response {}
    local answer = to_response(handler(req, res))
    if answer == res then return res end
    for key, value in next, res do
      if (key == "headers" or key == "cookies") and rawget(answer, key) then
        for name, setting in next, value do
          if answer[key][name] == nil then answer[key][name] = setting end
        end
      elseif rawget(answer, key) == nil then
        answer[key] = value
      end
    end
    return answer
  end
end

local function with_json(handler)
  return function(req)
    local a, b, c = handler(req)
    if type(a) == "table" and b == nil and getmetatable(a) ~= Response then
      check_options(c, true)
      return response({ body = host.json_encode(a), content_type = "application/json" }, c)
    end
    return a, b, c
  end
end

local function with_befores(handler, befores)
  if #befores == 0 then return handler end
  return function(req)
    for i = 1, #befores do
      local a, b, c = befores[i](req)
      if a ~= nil or b ~= nil then return a, b, c end
    end
    return handler(req)
  end
end

local function with_afters(handler, afters)
  if #afters == 0 then return handler end
  return function(req)
    local answer = to_response(handler(req))
    for i = 1, #afters do
      local a, b, c, extra = afters[i](req, answer)
      if a ~= nil or b ~= nil then answer = to_response(a, b, c, extra) end
    end
    return answer
  end
end

local function with_use(handler, use)
  return function(req)
    local called = false
    local function next_handler()
      if called then error("next() was called twice", 2) end
      called = true
      return to_response(handler(req))
    end
    return use(req, next_handler)
  end
end

-- One function for each route, with its hooks around it; built once, so a request pays for what it uses.
local function compose(route)
  local handler = with_response(route.handler)
  if route.options and route.options.json then handler = with_json(handler) end
  handler = with_befores(handler, hooks_for(route, "befores"))
  handler = with_afters(handler, hooks_for(route, "afters"))
  local uses = hooks_for(route, "uses")
  for i = #uses, 1, -1 do handler = with_use(handler, uses[i]) end
  return handler
end

-- }====

-- {==== The app ====

local names = {}
local root = new_router("", nil, names)
local errors = {}
local config = {}

-- app:error(404, fn) or app:error("*", fn): fn(req, err) returns what a handler returns.
function methods:error(status, fn)
  check_declaring(self, "error")
  if self ~= root then fail("app:error belongs to the app, not to a group") end
  if status ~= "*" and (math.type(status) ~= "integer" or status < 400 or status > 599) then
    fail("app:error expects a status from 400 to 599 or \"*\", not %s", tostring(status))
  end
  check_callable(fn, "error handler")
  if errors[status] then fail("the error handler for %s is already defined at %s", tostring(status), errors[status].where) end
  errors[status] = { fn = fn, where = place() }
  return self
end

-- Names and types of app:config; the server checks values and ranges.
local config_fields = {
  host = "string", port = "number", workers = "number", templates = "string", log_level = "string",
  access_log = "boolean", limits = "table", undefined = "string",
}
local limit_fields = { body = true, memory = true, head = true, target = true, fields = true }

function methods:config(settings_table)
  check_declaring(self, "config")
  if type(settings_table) ~= "table" then fail("app:config expects a table such as { port = 8080 }, not %s", kind_of(settings_table)) end
  for name, value in next, settings_table do
    local expected = config_fields[name]
    if not expected then fail("unknown setting '%s' in app:config%s", tostring(name), hint(name, config_fields)) end
    if type(value) ~= expected then fail("setting '%s' must be a %s, not %s", name, expected, kind_of(value)) end
    if name == "limits" then
      for limit in next, value do
        if not limit_fields[limit] then fail("unknown limit '%s'%s", tostring(limit), hint(limit, limit_fields)) end
      end
    end
    config[name] = value
  end
  return self
end

-- Path of a named route: app:url_for("user", { id = 1 }, { page = 2 }).
function methods:url_for(name, params, query)
  check_self(self, "url_for")
  local route = names[name]
  if not route then fail("there is no route named '%s'%s", tostring(name), hint(name, names)) end
  if params ~= nil and type(params) ~= "table" then fail("parameters of url_for must be a table, not %s", kind_of(params)) end
  if query ~= nil and type(query) ~= "table" then fail("query of url_for must be a table, not %s", kind_of(query)) end
  local url, message = host.url(route.path, params or {}, query or {})
  if not url then fail("%s", message) end
  return url
end

-- Some would start the server here; the command does that.
function methods:run()
  check_self(self, "run")
  host.log("info", "app:run() does nothing: the luahttpd command runs the app", place())
end

-- Functions of the app that need no self.
local functions = {
  null = host.null,
  env = settings.dev and "dev" or "prod",
  version = host.version,
  sleep = host.sleep,
}

function functions.router()
  return new_router("", nil, {})
end

-- An answer in JSON.
function functions.json(value, options)
  check_options(options)
  return response({ body = host.json_encode(value), content_type = "application/json" }, options)
end

function functions.html(text, options)
  if type(text) ~= "string" then fail("app.html expects a string, not %s", kind_of(text)) end
  check_options(options)
  return response({ body = text, content_type = "text/html; charset=utf-8" }, options)
end

function functions.text(text, options)
  if type(text) ~= "string" and type(text) ~= "number" then fail("app.text expects a string, not %s", kind_of(text)) end
  check_options(options)
  return response({ body = tostring(text), content_type = "text/plain; charset=utf-8" }, options)
end

function functions.empty(status, options)
  if type(status) == "table" then status, options = nil, status end
  if status ~= nil and math.type(status) ~= "integer" then fail("app.empty expects a status, not %s", kind_of(status)) end
  check_options(options)
  return response({ body = "", status = status or 204 }, options)
end

-- Sends the client elsewhere: 303 See Other unless another status is given, because the next
-- request is to be a GET (RFC 9110 §15.4.4). Other hosts only with { external = true }.
function functions.redirect(url, options)
  if type(url) ~= "string" then fail("app.redirect expects a URL, not %s", kind_of(url)) end
  if math.type(options) == "integer" then options = { status = options } end
  if options ~= nil and type(options) ~= "table" then fail("app.redirect expects a status or options, not %s", kind_of(options)) end
  local external, rest = false, {}
  for name, value in next, options or {} do
    if name == "external" then external = value else rest[name] = value end
  end
  check_options(rest)
  local status = rest.status or 303
  if status ~= 301 and status ~= 302 and status ~= 303 and status ~= 307 and status ~= 308 then
    fail("%s is not a redirect: use 301, 302, 303, 307 or 308", tostring(status))
  end
  if not external and (url:find("^%a[%w+.-]*:") or url:find("^[/\\][/\\]") or url:find("^\\")) then
    fail("redirect to another host: \"%s\" (write app.redirect(url, { external = true }) if it is meant)", url)
  end
  if url:find("[%c\127]") then fail("redirect to a URL with control characters") end
  local headers = {}
  for name, value in next, rest.headers or {} do headers[name] = value end
  headers.Location = url:gsub("[\128-\255 \"<>\\^`{|}]", function(c) return ("%%%02X"):format(c:byte()) end)
  rest.headers, rest.status = headers, status
  return response({ body = "" }, rest)
end

-- A file, relative to the directory of the main script. options.filename: offered for download.
function functions.file(path, options)
  if type(path) ~= "string" then fail("app.file expects a path, not %s", kind_of(path)) end
  if options ~= nil and type(options) ~= "table" then check_options(options) end
  local filename, rest = nil, {}
  for name, value in next, options or {} do
    if name == "filename" then filename = value else rest[name] = value end
  end
  check_options(rest)
  if filename ~= nil and type(filename) ~= "string" then fail("option 'filename' must be a string, not %s", kind_of(filename)) end
  return response({ file = path, filename = filename }, rest)
end

-- Ends the request: app.abort(404, "no such user") or app.abort(422, vars, "form.html").
function functions.abort(status, message, template)
  if math.type(status) ~= "integer" or status < 400 or status > 599 then
    fail("app.abort expects a status from 400 to 599, not %s", tostring(status))
  end
  if template ~= nil then
    if type(message) ~= "table" or type(template) ~= "string" then
      fail("app.abort(status, vars, \"page.html\") expects a table and a template name")
    end
    error(setmetatable({ status = status, vars = message, template = template }, Abort), 0)
  end
  if message ~= nil and type(message) ~= "string" then fail("app.abort expects a message, not %s", kind_of(message)) end
  error(setmetatable({ status = status, message = message }, Abort), 0)
end

Abort.__name = "abort"
function Abort:__tostring()
  return ("abort %d%s"):format(self.status, self.message and ": " .. self.message or "")
end

-- Marks HTML that templates must not escape again.
function functions.safe(html)
  if type(html) ~= "string" then fail("app.safe expects a string, not %s", kind_of(html)) end
  return setmetatable({ html = html }, Safe)
end
Safe.__name = "safe"
function Safe:__tostring() return self.html end

-- Marks a table for JSON. One that is something else already, such as a request, must stay it.
local function mark(value, kind, what)
  if value == nil then value = {} end
  if type(value) ~= "table" then fail("%s expects a table, not %s", what, kind_of(value)) end
  local mt = getmetatable(value)
  if mt ~= nil and mt ~= Array and mt ~= host.Object then
    fail("%s expects a plain table: this one has a metatable already", what)
  end
  return setmetatable(value, kind)
end

-- Marks a table as list, so that an empty one is [] in JSON.
function functions.array(list) return mark(list, Array, "app.array") end
Array.__name = "array"
Array.__jsontype = "array"

-- {==== Log ====

-- fields as " key=value …", sorted.
local function format_fields(fields)
  if fields == nil then return "" end
  if type(fields) ~= "table" then return " " .. tostring(fields) end
  local parts = {}
  for name, value in next, fields do
    local text = tostring(value)
    if text:find("[%s\"=]") then text = ("%q"):format(text):gsub("\\\n", "\\n") end
    parts[#parts + 1] = tostring(name) .. "=" .. text
  end
  table.sort(parts)
  return #parts > 0 and " " .. table.concat(parts, " ") or ""
end

functions.log = {}
for _, level in ipairs { "debug", "info", "warn", "error" } do
  functions.log[level] = function(message, fields)
    host.log(level, tostring(message) .. format_fields(fields), place())
  end
end

-- print goes to the log with its place, never to a client.
function print(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  host.log("info", table.concat(parts, "\t"), place())
end

-- }====

Router.__index = function(self, key)
  local method = methods[key]
  if method then return method end
  if functions[key] ~= nil then return functions[key] end
  if type(key) == "string" and key ~= "parent" then
    local known = {}
    for name in next, methods do known[name] = true end
    for name in next, functions do known[name] = true end
    fail("app has no '%s'%s", key, hint(key, known))
  end
end

-- Misspelt settings would be lost silently.
Router.__newindex = function(self, key)
  fail("app.%s cannot be set; keep your own data in local variables", tostring(key))
end

-- }====

-- {==== Requests ====

local request_methods = host.Request.methods

-- req:param "x": path parameter, form field or query parameter, in this order.
function request_methods:param(name)
  if getmetatable(self) ~= host.Request then fail("call it with a colon: req:param(name)") end
  local value = self.params[name]
  if value == nil and (self.method == "POST" or self.method == "PUT" or self.method == "PATCH") then
    value = self.form[name]
  end
  if value == nil then value = self.query[name] end
  return value
end

-- req:try_json(): the decoded body, or nil and a message, where req.json would answer 400.
function request_methods:try_json()
  if getmetatable(self) ~= host.Request then fail("call it with a colon: req:try_json()") end
  return host.json_decode(self.body)
end

-- req.query:all "tag": list of all values of a repeated key.
Values.__name = "values"
Values.__index = {
  all = function(self, name)
    if type(self) ~= "table" then fail("call it with a colon: req.query:all(name)") end
    local mt = getmetatable(self)
    local lists = type(mt) == "table" and mt.lists
    if lists and lists[name] then return lists[name] end
    local value = rawget(self, name)
    if value == nil then return {} end
    if type(value) == "table" then return value end
    return { value }
  end,
}

-- }====

-- {==== Modules ====

package.path = table.concat({
  settings.root .. "/?.lua", settings.root .. "/?/init.lua",
  settings.root .. "/lua_modules/share/lua/5.4/?.lua", settings.root .. "/lua_modules/share/lua/5.4/?/init.lua",
  package.path,
}, ";")
package.cpath = settings.root .. "/lua_modules/lib/lua/5.4/?.so;" .. package.cpath

package.loaded["luahttpd"] = root
package.loaded["luahttpd.json"] = {
  null = host.null,
  array = functions.array,
  object = function(map) return mark(map, host.Object, "json.object") end,
  encode = function(value) return (host.json_encode(value)) end,
  -- value, or nil and a message
  decode = function(text)
    if type(text) ~= "string" then fail("json.decode expects a string, not %s", kind_of(text)) end
    return host.json_decode(text)
  end,
}
host.Object.__jsontype = "object"

-- Modules may set globals while they load, whenever that is.
local loading = 0
local plain_require = require
function require(name)
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

-- }====

-- {==== What the server calls ====

local function collect(router, into)
  for _, route in ipairs(router.routes) do
    into[#into + 1] = {
      methods = route.methods, path = route.path, name = route.route_name, where = route.where,
      handler = route.handler and compose(route), static = route.static, cache = route.cache,
      is_index = route.is_index, limits = route.options and route.options.limits,
    }
  end
  for _, child in ipairs(router.children) do collect(child, into) end
  return into
end

-- Called once, after the main script: what it declared.
local function finish()
  is_loaded = true
  guard_globals()
  local routes, taken, kept = collect(root, {}), {}, {}
  for _, route in ipairs(routes) do
    if not route.is_index then taken[route.path] = true end
  end
  -- A page of the app's own comes before the index file of a directory at the same path.
  for _, route in ipairs(routes) do
    if not (route.is_index and taken[route.path]) then kept[#kept + 1] = route end
  end
  local handlers = {}
  for status, handler in next, errors do handlers[status == "*" and 0 or status] = handler.fn end
  return { routes = kept, errors = handlers, config = config }
end

-- What is wrong with the options that a handler returned, or nil.
local function complain(options)
  local good, message = pcall(check_options, options, true)
  return not good and message or nil
end

return { finish = finish, explain = explain, complain = complain }

-- }====
