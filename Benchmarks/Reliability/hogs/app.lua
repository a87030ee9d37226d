-- SPDX-License-Identifier: MIT
-- The app of hogs.py: handlers that want all memory there is, each in its own way.
local app = require "luahttpd"

app:config {
  limits = { memory = os.getenv "MEMORY", vm_memory = os.getenv "VM_MEMORY", page = os.getenv "PAGE", cpu = "20s" },
  log_level = "error",
}

app:get("/", function() return app.text "hello" end)
-- Says that the worker is right: it calls, builds, matches, encodes and renders.
app:post("/right", function(req)
  local parts = {}
  for i = 1, 100 do parts[i] = ("%d %s"):format(i, req.form.name) end
  local text = table.concat(parts, "\n"):gsub("%d+", function(digits) return #digits end)
  return { text = text, name = req.form.name, json = app.json({ list = app.array(parts) }).body }, "right.html"
end)

local names = {}
local function hog(name, fn)
  names[#names + 1] = name
  app:get("/hog/" .. name, fn)
end
app:get("/hogs", function() return app.json(names) end)

hog("strings", function() local t = {} while true do t[#t + 1] = ("x"):rep(1e6) end end)
-- These are many at once: each waits while it holds what it has.
hog("strings-that-wait", function() local t = {} while true do t[#t + 1] = ("x"):rep(1e6) app.sleep(0) end end)
hog("tables-that-wait", function()
  local t = {}
  while true do
    for _ = 1, 1000 do t = { t, {} } end
    app.sleep(0)
  end
end)
hog("tables", function() local t while true do t = { t, a = t } end end)
hog("one-table", function() local t = {} while true do t[#t + 1] = #t end end)
hog("keys", function() local t = {} for i = 1, math.huge do t["key " .. i] = i end end)
hog("concatenation", function() local s = "x" while true do s = s .. s end end)
hog("recursion", function() local function f(n) local t = { n } return 1 + f(n + 1) + #t end return f(1) end)
hog("recursion-of-pcall", function() local function f(...) return select(2, pcall(f, 1, ...)) end error(f()) end)
hog("format", function() local s = ("x"):rep(4e6) return #("%s%s%s%s%s%s%s%s"):format(s, s, s, s, s, s, s, s) end)
hog("gsub", function() return (("x"):rep(1e6):gsub("x", ("y"):rep(100))) end)
hog("gsub-that-calls", function() return (("x"):rep(1e6):gsub("x", function(x) return x:rep(100) end)) end)
hog("table-concat", function() local s, t = ("x"):rep(1e6), {} for i = 1, 1000 do t[i] = s end return table.concat(t) end)
hog("unpack", function() local t = {} while true do t[#t + 1] = { table.unpack({}, 1, 9e5) } end end)
hog("string-pack", function() return string.pack("s8s8", ("x"):rep(8e6), ("x"):rep(8e6)) end)
hog("closures", function() local f while true do local g = f f = function() return g end end end)
hog("coroutines", function() local t = {} while true do t[#t + 1] = coroutine.wrap(function() coroutine.yield() end) t[#t]() end end)
hog("load", function() return assert(load("return '" .. ("x"):rep(12e6) .. "'"))() end)
hog("pcall", function() while true do local ok, why = pcall(string.rep, "x", 1e9) if not ok then error(why, 0) end end end)
hog("close", function()
  local _ <close> = setmetatable({}, { __close = function() return ("x"):rep(1e9) end })
  return app.text(("x"):rep(1e9))
end)
hog("tasks", function()
  local t = {}
  for i = 1, 100 do t[i] = app.async(function() local s = ("x"):rep(1e6) .. i app.sleep(0.01) return s end) end
  app.await(table.unpack(t))
end)
hog("stream", function() return app.stream(function(out) local t = {} while true do t[#t + 1] = ("x"):rep(1e6) end end) end)
hog("answer", function() return app.text(("x"):rep(1e9)) end)
hog("json", function() local t = {} for i = 1, math.huge do t[i] = { id = i, name = "name " .. i } end return app.json(t) end)

for _, page in ipairs { "call", "concat", "set", "list", "include", "macro" } do
  hog("page-" .. page, function()
    return {
      s = ("x"):rep(1e5),
      grow = function() local t = {} while true do t[#t + 1] = ("x"):rep(1e6) end end,
      double = function(s) return s .. s end,
    }, page .. ".html"
  end)
end
