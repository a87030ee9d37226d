// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct LogTextTests {
    @Test func nothingForgesALineOrACommand() {
        #expect(LogText.line("a\r\nb\t\u{1B}[31mc\u{7F}\u{9B}\0é") == "a\\r\\nb\t\\x1B[31mc\\x7F\\x9B\\x00é")
        #expect(LogText.block("a\nb\u{1B}") == "a\nb\\x1B")
    }

    @Test func whatAScriptLogsAndFailsWithIsEscaped() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/log", function(req) app.log.warn(req.query.m); return "x" end)
            app:get("/error", function(req) error(req.query.m) end)
            """)
        _ = try site.get("/log?m=a%0Aerror%20forged%1B")
        #expect(site.log.lines.contains { $0.hasSuffix("a\\nerror forged\\x1B") }, "\(site.log.lines)")
        _ = try site.get("/error?m=a%1B")
        #expect(site.log.lines.contains { $0.contains("app.lua:3: a\\x1B\n") }, "\(site.log.lines)")
    }
}
