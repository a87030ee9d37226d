// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Tasks among the variables of a page.
@Suite struct DeferredVariableTests {
    private func site(_ handler: String, page: String) throws -> InMemorySite {
        try InMemorySite(
            """
            local app = require "luahttpd"
            local function slow(value, seconds) app.sleep(seconds) return value end
            app:get("/", function(req)
            \(handler)
            end)
            """, templates: ["page.html": page])
    }

    @Test func theHeadOfThePageGoesOutBeforeTheWait() throws {
        let site = try site(
            "return { a = app.async(slow, 'tea', 2), b = app.async(slow, 'milk', 1) }, 'page.html'",
            page: "<head>{{ a }}, {{ b }}.")
        let head = try site.get("/")
        #expect(head.hasPrefix("HTTP/1.1 200") && head.contains("<head>"))
        site.channel.embeddedEventLoop.run()
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received() == "")
        // Both ran at once: two seconds, not three.
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().contains("tea, milk."))
        #expect(site.worker.timers.count == 0)
        #expect(site.worker.generation.vm.liveReferences == site.references)
    }

    @Test func aTaskThatIsNotUsedIsCancelled() throws {
        let site = try site("return { a = app.async(slow, 'x', 60) }, 'page.html'", page: "nothing")
        #expect(try site.get("/").hasSuffix("nothing"))
        #expect(site.worker.tasks.isEmpty)
    }

    @Test func anErrorBeforeAnythingWasSentHasAPage() throws {
        let site = try site(
            "local t = app.async(error, 'no tea', 0) app.sleep(0.1) return { a = t }, 'page.html'",
            page: "{{ a }}")
        #expect(try site.get("/") == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        let answer = try site.received()
        #expect(answer.hasPrefix("HTTP/1.1 500"))
        #expect(answer.contains("no tea") && answer.contains("page.html"))
    }

    @Test func anErrorAfterThatCutsThePage() throws {
        let site = try site(
            "return { a = app.async(function() app.sleep(1) error('no tea') end) }, 'page.html'",
            page: "before {{ a }}")
        #expect(try site.get("/").contains("before"))
        site.channel.embeddedEventLoop.run()
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try !site.received().contains("0\r\n\r\n"))
        #expect(site.log.lines.contains { $0.contains("no tea") && $0.contains("page.html") })
    }
}
