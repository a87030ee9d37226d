-- SPDX-License-Identifier: MIT
-- Handlers that go wrong in every way that their authors may think of, and functions of the library called with
-- whatever comes. A request for /fuzz/N makes the same calls each time.
local app = require "luahttpd"
app:config { log_level = "error", limits = { cpu = "200ms", memory = "8MiB", time = "2s" } }

app:get("/", function() return app.text "hello" end)

-- {==== Errors of handlers ====

local kept
local wrong = {
  error = function() error() end,
  error_nil = function() error(nil) end,
  error_table = function() error {} end,
  error_described = function() error(setmetatable({}, { __tostring = function() error "again" end })) end,
  in_coroutine = function() coroutine.wrap(function() error "inside" end)() end,
  overflow = function() local function f() return f() + 1 end return f() end,
  overflow_in_c = function() local s = "x" for _ = 1, 300 do s = "(" .. s .. ")" end return ("x"):rep(9e8):match(s) end,
  yield = function() coroutine.yield "?" end,
  yield_in_pcall = function() pcall(coroutine.yield, 1) error "after" end,
  nothing = function() end,
  number = function() return 7 end,
  func = function() return print end,
  thread = function() return coroutine.create(print) end,
  status = function() return app.text("x", { status = 99 }) end,
  status_type = function() return app.text("x", { status = {} }) end,
  header = function() return app.text("x", { headers = { ["a\r\nb"] = "c" } }) end,
  header_type = function() return app.text("x", { headers = { a = print } }) end,
  cookie = function() return app.text("x", { cookies = { ["a=b"] = "c;d" } }) end,
  redirect = function() return app.redirect("//evil.example\r\nX: y") end,
  template = function() return {}, "none.html" end,
  cycle = function() local t = {} t.t = t return app.json(t) end,
  file = function() return app.file("../../etc/passwd") end,
  close = function() local x <close> = setmetatable({}, { __close = function() error "closing" end }) return "x" end,
  sleep = function() app.sleep(-1) end,
  await = function() return app.await(app.async(function() error "task" end)) end,
  sort = function() table.sort({ 3, 1, 2 }, function() error "order" end) end,
}
for name, handler in pairs(wrong) do app:get("/wrong/" .. name, handler) end
app:get("/names", function() local names = {} for name in pairs(wrong) do names[#names + 1] = name end return app.json(names) end)
-- A stream that has ended must not be written to; the one who tries only hears so.
app:get("/keep", function() return app.stream(function(out) kept = out out:write "kept" end) end)
app:get("/after", function() return app.text(tostring(kept:write "late")) end)

-- }====

-- {==== Errors after the answer has begun ====

app:get("/late/stream", function()
  return app.stream(function(out) for _ = 1, 10 do out:write(("x"):rep(10000)) app.sleep(0) end error "late" end)
end)
app:get("/late/page", function()
  return { rows = app.array { 1, 2, 3 }, wait = function() app.sleep(0.05) end, fail = function() error "late" end }, "late.html"
end)
app:get("/late/task", function()
  return app.stream(function(out)
    out:write "begun"
    out:flush()
    app.await(app.async(function() app.sleep(0.01) error "late" end))
  end)
end)

-- }====

-- {==== Any function, any arguments ====

local function values(req)
  local nested = {}
  for _ = 1, 200 do nested = { nested } end
  return {
    nil, true, false, 0, 1, -1, 1.5, 0 / 0, 1 / 0, -1 / 0, math.maxinteger, math.mininteger, 1e308, "", "a", "a\0b", "\r\n",
    "../..", "/", "%zz", ("x"):rep(100000), "\xff\xfe", {}, { 1, 2 }, { a = 1 }, nested, print, function() error "called" end,
    coroutine.create(print), io.stdout, app, req, app.null, setmetatable({}, { __index = function() error "indexed" end }),
    setmetatable({}, { __len = function() return -1 end }), setmetatable({}, { __metatable = false }), { status = 1e9 },
    { headers = "x" }, { limits = { cpu = -1 } }, { template = "page.html" }, { stream = print },
  }, 41
end

-- All functions that can be reached, in an order that stays the same.
local function reachable(roots)
  local found, seen, names = {}, {}, {}
  local function walk(name, value, depth)
    if type(value) == "function" and not seen[value] then
      seen[value] = true
      found[name] = value
      names[#names + 1] = name
    elseif type(value) == "table" and depth < 3 and not seen[value] then
      seen[value] = true
      for key, each in next, value do if type(key) == "string" then walk(name .. "." .. key, each, depth + 1) end end
      local meta = getmetatable(value)
      if type(meta) == "table" then walk(name .. "|", rawget(meta, "__index"), depth + 1) end
    end
  end
  for name, root in pairs(roots) do walk(name, root, 0) end
  table.sort(names)
  return found, names
end

local methods = { "param", "try_json", "read", "lines", "chunks", "parts", "save", "header", "cookie" }

local function fuzz(req)
  local state = req.params.seed * 2654435761 + 1
  local function random(count)
    state = (state * 6364136223846793005 + 1442695040888963407)
    return (state >> 33) % count + 1
  end
  local store = app.shared("fuzz", { size = "1MiB" })
  local found, names = reachable { app = app, store = store, json = require "luahttpd.json", response = app.text "" }
  for _, name in ipairs(methods) do
    found["req:" .. name] = function(...) return req[name](...) end
    names[#names + 1] = "req:" .. name
  end
  local pool, size = values(req)
  local calls = 0
  for _ = 1, 50 do
    local name = names[random(#names)]
    local arguments = table.pack()
    arguments.n = random(5) - 1
    for i = 1, arguments.n do arguments[i] = pool[random(size)] end
    -- Methods mostly get what they are called on.
    if random(3) > 1 then
      arguments[1] = name:match "^req" and req or name:match "^store" and store or app
      arguments.n = math.max(arguments.n, 1)
    end
    pcall(app.timeout, 0.01, function() return pcall(found[name], table.unpack(arguments, 1, arguments.n)) end)
    calls = calls + 1
  end
  return app.text(tostring(calls))
end
app:get("/fuzz/:seed<int>", { limits = { cpu = "2s", time = "10s", memory = "64MiB" } }, fuzz)
app:post("/fuzz/:seed<int>", { body = "stream", limits = { cpu = "2s", time = "10s", memory = "64MiB" } }, fuzz)

-- }====
