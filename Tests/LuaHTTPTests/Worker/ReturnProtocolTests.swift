// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// What a handler may return, and what it is told when it returns something else.
@Suite struct ReturnProtocolTests {
    @Test func aTemplateIsRenderedWithTheVariables() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", function(req) return { name = req.query.name }, "page.html" end)
            app:get("/made", function(req) return { name = 1 }, "page.html", { status = 201, headers = { ["X-A"] = "b" } } end)
            """, templates: ["page.html": "<p>{{ name }}</p>"])
        let page = try site.get("/?name=%3Cscript%3E")
        #expect(page.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(page.contains("Content-Type: text/html; charset=utf-8\r\n"))
        #expect(page.hasSuffix("\r\n\r\n<p>&lt;script&gt;</p>"))
        let made = try site.get("/made")
        #expect(made.hasPrefix("HTTP/1.1 201 Created\r\n"))
        #expect(made.contains("\r\nX-A: b\r\n"))
    }

    @Test(arguments: [
        (#"return "<b>x</b>""#, 200, "text/html; charset=utf-8", "<b>x</b>"),
        (#"return app.text "x""#, 200, "text/plain; charset=utf-8", "x"),
        (#"return app.text(12)"#, 200, "text/plain; charset=utf-8", "12"),
        (#"return app.html("x", { status = 202 })"#, 202, "text/html; charset=utf-8", "x"),
        (#"return app.json { a = 1 }"#, 200, "application/json", #"{"a":1}"#),
        (#"return app.json(app.array {})"#, 200, "application/json", "[]"),
        (#"return app.json(app.null)"#, 200, "application/json", "null"),
        (#"return app.text("x", { content_type = "text/css" })"#, 200, "text/css", "x"),
        (
            #"return app.text("x", { headers = { ["content-type"] = "a/b" } })"#, 200,
            "a/b", "x"
        ),
        (
            #"app.abort(418, "short and stout")"#, 418, "text/plain; charset=utf-8",
            "418 I'm a teapot\nshort and stout\n"
        ),
    ])
    func responses(_ code: String, _ status: Int, _ type: String, _ body: String) throws {
        let site = try InMemorySite(
            "local app = require 'luahttpd'\napp:get('/', function(req) \(code) end)", isDevelopment: false)
        let answer = try site.get("/")
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(answer.lowercased().contains("\r\ncontent-type: \(type)\r\n"), "\(answer)")
        #expect(InMemorySite.body(of: answer) == body)
    }

    @Test(arguments: [
        ("page.html", "text/html; charset=utf-8"), ("page", "text/html; charset=utf-8"),
        ("feed.xml.j2", "text/xml; charset=utf-8"), ("v1.0/page", "text/html; charset=utf-8"),
        ("robots.txt", "text/plain; charset=utf-8"), ("page.html#part", "text/html; charset=utf-8"),
    ])
    func theTemplatesNameGivesTheContentType(_ name: String, _ type: String) throws {
        let file = String(name.prefix { $0 != "#" })
        let site = try InMemorySite(
            "local app = require 'luahttpd'\napp:get('/', function(req) return {}, '\(name)' end)",
            templates: [file: "{% block part %}x{% endblock %}"])
        #expect(try site.get("/").contains("\r\nContent-Type: \(type)\r\n"))
    }

    @Test func emptyHasNoContentAndRedirectIsSeeOther() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/empty", function() return app.empty() end)
            app:get("/go", function() return app.redirect "/there" end)
            app:get("/out", function() return app.redirect("//evil.example") end)
            """)
        let empty = try site.get("/empty")
        #expect(empty.hasPrefix("HTTP/1.1 204 No Content\r\n"))
        #expect(!empty.contains("Content-Length"))
        let redirect = try site.get("/go")
        #expect(redirect.hasPrefix("HTTP/1.1 303 See Other\r\n"))
        #expect(redirect.contains("\r\nLocation: /there\r\n"))
        #expect(try site.get("/out").contains("redirect to another host"))
    }

    @Test(arguments: [
        ("", "returned nothing"),
        ("return { a = 1 }", "returned variables but no template name"),
        ("return {}, 12", "returned a number as template name"),
        ("return nil, 'page.html'", "returned nil as variables"),
        ("return {}, 'page.html', 5", "returned a number as response options"),
        (
            "return {}, 'page.html', { stauts = 1 }",
            "unknown response option 'stauts' (did you mean 'status'?)"
        ),
        (
            "return {}, 'nope.html'",
            "app.lua:2: the handler of / asked for the template 'nope.html', which does not exist"
        ),
        (
            "return {}, 'pge.html'",
            "asked for the template 'pge.html', which does not exist (did you mean 'page.html'?)"
        ),
        (
            "\napp.abort(404, {}, 'nope.html')",
            "app.lua:3: app.abort asked for the template 'nope.html', which does not exist"
        ),
        ("return 12", "returned a number"),
        ("return app.text('x', { status = 99 })", "a status that is not a whole number from 200 to 599"),
        ("return app.text('x', { headers = { ['X-A'] = 'a\\r\\nb' } })", "with a line break"),
        ("return app.text('x', { headers = { ['X A'] = 'b' } })", "not a valid name"),
        ("return app.text('x', { headers = { ['Content-Length'] = '3' } })", "which the server sets"),
        ("return app.text('x', { cookies = { ['a b'] = '3' } })", "has a name with characters"),
        ("return app.text('x', { cookies = { a = 'x;y' } })", "has a value with spaces"),
        ("return app.text('x'), {}", "returned a response and"),
    ])
    func authorsAreToldWhatToWriteInstead(_ code: String, _ message: String) throws {
        let site = try InMemorySite(
            "local app = require 'luahttpd'\napp:get('/', function(req) \(code) end)",
            templates: ["page.html": ""])
        let answer = try site.get("/")
        #expect(answer.hasPrefix("HTTP/1.1 500 Internal Server Error\r\n"))
        #expect(answer.contains(message), "\(answer)")
        #expect(site.log.lines.contains { $0.contains(message) })
    }

    @Test func anErrorHandlerIsToldOfItsOwnMissingTemplate() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", function() return "x" end)
            app:error(404, function()
              return {}, "nope.html"
            end)
            """)
        #expect(try site.get("/nowhere").hasPrefix("HTTP/1.1 500 "))
        let message =
            "app.lua:3: the error handler for 404 asked for the template 'nope.html', which does not exist"
        #expect(site.log.lines.contains { $0.contains(message) }, "\(site.log.lines)")
    }

    @Test func headersMayHaveSeveralValuesAndNumbers() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", function() return app.text("x", { headers = { ["X-L"] = { "a", "b" }, ["X-N"] = 5 } }) end)
            """)
        let answer = try site.get("/")
        #expect(answer.contains("\r\nX-L: a\r\nX-L: b\r\n"))
        #expect(answer.contains("\r\nX-N: 5\r\n"))
    }

    @Test func headHasTheLengthAndNoBody() throws {
        let site = try InMemorySite(
            "local app = require 'luahttpd'\napp:get('/', function(req) return 'hello' end)")
        let answer = try site.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n")
        #expect(answer.contains("\r\nContent-Length: 5\r\n"))
        #expect(InMemorySite.body(of: answer) == "")
    }
}
