-- SPDX-License-Identifier: MIT
--
-- What handlers answer with: responses, their options, and what is wrong with other values.

local use, host = ...

local messages = use "messages"
local kind_of, fail, hint = messages.kind_of, messages.fail, messages.hint
local type, error, rawset = type, error, rawset
local getmetatable, setmetatable = getmetatable, setmetatable
local Response, Abort, Array, Safe = host.Response, host.Abort, host.Array, host.Safe

-- Options of a response: third return value of a handler, last argument of app.json and the like.
local response_options = {
  status = "number", headers = "table", cookies = "table", content_type = "string",
  compress = "boolean",
}

-- What is wrong with options, or nil.
local function complain(options)
  if options == nil then return end
  if type(options) ~= "table" then
    return ("response options must be a table such as { status = 201 }, not %s"):format(kind_of(options))
  end
  for name, value in next, options do
    local expected = response_options[name]
    if not expected then
      return ("unknown response option '%s'%s; options are status, headers, cookies, content_type, compress")
        :format(tostring(name), hint(name, response_options))
    end
    if type(value) ~= expected then
      return ("response option '%s' must be a %s, not %s"):format(name, expected, kind_of(value))
    end
  end
end

local function check_options(options)
  local message = complain(options)
  if message then fail("%s", message) end
end

-- Fields of a response: those that options may have, and what it is made of.
local response_fields = {
  body = true, vars = true, template = true, file = true, filename = true, stream = true, heartbeat = true,
}
for name in next, response_options do response_fields[name] = true end

-- What is wrong with the names of a response's fields, or nil.
local function unknown_field(answer)
  for name in next, answer do
    if not response_fields[name] then
      return ("returned a response with an unknown field '%s'%s; there are status, headers, cookies, body, content_type, compress, vars, template, file, filename")
        :format(tostring(name), hint(name, response_fields))
    end
  end
end

local function response(fields, options)
  if options then
    for name, value in next, options do fields[name] = value end
  end
  return setmetatable(fields, Response)
end

Response.__name = "response"

local Response_methods = {}

-- Sets a header of the response; nil removes it.
function Response_methods:header(name, value)
  if getmetatable(self) ~= Response then fail("call it with a colon: response:header(name, value)") end
  if type(name) ~= "string" then fail("header name must be a string, not %s", kind_of(name)) end
  local headers = self.headers
  if not headers then
    headers = {}
    self.headers = headers
  end
  headers[name] = value
  return self
end

-- Sets a cookie. options: path, domain, max_age, http_only, same_site, secure.
function Response_methods:cookie(name, value, options)
  if getmetatable(self) ~= Response then fail("call it with a colon: response:cookie(name, value)") end
  if type(name) ~= "string" then fail("cookie name must be a string, not %s", kind_of(name)) end
  if options ~= nil and type(options) ~= "table" then fail("cookie options must be a table, not %s", kind_of(options)) end
  local cookies = self.cookies
  if not cookies then
    cookies = {}
    self.cookies = cookies
  end
  local cookie = { value = value }
  for option, setting in next, options or {} do cookie[option] = setting end
  cookies[name] = cookie
  return self
end

-- Fields that have not been set read as nil; `headers` and `cookies` are made on demand, so that
-- response.headers["X-A"] = "b" works in hooks.
function Response.__index(self, key)
  if key == "headers" or key == "cookies" then
    local fresh = {}
    rawset(self, key, fresh)
    return fresh
  end
  return Response_methods[key]
end

-- What is wrong with the values that a handler returned, and what to write instead.
local function explain(a, b, c, extra)
  if a == nil and b == nil then
    return "returned nothing: return { … }, \"page.html\", or app.empty() for an answer without content"
  end
  if a == nil and type(b) == "string" then
    return ("returned nil as variables of the template '%s': return {}, \"%s\""):format(b, b)
  end
  if getmetatable(a) == Response then
    return ("returned a response and %s after it: give the options to the function that made the response, as in app.json(value, { status = 201 })")
      :format(kind_of(b))
  end
  if type(a) == "table" and b == nil then
    return "returned variables but no template name: return vars, \"page.html\", or app.json(vars) for JSON"
  end
  if type(a) == "table" and type(b) ~= "string" then
    return ("returned %s as template name: it must be a string such as \"page.html\""):format(kind_of(b))
  end
  if type(a) == "string" and b ~= nil then
    return "returned a string and something after it: use app.html(text, { status = … }), or { … }, \"page.html\""
  end
  if type(a) == "table" and type(b) == "string" and c ~= nil and type(c) ~= "table" then
    return ("returned %s as response options: the third value must be a table such as { status = 201 }")
      :format(kind_of(c))
  end
  if extra ~= nil then return "returned more than three values: variables, template, options" end
  return ("returned %s: return { … }, \"page.html\", a string of HTML, or a response such as app.json(value)")
    :format(kind_of(a))
end

-- The values that a function returned, as one response. For hooks, which see responses only. `who` begins what is said
-- of mistakes: "app.lua:12: the before hook".
local function to_response(who, a, b, c, ...)
  if getmetatable(a) == Response and b == nil then return a end
  if type(a) == "string" and b == nil then return response { body = a, content_type = "text/html; charset=utf-8" } end
  if type(a) == "table" and type(b) == "string" and (c == nil or type(c) == "table") and (...) == nil then
    local message = complain(c)
    if message then error(who .. ": " .. message, 0) end
    return response({ vars = a, template = b }, c)
  end
  error(who .. " " .. explain(a, b, c, ...), 0)
end

-- Raises what is wrong with a response that `who` made or changed.
local function check(who, answer)
  local message = unknown_field(answer) or host.response_mistake(answer)
  if message then error(who .. " " .. message, 0) end
  return answer
end

-- As to_response, and nothing is wrong with it.
local function checked(who, ...)
  return check(who, to_response(who, ...))
end

-- A response with a body; most have no options.
local function with_body(body, content_type, options)
  if options == nil then return setmetatable({ body = body, content_type = content_type }, Response) end
  check_options(options)
  return response({ body = body, content_type = content_type }, options)
end

-- Functions of the app that make responses and mark values.
local functions = {}

-- An answer in JSON.
function functions.json(value, options)
  return with_body(host.json_encode(value), "application/json", options)
end

function functions.html(text, options)
  if type(text) ~= "string" then fail("app.html expects a string, not %s", kind_of(text)) end
  return with_body(text, "text/html; charset=utf-8", options)
end

function functions.text(text, options)
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then fail("app.text expects a string, not %s", kind_of(text)) end
  return with_body(text, "text/plain; charset=utf-8", options)
end

function functions.empty(status, options)
  if type(status) == "table" then status, options = nil, status end
  if status ~= nil and math.type(status) ~= "integer" then fail("app.empty expects a status, not %s", kind_of(status)) end
  check_options(options)
  return response({ body = "", status = status or 204 }, options)
end

-- Sends the client elsewhere: 303 See Other unless another status is given, because the next
-- request is to be a GET (RFC 9110 §15.4.4). Other hosts only with { external = true }.
function functions.redirect(url, options)
  if type(url) ~= "string" then fail("app.redirect expects a URL, not %s", kind_of(url)) end
  if math.type(options) == "integer" then options = { status = options } end
  if options ~= nil and type(options) ~= "table" then fail("app.redirect expects a status or options, not %s", kind_of(options)) end
  local external, rest = false, {}
  for name, value in next, options or {} do
    if name == "external" then external = value else rest[name] = value end
  end
  check_options(rest)
  local status = rest.status or 303
  if status ~= 301 and status ~= 302 and status ~= 303 and status ~= 307 and status ~= 308 then
    fail("%s is not a redirect: use 301, 302, 303, 307 or 308", tostring(status))
  end
  if not external and (url:find("^%a[%w+.-]*:") or url:find("^[/\\][/\\]") or url:find("^\\")) then
    fail("redirect to another host: \"%s\" (write app.redirect(url, { external = true }) if it is meant)", url)
  end
  if url:find("[%c\127]") then fail("redirect to a URL with control characters") end
  local headers = {}
  for name, value in next, rest.headers or {} do headers[name] = value end
  headers.Location = url:gsub("[\128-\255 \"<>\\^`{|}]", function(c) return ("%%%02X"):format(c:byte()) end)
  rest.headers, rest.status = headers, status
  return response({ body = "" }, rest)
end

-- A file, relative to the directory of the main script. options.filename: offered for download.
function functions.file(path, options)
  if type(path) ~= "string" then fail("app.file expects a path, not %s", kind_of(path)) end
  if options ~= nil and type(options) ~= "table" then check_options(options) end
  local filename, rest = nil, {}
  for name, value in next, options or {} do
    if name == "filename" then filename = value else rest[name] = value end
  end
  check_options(rest)
  if filename ~= nil and type(filename) ~= "string" then fail("option 'filename' must be a string, not %s", kind_of(filename)) end
  return response({ file = path, filename = filename }, rest)
end

local abort_options = { headers = "table", cookies = "table" }

-- A status may need a header: 401 has WWW-Authenticate, 429 Retry-After. What the page is made of is not theirs.
local function check_abort_options(options)
  for name, value in next, options do
    local expected = abort_options[name]
    if not expected then fail("unknown option '%s' of app.abort%s; there are headers, cookies", tostring(name), hint(name, abort_options)) end
    if type(value) ~= expected then fail("option '%s' of app.abort must be a table, not %s", name, kind_of(value)) end
  end
  for name, value in next, options.headers or {} do
    if type(name) == "string" and name:lower() == "content-type" then
      fail("app.abort cannot set Content-Type: the page that says the error has its own")
    end
    if value == false then fail("app.abort cannot take the header \"%s\" away", tostring(name)) end
  end
  local mistake = host.response_mistake(options)
  if mistake then fail("%s", (mistake:gsub("^returned", "app.abort with"))) end
end

-- Ends the request: app.abort(404, "no such user") or app.abort(422, vars, "form.html"); with header fields:
-- app.abort(401, "who are you?", { headers = { ["WWW-Authenticate"] = "Basic" } }).
function functions.abort(status, message, template, options)
  if math.type(status) ~= "integer" or status < 400 or status > 599 then
    fail("app.abort expects a status from 400 to 599, not %s", tostring(status))
  end
  if type(template) == "table" and options == nil then template, options = nil, template end
  if options ~= nil then
    if type(options) ~= "table" then fail("options of app.abort must be a table, not %s", kind_of(options)) end
    check_abort_options(options)
  end
  local headers, cookies = options and options.headers, options and options.cookies
  if template ~= nil then
    if type(message) ~= "table" or type(template) ~= "string" then
      fail("app.abort(status, vars, \"page.html\") expects a table and a template name")
    end
    error(setmetatable({
      status = status, vars = message, template = template, headers = headers, cookies = cookies,
    }, Abort), 0)
  end
  if message ~= nil and type(message) ~= "string" then fail("app.abort expects a message, not %s", kind_of(message)) end
  error(setmetatable({ status = status, message = message, headers = headers, cookies = cookies }, Abort), 0)
end

Abort.__name = "abort"
function Abort:__tostring()
  return ("abort %d%s"):format(self.status, self.message and ": " .. self.message or "")
end

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&#34;", ["'"] = "&#39;" }

-- Text as HTML, for those who return strings: what templates do by themselves.
function functions.escape(text)
  if type(text) == "number" then text = tostring(text) end
  if type(text) ~= "string" then fail("app.escape expects a string, not %s", kind_of(text)) end
  return (text:gsub("[&<>\"']", entities))
end

-- Marks HTML that templates must not escape again.
function functions.safe(html)
  if type(html) ~= "string" then fail("app.safe expects a string, not %s", kind_of(html)) end
  return setmetatable({ html = html }, Safe)
end
Safe.__name = "safe"
function Safe:__tostring() return self.html end

-- Marks a table for JSON. One that is something else already, such as a request, must stay it.
local function mark(value, kind, what)
  if value == nil then value = {} end
  if type(value) ~= "table" then fail("%s expects a table, not %s", what, kind_of(value)) end
  local mt = getmetatable(value)
  if mt ~= nil and mt ~= Array and mt ~= host.Object then
    fail("%s expects a plain table: this one has a metatable already", what)
  end
  return setmetatable(value, kind)
end

-- Marks a table as list, so that an empty one is [] in JSON.
function functions.array(list) return mark(list, Array, "app.array") end
Array.__name = "array"
Array.__jsontype = "array"

return {
  new = response, of = to_response, check = check, checked = checked, check_options = check_options,
  explain = explain, complain = complain, unknown_field = unknown_field, functions = functions, mark = mark,
}
