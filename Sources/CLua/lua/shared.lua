-- SPDX-License-Identifier: MIT
--
-- app.shared(name): values that all workers see. The stores are the server's (Script/StoreModule.swift);
-- this gives them methods and checks what the author wrote.

local use, host = ...

local messages = use "messages"
local fail, kind_of, hint, check_callable = messages.fail, messages.kind_of, messages.hint, messages.check_callable
local type, getmetatable, setmetatable = type, getmetatable, setmetatable

local Store = { __name = "shared store" }
Store.__index = Store

-- The number by which the server knows the store.
local function number_of(self, name)
  if getmetatable(self) ~= Store then fail("call it with a colon: store:%s(…)", name) end
  return self[1]
end

local function check_options(options, known, what)
  if options == nil then return end
  if type(options) ~= "table" then fail("options of %s must be a table, not %s", what, kind_of(options)) end
  for name in next, options do
    if not known[name] then fail("unknown option '%s' of %s%s", tostring(name), what, hint(name, known)) end
  end
end

local timed = { ttl = true }

local function ttl_of(options, name)
  check_options(options, timed, name)
  return options and options.ttl
end

function Store:get(key) return host.store_get(number_of(self, "get"), key) end

-- true, or nil and a message when the value alone is too large for the store.
function Store:set(key, value, options)
  return host.store_set(number_of(self, "set"), key, value, ttl_of(options, "set"))
end

-- Whether it was not there and is now.
function Store:add(key, value, options)
  return host.store_add(number_of(self, "add"), key, value, ttl_of(options, "add"))
end

local counting = { ttl = true, init = true }

-- store:incr "hits", store:incr("hits", 5), store:incr("hits", 1, { init = 100, ttl = 60 })
function Store:incr(key, by, init)
  local number, ttl = number_of(self, "incr"), nil
  if type(init) == "table" then
    check_options(init, counting, "incr")
    init, ttl = init.init, init.ttl
  end
  return host.store_incr(number, key, by == nil and 1 or by, init == nil and 0 or init, ttl)
end

local most_attempts = 1000

-- Sets the key to what fn makes of its value. Nothing is locked meanwhile: when another worker was faster,
-- fn is called again with the new value.
function Store:update(key, fn, options)
  local number = number_of(self, "update")
  check_callable(fn, "the function of update")
  local ttl = ttl_of(options, "update")
  for _ = 1, most_attempts do
    local old, version = host.store_versioned(number, key)
    local new = fn(old)
    local is_done, message = host.store_replace(number, key, version, new, ttl)
    if is_done then return new end
    if message then return nil, message end
  end
  fail("update gave up after %d attempts: the key changes faster than the function runs", most_attempts)
end

-- Whether it was there.
function Store:delete(key) return host.store_delete(number_of(self, "delete"), key) end

-- Sorted list of the keys, of those with a prefix if one is given.
function Store:keys(prefix)
  return host.store_keys(number_of(self, "keys"), prefix == nil and "" or prefix)
end

function Store:flush() host.store_flush(number_of(self, "flush")) end

function Store:stats() return host.store_stats(number_of(self, "stats")) end

local opening = { size = true }

local function open(name, options)
  if type(name) ~= "string" or name == "" then fail("app.shared expects a name, not %s", kind_of(name)) end
  check_options(options, opening, "app.shared")
  return setmetatable({ host.store_open(name, options and options.size) }, Store)
end

return { open = open }
