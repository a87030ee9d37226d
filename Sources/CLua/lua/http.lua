-- SPDX-License-Identifier: MIT
--
-- require "luahttpd.http": requests to other servers. What is sent and received is the server's
-- (Script/ClientModule.swift); this turns options into a request and an answer into a table.

local use, host = ...

local messages = use "messages"
local fail, kind_of, hint, check_callable = messages.fail, messages.kind_of, messages.hint, messages.check_callable
local type, tostring, error, getmetatable, setmetatable = type, tostring, error, getmetatable, setmetatable
local concat, sort, unpack = table.concat, table.sort, table.unpack

local http = {}

-- {==== What is sent ====

local option_types = {
  method = "string", url = "string", headers = "table", query = "table", json = "any", form = "table",
  body = "any", timeout = "number", redirects = "any", limit = "any", stream = "boolean", ca_file = "string",
}

local function check_options(options, what)
  for name, value in next, options do
    local expected = option_types[name]
    if not expected then fail("unknown option '%s' of %s%s", tostring(name), what, hint(name, option_types)) end
    if expected ~= "any" and type(value) ~= expected then
      fail("option '%s' of %s must be a %s, not %s", name, what, expected, kind_of(value))
    end
  end
end

local function encode(text)
  return (tostring(text):gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- a=1&b=2: sorted, lists as repeated keys.
local function urlencoded(fields, what)
  local names, parts = {}, {}
  for name in next, fields do names[#names + 1] = tostring(name) end
  sort(names)
  for _, name in ipairs(names) do
    local values = fields[name]
    if values == nil then values = fields[math.tointeger(name)] end
    if type(values) ~= "table" then values = { values } end
    for _, value in ipairs(values) do
      if type(value) == "table" or type(value) == "function" then
        fail("%s '%s' must be a string or a list of strings, not %s", what, name, kind_of(value))
      end
      parts[#parts + 1] = encode(name) .. "=" .. encode(value)
    end
  end
  return concat(parts, "&")
end

-- The list of names and values that the server wants, and whether a name is among them.
local function fields_of(headers)
  local list, names = {}, {}
  for name, values in next, headers or {} do
    if type(name) ~= "string" then fail("names of headers must be strings, not %s", kind_of(name)) end
    if type(values) ~= "table" then values = { values } end
    for _, value in ipairs(values) do
      if type(value) ~= "string" and type(value) ~= "number" then
        fail("the header %s must be a string, a number or a list of them, not %s", name, kind_of(value))
      end
      list[#list + 1] = name
      list[#list + 1] = tostring(value)
    end
    names[name:lower()] = name
  end
  return list, names
end

local function add_field(list, names, name, value)
  if names[name:lower()] then return end
  list[#list + 1] = name
  list[#list + 1] = value
end

-- What the server gets as body, and the function that gives it piece by piece.
local function body_of(options, list, names)
  local given = (options.json ~= nil and 1 or 0) + (options.form and 1 or 0) + (options.body ~= nil and 1 or 0)
  if given > 1 then fail("give one of json, form and body") end
  if options.json ~= nil then
    add_field(list, names, "Content-Type", "application/json")
    return host.json_encode(options.json)
  end
  if options.form then
    add_field(list, names, "Content-Type", "application/x-www-form-urlencoded")
    return urlencoded(options.form, "form field")
  end
  local body = options.body
  if body == nil or type(body) == "string" then return body end
  if type(body) == "number" then return tostring(body) end
  check_callable(body, "body (a string, or a function that gives strings)")
  return true, body
end

-- A length that the author knows lets the body go out without chunks.
local function take_length(list)
  for i = 1, #list, 2 do
    if list[i]:lower() == "content-length" then
      local length = math.tointeger(list[i + 1])
      table.remove(list, i)
      table.remove(list, i)
      return length
    end
  end
end

-- }====

-- {==== What is received ====

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

-- }====

-- {==== Requests ====

local default_timeout, default_limit, default_redirects = 10, "8MiB", 5

-- Sends what the function gives, until the other server wants no more.
local function send_body(number, give)
  while true do
    local piece = give()
    if piece == nil then break end
    if piece ~= "" and not host.http_write(number, piece) then return end
  end
  host.http_end_upload(number)
end

local redirects_of = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

-- Credentials, and the name of the first server, are not for another one.
local private = { authorization = true, cookie = true, host = true, ["proxy-authorization"] = true }
local function without_private(list)
  local kept = {}
  for i = 1, #list, 2 do
    if not private[list[i]:lower()] then
      kept[#kept + 1] = list[i]
      kept[#kept + 1] = list[i + 1]
    end
  end
  return kept
end

local function redirect_limit(options, method)
  local redirects = options.redirects
  if redirects == false or method ~= "GET" and method ~= "HEAD" then return 0 end
  if redirects == nil or redirects == true then return default_redirects end
  if math.type(redirects) ~= "integer" or redirects < 0 then
    fail("option 'redirects' must be a number or false, not %s", kind_of(redirects))
  end
  return redirects
end

local function perform(options, what)
  check_options(options, what)
  local url, method = options.url, (options.method or "GET"):upper()
  if not url then fail("%s expects a URL", what) end
  local list, names = fields_of(options.headers)
  local body, give = body_of(options, list, names)
  if names["content-length"] then
    local length = take_length(list)
    if give and length then body = length end
  end
  if options.query then
    local query = urlencoded(options.query, "query parameter")
    url = url:gsub("#.*", "")
    if query ~= "" then url = url .. (url:find("?", 1, true) and "&" or "?") .. query end
  end
  local timeout, left = options.timeout or default_timeout, redirect_limit(options, method)
  local limit = options.limit or default_limit
  local size = host.http_size(limit)
  if not size then fail("option 'limit' must be a number of bytes or a size such as \"8MiB\"") end
  local number, deadline
  while true do
    number, deadline = host.http_start(method, url, list, body, timeout, options.stream, options.ca_file, deadline)
    if not number then return nil, deadline end
    if give then send_body(number, give) end
    local status, fields = host.http_head(number)
    if not status then return nil, fields end
    local headers = headers_of(fields)
    if left > 0 and redirects_of[status] and headers.location then
      local target, has_same_origin = host.http_resolve(url, headers.location)
      if not target then
        host.http_close(number)
        return nil, "redirected to a URL that is not valid: " .. has_same_origin
      end
      host.http_body(number, 64 << 10) -- so that the connection can be used again
      if not has_same_origin then list = without_private(list) end
      url, left = target, left - 1
    elseif redirects_of[status] and headers.location and (method == "GET" or method == "HEAD")
        and options.redirects ~= false and options.redirects ~= 0 then
      host.http_close(number)
      return nil, "too many redirects"
    else
      local response = setmetatable({ status = status, headers = headers, url = url }, Response)
      if options.stream then
        response.exchange = number
        return response
      end
      local content, reason = host.http_body(number, size)
      if not content then return nil, reason end
      response.body = content
      return response
    end
  end
end

-- http.request { method = "GET", url = …, … }: a response, or nil and a message.
function http.request(options)
  if type(options) ~= "table" then fail("http.request expects a table such as { url = \"https://…\" }, not %s", kind_of(options)) end
  return perform(options, "http.request")
end

for _, verb in ipairs { "get", "post", "put", "patch", "delete", "head" } do
  local what, method = "http." .. verb, verb:upper()
  http[verb] = function(url, options)
    if type(url) ~= "string" then fail("%s expects a URL, not %s", what, kind_of(url)) end
    if options ~= nil and type(options) ~= "table" then fail("options of %s must be a table, not %s", what, kind_of(options)) end
    local all = { url = url, method = method }
    for name, value in next, options or {} do
      if name == "url" or name == "method" then fail("%s takes no option '%s'", what, name) end
      all[name] = value
    end
    return perform(all, what)
  end
end

-- Fields of one connection only (RFC 9110 §7.6.1), and what either side sets itself.
local hop_by_hop = {
  connection = true, ["keep-alive"] = true, ["proxy-connection"] = true, ["proxy-authenticate"] = true,
  ["proxy-authorization"] = true, te = true, trailer = true, ["transfer-encoding"] = true, upgrade = true,
  ["content-length"] = true, host = true, expect = true, date = true,
}

-- The headers of a request or a response without what must not be passed on: for a proxy.
function http.forwardable(headers)
  if type(headers) ~= "table" and type(headers) ~= "userdata" then fail("http.forwardable expects headers, not %s", kind_of(headers)) end
  local dropped = {}
  local connection = headers.connection or headers.Connection
  if type(connection) == "string" then
    for name in connection:gmatch("[^%s,]+") do dropped[name:lower()] = true end
  end
  local all, kept = headers.all, {}
  for name, value in pairs(headers) do
    local key = tostring(name):lower()
    if not hop_by_hop[key] and not dropped[key] then
      kept[name] = type(all) == "function" and all(headers, name) or value
    end
  end
  return kept
end

-- }====

return http
