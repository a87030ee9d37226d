-- SPDX-License-Identifier: MIT
--
-- The life of the app: functions that the server calls as versions of it come and go, and what they hand on.

local use = ...

local messages = use "messages"
local routers = use "routers"
local app = use "app"
local fail, hint = messages.fail, messages.hint

local events = { check = true, start = true, reload = true, unload = true, stop = true }
-- Event → list of functions, in the order of definition.
local hooks = {}

-- app:on("start", fn)
function routers.methods:on(event, fn)
  routers.check_declaring(self, "on")
  if self ~= app.root then fail("app:on belongs to the app, not to a group") end
  if not events[event] then
    fail("app:on: there is no event '%s'%s; events are check, start, reload, unload, stop", tostring(event),
      hint(event, events))
  end
  messages.check_callable(fn, "the function for an event")
  local list = hooks[event] or {}
  list[#list + 1] = fn
  hooks[event] = list
  return self
end

-- Plain data that the next version of the app takes over.
app.functions.state = {}

return { hooks = hooks, state = app.functions.state }
