-- SPDX-License-Identifier: MIT
-- The app of the reliability runs. Limits come from the environment, so that a run need not wait for the usual ones.
local app = require "luahttpd"

local limits = {}
for name, value in (os.getenv "LIMITS" or ""):gmatch "([%w_]+)=([%w.]+)" do limits[name] = tonumber(value) or value end
app:config { limits = limits, log_level = "warn" }

app:get("/", function() return app.text "hello" end)
app:post("/echo", function(req) return app.text(req.body) end)
app:get("/n/:n<int>", function(req) return app.text(req.params.n) end)
app:get("/wait/:ms<int>", function(req) app.sleep(req.params.ms / 1000) return app.text "waited" end)
app:get("/big/:n<int>", function(req) return app.text(("x"):rep(req.params.n)) end)
-- So many pieces of 16 KiB.
app:get("/stream/:n<int>", function(req)
  return app.stream(function(out)
    local piece = ("x"):rep(16384)
    for _ = 1, req.params.n do if not out:write(piece) then return end end
  end)
end)
app:post("/count", { body = "stream" }, function(req)
  local size = 0
  for chunk in req:chunks() do size = size + #chunk end
  return app.text(tostring(size))
end)
app:post("/form", function(req)
  local file, sum = req.files.f, 0
  for line in file:lines("L") do sum = sum + #line end
  return app.text(("%s %d %d"):format(req.form.name, file.size, sum))
end)
app:post("/fields", function(req)
  local count = 0
  for _ in pairs(req.form) do count = count + 1 end
  return app.text(tostring(count))
end)
app:sse("/events", function(req, out)
  for n = 1, 3 do out:send { data = n } app.sleep(0.01) end
end)
app:get("/fail", function() error "meant" end)
app:get("/page", function(req) return { rows = { 1, 2, 3 }, name = req.query.name or "<b>" }, "page.html" end)
app:static("/files", os.getenv "FILES" or ".")
