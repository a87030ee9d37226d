-- SPDX-License-Identifier: MIT
--
-- From a route and the hooks above it to one function, made once when the app is loaded.

local use, host = ...

local responses = use "responses"
local response, to_response, complain = responses.new, responses.of, responses.complain
local check, checked = responses.check, responses.checked
local place = use("messages").place
local type, error, rawget = type, error, rawget
local getmetatable = getmetatable
local getinfo = debug.getinfo
local Response = host.Response

local function covers(prefix, path)
  return prefix == "" or path == prefix or path:sub(1, #prefix + 1) == prefix .. "/"
end

-- "app.lua:12: the before hook", as mistakes are told of.
local function who(where, what)
  return (where ~= "?" and where .. ": " or "") .. "the " .. what
end

-- Hooks of all routers above a route, outermost first, and who they are.
local function hooks_for(route, list, what)
  local chain, router = {}, route.router
  while router do
    table.insert(chain, 1, router)
    router = router.parent
  end
  local found, names = {}, {}
  for _, each in ipairs(chain) do
    for _, hook in ipairs(each[list]) do
      if covers(hook.prefix, route.path) then
        found[#found + 1] = hook.fn
        names[#found] = who(hook.where, what)
      end
    end
  end
  return found, names
end

-- A handler that takes (req, res) gets a response to fill, which is merged into what it returns.
local function with_response(handler, name)
  local info = type(handler) == "function" and getinfo(handler, "u")
  if not info or info.isvararg or info.nparams < 2 then return handler end
  return function(req)
    local res = response {}
    local a, b, c, extra = handler(req, res)
    if type(a) == "string" and b == nil then
      -- A string says nothing of its type: what was set counts.
      if res.content_type == nil then res.content_type = "text/html; charset=utf-8" end
      res.body = a
      return res
    end
    local answer = to_response(name, a, b, c, extra)
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

local function with_json(handler, name)
  return function(req)
    local a, b, c = handler(req)
    if type(a) == "table" and b == nil and getmetatable(a) ~= Response then
      local message = complain(c)
      if message then error(name .. ": " .. message, 0) end
      return response({ body = host.json_encode(a), content_type = "application/json" }, c)
    end
    return a, b, c
  end
end

local function with_befores(handler, befores, names)
  if #befores == 0 then return handler end
  return function(req)
    for i = 1, #befores do
      local a, b, c, extra = befores[i](req)
      if a ~= nil or b ~= nil then return checked(names[i], a, b, c, extra) end
    end
    return handler(req)
  end
end

-- What comes from the handler is checked first, so that no hook is blamed for it.
local function with_afters(handler, name, afters, names)
  return function(req)
    local answer = checked(name, handler(req))
    for i = 1, #afters do
      local a, b, c, extra = afters[i](req, answer)
      if a ~= nil or b ~= nil then answer = to_response(names[i], a, b, c, extra) end
      check(names[i], answer)
    end
    return answer
  end
end

-- `inner`: who is to blame for what `handler` returns; nil where that has been checked.
local function with_use(handler, inner, use, name)
  return function(req)
    local called = false
    local function next_handler()
      if called then
        local at = place() -- none where it was `return next()`
        error(at ~= "?" and at .. ": next() was called twice" or name .. " called next() twice", 0)
      end
      called = true
      if inner then return checked(inner, handler(req)) end
      return handler(req)
    end
    return checked(name, use(req, next_handler))
  end
end

-- A function without parameters does not see what it is called with: no request is made for it.
local function takes_request(handler)
  local info = type(handler) == "function" and getinfo(handler, "u")
  return not info or info.isvararg or info.nparams > 0
end

-- One function for each route, with its hooks around it, and whether it looks at the request; built once, so a
-- request pays for what it uses.
local function compose(route)
  local name = who(route.where, "handler of " .. route.path)
  local handler = with_response(route.handler, name)
  if route.options and route.options.json then handler = with_json(handler, name) end
  handler = with_befores(handler, hooks_for(route, "befores", "before hook"))
  local afters, after_names = hooks_for(route, "afters", "after hook")
  if #afters > 0 then
    handler = with_afters(handler, name, afters, after_names)
    name = nil
  end
  local uses, use_names = hooks_for(route, "uses", "app:use hook")
  for i = #uses, 1, -1 do
    handler = with_use(handler, name, uses[i], use_names[i])
    name = nil
  end
  return handler, takes_request(handler)
end

return { compose = compose }
