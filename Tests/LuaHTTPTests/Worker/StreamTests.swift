// SPDX-License-Identifier: MIT

import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Answers that a function writes piece by piece.
@Suite struct StreamTests {
    private static let prelude = """
        local app = require "luahttpd"
        notes = {}
        local function note(text) notes[#notes + 1] = text end
        local function guard(text) return setmetatable({}, { __close = function() note(text) end }) end
        app:get("/notes", function() return app.text(table.concat(notes, ", ")) end)

        """

    private func site(_ body: String, options: String = "nil") throws -> InMemorySite {
        try InMemorySite(
            Self.prelude
                + "app:get('/', function(req) return app.stream(function(out)\n\(body)\nend, \(options)) end)"
        )
    }

    private func notes(_ site: InMemorySite) throws -> String {
        InMemorySite.body(of: try site.get("/notes"))
    }

    @Test func aShortStreamHasALength() throws {
        let site = try site(
            "out:write('a', 1, 2.5) out:write('b')", options: "{ status = 201, content_type = 'text/x' }")
        let answer = try site.get("/")
        #expect(answer.hasPrefix("HTTP/1.1 201 Created"))
        #expect(answer.contains("Content-Type: text/x\r\n"))
        #expect(answer.hasSuffix("Content-Length: 6\r\n\r\na12.5b") || answer.hasSuffix("\r\n\r\na12.5b"))
        #expect(!answer.contains("chunked"))
    }

    @Test func whatIsWrittenGoesOutWhenTheFunctionWaits() throws {
        let site = try site("out:write('a') out:write('b') app.sleep(1) out:write('c')")
        let first = try site.get("/")
        #expect(first.contains("Transfer-Encoding: chunked"))
        #expect(first.hasSuffix("\r\n\r\n2\r\nab\r\n"))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received() == "1\r\nc\r\n0\r\n\r\n")
        #expect(try site.get("/notes").hasPrefix("HTTP/1.1 200"), "the connection goes on")
        #expect(site.worker.streams.isEmpty)
        #expect(site.worker.generation.vm.liveReferences == site.references)
    }

    @Test func manyPiecesGoOutTogether() throws {
        let site = try site("for i = 1, 40000 do out:write('x') end")
        let answer = try site.get("/")
        #expect(answer.components(separatedBy: "4000\r\n").count == 3, "two pieces of 16 KiB")
        #expect(InMemorySite.body(of: answer).filter { $0 == "x" }.count == 40_000)
    }

    @Test func flushSendsAtOnce() throws {
        let site = try site("out:flush() out:write('a') out:flush() note(tostring(out:flush()))")
        #expect(try site.get("/").hasSuffix("1\r\na\r\n0\r\n\r\n"))
        #expect(try notes(site) == "true")
    }

    @Test func anErrorBeforeTheFirstPieceHasAPage() throws {
        let site = try site("out:write('a') error('no tea')")
        let answer = try site.get("/")
        #expect(answer.hasPrefix("HTTP/1.1 500"))
        #expect(answer.contains("app.lua:7: no tea"))
        let aborting = try self.site("app.abort(404)")
        #expect(try aborting.get("/").hasPrefix("HTTP/1.1 404"))
    }

    @Test func anErrorAfterTheFirstPieceCutsTheAnswer() throws {
        let site = try site("out:write('a') out:flush() error('no tea')")
        let answer = try site.get("/")
        #expect(answer.hasSuffix("1\r\na\r\n"), "no last chunk")
        #expect(site.log.lines.contains { $0.contains("no tea") })
        #expect(!site.channel.isActive || !answer.contains("0\r\n\r\n"))
    }

    @Test func headDoesNotRunTheFunction() throws {
        let site = try site("note('ran') out:write('a')")
        let answer = try site.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.hasSuffix("\r\n\r\n"))
        #expect(try notes(site) == "")
    }

    @Test func httpOneDotZeroEndsWithTheConnection() throws {
        let site = try site("out:write('a') app.sleep(1) out:write('b')")
        let first = try site.send("GET / HTTP/1.0\r\n\r\n")
        #expect(!first.contains("chunked") && first.hasSuffix("\r\n\r\na"))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received() == "b")
    }

    @Test func writingWaitsForASlowClient() throws {
        let site = try site("app.sleep(1) for i = 1, 3 do note(tostring(out:write(('x'):rep(20000)))) end")
        _ = try site.get("/")
        site.channel.isWritable = false
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(InMemorySite.body(of: try site.received()).filter { $0 == "x" }.count == 20_000)
        site.channel.isWritable = true
        site.channel.pipeline.fireChannelWritabilityChanged()
        site.channel.embeddedEventLoop.run()
        #expect(try site.received().filter { $0 == "x" }.count == 40_000)
        #expect(try notes(site) == "true, true, true")
    }

    @Test func whenTheClientGoesWriteReturnsFalse() throws {
        let site = try site(
            """
            local g <close> = guard("closed")
            app.sleep(1)
            local ok = out:write(('x'):rep(20000))
            note(tostring(ok) .. tostring(out:write("more")))
            app.sleep(1)
            note("not reached")
            """)
        _ = try site.get("/")
        site.channel.isWritable = false
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        try site.channel.close().wait()
        #expect(site.worker.streams.isEmpty)
        #expect(site.worker.timers.count == 0)
        #expect(site.worker.generation.vm.liveReferences == site.references)
        #expect(try site.global("table.concat(notes, ' ')") == "falsefalse closed")
    }

    @Test func whenTheClientGoesWhileItWaitsOtherwiseItEndsThere() throws {
        let site = try site(
            "local g <close> = guard('closed') out:write('x') app.sleep(60) note('not reached')")
        _ = try site.get("/")
        try site.channel.close().wait()
        #expect(site.worker.generation.vm.liveReferences == site.references)
        #expect(try site.global("table.concat(notes, ' ')") == "closed")
    }

    @Test func tasksOfTheStreamWriteToIt() throws {
        let site = try site(
            """
            local function part(text, s) return function() app.sleep(s) out:write(text) end end
            app.await(app.async(part('b', 2)), app.async(part('a', 1)))
            """)
        var answer = try site.get("/")
        for _ in 1...2 {
            site.channel.embeddedEventLoop.run()
            site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            answer += try site.received()
        }
        #expect(answer.hasSuffix("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"))
    }

    @Test func aStreamKeptTooLongOnlySaysFalse() throws {
        let site = try InMemorySite(
            Self.prelude
                + """
                kept = false
                app:get("/", function() return app.stream(function(out) kept = out end) end)
                app:get("/later", function() return tostring(kept:write("x")) .. tostring(kept:flush()) end)
                """)
        _ = try site.get("/")
        #expect(try site.get("/later").hasSuffix("falsefalse"))
    }

    @Test func misuseIsExplained() throws {
        #expect(try site("out.write('x')").get("/").contains("call it with a colon: out:write(…)"))
        #expect(
            try site("out:write({})").get("/").contains("out:write expects strings and numbers, not a table"))
        let bare = try InMemorySite(Self.prelude + "app:get('/', function() return app.stream('x') end)")
        #expect(try bare.get("/").contains("the function of app.stream must be a function, not a string"))
    }

    // MARK: Events

    private func events(_ body: String, options: String = "") throws -> InMemorySite {
        try InMemorySite(Self.prelude + "app:sse('/', \(options) function(req, out)\n\(body)\nend)")
    }

    @Test func eventsAreSentAsBrowsersReadThem() throws {
        let site = try events(
            """
            out:send { event = "tick", data = "a\\nb\\r\\nc\\rd", id = 7, retry = 1000 }
            out:send "plain"
            out:send { data = { n = 1 } }
            out:send { data = "", comment = "hi" }
            """)
        let answer = try site.get("/")
        #expect(answer.contains("Content-Type: text/event-stream; charset=utf-8\r\n"))
        #expect(answer.contains("Cache-Control: no-cache\r\n"))
        #expect(answer.contains("X-Accel-Buffering: no\r\n"))
        #expect(
            InMemorySite.body(of: answer)
                == "event: tick\nid: 7\nretry: 1000\ndata: a\ndata: b\ndata: c\ndata: d\n\n"
                + "data: plain\n\ndata: {\"n\":1}\n\n: hi\ndata: \n\n")
    }

    @Test func theHeadGoesOutBeforeTheFirstEvent() throws {
        let site = try events("app.sleep(1)")
        #expect(try site.get("/").hasSuffix("\r\n\r\n"))
    }

    @Test func aQuietStreamHasAHeartbeat() throws {
        let site = try events("out:send 'a' app.sleep(20) out:send 'b' app.sleep(100)")
        #expect(try site.get("/").hasSuffix("9\r\ndata: a\n\n\r\n"))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(14))
        #expect(try site.received() == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received() == "3\r\n:\n\n\r\n")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        #expect(try site.received() == "9\r\ndata: b\n\n\r\n")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(14))
        #expect(try site.received() == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received() == "3\r\n:\n\n\r\n")
    }

    @Test func theHeartbeatEndsWithTheStream() throws {
        let site = try events(
            "out:send(req.headers.last_event_id) app.sleep(1)", options: "{ heartbeat = 0.5 },")
        #expect(try site.get("/", headers: "Last-Event-ID: 41\r\n").contains("data: 41"))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasSuffix("0\r\n\r\n"))
        #expect(site.worker.timers.count == 0)
    }

    @Test func whenTheServerStopsEventStreamsEndWell() throws {
        let site = try events(
            "local g <close> = guard('closed') out:send 'a' app.sleep(1000) note('not reached')")
        _ = try site.get("/")
        site.worker.beginDrain()
        #expect(try site.received() == "0\r\n\r\n")
        #expect(try site.global("table.concat(notes, ' ')") == "closed")
        #expect(site.worker.timers.count == 0)
    }

    @Test func eventStreamsThatBeginWhileTheServerStopsEndAtTheirFirstWait() throws {
        let site = try events(
            "local g <close> = guard('closed') out:send 'a' app.sleep(1000) note('not reached')")
        site.worker.beginDrain()
        let answer = try site.get("/")
        #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("data: a\n"))
        #expect(answer.hasSuffix("0\r\n\r\n"))
        #expect(try site.global("table.concat(notes, ' ')") == "closed")
        #expect(site.worker.timers.count == 0)
    }

    @Test func otherStreamsAreNotEndedWhenTheServerStops() throws {
        let site = try site("app.sleep(1) out:write('a') out:flush() app.sleep(1) out:write('b')")
        _ = try site.get("/")
        site.worker.beginDrain()
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasSuffix("1\r\na\r\n1\r\nb\r\n0\r\n\r\n"))
    }

    @Test func eventsThatCannotBeAreRefused() throws {
        #expect(
            try events("out:send { event = 'a\\nb' }").get("/").contains(
                "event of an event must not have line breaks"))
        #expect(try events("out:send { dat = 'a' }").get("/").contains("(did you mean 'data'?)"))
        #expect(
            try events("out:send { retry = 0.5 }").get("/").contains(
                "retry of an event must be a whole number"))
        #expect(throws: ScriptError.self) { try events("", options: "{ beat = 1 },") }
    }

    // MARK: Time

    @Test func aHandlerThatWaitsTooLongIsEnded() throws {
        let site = try InMemorySite(
            Self.prelude
                + """
                app:get("/", function() local g <close> = guard("closed") app.sleep(100) end)
                app:get("/short", { limits = { time = "2s" } }, function() app.sleep(1) app.sleep(5) end)
                app:sse("/events", function(req, out) out:send "x" app.sleep(100) out:send "y" end)
                app:error(503, function(req, err) app.sleep(1) return "late: " .. req.path end)
                """)
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(29))
        #expect(try site.received() == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        let answer = try site.received()
        #expect(answer.hasPrefix("HTTP/1.1 503") && answer.hasSuffix("late: /"))
        #expect(site.log.lines.contains { $0.contains("app.lua:6: took longer than 30s") })
        #expect(try notes(site) == "closed")
        #expect(try site.get("/short") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasPrefix("HTTP/1.1 503"))
        #expect(site.worker.timers.count == 0)
        #expect(try site.get("/events").hasSuffix("data: x\n\n\r\n"))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(100))
        #expect(try site.received().hasSuffix("data: y\n\n\r\n0\r\n\r\n"))
    }
}
