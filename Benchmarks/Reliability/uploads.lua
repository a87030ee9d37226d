-- SPDX-License-Identifier: MIT
-- The app of the runs with uploads; in a directory of its own, beside an empty one for what arrives.
local app = require "luahttpd"
app:config { uploads = "spool", log_level = "warn", limits = { body = "8GiB", inflation = 2000 } }

app:get("/", function() return app.text "hello" end)
app:post("/form", function(req)
  local file = req.files.f
  file:save("saved.bin", { replace = true })
  return app.text(tostring(file.size))
end)
app:post("/stream", { body = "stream" }, function(req)
  local size = 0
  for chunk in req:chunks() do size = size + #chunk end
  return app.text(tostring(size))
end)
app:post("/save", { body = "stream" }, function(req)
  req:save("saved.bin", { replace = true })
  return app.text(req.headers.content_length)
end)
