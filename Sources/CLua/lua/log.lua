-- SPDX-License-Identifier: MIT
--
-- The log: app.log.info(message, fields), and print.

local use, host = ...

local place = use("messages").place

-- fields as " key=value …", sorted.
local function format_fields(fields)
  if fields == nil then return "" end
  if type(fields) ~= "table" then return " " .. tostring(fields) end
  local parts = {}
  for name, value in next, fields do
    local text = tostring(value)
    if text:find("[%s\"=]") then text = ("%q"):format(text):gsub("\\\n", "\\n") end
    parts[#parts + 1] = tostring(name) .. "=" .. text
  end
  table.sort(parts)
  return #parts > 0 and " " .. table.concat(parts, " ") or ""
end

local log = {}
for _, level in ipairs { "debug", "info", "warn", "error" } do
  log[level] = function(message, fields)
    host.log(level, tostring(message) .. format_fields(fields), place())
  end
end

-- print goes to the log with its place, never to a client.
function print(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  host.log("info", table.concat(parts, "\t"), place())
end

return log
