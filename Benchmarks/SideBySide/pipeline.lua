-- SPDX-License-Identifier: MIT
-- For wrk: sixteen requests in each write.
init = function()
  request = function()
    return request_bytes
  end
  local one = wrk.format("GET", wrk.path)
  request_bytes = one:rep(16)
end
