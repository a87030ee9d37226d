-- SPDX-License-Identifier: MIT
--
-- The measured site for nginx with LuaJIT. Pages are what compiling template engines for Lua make of a template:
-- a function that appends literals and escaped values to a list, which is then sent at once.

local data = require "data"
local cjson = require "cjson"

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&#34;", ["'"] = "&#39;" }
local type, tostring, gsub, find = type, tostring, string.gsub, string.find

local function escape(value)
  if type(value) ~= "string" then return tostring(value) end
  if find(value, "[&<>\"']") then return (gsub(value, "[&<>\"']", entities)) end
  return value
end

local site = {}

function site.hello() ngx.print("hello") end

function site.json()
  ngx.header["Content-Type"] = "application/json"
  ngx.print(cjson.encode { message = "hello", id = 7, list = { 1, 2, 3 }, ok = true })
end

function site.user()
  local verbose = ngx.req.get_uri_args().verbose == "1" and "verbose" or "short"
  ngx.header["Content-Type"] = "text/plain; charset=utf-8"
  ngx.print(("user %d, %s, %s"):format(tonumber(ngx.var.id), verbose, ngx.req.get_headers()["X-Client"] or "?"))
end

function site.fortunes()
  local rows = data.fortunes()
  local out, n = { "<!DOCTYPE html><html><head><title>Fortunes</title></head><body><table>"
    .. "<tr><th>id</th><th>message</th></tr>" }, 1
  for i = 1, #rows do
    local f = rows[i]
    out[n + 1] = "<tr><td>"
    out[n + 2] = escape(f.id)
    out[n + 3] = "</td><td>"
    out[n + 4] = escape(f.message)
    out[n + 5] = "</td></tr>"
    n = n + 5
  end
  out[n + 1] = "</table></body></html>"
  ngx.print(out)
end

function site.rows()
  local rows = data.rows()
  local out, n = { "<!DOCTYPE html><html><head><title>Rows</title></head><body><table>" }, 1
  for i = 1, #rows do
    local r = rows[i]
    out[n + 1] = "<tr><td>"
    out[n + 2] = escape(r.id)
    out[n + 3] = "</td><td>"
    out[n + 4] = escape(r.name)
    out[n + 5] = "</td><td>"
    out[n + 6] = escape(r.text)
    out[n + 7] = "</td></tr>"
    n = n + 7
  end
  out[n + 1] = "</table></body></html>"
  ngx.print(out)
end

function site.text() ngx.print(data.text) end

function site.page()
  local out = { "<!DOCTYPE html><html><head><title>", escape("A page"), "</title></head><body>" }
  for _, paragraph in ipairs(data.paragraphs) do
    out[#out + 1] = "<p>"
    out[#out + 1] = escape(paragraph)
    out[#out + 1] = "</p>"
  end
  out[#out + 1] = "</body></html>"
  ngx.print(out)
end

function site.form()
  ngx.req.read_body()
  local form = ngx.req.get_post_args()
  ngx.header["Content-Type"] = "text/plain; charset=utf-8"
  ngx.print(("%s is %s"):format(form.name, form.age))
end

return site
