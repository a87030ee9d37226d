// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

/// Whatever goes wrong: exactly one well-formed answer, and the worker serves on.
@Suite struct FailureTests {
    private static let app = """
        local app = require "luahttpd"
        app:get("/ok", function(req) return "fine" end)
        app:get("/index", function(req) local x = nil; return x.y end)
        app:get("/nil", function(req) error() end)
        app:get("/table", function(req) error { code = 1 } end)
        app:get("/tostring", function(req) error(setmetatable({}, { __tostring = function() error "no" end })) end)
        app:get("/overflow", { limits = { memory = "1MiB" } }, function(req) local function f() return f() + 1 end return f() end)
        app:get("/yield", function(req) coroutine.yield(1) end)
        app:get("/coroutine", function(req) return coroutine.wrap(function() error "inside" end)() end)
        app:get("/memory", function(req) local t = {} while true do t[#t + 1] = ("x"):rep(100000) .. #t end end)
        app:get("/json", function(req) return app.text(tostring(req.json.a)) end)
        app:post("/json", function(req) return app.text(tostring(req.json.a)) end)
        app:get("/global", function(req) leaked = 1; return "set" end)
        app:get("/declare", function(req) app:get("/x", print) end)
        app:get("/changed", function(req) local _, e = pcall(app.abort, 404) e.status = 1 << 40 error(e) end)
        app:get("/late", function(req) kept = kept; return "x" end)
        """

    @Test(arguments: [
        ("/index", 500, "attempt to index a nil value (local 'x')"),
        ("/nil", 500, "error() was called without a message"),
        ("/table", 500, "error object is a table value"),
        ("/tostring", 500, "__tostring failed"),
        ("/overflow", 500, "stack overflow (endless recursion?)"),
        ("/yield", 500, "app.lua:8: coroutine.yield outside of a coroutine"),
        ("/coroutine", 500, "inside"),
        ("/memory", 503, "not enough memory"),
        ("/json", 400, "not valid JSON"),
        ("/declare", 500, "app:get belongs into the main script: it is too late for it in a handler"),
        ("/changed", 500, "500 Internal Server Error"),
        ("/global", 500, "assignment to undeclared global 'leaked'"),
    ])
    func everyErrorGivesOneAnswerAndTheWorkerGoesOn(_ path: String, _ status: Int, _ message: String) throws {
        let site = try InMemorySite(Self.app)
        for _ in 0..<3 {
            let answer = try site.get(path)
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(answer)")
            #expect(answer.contains(message), "\(answer)")
            #expect(answer.ranges(of: "HTTP/1.1 ").count == 1)
            #expect(try site.get("/ok").hasSuffix("fine"))
        }
    }

    @Test func aBodyThatIsTooLargeGetsTheAppsPage() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:post("/", { limits = { body = 10 } }, function(req) return app.text(req.body) end)
            app:error(413, function(req, err) return app.text("own " .. err.status .. " " .. err.message) end)
            """)
        let refused = try site.post("/", "0123456789a")
        #expect(refused.hasPrefix("HTTP/1.1 413 "))
        #expect(refused.hasSuffix("\r\n\r\nown 413 request body too large"))
        let second = try InMemorySite(
            """
            local app = require "luahttpd"
            app:post("/", { limits = { body = 10 } }, function(req) return app.text(req.body) end)
            app:error("*", function(req, err) app.sleep(1) return "late" end)
            """)
        #expect(try second.post("/", "0123456789").hasSuffix("0123456789"))
        // One that waits cannot answer beside a body that nobody reads: the built-in page.
        let answer = try second.send(
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 413 ") && !answer.contains("late"))
        let third = try InMemorySite(
            "local app = require 'luahttpd'\napp:get('/', function() return app.file('nowhere.txt') end)")
        #expect(try third.get("/").hasPrefix("HTTP/1.1 404 "))
        #expect(third.log.lines.contains("debug GET /: app.file: nowhere.txt does not exist"))
    }

    @Test func aTailCallUnderAMiddlewareIsToldAtItsRoute() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:use(function(req, next)
              local res = next()
              return res
            end)
            app:get("/", function(req) return app.json { a = { b = function() end } } end)
            app:get("/nothing", function(req) end)
            """)
        _ = try site.get("/")
        #expect(site.log.lines.contains { $0.contains("app.lua:6: ") && $0.contains("a.b") })
        _ = try site.get("/nothing")
        #expect(
            site.log.lines.contains { $0.contains("app.lua:7: the handler of /nothing returned nothing") })
    }

    @Test func anErrorValueInATaskIsToldWhereItWasRaised() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", function(req)
              local task = app.async(function()
                error { code = 7 }
              end)
              return app.await(task)
            end)
            """)
        _ = try site.get("/")
        site.channel.embeddedEventLoop.run()
        #expect(
            site.log.lines.contains { $0.contains("app.lua:4: error object is a table value: { code = 7 }") })
    }

    @Test func aModuleThatLoopsIsNamed() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", { limits = { cpu = "50ms" } }, function(req) require "slow" return "x" end)
            app:get("/own", { limits = { cpu = "50ms" } }, function(req)
              while true do end
            end)
            """, files: ["slow.lua": "local t = {}\nwhile true do\nend"])
        let answer = try site.get("/")
        #expect(
            answer.contains("slow.lua:2: ran too long") || answer.contains("slow.lua:3: ran too long"),
            "\(answer)")
        #expect(try site.get("/own").contains("app.lua:4: ran too long"))
    }

    @Test func theErrorPageShowsTheLineInDevelopmentOnly() throws {
        let accept = "Accept: text/html\r\n"
        let page = try InMemorySite(Self.app).get("/index", headers: accept)
        #expect(page.contains("app.lua:3: attempt to index"))
        #expect(page.contains("&gt; app:get(&#34;/index&#34;"))
        #expect(page.contains("Cache-Control: no-store\r\n"))
        let site = try InMemorySite(Self.app, isDevelopment: false)
        let plain = try site.get("/index", headers: accept)
        #expect(!plain.contains("attempt to index"))
        #expect(plain.contains("500 Internal Server Error"))
        #expect(site.log.lines.contains { $0.contains("app.lua:3: attempt to index") })
    }

    @Test func aNewGlobalIsAWarningOnceInProduction() throws {
        let site = try InMemorySite(Self.app, isDevelopment: false)
        #expect(try site.get("/global").hasSuffix("set"))
        #expect(try site.get("/global").hasSuffix("set"))
        #expect(site.log.lines.filter { $0.contains("undeclared global 'leaked'") }.count == 1)
    }

    @Test func errorHandlersAnswerAndTheirOwnErrorsGetTheBuiltInPage() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/boom", function(req) req.user = "u"; error "boom" end)
            app:get("/gone", function(req) app.abort(410, "it went") end)
            app:get("/form", function(req) app.abort(422, { e = "bad" }, "form.html") end)
            app:error(404, function(req, err) return { path = req.path }, "404.html" end)
            app:error(500, function(req, err) return app.text(err.status .. " for " .. tostring(req.user)) end)
            app:error("*", function(req, err) error "handler" end)
            """, templates: ["404.html": "no {{ path }}", "form.html": "form: {{ e }}"])
        #expect(try site.get("/a%3Cb").hasSuffix("no /a&lt;b"))
        #expect(try site.get("/a%3Cb").hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(try site.get("/boom").hasSuffix("500 for u"))
        #expect(try site.get("/gone").hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
        let form = try site.get("/form")
        #expect(form.hasPrefix("HTTP/1.1 422 Unprocessable Content\r\n"))
        #expect(form.hasSuffix("form: bad"))
    }

    @Test func methodsThatAreNotThereGetTheAllowList() throws {
        let site = try InMemorySite(Self.app)
        let refused = try site.send("DELETE /ok HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(refused.hasPrefix("HTTP/1.1 405 Method Not Allowed\r\n"))
        #expect(refused.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"))
        let options = try site.send("OPTIONS /ok HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(options.hasPrefix("HTTP/1.1 204 No Content\r\n"))
        #expect(options.contains("\r\nAllow: GET, HEAD, OPTIONS\r\n"))
    }

    @Test func malformedJSONIsTheClientsError() throws {
        let site = try InMemorySite(Self.app)
        #expect(try site.post("/json", #"{"a":"#).hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
        #expect(try site.post("/json", #"{"a":9007199254740993}"#).hasSuffix("\r\n\r\n9007199254740993"))
    }

    @Test func aTemplateErrorNamesTemplateLineAndColumn() throws {
        let site = try InMemorySite(
            "local app = require 'luahttpd'\napp:get('/', function(req) return { a = 1 }, 'page.html' end)",
            templates: ["page.html": "<p>\n{{ a.b.c }}</p>"])
        let answer = try site.get("/")
        #expect(answer.hasPrefix("HTTP/1.1 500 "))
        #expect(answer.contains("page.html:2:"), "\(answer)")
        #expect(answer.contains("^"))
    }
}
