-- SPDX-License-Identifier: MIT
--
-- Reading what a client sent: uploaded files, bodies that a route takes as a stream, and their parts.
-- Where the bytes are, and waiting for them, is the server's (Script/BodyModule.swift).

local use, host = ...

local messages = use "messages"
local fail, kind_of, hint = messages.fail, messages.kind_of, messages.hint
local type, setmetatable, getmetatable = type, setmetatable, getmetatable
local math_type, concat, find, sub = math.type, table.concat, string.find, string.sub

-- Most bytes fetched at once.
local PIECE <const> = 65536

-- {==== What can be read ====
--
-- A source is { fetch = function(source, most) → bytes or nil at the end, text = fetched and not read, at = from where }.

local function next_piece(source, most)
  local text = source.text
  if not text then return source:fetch(most) end
  local at = source.at
  if #text - at < most then
    source.text = nil
    return at == 1 and text or sub(text, at)
  end
  source.at = at + most
  return sub(text, at, at + most - 1)
end

local function read_count(source, count)
  local first = next_piece(source, count < PIECE and count or PIECE)
  if not first or #first == count then return first end
  local pieces, left = { first }, count - #first
  while left > 0 do
    local piece = next_piece(source, left < PIECE and left or PIECE)
    if not piece then break end
    pieces[#pieces + 1] = piece
    left = left - #piece
  end
  return concat(pieces)
end

-- "" while something is left; nil at the end.
local function read_nothing(source)
  if not source.text then source.text, source.at = source:fetch(PIECE), 1 end
  return source.text and ""
end

local function read_all(source)
  local pieces = {}
  while true do
    local piece = next_piece(source, PIECE)
    if not piece then return concat(pieces) end
    pieces[#pieces + 1] = piece
  end
end

-- The next line; nil at the end.
local function read_line(source, keeps_end)
  local pieces, count = {}, 0
  while true do
    if not source.text then
      source.text, source.at = source:fetch(PIECE), 1
      if not source.text then return count > 0 and concat(pieces) or nil end
    end
    local text, at = source.text, source.at
    local stop = find(text, "\n", at, true)
    pieces[count + 1] = sub(text, at, stop and (keeps_end and stop or stop - 1))
    count = count + 1
    if not stop or stop == #text then source.text = nil else source.at = stop + 1 end
    if stop then return concat(pieces) end
  end
end

-- As file:read of Lua: a number of bytes, "a" for all that is left, "l" or "L" for a line; all without one.
local function read(source, format, what)
  if format == 0 then return read_nothing(source) end
  if math_type(format) == "integer" and format > 0 then return read_count(source, format) end
  if format == nil or format == "a" or format == "*a" then return read_all(source) end
  if format == "l" or format == "*l" then return read_line(source, false) end
  if format == "L" or format == "*L" then return read_line(source, true) end
  fail("%s expects a number of bytes, \"a\", \"l\" or \"L\", not %s", what,
    type(format) == "string" and '"' .. format .. '"' or type(format) == "number" and tostring(format) or kind_of(format))
end

-- Gives `methods` read, lines, chunks and save; `source_of(self, name)` finds the source or raises.
local function add_reading(methods, what, source_of)
  function methods:read(format) return read(source_of(self, "read"), format, what .. ":read") end

  -- for line in x:lines() do
  function methods:lines(format)
    local source = source_of(self, "lines")
    if format == nil then format = "l" end
    return function() return read(source, format, what .. ":lines") end
  end

  -- for bytes in x:chunks() do: as they come.
  function methods:chunks()
    local source = source_of(self, "chunks")
    return function() return next_piece(source, PIECE) end
  end

  -- Keeps what is left (of a file: all of it) under a name. Raises what goes wrong: nothing is lost silently.
  function methods:save(path, options)
    local source = source_of(self, "save")
    if type(path) ~= "string" then fail("%s:save expects a path, not %s", what, kind_of(path)) end
    if options ~= nil and type(options) ~= "table" then
      fail("%s:save expects options such as { replace = true }, not %s", what, kind_of(options))
    end
    for name, value in next, options or {} do
      if name ~= "replace" then fail("%s:save has no option '%s'%s", what, tostring(name), hint(name, { replace = true })) end
      if type(value) ~= "boolean" then fail("option 'replace' must be a boolean, not %s", kind_of(value)) end
    end
    source:keep(path, options ~= nil and options.replace == true)
    return path
  end
end

-- }====

-- {==== Uploaded files ====

-- The metatable of a file is its source: the server puts `request` and `number` there.
local Upload_methods = {}
host.Upload.__name = "upload"

local function fetch_upload(source, most)
  local position = source.position or 0
  local bytes = host.upload_read(source.request, source.number, position, most)
  if bytes then source.position = position + #bytes end
  return bytes
end

local function keep_upload(source, path, replaces)
  host.upload_save(source.request, path, replaces, source.number)
end

local function upload_source(file, name)
  local source = getmetatable(file)
  if type(source) ~= "table" or source.__name ~= "upload" then
    fail("call it with a colon: file:%s(…)", name)
  end
  if not source.fetch then source.fetch, source.keep = fetch_upload, keep_upload end
  return source
end

add_reading(Upload_methods, "file", upload_source)

-- What was read can be read again, and saving takes all of it.
function Upload_methods:rewind()
  local source = upload_source(self, "rewind")
  source.position, source.text = 0, nil
end

-- `path` only if asked for: small files are in memory, and get one then.
function host.Upload.__index(file, key)
  if key == "path" then
    local source = upload_source(file, "path")
    return host.upload_path(source.request, source.number)
  end
  return Upload_methods[key]
end

-- }====

-- {==== Bodies as streams ====

local Request = host.Request

local function fetch_body(source, most) return host.body_read(source.request, most) end

-- What lines() and read(0) fetched ahead is not the server's any more.
local function check_nothing_ahead(source)
  if source.text then fail("cannot save after lines or read(0), which fetch ahead: read a number of bytes or chunks before") end
end

local function keep_body(source, path, replaces)
  check_nothing_ahead(source)
  host.body_save(source.request, path, replaces)
end

-- Request → its source.
local bodies = setmetatable({}, { __mode = "k" })

local function body_source(req, name)
  if getmetatable(req) ~= Request then fail("call it with a colon: req:%s(…)", name) end
  local source = bodies[req]
  if not source then
    source = { fetch = fetch_body, keep = keep_body, request = req }
    bodies[req] = source
  end
  return source
end

add_reading(Request.methods, "req", body_source)

local function fetch_part(source, most) return host.body_read_part(source.request, source.number, most) end
local function keep_part(source, path, replaces)
  check_nothing_ahead(source)
  host.body_save_part(source.request, path, replaces, source.number)
end

local Part_methods = {}

local function part_source(part, name)
  local source = getmetatable(part)
  if type(source) ~= "table" or source.__name ~= "part" then fail("call it with a colon: part:%s(…)", name) end
  return source
end

add_reading(Part_methods, "part", part_source)

-- for part in req:parts() do: the parts of a multipart body, each when it begins to arrive.
function Request.methods:parts()
  if getmetatable(self) ~= Request then fail("call it with a colon: req:parts()") end
  return function()
    local part, number = host.body_next_part(self)
    if not part then return nil end
    return setmetatable(part, {
      __index = Part_methods, __name = "part", request = self, number = number,
      fetch = fetch_part, keep = keep_part,
    })
  end
end

-- }====
