-- SPDX-License-Identifier: MIT
--
-- The app: what belongs to it alone, and the functions that need no self.

local use, host, settings = ...

local messages = use "messages"
local responses = use "responses"
local routers = use "routers"
local place, kind_of, fail, hint = messages.place, messages.kind_of, messages.fail, messages.hint
local check_callable = messages.check_callable
local check_limits = use "limits".check
local Router, methods = routers.Router, routers.methods
local check_self, check_declaring = routers.check_self, routers.check_declaring
local type = type

local names = {}
local root = routers.new("", nil, names)
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
  access_log = "boolean", access_log_format = "string", access_log_file = "string", metrics = "string",
  ready = "string", stop_delay = "number or string",
  limits = "table", undefined = "string", lint = "string",
  trim_blocks = "boolean", lstrip_blocks = "boolean", uploads = "string", listen = "string or table",
  socket_mode = "string", reuse_port = "boolean", hosts = "table", headers = "table or boolean",
  tls_cert = "string or table", tls_key = "string or table", tls_self_signed = "boolean", tls_redirect = "string",
  tls_hsts = "string or number", trusted_proxies = "string or table", forwarded = "string",
  compress = "table or boolean", etag = "boolean",
}

function methods:config(settings_table)
  check_declaring(self, "config")
  if type(settings_table) ~= "table" then fail("app:config expects a table such as { port = 8080 }, not %s", kind_of(settings_table)) end
  for name, value in next, settings_table do
    local expected = config_fields[name]
    if not expected then fail("unknown setting '%s' in app:config%s", tostring(name), hint(name, config_fields)) end
    if not expected:find(type(value), 1, true) then
      fail("setting '%s' must be a %s, not %s", name, expected, kind_of(value))
    end
    if name == "limits" then
      check_limits(value)
      config.limits = config.limits or {}
      for limit, bound in next, value do config.limits[limit] = bound end
    else
      config[name] = value
    end
    config.where = place()
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
  log = use "log",
  shared = use("shared").open,
  publish = use("topics").publish,
  subscribe = use("topics").subscribe,
}
for name, make in next, responses.functions do functions[name] = make end
for name, run in next, use "tasks" do functions[name] = run end
for name, make in next, use "streams" do functions[name] = make end

function functions.router()
  return routers.new("", nil, {})
end

local function explain_missing(_, key)
  if type(key) ~= "string" or key == "parent" then return nil end
  local known = {}
  for name in next, methods do known[name] = true end
  for name in next, functions do known[name] = true end
  fail("app has no '%s'%s", key, hint(key, known))
end

-- Tables all the way: app.json is looked up in each request, and a function would be called for it.
setmetatable(functions, { __index = explain_missing })
Router.__index = setmetatable(methods, { __index = functions })

-- Misspelt settings would be lost silently.
Router.__newindex = function(self, key)
  fail("app.%s cannot be set; keep your own data in local variables", tostring(key))
end

return { root = root, errors = errors, config = config, functions = functions }
