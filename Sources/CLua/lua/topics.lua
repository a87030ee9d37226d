-- SPDX-License-Identifier: MIT
--
-- Messages between workers: app.publish(topic, value), app.subscribe(topic[, fn]).

local use, host = ...

local messages = use "messages"
local routers = use "routers"
local fail, kind_of, hint, check_callable = messages.fail, messages.kind_of, messages.hint, messages.check_callable
local place = messages.place
local type, getmetatable, setmetatable, unpack = type, getmetatable, setmetatable, table.unpack

local Subscription = { __name = "subscription" }
local methods = {}

local function number_of(self, name)
  if getmetatable(self) ~= Subscription then fail("call it with a colon: subscription:%s(…)", name) end
  return self[1]
end

-- The next message and its topic; waits for it. nil, "timeout" after so many seconds, nil once it is closed.
function methods:next(seconds) return host.topic_next(number_of(self, "next"), seconds) end

-- for message, topic in subscription:messages() do … end
function methods:messages()
  local number, next_message = number_of(self, "messages"), host.topic_next
  return function() return next_message(number) end
end

function methods:close() host.topic_close(number_of(self, "close")) end

function Subscription:__index(key)
  -- How many messages were lost because they were not taken in time.
  if key == "dropped" then return host.topic_dropped(self[1]) end
  return methods[key]
end

function Subscription:__close() host.topic_close(self[1]) end

local options_known = { queue = true }
local default_queue = 256

-- Functions of the main script: { topic, fn, queue, where }.
local declared = {}

-- A topic or a list of them.
local function list_of(topics)
  if type(topics) ~= "table" then topics = { topics } end
  if #topics == 0 then fail("app.subscribe expects a topic") end
  for _, topic in ipairs(topics) do
    if type(topic) ~= "string" or topic == "" then
      fail("app.subscribe expects a topic, which is a string, not %s", kind_of(topic))
    end
  end
  return topics
end

local function subscribe(topics, fn, options)
  topics = list_of(topics)
  if type(fn) == "table" and not (getmetatable(fn) or {}).__call then fn, options = nil, fn end
  if options ~= nil and type(options) ~= "table" then fail("options of app.subscribe must be a table, not %s", kind_of(options)) end
  for name in next, options or {} do
    if not options_known[name] then fail("unknown option '%s' of app.subscribe%s", tostring(name), hint(name, options_known)) end
  end
  local queue = options and options.queue or default_queue
  if fn == nil then return setmetatable({ host.topic_subscribe(queue, unpack(topics)) }, Subscription) end
  check_callable(fn, "the function of app.subscribe")
  if routers.is_frozen() then
    fail("app.subscribe with a function belongs into the main script; in a handler: for message in app.subscribe(topic):messages() do … end")
  end
  if math.type(queue) ~= "integer" or queue < 1 or queue > 65536 then
    fail("queue of app.subscribe must be a number of messages from 1 to 65536")
  end
  declared[#declared + 1] = { topics = topics, fn = fn, queue = queue, where = place() }
end

return { publish = host.topic_publish, subscribe = subscribe, declared = declared }
