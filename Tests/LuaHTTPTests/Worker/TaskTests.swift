// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Functions that run beside the handler.
@Suite struct TaskTests {
    private static let prelude = """
        local app = require "luahttpd"
        notes = {}
        local function note(text) notes[#notes + 1] = text end
        local function guard(text) return setmetatable({}, { __close = function() note(text) end }) end
        local function slow(value, seconds)
          local g <close> = guard("closed " .. tostring(value))
          app.sleep(seconds or 1)
          return value, "and more"
        end
        app:get("/notes", function() return app.text(table.concat(notes, ", ")) end)
        """

    private func site(_ handler: String) throws -> InMemorySite {
        try InMemorySite(Self.prelude + "\napp:get('/', function(req)\n" + handler + "\nend)")
    }

    /// What the handler answers after so many seconds; nil when it still waits.
    private func answer(_ handler: String, after seconds: Int64 = 1) throws -> String? {
        let site = try site(handler)
        var answer = try site.get("/")
        site.channel.embeddedEventLoop.run()
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(seconds))
        answer += try site.received()
        #expect(site.worker.tasks.isEmpty || answer.isEmpty)
        return answer.isEmpty ? nil : InMemorySite.body(of: answer)
    }

    @Test func severalRunAtOnce() throws {
        let handler = """
            local a, b = app.async(slow, "a"), app.async(slow, "b")
            local x, y = app.await(a, b)
            return x .. y
            """
        #expect(try answer(handler) == "ab")
        #expect(try answer(handler, after: 0) == nil)
    }

    @Test func awaitReturnsAllThatOneReturned() throws {
        #expect(try answer("return table.concat({ app.await(app.async(slow, 'x')) }, ' ')") == "x and more")
        #expect(try answer("return tostring(select('#', app.await(app.async(print))))") == "0")
        #expect(
            try answer("return table.concat({ app.await(app.async(table.unpack, { 1, 2, 3 })) }, ' ')")
                == "1 2 3")
    }

    @Test func aTaskMayBeAwaitedLateAndTwice() throws {
        let handler = """
            local t = app.async(slow, "x", 0)
            app.sleep(0.5)
            return app.await(t) .. app.await(t) .. t.state
            """
        #expect(try answer(handler) == "xxdone")
    }

    @Test func errorsAreRaisedWhereTheTaskIsAwaited() throws {
        let text = try #require(
            try answer(
                """
                local t = app.async(function()
                  app.sleep(0.1)
                  error("no tea")
                end)
                local ok, message = pcall(app.await, t)
                return tostring(ok) .. " " .. message
                """))
        #expect(text.hasPrefix("false "))
        #expect(text.hasSuffix("app.lua:14: no tea"))
    }

    @Test func anErrorPageShowsTheLineAndTheCallsOfTheTask() throws {
        let site = try site(
            """
            local function inner() error("no tea") end
            local t = app.async(function() app.sleep(0.1) inner() end)
            app.await(t)
            """)
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        let answer = try site.received()
        #expect(answer.hasPrefix("HTTP/1.1 500"))
        #expect(answer.contains("app.lua:12: no tea"))
        #expect(
            answer.contains("app.lua:12: in upvalue 'inner'")
                || answer.contains("app.lua:12: in local 'inner'"))
        #expect(answer.contains("app.lua:14: in"))
    }

    @Test func abortInATaskIsTheAnswer() throws {
        let site = try site("app.await(app.async(function() app.abort(404, 'gone fishing') end))")
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.run()
        let answer = try site.received()
        #expect(answer.hasPrefix("HTTP/1.1 404") && answer.contains("gone fishing"))
    }

    @Test func theFirstErrorEndsTheOthers() throws {
        let site = try site(
            """
            local long, bad = app.async(slow, "long", 60), app.async(function() app.sleep(1) error("bad", 0) end)
            local ok, message = pcall(app.await, long, bad)
            note(message .. " " .. long.state)
            return "x"
            """)
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasSuffix("x"))
        #expect(try site.get("/notes").hasSuffix("closed long, bad cancelled"))
    }

    @Test func tasksEndWithTheirRequest() throws {
        let site = try site("app.async(slow, 'left', 60) app.sleep(1) return 'x'")
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasSuffix("x"))
        #expect(site.worker.tasks.isEmpty)
        #expect(site.worker.timers.count == 0)
        #expect(try site.get("/notes").hasSuffix("\r\n\r\nclosed left"))
    }

    @Test func aClientThatGoesEndsTheTasks() throws {
        let site = try site("app.await(app.async(slow, 'task', 60))")
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.run()
        #expect(site.worker.tasks.count == 1)
        try site.channel.close().wait()
        #expect(site.worker.tasks.isEmpty)
        #expect(site.worker.timers.count == 0)
        #expect(site.worker.generation.vm.liveReferences == site.references)
    }

    @Test func spawnedFunctionsOutliveTheRequest() throws {
        let site = try site("app.spawn(slow, 'spawned', 5) return 'x'")
        #expect(try site.get("/").hasSuffix("x"))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(site.worker.tasks.count == 1)
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(site.worker.tasks.isEmpty)
        #expect(try site.get("/notes").hasSuffix("\r\n\r\nclosed spawned"))
    }

    @Test func errorsThatNobodyAwaitsAreLogged() throws {
        let site = try site(
            """
            app.spawn(function() error("in spawn") end)
            app.async(function() error("in async") end)
            local seen = app.async(function() error("seen") end)
            app.sleep(1)
            pcall(app.await, seen)
            return "x"
            """)
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasSuffix("x"))
        let log = site.log.lines.joined(separator: "\n")
        #expect(log.contains("app.spawn: a task failed"))
        #expect(log.contains("app.lua:12: in spawn"))
        #expect(log.contains("GET /: a task failed"))
        #expect(log.contains("app.lua:13: in async"))
        #expect(log.split(separator: "a task failed").count == 3, "what was awaited is not logged")
        #expect(site.worker.generation.vm.liveReferences == site.references)
    }

    @Test func aTimeoutGivesNilAndAWord() throws {
        #expect(
            try answer("local a, b = app.timeout(0.5, slow, 'x', 1) return tostring(a) .. ' ' .. b")
                == "nil timeout")
        #expect(try answer("local a, b = app.timeout(2, slow, 'x', 1) return a .. ' ' .. b") == "x and more")
        #expect(try answer("local ok, e = pcall(app.timeout, 2, error, 'oh', 0) return e") == "oh")
        #expect(
            try answer(
                "local a, b = app.timeout(1, function() return app.timeout(0.1, slow, 'x') end) return b")
                == "timeout")
    }

    @Test func aTaskCanBeCancelled() throws {
        let handler = """
            local t = app.async(slow, "x", 60)
            app.sleep(0)
            t:cancel()
            t:cancel()
            local ok, e = pcall(app.await, t)
            app.sleep(0)
            return tostring(ok) .. e:match(": (.*)") .. t.state .. notes[1]
            """
        #expect(try answer(handler) == "falsethe task was cancelledcancelledclosed x")
        let own =
            "local t t = app.async(function() t:cancel() note 'on' app.sleep(0) note 'not' end) app.sleep(0.1) return notes[1] .. #notes"
        #expect(try answer(own) == "on1")
    }

    @Test func aTaskThatIsCancelledDoesNothingMore() throws {
        let unborn = """
            local t = app.async(function() note "ran" end)
            t:cancel()
            local state = t.state
            app.sleep(0.1)
            return state .. #notes .. t.state
            """
        #expect(try answer(unborn) == "cancelled0cancelled")
        let waiting = """
            local t = app.async(function() local g <close> = guard "closed" app.sleep(0.1) note "ran" end)
            app.sleep(0)
            t:cancel()
            local state = t.state .. #notes
            app.sleep(0.5)
            return state .. table.concat(notes)
            """
        #expect(try answer(waiting) == "cancelled0closed")
        let awaited = """
            local t = app.async(slow, "x", 60)
            app.async(function() t:cancel() end)
            local ok, message = pcall(app.await, t)
            return tostring(ok) .. message
            """
        #expect(try answer(awaited)?.hasSuffix("the task was cancelled") == true)
        #expect(try answer("app.async(slow, 'x', 60):cancel() return 'x'") == "x")
    }

    @Test func anErrorOfATaskThatYieldsToNobodyHasItsPlace() throws {
        let handler = """
            local t = app.async(function()
              coroutine.yield(1)
            end)
            local _, message = pcall(app.await, t)
            return message
            """
        #expect(
            try answer(handler)?.contains("app.lua:13: coroutine.yield outside of a coroutine") == true)
    }

    @Test func tasksStartTasks() throws {
        let handler = """
            local function tree(depth)
              if depth == 0 then app.sleep(0.1) return 1 end
              local a, b = app.await(app.async(tree, depth - 1), app.async(tree, depth - 1))
              return a + b
            end
            return tostring(tree(6))
            """
        #expect(try answer(handler) == "64")
    }

    /// Each waits for the one before: their ends must not pile up on the stack.
    @Test func aLongChainOfTasksEnds() throws {
        let handler = """
            local last = app.async(function() app.sleep(0.1) return 0 end)
            for i = 1, 20000 do
              local before = last
              last = app.async(function() return app.await(before) + 1 end)
            end
            return tostring(app.await(last))
            """
        let site = try site(handler)
        var answer = try site.get("/")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        site.channel.embeddedEventLoop.run()
        answer += try site.received()
        #expect(InMemorySite.body(of: answer) == "20000")
    }

    @Test func misuseIsExplained() throws {
        #expect(
            try answer("app.await(5)")?.contains(
                "app.await expects tasks, which app.async makes, not a number") == true)
        #expect(try answer("app.await()")?.contains("app.await expects tasks") == true)
        #expect(
            try answer("app.async(5)")?.contains("the function of app.async must be a function, not a number")
                == true)
        #expect(
            try answer("app.timeout('x', print)")?.contains("app.timeout expects a number of seconds") == true
        )
        let selfish = "local t t = app.async(function() app.await(t) end) app.await(t)"
        #expect(try answer(selfish)?.contains("a task cannot await itself") == true)
        #expect(try answer("app.async(coroutine.yield) app.sleep(0.1) return 'x'") == "x")
    }

    @Test func nothingRunsWhileTheAppLoads() {
        #expect(throws: ScriptError.self) { try InMemorySite("require('luahttpd').async(print)") }
        #expect(throws: ScriptError.self) { try InMemorySite("require('luahttpd').spawn(print)") }
    }
}
