-- SPDX-License-Identifier: MIT
--
-- A list of things to do: pages with a common layout, forms, redirects, error pages, static files.
--   luahttpd scripts/todo.lua
local app = require "luahttpd"

-- Each worker has a Lua VM of its own, and this list lives in one: with two workers a visitor would see
-- now one list, now the other. One worker, until there is a store that all of them share.
app:config { templates = "../templates", workers = 1 }

local items = {
  { id = 1, title = "Read the README", done = true },
  { id = 2, title = "Write an app.lua", done = false },
  { id = 3, title = "Show it to somebody", done = false },
}
local last_id = #items
local longest_title = 200

local function find(id)
  for position, item in ipairs(items) do
    if item.id == id then return item, position end
  end
  app.abort(404, "This entry is gone.")
end

-- The title of a form without the space around it, or nil and what is wrong with it.
local function valid_title(text)
  local title = (text or ""):match "^%s*(.-)%s*$"
  local length = utf8.len(title)
  if not length then return nil, "That is not text." end
  if length == 0 then return nil, "Give it a name." end
  if length > longest_title then return nil, ("That is longer than %d characters."):format(longest_title) end
  return title
end

local filters = {
  all = function() return true end,
  open = function(item) return not item.done end,
  done = function(item) return item.done end,
}

local function list_page(show, draft, mistake, options)
  local shown, open = {}, 0
  for _, item in ipairs(items) do
    if filters[show](item) then shown[#shown + 1] = item end
    if not item.done then open = open + 1 end
  end
  return {
    items = shown, show = show, open = open, done = #items - open, draft = draft, mistake = mistake,
  }, "todo/list.html", options
end

-- Which entries the visitor looks at.
local function shown_in(fields)
  return filters[fields.show] and fields.show or "all"
end

local function back(req)
  local show = shown_in(req.form)
  return app.redirect(app:url_for("list", nil, show ~= "all" and { show = show } or nil))
end

-- A form on another site must not change the list; browsers say where a request comes from.
app:before(function(req)
  if req.method == "POST" and req.headers.sec_fetch_site == "cross-site" then
    app.abort(403, "This form belongs to another site.")
  end
end)

app:get("/", function(req)
  return list_page(shown_in(req.query), "", false)
end):name "list"

app:group("/items", function(group)
  group:post("/", function(req)
    local title, mistake = valid_title(req.form.title)
    if not title then return list_page(shown_in(req.form), req.form.title or "", mistake, { status = 422 }) end
    last_id = last_id + 1
    items[#items + 1] = { id = last_id, title = title, done = false }
    return back(req)
  end)

  group:get("/:id<int>", function(req)
    return { item = find(req.params.id), mistake = false }, "todo/edit.html"
  end)

  group:post("/:id<int>", function(req)
    local item = find(req.params.id)
    local title, mistake = valid_title(req.form.title)
    if not title then
      local draft = { id = item.id, title = req.form.title or "" }
      return { item = draft, mistake = mistake }, "todo/edit.html", { status = 422 }
    end
    item.title = title
    return back(req)
  end)

  group:post("/:id<int>/toggle", function(req)
    local item = find(req.params.id)
    item.done = not item.done
    return back(req)
  end)

  group:post("/:id<int>/delete", function(req)
    local _, position = find(req.params.id)
    table.remove(items, position)
    return back(req)
  end)
end)

app:post("/clear", function(req)
  for position = #items, 1, -1 do
    if items[position].done then table.remove(items, position) end
  end
  return back(req)
end)

app:static("/public", "../public", { cache = "1h" })

app:error("*", function(req, err)
  return { status = err.status, message = err.message, path = req.path }, "todo/error.html"
end)
