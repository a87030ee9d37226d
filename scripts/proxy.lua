-- SPDX-License-Identifier: MIT
--
-- A reverse proxy: passes requests on to BACKEND and streams the answers; a slow client slows the backend down.
--   BACKEND=http://127.0.0.1:9000 luahttpd scripts/proxy.lua

local app = require "luahttpd"
local http = require "luahttpd.http"
local backend = os.getenv "BACKEND" or "http://127.0.0.1:9000"

local function pass(req)
  local headers, length = http.forwardable(req.headers), req.headers.content_length
  headers["X-Forwarded-For"], headers["X-Forwarded-Host"], headers["Content-Length"] = req.ip, req.headers.host, length
  local res, reason = http.request {
    method = req.method, url = backend .. req.url:match "^%a+://[^/]*(.*)", headers = headers,
    body = (length or req.headers.transfer_encoding) and req:chunks() or nil, redirects = 0, stream = true, timeout = 60,
  }
  if not res then app.abort(502, reason) end
  local fields = http.forwardable(res.headers)
  if not fields["content-type"] then fields["content-type"] = false end -- no type where the backend gave none
  return app.stream(function(out)
    for chunk in res:chunks() do if not out:write(chunk) then return end end
  end, { status = res.status, headers = fields })
end

for _, path in ipairs { "/", "/*path" } do
  app:any(path, { body = "stream", limits = { body = "1GiB" } }, pass)
end
