-- SPDX-License-Identifier: MIT
--
-- A page, a form, JSON, static files and an error page of its own: what most sites begin with.
--   luahttpd scripts/hello.lua
local app = require "luahttpd"

app:config { templates = "../templates" }

-- What the page shows; `answer` is there once the form was sent.
local function page(req, answer)
  return {
    method = req.method,
    is_secure = req.is_secure,
    name = req.query.name or "",
    answer = answer,
  }, "index.html"
end

app:get("/", function(req)
  return page(req, false)
end):name "home"

app:post("/", function(req)
  local color = req.form.color or ""
  if color == "" then app.abort(400, "The form has no color.") end
  return page(req, { color = color })
end)

app:get("/api/hello", function(req)
  return app.json { hello = req.query.name or "world", method = req.method }
end)

app:post("/api/sum", function(req)
  local numbers, sum = req.json, 0
  if type(numbers) ~= "table" then app.abort(422, "A list of numbers is expected.") end
  for _, number in ipairs(numbers) do
    if type(number) ~= "number" then app.abort(422, "A list of numbers is expected.") end
    sum = sum + number
  end
  return app.json { sum = sum }
end)

app:static("/public", "../public", { cache = "1h" })

app:error(404, function(req)
  return { path = req.path }, "err.html"
end)
