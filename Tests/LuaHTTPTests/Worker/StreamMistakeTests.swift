// SPDX-License-Identifier: MIT

import NIOEmbedded
import Testing

@testable import LuaHTTP

/// What authors of streams are told.
struct StreamMistakeTests {
    @Test func anAbortInTheMiddleCutsTheAnswerAndSaysSo() throws {
        for page in ["", ", {}, 'page.html'"] {
            let site = try InMemorySite(
                "local app = require 'luahttpd'\n"
                    + "app:get('/', function(req) return app.stream(function(out)\nout:write('a')\napp.sleep(1)\n"
                    + "app.abort(404\(page.isEmpty ? ", 'gone'" : page))\nend) end)",
                templates: ["page.html": "page"])
            _ = try site.get("/")
            site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
            let rest = try site.received()
            #expect(!rest.contains("0\r\n\r\n") && !rest.contains("page"), "\(rest)")
            let told = site.log.lines.filter { $0.contains("app.abort(404)") }
            #expect(told.count == 1)
            #expect(told.first?.hasPrefix("warning ") == true)
            #expect(told.first?.contains("app.lua:5: ") == true, "\(told)")
        }
    }

    @Test func anEventIsSomething() throws {
        for (event, message) in [("nil", "not nothing"), ("{}", "an empty table")] {
            let site = try InMemorySite(
                "local app = require 'luahttpd'\napp:sse('/', function(req, out)\n  out:send(\(event))\nend)")
            _ = try site.get("/")
            #expect(site.log.lines.contains { $0.contains("app.lua:3: out:send") && $0.contains(message) })
        }
    }
}
