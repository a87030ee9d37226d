-- SPDX-License-Identifier: MIT
--
-- The site that is measured. nginx/site.lua and hummingbird/ answer the same bytes.

local app = require "luahttpd"
local data = require "data"

-- nginx is told the same; h2load opens no new connection when one is ended.
app:config { limits = { requests = 1000000000 } }

app:get("/", function() return "hello" end)

app:get("/json", function() return app.json { message = "hello", id = 7, list = { 1, 2, 3 }, ok = true } end)

app:get("/users/:id<int>", function(req)
  local verbose = req.query.verbose == "1" and "verbose" or "short"
  return app.text(("user %d, %s, %s"):format(req.params.id, verbose, req.headers["X-Client"] or "?"))
end)

app:get("/fortunes", function() return { fortunes = data.fortunes() }, "fortunes.html" end)

app:get("/rows", function() return { rows = data.rows() }, "rows.html" end)

app:get("/page", function() return { title = "A page", paragraphs = data.paragraphs }, "page.html" end)

app:get("/text", { etag = false }, function() return data.text end)

app:post("/form", function(req) return app.text(("%s is %s"):format(req.form.name, req.form.age)) end)

app:static("/static", "public")
