// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Pages that keep themselves up to date during development: which answers get the tag, and what the stream says.
@Suite struct LiveReloadTests {
    private static let source = """
        local app = require "luahttpd"
        app:get("/", function(req) return "<html><body>Hi</body></html>" end)
        app:get("/json", function(req) return app.json { a = "</body>" } end)
        app:get("/text", function(req) return app.text "</body>" end)
        app:get("/save", function(req) return app.html("<p>", { headers = { ["Content-Disposition"] = "attachment" } }) end)
        app:get("/packed", function(req) return app.html("<p>", { headers = { ["Content-Encoding"] = "gzip" } }) end)
        app:get("/tagged", function(req) return app.html("<p>", { headers = { ETag = '"1"', ["X-A"] = "b" } }) end)
        app:get("/policy", function(req)
          return app.html("<p>", { headers = { ["Content-Security-Policy"] = "script-src 'nonce-xyz'" } })
        end)
        app:get("/page", function(req) return {}, "page.html" end)
        app:get("/long", function(req) return {}, "long.html" end)
        app:get("/moved", function(req) return app.html("<p>", { status = 302, headers = { Location = "/" } }) end)
        app:get("/boom", function(req) error "boom" end)
        app:post("/form", function(req) return app.html("<p>wrong", { status = 422 }) end)
        app:static("/files", "files", { cache = "1h" })
        """

    private let feed = ReloadFeed()
    private let browser = "Accept: text/html,*/*\r\nSec-Fetch-Dest: document\r\n"

    private func site(isDevelopment: Bool = true) throws -> InMemorySite {
        try InMemorySite(
            Self.source,
            templates: [
                "page.html": "<body>{{ 1 + 1 }}</body>\n",
                "long.html": "<body>{% for i in range(9000) %}{{ i }}\n{% endfor %}</body></html>",
            ],
            files: [
                "files/a.html": "<body>A</body>", "files/a.css": "b{}",
                "files/large.html": "<body>" + String(repeating: "x", count: 200_000) + "</body>",
            ], isDevelopment: isDevelopment, reloadFeed: feed)
    }

    private static func hasTag(_ answer: String) -> Bool {
        answer.contains("<script src=\"/.luahttpd/live.js\"")
    }

    /// Content-Length says what follows.
    private static func hasRightLength(_ answer: String) -> Bool {
        guard let field = answer.firstMatch(of: #/Content-Length: (\d+)\r\n/#) else { return false }
        return Int(field.1) == InMemorySite.body(of: answer).utf8.count
    }

    // MARK: The tag

    @Test(arguments: ["/", "/page", "/files/a.html", "/files/large.html", "/boom", "/nowhere"])
    func pagesThatABrowserOpensGetTheTagBeforeTheEndOfTheBody(path: String) throws {
        let answer = try site().get(path, headers: browser)
        #expect(Self.hasTag(answer))
        #expect(answer.contains("defer></script>\n</body>"))
        #expect(Self.hasRightLength(answer))
        #expect(answer.ranges(of: "<script").count == 1)
    }

    @Test func aStreamedPageGetsItAtItsEnd() throws {
        let site = try site()
        var answer = try site.get("/long", headers: browser)
        for _ in 0..<100 {
            site.channel.embeddedEventLoop.run()
            answer += try site.received()
        }
        #expect(answer.contains("Transfer-Encoding: chunked"))
        #expect(answer.contains("8999\n"))
        #expect(answer.contains("defer></script>\n</body></html>\r\n0\r\n\r\n"))
    }

    @Test(arguments: ["/json", "/text", "/save", "/packed", "/moved", "/files/a.css"])
    func otherAnswersStayAsTheyAre(path: String) throws {
        let answer = try site().get(path, headers: browser)
        #expect(!Self.hasTag(answer))
        #expect(Self.hasRightLength(answer))
    }

    @Test(arguments: [
        "Accept: */*\r\n", "", "Accept: text/html\r\nHX-Request: true\r\n",
        "Accept: text/html\r\nX-Requested-With: XMLHttpRequest\r\n",
        "Accept: text/html\r\nSec-Fetch-Dest: empty\r\n",
        "Accept: text/html\r\nSec-Fetch-Dest: iframe\r\n",
    ])
    func whatScriptsAndFramesAskForStaysAsItIs(headers: String) throws {
        #expect(try site().get("/", headers: headers).hasSuffix("\r\n\r\n<html><body>Hi</body></html>"))
    }

    @Test func theNextRequestOfTheConnectionIsLookedAtAnew() throws {
        let site = try site()
        for _ in 0..<3 {
            #expect(try Self.hasTag(site.get("/", headers: browser)))
            #expect(try !Self.hasTag(site.get("/")))
        }
    }

    @Test func headSaysWhatGetWould() throws {
        let site = try site()
        let got = try site.get("/", headers: browser)
        let head = try site.send("HEAD / HTTP/1.1\r\nHost: t.example\r\n\(browser)\r\n")
        #expect(got.hasPrefix(head))
        #expect(InMemorySite.body(of: head).isEmpty)
    }

    @Test func validatorsOfThePageWithoutTheTagAreLeftOut() throws {
        let tagged = try site().get("/tagged", headers: browser)
        #expect(Self.hasTag(tagged))
        #expect(!tagged.contains("ETag"))
        #expect(tagged.contains("X-A: b\r\n"))
        #expect(try site().get("/tagged").contains("ETag: \"1\"\r\n"))
        let file = try site().get("/files/a.html", headers: browser)
        #expect(!file.contains("ETag") && !file.contains("Last-Modified") && !file.contains("Accept-Ranges"))
        #expect(
            try site().get("/files/a.html", headers: browser + "Range: bytes=0-3\r\n").hasSuffix(
                "\r\n\r\n<bod"))
    }

    @Test func theTagCarriesTheNonceOfThePolicy() throws {
        let answer = try site().get("/policy", headers: browser)
        #expect(answer.contains(" nonce=\"xyz\" defer></script>"))
        #expect(answer.contains("Content-Security-Policy: script-src 'nonce-xyz'\r\n"))
    }

    @Test func thePageOfAFormSaysSo() throws {
        let site = try site()
        let answer = try site.send(
            "POST /form HTTP/1.1\r\nHost: t.example\r\n\(browser)Content-Length: 0\r\n\r\n")
        #expect(answer.contains(" data-method=\"other\""))
        #expect(try !site.get("/", headers: browser).contains("data-method"))
    }

    @Test func inProductionNothingOfItIsThere() throws {
        let site = try site(isDevelopment: false)
        #expect(try !Self.hasTag(site.get("/", headers: browser)))
        #expect(try site.get("/.luahttpd/live.js").hasPrefix("HTTP/1.1 404 "))
        #expect(try site.get("/.luahttpd/live").hasPrefix("HTTP/1.1 404 "))
        #expect(try site.get("/files/a.css").contains("Cache-Control: max-age=3600\r\n"))
    }

    @Test func anErrorPageOfTheAppLinksToWhatIsBehindIt() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/boom", function(req) local seen = 1; error "boom" end)
            app:error("*", function(req, err) return "<h1>Sorry</h1>" end)
            """, reloadFeed: feed)
        for path in ["/boom", "/nowhere"] {
            let answer = try site.get(path, headers: browser)
            let link = try #require(answer.firstMatch(of: #/data-report="([^"]*)"/#)).1
            let report = try site.get(String(link), headers: "Sec-Fetch-Site: same-origin\r\n")
            #expect(report.hasPrefix("HTTP/1.1 200 "))
            #expect(
                report.contains(path == "/boom" ? "<dt>seen</dt><dd>1</dd>" : "No route matches /nowhere"))
            #expect(
                try site.get(String(link), headers: "Sec-Fetch-Site: cross-site\r\n").hasPrefix(
                    "HTTP/1.1 403 "))
        }
        #expect(try site.get("/.luahttpd/report/0").hasPrefix("HTTP/1.1 404 "))
    }

    @Test func aPageThatBreaksOffLinksToWhatBrokeIt() throws {
        let site = try InMemorySite(
            "require('luahttpd'):get('/', function(req) return { a = 1 }, 'page.html' end)",
            templates: ["page.html": "{% for i in range(9000) %}{{ i }}\n{% endfor %}{{ b.c }}"],
            reloadFeed: feed)
        var answer = try site.get("/", headers: browser)
        for _ in 0..<100 {
            site.channel.embeddedEventLoop.run()
            answer += try site.received()
        }
        #expect(answer.contains("1000\n") && answer.contains("data-report="))
        #expect(!answer.hasSuffix("0\r\n\r\n"))
        #expect(!site.channel.isActive)
    }

    // MARK: Script and stream

    @Test func theScriptIsServedToPagesOfThisSiteOnly() throws {
        let site = try site()
        let script = try site.get("/.luahttpd/live.js", headers: "Sec-Fetch-Site: same-origin\r\n")
        #expect(script.contains("Content-Type: text/javascript; charset=utf-8\r\n"))
        #expect(script.contains("EventSource"))
        #expect(Self.hasRightLength(script))
        for other in ["cross-site", "same-site"] {
            #expect(
                try site.get("/.luahttpd/live", headers: "Sec-Fetch-Site: \(other)\r\n").hasPrefix(
                    "HTTP/1.1 403 "))
        }
        let posted = try site.send("POST /.luahttpd/live HTTP/1.1\r\nHost: t\r\nContent-Length: 0\r\n\r\n")
        #expect(posted.hasPrefix("HTTP/1.1 405 "))
        #expect(try site.get("/.luahttpd/other").hasPrefix("HTTP/1.1 404 "))
    }

    /// The state of the app in the tag of a page.
    private func state(of answer: String) -> String {
        answer.firstMatch(of: #/data-page="([^"]*)"/#).map { String($0.1) } ?? ""
    }

    @Test func thestreamTellsWhatBecomesOfChangedFiles() throws {
        let site = try site()
        let state = state(of: try site.get("/", headers: browser))
        let opened = try site.get("/.luahttpd/live")
        #expect(opened.contains("Content-Type: text/event-stream\r\n"))
        #expect(opened.contains(#"data: {"type":"hello","page":"\#(state)","failure":null}"#))
        func next(_ event: ReloadFeed.Event) throws -> String {
            feed.publish(event)
            site.channel.embeddedEventLoop.run()
            return try site.received()
        }
        let boot = state.prefix { $0 != "." }
        #expect(try next(.reloaded(generation: 2)).contains(#"{"type":"reloaded","page":"\#(boot).2.0"}"#))
        #expect(
            try next(.stylesheetsChanged(["/a.css"])).contains(
                #"{"type":"styles","page":"\#(boot).2.1","paths":["/a.css"]}"#))
        #expect(try next(.filesChanged(["/a.js"])).contains(#"{"type":"files","page":"\#(boot).2.2"}"#))
        let failed = try next(.failed(.script(ScriptError(message: "no <b>\nway", file: "app.lua", line: 3))))
        #expect(failed.contains(#""problems":[{"message":"no <b>\nway","place":"app.lua:3""#))
        #expect(try next(.mended).contains(#"data: {"type":"mended"}"#))
    }

    @Test func aPageThatOpensWhileTheFilesDoNotLoadIsToldWhy() throws {
        let site = try site()
        feed.publish(
            .failed(
                .templates([
                    TemplateError(
                        kind: .syntax, message: "no end", template: "a.html", line: 2, column: 4,
                        excerpt: "   2 > {{")
                ])))
        site.channel.embeddedEventLoop.run()
        let opened = try site.get("/.luahttpd/live")
        #expect(
            opened.contains(#""message":"syntax error: no end","place":"a.html:2:4","source":"   2 > {{""#))
    }

    @Test func theStreamSaysSomethingNowAndThen() throws {
        let site = try site()
        _ = try site.get("/.luahttpd/live")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(16))
        #expect(try site.received().contains(":\n\n"))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(16))
        #expect(try site.received().contains(":\n\n"))
    }

    @Test func theStreamEndsWhenTheServerStopsAndWhenTheClientGoes() throws {
        let site = try site()
        _ = try site.get("/.luahttpd/live")
        site.worker.beginDrain()
        #expect(try site.received().hasSuffix("0\r\n\r\n"))
        #expect(try site.get("/.luahttpd/live").hasPrefix("HTTP/1.1 503 "))

        let other = try self.site()
        _ = try other.get("/.luahttpd/live")
        other.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        feed.publish(.reloaded(generation: 3))
        other.channel.embeddedEventLoop.run()
        #expect(try !other.received().contains("reloaded"))
    }

    @Test func cachedFilesAreAskedForAgain() throws {
        #expect(try site().get("/files/a.css").contains("Cache-Control: no-cache\r\n"))
    }
}
