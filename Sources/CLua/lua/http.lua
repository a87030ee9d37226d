-- SPDX-License-Identifier: MIT
--
-- require "luahttpd.http": requests to other servers. What is sent and received is the server's
-- (Script/ClientModule.swift); outgoing.lua makes a request of options, incoming.lua a table of an answer.

local use, host = ...

local messages = use "messages"
local outgoing = use "outgoing"
local incoming = use "incoming"
local fail, kind_of = messages.fail, messages.kind_of
local type, tostring, setmetatable = type, tostring, setmetatable

local http = {}

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
  outgoing.check_options(options, what)
  local url, method = options.url, (options.method or "GET"):upper()
  if not url then fail("%s expects a URL", what) end
  local list, names = outgoing.fields_of(options.headers)
  local body, give = outgoing.body_of(options, list, names)
  if names["content-length"] then
    local length = outgoing.take_length(list)
    if give and length then body = length end
  end
  if options.query then
    local query = outgoing.urlencoded(options.query, "query parameter")
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
    local headers = incoming.headers_of(fields)
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
      local response = setmetatable({ status = status, headers = headers, url = url }, incoming.Response)
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

return http
