-- SPDX-License-Identifier: MIT
--
-- What the measured pages show; the same file serves nginx.

local messages = {
  "fortune: No such file or directory",
  "A computer scientist is someone who fixes things that aren't broken.",
  "After enough decimal places, nobody gives a damn.",
  "A bad random number generator: 1, 1, 1, 1, 1, 4.33e+67, 1, 1, 1",
  "A computer program does what you tell it to do, not what you want it to do.",
  "Emacs is a nice operating system, but I prefer UNIX. — Tom Christaensen",
  "Any program that runs right is obsolete.",
  "A list is only as strong as its weakest link. — Donald Knuth",
  "Feature: A bug with seniority.",
  "Computers make very fast, very accurate mistakes.",
  "<script>alert(\"This should not be displayed in a browser alert box.\");</script>",
  "フレームワークのベンチマーク",
}

local data = {}

-- Thirteen rows, built and sorted for each request.
function data.fortunes()
  local rows = {}
  for i, message in ipairs(messages) do rows[i] = { id = i, message = message } end
  rows[#rows + 1] = { id = 0, message = "Additional fortune added at request time." }
  table.sort(rows, function(a, b) return a.message < b.message end)
  return rows
end

-- A thousand rows, built for each request.
function data.rows()
  local rows = {}
  for i = 1, 1000 do rows[i] = { id = i, name = "name " .. i, text = "some text & more <" .. i .. ">" } end
  return rows
end

-- About 100 kB of text in few values.
data.paragraphs = {}
for i = 1, 25 do
  data.paragraphs[i] = ("The quick brown fox jumps over the lazy dog; it does so %d times. "):format(i):rep(62)
end

-- 100 kB that compress as pages do: words by chance, the same each time.
local words, seed, lines = {}, 1, {}
for word in (table.concat(messages, " ", 1, 10) .. " the of and to in is that it for with as on by this are or"):gmatch "%S+" do
  words[#words + 1] = word
end
for i = 1, 1300 do
  local line = {}
  for k = 1, 12 do
    seed = (seed * 16807) % 2147483647
    line[k] = words[seed % #words + 1]
  end
  lines[i] = '<p class="row">' .. table.concat(line, " ") .. "</p>\n"
end
data.text = table.concat(lines):sub(1, 100000)

return data
