-- SPDX-License-Identifier: MIT
--
-- Messages for the author of a script: whose line, what was given, what was meant.

local _, host = ...

local type, error = type, error
local getmetatable = getmetatable
local getinfo = debug.getinfo
local Response = host.Response

-- Level, for the caller of this function, of the author's code: the innermost function in Lua that is
-- not of the library. Nil when a tail call (`return app.json(…)`) left no trace of it.
local function author_level()
  local level = 3
  while true do
    local info = getinfo(level, "Slt")
    if not info then return nil end
    if info.source:sub(1, 10) ~= "=luahttpd/" and info.currentline > 0 then return level - 1 end
    if info.istailcall then return nil end
    level = level + 1
  end
end

-- "app.lua:12": the author's line.
local function place()
  local level = author_level()
  local info = level and getinfo(level, "Sl")
  return info and info.short_src .. ":" .. info.currentline or "?"
end

-- "app.lua:12": where a function begins, or `where` it was given to us if it is none of Lua's.
local function origin(fn, where)
  local info = type(fn) == "function" and getinfo(fn, "S")
  return info and info.linedefined > 0 and info.short_src .. ":" .. info.linedefined or where
end

local function kind_of(value)
  local mt = getmetatable(value)
  if mt == Response then return "a response" end
  if value == nil then return "nothing" end
  return "a " .. type(value)
end

-- Raises a message with the author's line.
local function fail(message, ...)
  error(select("#", ...) > 0 and message:format(...) or message, author_level() or 0)
end

-- How many letters differ, two swapped ones counted once.
local function distance(a, b)
  local before, last = nil, {}
  for j = 0, #b do last[j] = j end
  for i = 1, #a do
    local row = { [0] = i }
    for j = 1, #b do
      local cost = a:byte(i) == b:byte(j) and 0 or 1
      row[j] = math.min(last[j] + 1, row[j - 1] + 1, last[j - 1] + cost)
      if i > 1 and j > 1 and a:byte(i) == b:byte(j - 1) and a:byte(i - 1) == b:byte(j) then
        row[j] = math.min(row[j], before[j - 2] + 1)
      end
    end
    before, last = last, row
  end
  return last[#b]
end

-- The key of `known` that was meant by `name`, for "did you mean".
local function nearest(name, known)
  name = tostring(name)
  if #name > 64 then return nil end -- comparing takes time in proportion to its length
  local best, least
  for candidate in pairs(known) do
    candidate = tostring(candidate)
    local differs = distance(name, candidate)
    if differs < #name and differs <= math.max(1, #name // 3) and (not least or differs < least
        or differs == least and candidate < best) then
      best, least = candidate, differs
    end
  end
  return best
end

local function hint(name, known)
  local meant = nearest(name, known)
  return meant and (" (did you mean '%s'?)"):format(meant) or ""
end

local function check_callable(value, what)
  if type(value) == "function" then return end
  local mt = getmetatable(value)
  if type(mt) == "table" and mt.__call then return end
  fail("%s must be a function, not %s", what, kind_of(value))
end

return {
  author_level = author_level, place = place, origin = origin, kind_of = kind_of, fail = fail, hint = hint,
  check_callable = check_callable,
}
