// SPDX-License-Identifier: MIT

import Foundation
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

    @Test("header fields of app.abort reach the client, by the built-in page, error handlers and templates")
    func headersOfAbort() throws {
        let source = """
            local app = require "luahttpd"
            local basic = { headers = { ["WWW-Authenticate"] = "Basic" }, cookies = { s = false } }
            app:get("/401", function(req) app.abort(401, "who?", basic) end)
            app:get("/page", function(req) app.abort(401, {}, "no.html", basic) end)
            app:get("/429", function(req) app.abort(429, nil, { headers = { ["Retry-After"] = 5 } }) end)
            app:get("/bad", function(req) app.abort(401, "x", { headers = { ["A b"] = "c" } }) end)
            """
        let handler = """

            app:error("*", function(req, err) return app.text("no", { headers = { ["Retry-After"] = 9 } }) end)
            """
        for more in ["", handler] {
            let site = try InMemorySite(source + more, templates: ["no.html": "no"])
            for path in ["/401", "/page"] {
                let answer = try site.get(path)
                #expect(answer.hasPrefix("HTTP/1.1 401 "))
                #expect(
                    answer.components(separatedBy: "\r\nWWW-Authenticate: Basic\r\n").count == 2, "\(answer)")
                #expect(answer.contains("\r\nSet-Cookie: s="))
                #expect(answer.components(separatedBy: "Content-Type:").count == 2)
            }
            #expect(try site.get("/429").contains("\r\nRetry-After: \(more.isEmpty ? 5 : 9)\r\n"))
            #expect(try site.get("/bad").hasPrefix("HTTP/1.1 500 "))
            #expect(
                site.log.lines.contains { $0.contains("app.lua:6: app.abort with the header \"A b\", which") }
            )
        }
    }

    @Test("mistakes of error handlers are told with their name and line")
    func mistakesOfErrorHandlers() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", function(req) app.abort(409) end)
            app:error(409, function() return { x = 1 } end)
            app:error("*", function() return 5 end)
            """)
        _ = try site.get("/")
        #expect(
            site.log.lines.contains { $0.contains("app.lua:3: the error handler for 409 returned variables") }
        )
        _ = try site.get("/nowhere")
        #expect(
            site.log.lines.contains {
                $0.contains("app.lua:4: the error handler for \"*\" returned a number")
            })
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
