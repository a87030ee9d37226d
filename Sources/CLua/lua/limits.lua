-- SPDX-License-Identifier: MIT
--
-- `limits = { … }` of app:config and of routes. The server says which there are (host.limits: name → whether
-- a route may have its own) and whether a value fits.

local use, host = ...

local messages = use "messages"
local fail, hint = messages.fail, messages.hint

local function check(limits, is_route)
  for limit, value in next, limits or {} do
    if host.limits[limit] == nil then fail("unknown limit '%s'%s", tostring(limit), hint(limit, host.limits)) end
    local message = host.check_limit(limit, value, is_route)
    if message then fail("%s", message) end
  end
end

return { check = check }
