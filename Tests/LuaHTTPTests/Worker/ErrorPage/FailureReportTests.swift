// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

/// What the author sees of a request that failed, as page, text and JSON; and what a visitor never sees.
@Suite struct FailureReportTests {
    private static let source = """
        local app = require "luahttpd"
        local shop = require "shop"
        app:get("/orders/:id<int>/:token", function(req)
          local password, note = "hunter2", "<b>bold</b>"
          return { total = shop.total(nil) }, "order.html"
        end)
        app:get("/page", function(req)
          return { items = { 1, "two" }, api_key = "k3y", title = "T" }, "order.html"
        end)
        app:get("/gone", function(req)
          local why = "deleted"
          app.abort(410, "It <went>.")
        end)
        app:post("/form", function(req) error("no: " .. req.form.name) end)
        app:get("/users/:id<int>", function(req) return "x" end)
        app:static("/assets", "files")
        """
    private static let module = """
        local shop = {}
        function shop.total(order)
          local sum = order.sum
          return sum
        end
        return shop
        """
    private static let templates = [
        "order.html": "{% extends 'base.html' %}\n{% block main %}\n{{ titel.x }}\n{% endblock %}",
        "base.html": "<p>\n{% block main %}{% endblock %}",
    ]

    private func site(isDevelopment: Bool = true) throws -> InMemorySite {
        try InMemorySite(
            Self.source, templates: Self.templates, files: ["shop.lua": Self.module, "files/app.css": ""],
            isDevelopment: isDevelopment)
    }

    private static let html = "Accept: text/html\r\n"
    private static let json = "Accept: application/json\r\n"

    // MARK: Lua

    @Test func aPageShowsMessageCallsSourceVariablesAndRequest() throws {
        let page = try site().get(
            "/orders/7/t0k?tab=a%3Cb&password=pw", headers: Self.html + "Cookie: sid=abc\r\n")
        for part in [
            "<h1>attempt to index a nil value (local &#39;order&#39;)</h1>", "shop.lua:3",
            "in function &#39;total&#39;",
            "app.lua:5", "<i class=\"k\">local</i> sum = order.sum", "<dt>order</dt><dd>nil</dd>",
            "<dt>note</dt><dd>&#34;&lt;b&gt;bold&lt;/b&gt;&#34;</dd>", "<dt>id</dt><dd>7</dd>",
            "<dt>tab</dt><dd>a&lt;b</dd>",
            "/orders/:id&lt;int&gt;/:token", "<dt>Host</dt><dd>t.example</dd>", "<dt>sid</dt>",
        ] {
            #expect(page.contains(part), "\(part)")
        }
        // The literal in the source stays, the values do not.
        for secret in ["<dd>&#34;hunter2", "<dd>t0k", "<dd>pw", "=pw", "abc"] {
            #expect(!page.contains(secret), "\(secret)")
        }
        #expect(!page.contains("<script"))
    }

    @Test func textAndJSONSayTheSame() throws {
        let text = try site().get("/orders/7/t")
        #expect(text.contains("shop.lua:3: attempt to index a nil value (local 'order')"))
        #expect(text.contains("3 >   local sum = order.sum"))
        #expect(text.contains("Local variables:\n  order = nil\n"))
        let json = try site().get("/orders/7/t", headers: Self.json)
        #expect(json.contains("Content-Type: application/json\r\n"))
        #expect(json.contains(#""message":"attempt to index a nil value (local 'order')""#))
        #expect(json.contains(#""variables":{"order":"nil"}"#))
        #expect(!json.contains("\"hunter2\""))
    }

    @Test func inProductionEachFormIsPlain() throws {
        let site = try site(isDevelopment: false)
        #expect(
            try site.get("/orders/7/t", headers: Self.json).hasSuffix(
                "\r\n\r\n{\"status\":500,\"error\":\"Internal Server Error\"}\n"))
        #expect(try site.get("/orders/7/t").hasSuffix("\r\n\r\n500 Internal Server Error\n"))
        #expect(
            try site.get("/gone", headers: Self.json).hasSuffix(
                "{\"status\":410,\"error\":\"Gone\",\"message\":\"It <went>.\"}\n"))
        for path in ["/orders/7/t", "/page", "/gone", "/nowhere", "/assets/x"] {
            let page = try site.get(path, headers: Self.html)
            #expect(page.contains("Cache-Control: no-store\r\n"))
            #expect(page.utf8.count < 2000)
            for leak in ["app.lua", "shop", "order.html", "titel", "t.example", "assets"] {
                #expect(!page.contains(leak))
            }
        }
    }

    @Test func anEndedRequestSaysWhereItWasEnded() throws {
        let page = try site().get("/gone", headers: Self.html)
        #expect(page.hasPrefix("HTTP/1.1 410 Gone\r\n"))
        #expect(page.contains("<h1>It &lt;went&gt;.</h1>"))
        #expect(page.contains("Ended by app.abort"))
        #expect(page.contains("app.lua:12"))
        #expect(page.contains("<dt>why</dt><dd>&#34;deleted&#34;</dd>"))
    }

    @Test func aFormIsShownDecoded() throws {
        let answer = try site().send(
            "POST /form HTTP/1.1\r\nHost: t\r\nAccept: text/html\r\n"
                + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n\r\nname=A%26B&pass=x%20y"
        )
        #expect(
            answer.contains("<h3>Form</h3><dl><dt>name</dt><dd>A&amp;B</dd><dt>pass</dt><dd class=\"hidden\"")
        )
    }

    // MARK: Templates

    @Test func aTemplateErrorShowsTheChainTheCaretAndTheVariables() throws {
        let page = try site().get("/page", headers: Self.html)
        for part in [
            "undefined value", "order.html:3:4", "base.html:2", "block used in",
            "<i class=\"at\"><i class=\"t\">titel",
            "<dt>items</dt><dd>{ 1, &#34;two&#34; }</dd>", "<dt>api_key</dt><dd class=\"hidden\"",
        ] {
            #expect(page.contains(part), "\(part)")
        }
        #expect(!page.contains("k3y</dd>"))
        #expect(
            try site().get("/page").contains(
                "Variables of the page:\n  api_key = •••••\n  items = { 1, \"two\" }"))
    }

    // MARK: Not found

    @Test func aPathThatNoRouteServesShowsTheNearest() throws {
        let page = try site().get("/users/ada", headers: Self.html)
        #expect(page.contains("<h1>No route matches /users/ada</h1>"))
        #expect(page.contains("/users/:id&lt;int&gt;"))
        #expect(page.contains("&#39;ada&#39; is not of the type int of &#39;:id&#39;"))
        #expect(page.contains("All "))
        let text = try site().get("/users/ada")
        #expect(text.contains("Nearest routes:\n  GET /users/:id<int>  ("))
        #expect(try site().get("/users/ada", headers: Self.json).contains("\"nearest_routes\":[{"))
        #expect(try site().get("/totally/else", headers: Self.html).contains("No route comes near this path"))
    }

    @Test func aMethodThatNoRouteAnswersIsNamed() throws {
        let answer = try site().send("DELETE /users/1 HTTP/1.1\r\nHost: t\r\nAccept: text/html\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 405 "))
        #expect(answer.contains("No route answers DELETE on /users/1"))
        #expect(answer.contains("the path fits, but the route answers GET"))
    }

    @Test func aFileThatIsNotThereNamesItsDirectory() throws {
        let page = try site().get("/assets/app.cs", headers: Self.html)
        #expect(page.contains("<h1>No file app.cs in files</h1>"))
        #expect(page.contains("app.lua:16"))
    }

    @Test func nothingOnAPageMayRunOrLoad() throws {
        let policy = "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\n"
        for path in ["/orders/7/t", "/nowhere"] {
            #expect(try site().get(path, headers: Self.html).contains(policy))
            #expect(try site(isDevelopment: false).get(path, headers: Self.html).contains(policy))
        }
    }

    @Test func whatTheConnectionRefusesHasTheSameForms() throws {
        let bad = "GET /a%zz HTTP/1.1\r\nHost: t\r\n"
        #expect(try site().send(bad + "\r\n").contains("Content-Type: text/plain; charset=utf-8\r\n"))
        let large = "POST /form HTTP/1.1\r\nHost: t\r\n\(Self.json)Content-Length: 99999999\r\n\r\n"
        #expect(try site().send(large).contains("{\"status\":413,\"error\":\"Content Too Large\""))
    }

    @Test(arguments: [
        ("text/html", ErrorPage.Format.html), ("application/xhtml+xml, Text/HTML;q=0.1", .html),
        ("application/json", .json), ("application/problem+json", .json),
        ("application/json, text/html", .html),
        ("*/*", .text), ("", .text),
    ])
    func theFormIsWhatTheClientAsksFor(accept: String, format: ErrorPage.Format) {
        Array(accept.utf8).withUnsafeBytes { #expect(ErrorPage.Format(accept: $0) == format) }
        #expect(ErrorPage.Format(accept: nil) == .text)
    }
}
