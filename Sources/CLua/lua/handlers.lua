-- SPDX-License-Identifier: MIT
--
-- From a route and the hooks above it to one function, made once when the app is loaded.

local use, host = ...

local responses = use "responses"
local response, to_response, check_options = responses.new, responses.of, responses.check_options
local type, error, rawget = type, error, rawget
local getmetatable = getmetatable
local getinfo = debug.getinfo
local Response = host.Response

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

-- A function without parameters does not see what it is called with: no request is made for it.
local function takes_request(handler)
  local info = type(handler) == "function" and getinfo(handler, "u")
  return not info or info.isvararg or info.nparams > 0
end

-- One function for each route, with its hooks around it, and whether it looks at the request; built once, so a
-- request pays for what it uses.
local function compose(route)
  local handler = with_response(route.handler)
  if route.options and route.options.json then handler = with_json(handler) end
  handler = with_befores(handler, hooks_for(route, "befores"))
  handler = with_afters(handler, hooks_for(route, "afters"))
  local uses = hooks_for(route, "uses")
  for i = #uses, 1, -1 do handler = with_use(handler, uses[i]) end
  return handler, takes_request(handler)
end

return { compose = compose }
