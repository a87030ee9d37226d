-- SPDX-License-Identifier: MIT
--
-- What another server answers: its headers, and the response with the methods that read it. When it is read
-- whole is for http.lua to know.

local use, host = ...

local fail = use("messages").fail
local type, tostring, error, rawget = type, tostring, error, rawget
local getmetatable, setmetatable, concat = getmetatable, setmetatable, table.concat
-- Headers by name in any case, `_` for `-`. Names in the table itself are in lower case.
local Headers = { __name = "headers" }
local repeated = setmetatable({}, { __mode = "k" })

local header_methods = {}
-- Values of a field as they came.
function header_methods:all(name)
  local key = tostring(name):lower():gsub("_", "-")
  local lists = repeated[self]
  if lists and lists[key] then return lists[key] end
  local value = rawget(self, key)
  return value ~= nil and { value } or {}
end

function Headers:__index(key)
  if key == "all" then return header_methods.all end
  if type(key) ~= "string" then return nil end
  return rawget(self, (key:lower():gsub("_", "-")))
end

local function headers_of(list)
  local headers, lists = {}, nil
  for i = 1, #list, 2 do
    local name, value = list[i], list[i + 1]
    local before = headers[name]
    -- The method `all` must not be taken away by the other server.
    if before == nil and name ~= "all" then
      headers[name] = value
    else
      lists = lists or {}
      local values = lists[name]
      if not values then
        values = { before }
        lists[name] = values
      end
      values[#values + 1] = value
      if name ~= "all" then headers[name] = before .. ", " .. value end
    end
  end
  setmetatable(headers, Headers)
  repeated[headers] = lists
  return headers
end

local Response = { __name = "http response" }
local methods = {}
Response.__index = methods

local function check(self, name)
  if getmetatable(self) ~= Response then fail("call it with a colon: response:%s(…)", name) end
  return self
end

-- The exchange of a response that is read piece by piece.
local function number_of(self, name)
  local number = check(self, name).exchange
  if not number then fail("response:%s needs the option stream = true; the body is in response.body", name) end
  return number
end

-- The decoded body, or nil and a message.
function methods:json()
  check(self, "json")
  if not self.body then fail("response:json reads response.body, which a stream has not") end
  return host.json_decode(self.body)
end

-- The next bytes, at most n of them; nil at the end; nil and a message when it broke.
function methods:read(n) return host.http_read(number_of(self, "read"), n) end

-- for chunk in response:chunks() do … end. A broken answer raises, so that half of it is not taken for all.
function methods:chunks(n)
  local number = number_of(self, "chunks")
  return function()
    local chunk, message = host.http_read(number, n)
    if message then error(message, 0) end
    return chunk
  end
end

-- for line in response:lines() do … end, without their ends. A line of more than `limit` bytes raises.
function methods:lines(limit)
  local number = number_of(self, "lines")
  local rest, position, is_done = "", 1, false
  limit = limit or 1 << 20
  return function()
    while true do
      local stop = rest:find("\n", position, true)
      if stop then
        local line = rest:sub(position, stop - 1)
        position = stop + 1
        return (line:gsub("\r$", ""))
      end
      rest, position = rest:sub(position), 1
      if is_done then
        if rest == "" then return nil end
        local line = rest
        rest = ""
        return line
      end
      if #rest > limit then
        host.http_close(number)
        error(("a line of more than %d bytes"):format(limit), 0)
      end
      local parts, size = { rest }, #rest
      repeat
        local chunk, message = host.http_read(number)
        if message then error(message, 0) end
        if not chunk then
          is_done = true
          break
        end
        parts[#parts + 1] = chunk
        size = size + #chunk
      until chunk:find("\n", 1, true) or size > limit
      rest = concat(parts)
    end
  end
end

-- Ends it: nothing more is read.
function methods:close()
  check(self, "close")
  if self.exchange then host.http_close(self.exchange) end
end

function Response:__close() methods.close(self) end

return { headers_of = headers_of, Response = Response }
