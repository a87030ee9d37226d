-- SPDX-License-Identifier: MIT
--
-- Functions that run at their time: app:every, app:after_delay, app:cron. This only collects them.

local use, host = ...

local messages = use "messages"
local routers = use "routers"
local place, kind_of, fail, hint, check_callable =
  messages.place, messages.kind_of, messages.fail, messages.hint, messages.check_callable
local methods, check_declaring = routers.methods, routers.check_declaring
local type, tostring = type, tostring

local timers = {}

local option_types = { overlap = "boolean", per_worker = "boolean", tz = "string" }

local function add(self, name, timer, fn, options, has_zone)
  if self ~= package.loaded["luahttpd"] then fail("app:%s belongs to the app, not to a group", name) end
  check_callable(fn, "the function of app:" .. name)
  if options ~= nil and type(options) ~= "table" then
    fail("options of app:%s must be a table, not %s", name, kind_of(options))
  end
  for option, value in next, options or {} do
    local expected = option_types[option]
    if not expected or option == "tz" and not has_zone then
      fail("unknown option '%s' of app:%s%s", tostring(option), name, hint(option, option_types))
    end
    if type(value) ~= expected then
      fail("option '%s' of app:%s must be a %s, not %s", option, name, expected, kind_of(value))
    end
    timer[option] = value
  end
  timer.fn, timer.where, timer.name = fn, place(), "app:" .. name
  timers[#timers + 1] = timer
end

local function check_seconds(seconds, name, least)
  if type(seconds) ~= "number" or not (seconds >= least and seconds <= 31536000) then
    fail("app:%s expects a number of seconds from %s to a year, not %s", name, tostring(least),
      type(seconds) == "number" and tostring(seconds) or kind_of(seconds))
  end
end

-- app:every(seconds, fn[, { overlap, per_worker }])
function methods:every(seconds, fn, options)
  check_declaring(self, "every")
  check_seconds(seconds, "every", 0.01)
  add(self, "every", { every = seconds }, fn, options)
end

-- app:after_delay(seconds, fn[, { per_worker }]): once, so long after the app was loaded.
function methods:after_delay(seconds, fn, options)
  check_declaring(self, "after_delay")
  check_seconds(seconds, "after_delay", 0)
  add(self, "after_delay", { after = seconds }, fn, options)
end

-- app:cron("0 3 * * *", fn[, { tz, overlap, per_worker }])
function methods:cron(expression, fn, options)
  check_declaring(self, "cron")
  if type(expression) ~= "string" then
    fail("app:cron expects an expression such as \"0 3 * * *\", not %s", kind_of(expression))
  end
  local zone = type(options) == "table" and type(options.tz) == "string" and options.tz or "local"
  local message = host.check_cron(expression, zone)
  if message then fail("%s", message) end
  add(self, "cron", { cron = expression, tz = "local" }, fn, options, true)
end

return timers
