-- SPDX-License-Identifier: MIT
--
-- Answers that a function writes piece by piece: app.stream, and events for browsers with app:sse.

local use, host = ...

local messages = use "messages"
local responses = use "responses"
local routers = use "routers"
local kind_of, fail, hint, check_callable = messages.kind_of, messages.fail, messages.hint, messages.check_callable
local methods = routers.methods
local type, next, tostring, math_type = type, next, tostring, math.type
local getmetatable = getmetatable
local Stream = host.Stream

local functions = {}

-- app.stream(fn(out)[, options]): fn writes the body.
function functions.stream(fn, options)
  check_callable(fn, "the function of app.stream")
  responses.check_options(options)
  return responses.new({ stream = fn, content_type = "text/html; charset=utf-8" }, options)
end

-- {==== What the function gets ====

Stream.__name = "stream"

local out = {}
Stream.__index = out

local function number_of(stream, method)
  if getmetatable(stream) ~= Stream then fail("call it with a colon: out:%s(…)", method) end
  return stream[1]
end

-- True; false when nobody listens any more. Nil from the server: the client is slow, wait for it.
local function result(number, taken)
  if taken == nil then return host.stream_wait(number) end
  return taken
end

-- Writes strings and numbers, as file:write does. Waits while the client is slow.
function out:write(...)
  local number = number_of(self, "write")
  local taken = host.stream_write(number, ...)
  return result(number, taken)
end

-- Sends what was written; it would go out by itself when the function waits or ends.
function out:flush()
  local number = number_of(self, "flush")
  local taken = host.stream_flush(number)
  return result(number, taken)
end

local event_fields = { event = true, data = true, id = true, retry = true, comment = true }

-- A field that is one line.
local function line(name, value)
  if value == nil then return "" end
  if type(value) ~= "string" and type(value) ~= "number" then
    fail("%s of an event must be a string, not %s", name, kind_of(value))
  end
  value = tostring(value)
  if value:find("[\r\n%z]") then fail("%s of an event must not have line breaks", name) end
  return name .. ": " .. value .. "\n"
end

-- Each line of a text gets the prefix; CR LF, CR and LF end lines.
local function lines(prefix, text)
  if not text:find("[\r\n]") then return prefix .. text .. "\n" end
  return (text:gsub("\r\n?", "\n") .. "\n"):gsub("([^\n]*)\n", prefix:gsub("%%", "%%%%") .. "%1\n")
end

-- The bytes of an event (HTML Standard, 9.2.5).
local function event_text(event)
  if event == nil then fail("out:send expects a string or a table such as { data = … }, not nothing") end
  if type(event) ~= "table" then event = { data = event } end
  if next(event) == nil then fail("out:send got an empty table: an event has data, event, id, retry or comment") end
  for field in next, event do
    if not event_fields[field] then
      fail("unknown field '%s' of an event%s; there are event, data, id, retry, comment", tostring(field),
        hint(field, event_fields))
    end
  end
  local data, retry = event.data, event.retry
  if type(data) == "table" then
    data = host.json_encode(data)
  elseif data ~= nil then
    if type(data) ~= "string" and type(data) ~= "number" and type(data) ~= "boolean" then
      fail("data of an event must be a string or a table, not %s", kind_of(data))
    end
    data = tostring(data)
  end
  if retry ~= nil and (math_type(retry) ~= "integer" or retry < 0) then
    fail("retry of an event must be a whole number of milliseconds")
  end
  return (event.comment and lines(": ", tostring(event.comment)) or "")
    .. line("event", event.event) .. line("id", event.id)
    .. (retry and "retry: " .. retry .. "\n" or "")
    .. (data and lines("data: ", data) or "") .. "\n"
end

-- out:send { event =, data =, id =, retry = } or out:send(data): an event for the browser.
function out:send(event)
  local number = number_of(self, "send")
  local taken = host.stream_write(number, (event_text(event)))
  return result(number, taken)
end

-- }====

-- {==== Events ====

local function listener(fn, heartbeat)
  return function(req)
    return responses.new {
      stream = function(stream) return fn(req, stream) end,
      heartbeat = heartbeat, content_type = "text/event-stream; charset=utf-8",
      -- Nobody on the way may keep an event back.
      headers = { ["Cache-Control"] = "no-cache", ["X-Accel-Buffering"] = "no" },
    }
  end
end

-- app:sse(path[, { heartbeat = 15 }], fn(req, out))
function methods:sse(path, options, fn)
  routers.check_declaring(self, "sse")
  if fn == nil then options, fn = {}, options end
  check_callable(fn, "the function of app:sse")
  if type(options) ~= "table" then fail("options of app:sse must be a table, not %s", kind_of(options)) end
  for option in next, options do
    if option ~= "heartbeat" then fail("unknown option '%s' of app:sse; there is heartbeat", tostring(option)) end
  end
  local heartbeat = options.heartbeat or 15
  if type(heartbeat) ~= "number" or not (heartbeat >= 0.01 and heartbeat <= 86400) then
    fail("heartbeat of app:sse must be a number of seconds, up to a day")
  end
  return self:get(path, listener(fn, heartbeat))
end

-- }====

return functions
