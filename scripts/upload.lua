-- SPDX-License-Identifier: MIT
--
-- A box for pictures and other files: a form with several files, previews, names that can do no harm, and a
-- route for what is too large for a form.
--   luahttpd scripts/upload.lua
--   curl --data-binary @film.mkv http://127.0.0.1:8080/raw
local app = require "luahttpd"

-- The list lives in one Lua VM, so there is one worker. The files stay when the server stops; the list does not.
app:config {
  templates = "../templates", workers = 1,
  limits = { body = "64MiB", file = "32MiB", parts = 20, field = "1KiB" },
}

local directory = os.getenv "UPLOADS" or "/tmp/luahttpd-uploads"
if not os.execute(("mkdir -p '%s'"):format(directory)) then error("cannot make the directory " .. directory) end

local entries = {}

-- What a file is, by its first bytes: its name and the type it claims are the sender's word. Only these are shown in
-- a page; anything else is a download, since a page or an SVG could run scripts in the name of this site.
local pictures = {
  [".png"] = "^\x89PNG\r\n\x1A\n", [".jpg"] = "^\xFF\xD8\xFF", [".gif"] = "^GIF8[79]a", [".webp"] = "^RIFF....WEBP",
}

local function extension_of(file)
  local start = file:read(16) or ""
  file:rewind()
  for extension, pattern in pairs(pictures) do
    if start:find(pattern) then return extension end
  end
  return ".bin"
end

local function add(name, size, stored)
  table.insert(entries, 1, { name = name, size = size, stored = stored, is_picture = not stored:find "%.bin$" })
end

local function page(mistake, options)
  local total = 0
  for _, entry in ipairs(entries) do total = total + entry.size end
  return { entries = entries, total = total, mistake = mistake }, "upload/list.html", options
end

app:get("/", function() return page(false) end)

app:post("/", function(req)
  local files = req.files:all "files"
  if #files == 0 then return page("Choose a file first.", { status = 422 }) end
  for number, file in ipairs(files) do
    local stored = ("%s-%d%s"):format(req.id, number, extension_of(file))
    file:save(directory .. "/" .. stored)
    add(file.filename, file.size, stored)
  end
  return app.redirect "/"
end)

-- The body itself is the file. It never is in memory: what the disk cannot take yet, the client does not send yet.
app:post("/raw", { body = "stream", limits = { body = "4GiB" } }, function(req)
  local stored = req.id .. "-0.bin"
  req:save(directory .. "/" .. stored)
  add("a file without a name", tonumber(req.headers.content_length) or 0, stored)
  return app.text("thanks\n", { status = 201 })
end)

app:static("/files", directory)
app:static("/public", "../public", { cache = "1h" })

app:error("*", function(req, err)
  return { status = err.status, message = err.message, path = req.path }, "upload/error.html"
end)
