---@meta luahttpd.http
-- SPDX-License-Identifier: MIT
--
-- require "luahttpd.http" for editors. docs/lua-api.md says more.

---@class luahttpd.http.Options
---@field query? table<string, any>
---@field headers? table<string, string|number|string[]>
---@field json? any
---@field form? table<string, any>
---@field body? string|fun(): string?
---@field timeout? number  Seconds; default 10
---@field redirects? integer|false  Default 5, for GET and HEAD
---@field limit? luahttpd.Size  Most bytes of the body; default 8 MiB
---@field stream? boolean
---@field ca_file? string

---@class luahttpd.http.Request : luahttpd.http.Options
---@field url string
---@field method? string

---@class luahttpd.http.Response
---@field status integer
---@field url string
---@field headers luahttpd.Headers
---@field body? string  Nil for a stream
local Response = {}

---@return any value, string? message
function Response:json() end

-- The next bytes; nil at the end; nil and a message when it broke.
---@param n? integer
---@return string? bytes, string? message
function Response:read(n) end

---@param n? integer
---@return fun(): string?
function Response:chunks(n) end

---@param limit? integer  Most bytes of a line
---@return fun(): string?
function Response:lines(limit) end

function Response:close() end

local http = {}

---@param options luahttpd.http.Request
---@return luahttpd.http.Response?, string? message
function http.request(options) end

---@param url string
---@param options? luahttpd.http.Options
---@return luahttpd.http.Response?, string? message
function http.get(url, options) end
http.post, http.put, http.patch, http.delete, http.head = http.get, http.get, http.get, http.get, http.get

-- Headers without those of the connection, to be passed on.
---@param headers luahttpd.Headers|table<string, string|string[]>
---@return table<string, string|string[]>
function http.forwardable(headers) end

return http
