-- SPDX-License-Identifier: MIT
--
-- A page that shows the server's time as it passes, sent by the server itself.
--   luahttpd scripts/clock.lua
local app = require "luahttpd"

local page = [[
<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>Clock</title></head>
<body>
<h1 id="time">…</h1>
<p><span id="count">0</span> people are looking at it.</p>
<script>
const events = new EventSource("/ticks");
events.addEventListener("tick", event => {
  const { time, listeners } = JSON.parse(event.data);
  document.getElementById("time").textContent = time;
  document.getElementById("count").textContent = listeners;
});
</script>
</body>
</html>
]]

local listeners = 0

app:get("/", function() return page end)

app:sse("/ticks", function(req, out)
  listeners = listeners + 1
  local _ <close> = setmetatable({}, { __close = function() listeners = listeners - 1 end })
  repeat
    local open = out:send { event = "tick", data = { time = os.date("%H:%M:%S"), listeners = listeners } }
    app.sleep(1)
  until not open
end)

app:every(60, function() app.log.info("looking at the clock", { listeners = listeners }) end)
