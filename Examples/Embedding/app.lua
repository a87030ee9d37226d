-- SPDX-License-Identifier: MIT
local app = require "luahttpd"
local geo = require "geo"

app:get("/places/:name", function(req)
  local place, reason = geo.lookup(req.params.name)
  if not place then app.abort(404, reason) end
  return app.json(place)
end)

app:put("/places/:name", function(req)
  geo.remember(req.params.name, req.json)
  return app.empty()
end)

app:get("/middle/:a/:b", function(req)
  local a, b = app.await(app.async(geo.lookup, req.params.a), app.async(geo.lookup, req.params.b))
  return app.json(geo.middle(a, b))
end)

app:get("/mistake", function(req)
  return app.text(select(2, pcall(geo.lookup, 5)) .. "; " .. select(2, pcall(geo.middle, {}, { 1, 2 })))
end)
