// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Error handlers that answer with more than a line.
@Suite struct ErrorHandlerTests {
    /// It yields to other requests on its way, when its first part is out already.
    @Test func aLongPageForARequestWithABodyIsSentWhole() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/ok", function(req) return "fine" end)
            app:error(404, function(req, err) return {}, "long.html" end)
            """, templates: ["long.html": "{% for i in range(50000) %}{{ i }}\n{% endfor %}"])
        var answer = try site.post("/nowhere", "a=1")
        for _ in 0..<100 {
            site.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
            answer += try site.received()
        }
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(answer.contains("49999\n"))
        #expect(answer.hasSuffix("\r\n0\r\n\r\n"))
        #expect(try site.get("/ok").hasSuffix("fine"))
    }

    /// No request was made for the handler.
    @Test func aHandlerWithoutParametersFailsWithTheRequestAllTheSame() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/broken/:id", function() error("x") end)
            app:error(500, function(req, err) return req.method .. " " .. req.path .. " " .. req.params.id end)
            """)
        for _ in 0..<2 { #expect(try site.get("/broken/7").hasSuffix("\r\n\r\nGET /broken/7 7")) }
    }

    /// Preconditions and ranges are about resources, not about pages that say there is none.
    @Test func aFileAsErrorPageIsSentWholeWhateverTheRequestAsks() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:error(404, function(req, err) return app.file "404.txt" end)
            """, files: ["404.txt": "not here"])
        for line in ["If-None-Match: *", "Range: bytes=0-1", "If-Match: \"x\""] {
            let answer = try site.get("/nowhere", headers: line + "\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"), "\(line)")
            #expect(answer.hasSuffix("\r\n\r\nnot here"), "\(line)")
        }
    }

    /// Caches may keep a 404 (RFC 9110 §15.1).
    @Test func noCacheKeepsThemUnlessTheirAuthorSaysSo() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:config { headers = { ["Cache-Control"] = "max-age=60" } }
            app:get("/", function(req) return "fine" end)
            app:get("/gone", function(req) app.abort(410) end)
            app:get("/page", function(req) app.abort(403, {}, "no.html") end)
            app:get("/broken", function(req) error("x") end)
            app:error(404, function(req, err) return {}, "no.html" end)
            app:error(410, function(req, err) return app.text("gone", { headers = { ["Cache-Control"] = "max-age=5" } }) end)
            """, templates: ["no.html": "no"])
        func cacheControl(_ path: String) throws -> [String] {
            try site.get(path).split(separator: "\r\n").filter { $0.hasPrefix("Cache-Control: ") }
                .map { String($0.dropFirst(15)) }
        }
        #expect(try cacheControl("/") == ["max-age=60"])
        #expect(try cacheControl("/nowhere") == ["no-store"])
        #expect(try cacheControl("/page") == ["no-store"])
        #expect(try cacheControl("/broken") == ["no-store"])
        #expect(try cacheControl("/gone") == ["max-age=5"])
        #expect(try cacheControl("/") == ["max-age=60"])
        #expect(try site.get("/nowhere").contains("\r\nX-Content-Type-Options: nosniff\r\n"))
    }

    @Test func afterHooksMayAnswerWithAPage() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", function(req) return "x" end)
            app:after(function(req, res) return { name = res.body }, "page.html", { status = 202 } end)
            """, templates: ["page.html": "page {{ name }}"])
        let answer = try site.get("/")
        #expect(answer.hasPrefix("HTTP/1.1 202 "))
        #expect(answer.hasSuffix("page x"))
    }
}
