-- SPDX-License-Identifier: MIT
--
-- The part of luahttpd that is written in Lua: what `require "luahttpd"` gives a script.
-- It only collects what the script declares and shapes what handlers return; sockets, routes and
-- templates are the server's. Runs once for each VM, before the main script. Every file here gets
--   use       function that runs another of these files once and returns what it returned
--   host      functions and metatables of the server (Script/ScriptLibrary.swift lists them)
--   settings  { dev = boolean, root = directory of the main script, env = names and values of .env }
-- Returns the functions that the server calls: finish(), explain(…), complain(options), unknown_field(response).

local use = ...

local origin = use("messages").origin
local responses = use "responses"
local routers = use "routers"
local handlers = use "handlers"
local app = use "app"
local modules = use "modules"
local templates = use "templates"
local timers = use "timers"
local lifecycle = use "lifecycle"
local topics = use "topics"
use "requests"
use "bodies"

local function collect(router, into)
  for _, route in ipairs(router.routes) do
    local options = route.options or {}
    local handler, takes_request
    if route.handler then handler, takes_request = handlers.compose(route) end
    into[#into + 1] = {
      methods = route.methods, path = route.path, name = route.route_name, where = route.where,
      handler = handler, takes_request = takes_request, static = route.static,
      is_index = route.is_index, limits = options.limits, body = options.body,
      compress = options.compress, etag = options.etag,
    }
  end
  for _, child in ipairs(router.children) do collect(child, into) end
  return into
end

-- Called once, after the main script: what it declared.
local function finish()
  routers.freeze()
  modules.guard_globals()
  local routes, taken, kept = collect(app.root, {}), {}, {}
  for _, route in ipairs(routes) do
    if not route.is_index then taken[route.path] = true end
  end
  -- A page of the app's own comes before the index file of a directory at the same path.
  for _, route in ipairs(routes) do
    if not (route.is_index and taken[route.path]) then kept[#kept + 1] = route end
  end
  local error_handlers, error_places = {}, {}
  for status, handler in next, app.errors do
    local number = status == "*" and 0 or status
    error_handlers[number], error_places[number] = handler.fn, origin(handler.fn, handler.where)
  end
  return {
    routes = kept, errors = error_handlers, error_places = error_places, config = app.config, templates = templates.finish(), timers = timers,
    hooks = lifecycle.hooks, state = lifecycle.state,
    subscriptions = topics.declared,
  }
end

return {
  finish = finish, explain = responses.explain, complain = responses.complain,
  unknown_field = responses.unknown_field,
}
