-- SPDX-License-Identifier: MIT
--
-- Methods of requests and of the values in queries and forms.

local use, host = ...

local fail = use("messages").fail
local type, rawget = type, rawget
local getmetatable = getmetatable
local Values = host.Values

local request_methods = host.Request.methods

-- req:param "x": path parameter, form field or query parameter, in this order.
function request_methods:param(name)
  if getmetatable(self) ~= host.Request then fail("call it with a colon: req:param(name)") end
  local value = self.params[name]
  if value == nil and (self.method == "POST" or self.method == "PUT" or self.method == "PATCH") then
    value = self.form[name]
  end
  if value == nil then value = self.query[name] end
  return value
end

-- req:try_json(): the decoded body, or nil and a message, where req.json would answer 400.
function request_methods:try_json()
  if getmetatable(self) ~= host.Request then fail("call it with a colon: req:try_json()") end
  return host.json_decode(self.body)
end

-- req.query:all "tag": list of all values of a repeated key.
Values.__name = "values"
Values.__index = {
  all = function(self, name)
    if type(self) ~= "table" then fail("call it with a colon: req.query:all(name)") end
    local mt = getmetatable(self)
    local lists = type(mt) == "table" and mt.lists
    if lists and lists[name] then return lists[name] end
    local value = rawget(self, name)
    if value == nil then return {} end
    -- `a[]` is a list already; a file is a table with methods.
    if type(value) == "table" and not getmetatable(value) then return value end
    return { value }
  end,
}
