---@meta luahttpd.json
-- SPDX-License-Identifier: MIT
--
-- `require "luahttpd.json"` for editors; see luahttpd.lua.

---@class luahttpd.JSON
---@field null lightuserdata
local json = {}

-- Names are sorted. What JSON cannot say is an error with the path to the value.
---@param value any
---@return string
function json.encode(value) end

-- The value, or nil and a message with the place.
---@param text string
---@return any value
---@return string? message
function json.decode(text) end

-- Marks a table as list: an empty one is [].
---@generic T: table
---@param list? T
---@return T
function json.array(list) end

-- Marks a table as object: its integer keys become names.
---@generic T: table
---@param map? T
---@return T
function json.object(map) end

return json
