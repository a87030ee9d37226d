-- SPDX-License-Identifier: MIT
--
-- What http.request sends: the options of a request as fields and a body for the server
-- (Script/ClientModule.swift). Sends nothing itself.

local use, host = ...

local messages = use "messages"
local fail, kind_of, hint, check_callable = messages.fail, messages.kind_of, messages.hint, messages.check_callable
local type, tostring, concat, sort = type, tostring, table.concat, table.sort
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

return {
  check_options = check_options, urlencoded = urlencoded, fields_of = fields_of, body_of = body_of,
  take_length = take_length,
}
