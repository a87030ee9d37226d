-- SPDX-License-Identifier: MIT
-- The app of waits.py: handlers that wait in each way there is, and handlers that misbehave in each way there is.
local app = require "luahttpd"
local http = require "luahttpd.http"

app:config { limits = { cpu = os.getenv "CPU" or "300ms", time = "60s" }, log_level = "warn" }
local silent = os.getenv "SILENT" or "http://127.0.0.1:1"

-- How many handlers of this worker have begun and not ended. Each kind of wait holds one.
local held = 0
local function hold()
  held = held + 1
  return setmetatable({}, { __close = function() held = held - 1 end })
end

app:get("/", function() return app.text "hello" end)
app:get("/held", function() return app.text(tostring(held)) end)
app:get("/lua", function() collectgarbage() return app.text(tostring(collectgarbage "count" * 1024 // 1 | 0)) end)
app:get("/yield", function() app.sleep(0) return app.text "hello" end)
app:get("/sleep/:s<num>", function(req) app.sleep(req.params.s) return app.text "slept" end)
app:get("/resolve", function() local _, why = http.get("http://nowhere.example/", { timeout = 5 }) return app.text(tostring(why)) end)

local function waits(name, wait)
  app:get("/wait/" .. name, function(req) local _ <close> = hold() wait(req) return app.text "done" end)
end
waits("sleep", function() app.sleep(60) end)
waits("await", function() app.await(app.async(function() app.sleep(60) end)) end)
waits("timeout", function() app.timeout(59, function() app.sleep(60) end) end)
waits("popen", function() local p <close> = io.popen "sleep 20" p:read "a" end)
waits("execute", function() os.execute "sleep 20" end)
waits("fifo", function() local f <close> = io.open "fifo" f:read "l" end)
waits("http", function() http.get(silent, { timeout = 60 }) end)
waits("topic", function() local s <close> = app.subscribe "nothing" s:next() end)
waits("coroutine", function() coroutine.wrap(function() pcall(app.sleep, 60) end)() end)
app:post("/wait/body", { body = "stream" }, function(req) local _ <close> = hold() req:read(10) return app.text "read" end)
app:get("/wait/write", function()
  return app.stream(function(out)
    local _ <close> = hold()
    while out:write(("x"):rep(65536)) do end
  end)
end)
app:sse("/wait/events", function(_, out)
  local _ <close> = hold()
  out:send "begun"
  app.sleep(60)
end)
app:get("/wait/template", function()
  local held_here = hold()
  return { task = app.async(function() local _ <close> = held_here app.sleep(60) end) }, "waits.html"
end)

local function misbehaves(name, fn) app:get("/bad/" .. name, function() fn() return app.text "never" end) end
misbehaves("loop", function() while true do end end)
misbehaves("pcall", function() while true do pcall(function() while true do end end) end end)
misbehaves("coroutine", function() coroutine.wrap(function() while true do end end)() end)
misbehaves("gc", function() setmetatable({}, { __gc = function() while true do end end }) collectgarbage() while true do end end)
misbehaves("close", function() local _ <close> = setmetatable({}, { __close = function() while true do end end }) end)
misbehaves("sort", function() local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function(a, b) while true do end end) end)
misbehaves("load", function() load "while true do end" () end)
misbehaves("rep", function() local s = ("x"):rep(1e9) return #s end)
misbehaves("recursion", function() local function f() return 1 + f() end f() end)
misbehaves("concat", function() local s = "x" while true do s = s .. s end end)
misbehaves("hog", function() local t = {} while true do t[#t + 1] = ("x"):rep(1e6) end end)
