// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// `limits.time` counts what the handler takes, not what its client takes to send.
@Suite struct HandlerTimeTests {
    @Test func timeBeginsWithTheFirstWait() {
        var time = HandlerTime()
        #expect(time.used(at: 50) == 0)
        time.begin(at: 100)
        time.begin(at: 200)
        #expect(time.used(at: 130) == 30)
        #expect(time.used(at: 90) == 0, "a clock that goes back")
    }

    @Test func waitingForTheClientDoesNotCount() {
        var time = HandlerTime()
        time.begin(at: 100)
        time.clientWaitBegan(at: 110)
        #expect(time.isPaused && time.used(at: 500) == 10)
        time.clientWaitEnded(at: 500)
        #expect(!time.isPaused && time.used(at: 505) == 15)
        time.clientWaitBegan(at: 510)
        time.clientWaitEnded(at: 610)
        time.clientWaitEnded(at: 900)
        #expect(time.used(at: 611) == 21)
    }

    @Test func theFirstWaitMayBeForTheClient() {
        var time = HandlerTime()
        time.clientWaitBegan(at: 90)
        time.begin(at: 100)
        #expect(time.used(at: 400) == 0)
        time.clientWaitEnded(at: 400)
        #expect(time.used(at: 405) == 5)
    }

    private static let app = """
        local app = require "luahttpd"
        local stream = { body = "stream", limits = { time = "2s" } }
        local function all(req)
          local count = 0
          for piece in function() return req:read(4096) end do count = count + #piece end
          return count
        end
        app:post("/count", stream, function(req) return app.text(tostring(all(req))) end)
        app:post("/task", stream, function(req) return app.text(tostring(app.await(app.async(all, req)))) end)
        app:post("/slow", stream, function(req)
          repeat local piece = req:read(1) if piece then app.sleep(0.3) end until not piece
          return "not reached"
        end)
        app:post("/forget", stream, function(req)
          local task = app.async(all, req)
          app.sleep(1)
          task:cancel()
          app.sleep(5)
        end)
        """

    private func begin(_ path: String, length: Int) throws -> InMemorySite {
        let site = try InMemorySite(Self.app)
        #expect(
            try site.send("POST \(path) HTTP/1.1\r\nHost: t\r\nContent-Length: \(length)\r\n\r\n") == "")
        site.channel.embeddedEventLoop.run()
        return site
    }

    /// A piece each second, far longer than `limits.time`.
    @Test(arguments: ["/count", "/task"])
    func anUploadThatGoesOnIsNotEnded(path: String) throws {
        let site = try begin(path, length: 100)
        var answer = ""
        for _ in 0..<10 {
            #expect(answer == "")
            site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            answer = try site.send(String(repeating: "x", count: 10))
            site.channel.embeddedEventLoop.run()
            answer += try site.received()
        }
        #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("\r\n\r\n100"))
        #expect(site.worker.timers.count == 0)
    }

    @Test func whatTheHandlerTakesBetweenPiecesCounts() throws {
        let site = try begin("/slow", length: 100)
        var answer = ""
        for second in 0..<20 where answer.isEmpty {
            site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            answer = try site.received()
            if answer.isEmpty { answer = try site.send("x") }
            #expect(answer.isEmpty || second >= 6, "2 s are seven waits of 0.3 s")
        }
        #expect(answer.hasPrefix("HTTP/1.1 503 ") && answer.contains("took longer than 2s"))
    }

    @Test func aReaderThatWasCancelledLetsTimeCountAgain() throws {
        let site = try begin("/forget", length: 100)
        for _ in 0..<5 { site.channel.embeddedEventLoop.advanceTime(by: .seconds(1)) }
        #expect(try site.received().contains("took longer than 2s"))
    }
}
