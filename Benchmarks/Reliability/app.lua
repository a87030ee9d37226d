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
app:get("/fail", function() error "meant" end)
app:get("/page", function(req) return { rows = { 1, 2, 3 }, name = req.query.name or "<b>" }, "page.html" end)
app:static("/files", os.getenv "FILES" or ".")
