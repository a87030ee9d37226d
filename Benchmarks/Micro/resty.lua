-- SPDX-License-Identifier: MIT
--
-- The same pages as Lua functions of the kind that lua-resty-template compiles templates to: parts of text in a
-- table, values escaped by gsub, table.concat at the end. Run by plain Lua 5.4 beside MicroBenchmark.

local concat, gsub, type, tostring, clock = table.concat, string.gsub, type, tostring, os.clock

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;", ["/"] = "&#47;" }

local function output(value)
  if value == nil then return "" end
  if type(value) == "function" then return output(value()) end
  return tostring(value)
end

local function escape(value)
  if type(value) == "string" then return (gsub(value, "[\">/<'&]", entities)) end
  return output(value)
end

local function big_table(context)
  local ___, n = {}, 0
  n = n + 1 ___[n] = "<table>"
  for _, row in ipairs(context.table) do
    n = n + 1 ___[n] = "<tr>"
    for _, col in ipairs(row) do
      n = n + 1 ___[n] = "<td>"
      n = n + 1 ___[n] = escape(col)
      n = n + 1 ___[n] = "</td>"
    end
    n = n + 1 ___[n] = "</tr>"
  end
  n = n + 1 ___[n] = "</table>"
  return concat(___)
end

local function teams_page(context)
  local ___, n = {}, 0
  n = n + 1 ___[n] = "<html><head><title>"
  n = n + 1 ___[n] = escape(context.year)
  n = n + 1 ___[n] = "</title></head><body><h1>CSL "
  n = n + 1 ___[n] = escape(context.year)
  n = n + 1 ___[n] = "</h1><ul>\n"
  for i, team in ipairs(context.teams) do
    n = n + 1 ___[n] = '<li class="'
    if i == 1 then n = n + 1 ___[n] = "champion" end
    n = n + 1 ___[n] = '"><b>'
    n = n + 1 ___[n] = escape(team.name)
    n = n + 1 ___[n] = "</b>: "
    n = n + 1 ___[n] = escape(team.score)
    n = n + 1 ___[n] = "</li>\n"
  end
  n = n + 1 ___[n] = "</ul></body></html>"
  return concat(___)
end

local function report(name, rounds, turns, unit, symbol, fn, context)
  for _ = 1, turns do fn(context) end
  local times = {}
  for round = 1, rounds do
    local start = clock()
    for _ = 1, turns do fn(context) end
    times[round] = (clock() - start) / turns * unit
  end
  table.sort(times)
  print(("%s: %.3f %s [%.3f-%.3f]"):format(name, times[#times // 2 + 1], symbol, times[1], times[#times]))
end

local function make(cell)
  local t = {}
  for i = 0, 99 do
    t[i + 1] = {}
    for j = 0, 99 do t[i + 1][j + 1] = cell(i * 100 + j) end
  end
  return { table = t }
end

report("table of 100 x 100 integers", 40, 5, 1e3, "ms", big_table, make(function(n) return n end))
report("table of 100 x 100 escaped texts", 40, 5, 1e3, "ms", big_table, make(function(n) return "cell & " .. n end))
report("teams", 60, 2000, 1e6, "us", teams_page, { year = 2015, teams = {
  { name = "Jiangsu", score = 43 }, { name = "Beijing", score = 27 }, { name = "Guangzhou", score = 22 },
  { name = "Shandong", score = 12 } } })
