-- SPDX-License-Identifier: MIT
--
-- Tasks: functions that run beside the one that started them. A task is a table that tells how it is:
--   state   "running", "done", "failed" or "cancelled"; the server sets it, as it does the others
--   id      by which the server knows it
--   1 … n   what the function returned
--   error   what it raised
--   seen    somebody awaited it, so its error is not lost

local use, host = ...

local messages = use "messages"
local kind_of, fail, check_callable = messages.kind_of, messages.fail, messages.check_callable
local error, select, type = error, select, type
local getmetatable, setmetatable = getmetatable, setmetatable
local unpack = table.unpack
local start_task, wait_for = host.task_start, host.task_wait
local Task = host.Task

Task.__name = "task"

local function start(outlives, fn, ...)
  local task = setmetatable({ state = "running" }, Task)
  start_task(outlives, task, fn, ...)
  return task
end

local function check_task(task)
  if getmetatable(task) ~= Task then
    fail("app.await expects tasks, which app.async makes, not %s", kind_of(task))
  end
end

-- Raises what ended a task that has not returned.
local function check_done(task)
  local state = task.state
  if state == "done" or state == "running" then return end
  task.seen = true
  if state == "failed" then error(task.error, 0) end
  fail("the task was cancelled")
end

local functions = {}

-- app.async(fn, …): runs fn(…) beside this function. It ends with the request at the latest.
function functions.async(fn, ...)
  check_callable(fn, "the function of app.async")
  return start(false, fn, ...)
end

-- app.spawn(fn, …): the same, for work that outlives the request.
function functions.spawn(fn, ...)
  check_callable(fn, "the function of app.spawn")
  return start(true, fn, ...)
end

-- app.await(task): what its function returned. Of several tasks the first value each.
function functions.await(...)
  local n = select("#", ...)
  if n <= 1 then
    local task = ...
    check_task(task)
    if task.state == "running" then wait_for(nil, task) end
    check_done(task)
    return unpack(task, 1, task.n)
  end
  local tasks, waits = { ... }, false
  for i = 1, n do check_task(tasks[i]) end
  for i = 1, n do
    local state = tasks[i].state
    if state == "running" then
      waits = true
    elseif state ~= "done" then
      for j = 1, n do tasks[j]:cancel() end
      check_done(tasks[i])
    end
  end
  if waits then wait_for(nil, ...) end
  for i = 1, n do
    check_done(tasks[i])
    tasks[i] = tasks[i][1]
  end
  return unpack(tasks, 1, n)
end

-- app.timeout(seconds, fn, …): what fn(…) returns, or nil and "timeout".
function functions.timeout(seconds, fn, ...)
  if type(seconds) ~= "number" or not (seconds >= 0) then
    fail("app.timeout expects a number of seconds, not %s", type(seconds) == "number" and seconds or kind_of(seconds))
  end
  check_callable(fn, "the function of app.timeout")
  local task = start(false, fn, ...)
  if wait_for(seconds, task) then return nil, "timeout" end
  return unpack(task, 1, task.n)
end

-- What the template engine calls with a task that it finds among the variables.
Task.await = functions.await

Task.__index = {
  -- Ends the task; whoever awaits it gets an error.
  cancel = function(task)
    if getmetatable(task) ~= Task then fail("call it with a colon: task:cancel()") end
    if task.state == "running" then host.task_cancel(task) end
  end,
}

return functions
