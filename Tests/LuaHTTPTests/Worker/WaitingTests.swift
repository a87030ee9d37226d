// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Handlers that wait: others are served meanwhile, and clients may go.
@Suite struct WaitingTests {
    private static let app = """
        local app = require "luahttpd"
        closed = 0
        app:get("/sleep", function(req)
          local guard <close> = setmetatable({}, { __close = function() closed = closed + 1 end })
          app.sleep(5)
          return "slept " .. req.path
        end)
        app:get("/nested", function(req)
          local step = coroutine.wrap(function() app.sleep(1); coroutine.yield "a"; app.sleep(1); return "b" end)
          return step() .. step()
        end)
        app:get("/bad", function(req) app.sleep(-1) end)
        app:get("/closed", function(req) return app.text(tostring(closed)) end)
        app:get("/sort", function(req) table.sort({ 2, 1 }, function(a, b) app.sleep(1) return a < b end) end)
        """

    @Test func aSleepingHandlerAnswersWhenTimeHasPassed() throws {
        let site = try InMemorySite(Self.app)
        #expect(try site.get("/sleep") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(4))
        #expect(try site.received() == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasSuffix("slept /sleep"))
    }

    @Test func waitsPassThroughCoroutinesOfTheScript() throws {
        let site = try InMemorySite(Self.app)
        #expect(try site.get("/nested") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasSuffix("ab"))
    }

    @Test func aClientThatGoesEndsItsHandler() throws {
        let site = try InMemorySite(Self.app)
        #expect(try site.get("/sleep") == "")
        #expect(site.worker.generation.vm.liveReferences > 0)
        try site.channel.close().wait()
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(site.worker.current == nil)
        let coroutine = site.worker.generation.vm.takeCoroutine()
        defer { site.worker.generation.vm.put(coroutine) }
        "return closed".withCString { text in
            _ = site.worker.generation.vm.load(
                UnsafeRawBufferPointer(start: text, count: 13), name: "=test", on: coroutine.stack)
        }
        _ = coroutine.resume()
        #expect(coroutine.stack.integer(at: 1) == 1)
    }

    @Test func aTimerThatComesTooLateWakesNobodyElse() throws {
        let site = try InMemorySite(Self.app)
        #expect(try site.get("/sleep") == "")
        let task = try #require(site.task)
        task.endWait(0) { _ in }
        #expect(try site.received() == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(try site.received().hasSuffix("slept /sleep"))
        task.endWait(1) { _ in }
        #expect(try site.received() == "")
    }

    @Test func aWaitOfNoTimeLetsOthersGoFirst() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", function() app.sleep(0) app.sleep(0) return "x" end)
            """)
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.run()
        #expect(try site.received().hasSuffix("x"))
    }

    @Test func whoNeverStopsWaitingForNothingLetsOthersIn() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            turns = 0
            app:get("/", function() while true do turns = turns + 1 app.sleep(0) end end)
            """)
        #expect(try site.get("/") == "")
        // Ends only because the queue pauses.
        site.channel.embeddedEventLoop.run()
        let turns = try #require(try site.global("turns").flatMap { Int($0) })
        #expect(turns > 1 && turns < 100)
        site.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(try #require(try site.global("turns").flatMap { Int($0) }) > turns)
    }

    @Test func aWaitThatIsOverAtOnceStillYields() throws {
        let site = try InMemorySite(Self.waiting)
        try site.offer("wait") { fiber, number in
            fiber.endWait(number) { stack in stack.push("early") }
        }
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.run()
        #expect(try site.received().hasSuffix("early"))
    }

    @Test func aWaitMayFail() throws {
        let site = try InMemorySite(Self.waiting)
        var begun: (Fiber, UInt64)?
        try site.offer("wait") { fiber, number in begun = (fiber, number) }
        #expect(try site.get("/") == "")
        let (fiber, number) = try #require(begun)
        fiber.failWait(number, .message("out of tea"))
        #expect(try site.received().contains("app.lua:2: out of tea"))
        fiber.failWait(number, .message("again"))
        #expect(try site.received() == "")
        #expect(try site.get("/caught") == "")
        begun?.0.failWait(try #require(begun).1, .abort(status: 418, message: "short and stout"))
        #expect(try site.received().hasSuffix("418 short and stout"))
    }

    private static let waiting = """
        local app = require "luahttpd"
        app:get("/", function() return wait() end)
        app:get("/caught", function()
          local _, e = pcall(function() return wait() end)
          return e.status .. " " .. e.message
        end)
        """

    @Test func whereLuaCannotWaitTheErrorSaysSo() throws {
        let site = try InMemorySite(Self.app)
        #expect(try site.get("/sort").contains("app.lua:14: cannot wait inside table.sort"))
        #expect(try site.get("/bad").contains("app.sleep expects a number of seconds"))
    }
}
