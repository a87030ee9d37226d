// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Compressed answers and those that the client has already.
@Suite struct DeliveryTests {
    private static let app = """
        local app = require "luahttpd"
        local long = ("some words and more "):rep(500)
        app:get("/page", function(req) return { n = tonumber(req.query.n or 100) }, "page.html" end)
        app:get("/plain", { compress = false, etag = false }, function(req) return { n = 100 }, "page.html" end)
        app:get("/text", function() return app.text(long) end)
        app:get("/secret", function() return app.text(long, { compress = false }) end)
        app:get("/short", function() return app.text("short") end)
        app:get("/picture", function() return app.text(long, { content_type = "image/png" }) end)
        app:get("/tagged", function() return app.text("tagged", { headers = { ETag = '"v1"' } }) end)
        app:get("/tagged/long", function() return app.text(long, { headers = { ETag = '"v1"' } }) end)
        app:get("/private", function() return { n = 1 }, "page.html", { headers = { ["Cache-Control"] = "no-store" } } end)
        app:get("/missing", function() return { n = 1 }, "page.html", { status = 404 } end)
        app:get("/stream", function() return app.stream(function(out)
          out:write("one ") app.sleep(1) out:write("two ") app.sleep(1) out:write("three")
        end, { content_type = "text/plain" }) end)
        app:sse("/events", function(req, out) out:send("hello") end)
        app:get("/huge", function() return app.text(("0123456789abcdef"):rep(128 * 1024)) end)
        app:post("/page", function() return { n = 100 }, "page.html" end)
        """

    private static let page = "{% for i in range(n) %}<li>row {{ i }}</li>\n{% endfor %}"

    private func site() throws -> InMemorySite {
        try InMemorySite(Self.app, templates: ["page.html": Self.page])
    }

    /// The bytes that came.
    private func bytes(_ site: InMemorySite) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try site.channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { bytes += buffer.readableBytesView }
        }
        return bytes
    }

    private func answer(
        _ site: InMemorySite, _ path: String, _ headers: String = "Accept-Encoding: gzip\r\n",
        method: String = "GET"
    ) throws -> (head: String, body: [UInt8]) {
        try site.channel.writeInbound(
            ByteBuffer(string: "\(method) \(path) HTTP/1.1\r\nHost: t.example\r\n\(headers)\r\n"))
        site.channel.embeddedEventLoop.advanceTime(by: .milliseconds(100))
        let bytes = try bytes(site)
        let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) ?? 0..<0
        return (String(decoding: bytes[..<end.upperBound], as: UTF8.self), Array(bytes[end.upperBound...]))
    }

    private func inflated(_ bytes: [UInt8], _ format: ZlibStream.Format = .gzip) throws -> String {
        String(decoding: try CompressedBytes.inflated(bytes, format).bytes, as: UTF8.self)
    }

    /// The data of whole chunks.
    private func unchunked(_ bytes: [UInt8]) -> [UInt8] {
        var (data, rest): ([UInt8], ArraySlice<UInt8>) = ([], bytes[...])
        while let end = rest.firstRange(of: [13, 10]),
            let size = Int(String(decoding: rest[..<end.lowerBound], as: UTF8.self), radix: 16), size > 0
        {
            data += rest[end.upperBound...].prefix(size)
            rest = rest[end.upperBound...].dropFirst(size + 2)
        }
        return data
    }

    private func tag(_ head: String) -> String? { head.firstMatch(of: /ETag: (.*)\r\n/).map { String($0.1) } }

    @Test func aPageIsCompressedForThoseWhoTakeIt() throws {
        let site = try site()
        let plain = try answer(site, "/page", "")
        #expect(plain.head.contains("Vary: Accept-Encoding\r\n"))
        #expect(!plain.head.contains("Content-Encoding"))
        for (coding, format) in [("gzip", ZlibStream.Format.gzip), ("deflate", .zlib)] {
            let coded = try answer(site, "/page", "Accept-Encoding: \(coding)\r\n")
            #expect(coded.head.contains("Content-Encoding: \(coding)\r\n"))
            #expect(coded.head.contains("Content-Length: \(coded.body.count)\r\n"))
            #expect(coded.body.count < plain.body.count / 3)
            #expect(try inflated(coded.body, format) == String(decoding: plain.body, as: UTF8.self))
            #expect(tag(coded.head) == tag(plain.head))
        }
        let head = try answer(site, "/page", method: "HEAD")
        #expect(head.head.contains("Content-Encoding: gzip"))
        #expect(head.body.isEmpty)
        #expect(
            try !answer(site, "/page", "Accept-Encoding: br, gzip;q=0\r\n").head.contains("Content-Encoding"))
    }

    @Test func headOfAStreamHasTheLinesOfGet() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/", function()
              return app.stream(function(out) out:write("a") app.sleep(1) end, { content_type = "text/plain" })
            end)
            """)
        let head = try answer(site, "/", method: "HEAD")
        #expect(head.head.contains("Vary: Accept-Encoding\r\n"), "\(head.head)")
        #expect(head.head.contains("Content-Encoding: gzip\r\n"))
        #expect(head.body.isEmpty)
    }

    @Test(arguments: ["/short", "/picture", "/secret", "/plain", "/events", "/tagged"])
    func othersAreSentAsTheyAre(path: String) throws {
        let answer = try answer(try site(), path)
        #expect(answer.head.hasPrefix("HTTP/1.1 200"))
        #expect(!answer.head.contains("Content-Encoding"))
        #expect(!answer.head.contains("Vary"))
    }

    @Test func compressionCanBeOffForTheApp() throws {
        let site = try InMemorySite(
            "local app = require 'luahttpd' app:get('/', function() return app.text(('x'):rep(5000)) end)",
            compression: CompressionSetting(isOn: false))
        #expect(try !answer(site, "/").head.contains("Content-Encoding"))
    }

    @Test func whoWantsAnotherVersionIsToldSo() throws {
        let site = try InMemorySite(
            Self.app + """
                app:get("/own", function() return { n = 1 }, "page.html", { headers = { ETag = '"v1"' } } end)
                app:get("/own/stream", function() return app.stream(function(out) out:write("short") end,
                  { headers = { ETag = '"v1"' } }) end)
                app:post("/own", function() return app.text("done", { headers = { ETag = '"v1"' } }) end)
                app:get("/own/404", function() return app.text("no", { status = 404, headers = { ETag = '"v1"' } }) end)
                app:error(412, function(req, err) return { n = 2 }, "page.html" end)
                """, templates: ["page.html": Self.page])
        for path in ["/own", "/tagged", "/tagged/long", "/own/stream", "/page"] {
            let other = try answer(site, path, "If-Match: \"v2\"\r\n")
            #expect(other.head.hasPrefix("HTTP/1.1 412 "), "\(path)")
            #expect(String(decoding: other.body, as: UTF8.self).contains("row 1"), "\(path)")
            #expect(try answer(site, path, "If-Match: *\r\n").head.hasPrefix("HTTP/1.1 200 "), "\(path)")
        }
        let lines = "If-Match: \"v2\"\r\nIf-Match: \"v1\"\r\n"
        #expect(try answer(site, "/own", lines).head.hasPrefix("HTTP/1.1 200 "))
        // The handler has acted already, or there is nothing to compare.
        let posted = try answer(site, "/own", "If-Match: \"v2\"\r\nContent-Length: 0\r\n", method: "POST")
        #expect(posted.head.hasPrefix("HTTP/1.1 200 "))
        #expect(try answer(site, "/own/404", "If-Match: \"v2\"\r\n").head.hasPrefix("HTTP/1.1 404 "))
        #expect(try answer(site, "/short", "If-Match: \"v2\"\r\n").head.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func whatTheClientHasIsNotSentAgain() throws {
        let site = try site()
        let first = try answer(site, "/page")
        let tag = try #require(self.tag(first.head))
        #expect(tag.hasPrefix("W/\""))
        let again = try answer(site, "/page", "Accept-Encoding: gzip\r\nIf-None-Match: \"x\", \(tag)\r\n")
        #expect(again.head.hasPrefix("HTTP/1.1 304"))
        #expect(again.head.contains("ETag: \(tag)\r\n"))
        #expect(again.head.contains("Vary: Accept-Encoding\r\n"))
        #expect(!again.head.contains("\nContent-Type"))
        #expect(!again.head.contains("Content-Length"))
        #expect(again.body.isEmpty)
        let other = try answer(site, "/page?n=101", "If-None-Match: \(tag)\r\n")
        #expect(other.head.hasPrefix("HTTP/1.1 200"))
        let head = try answer(site, "/page", "If-None-Match: \(tag)\r\n", method: "HEAD")
        #expect(head.head.hasPrefix("HTTP/1.1 304"))
        // The connection goes on.
        #expect(try answer(site, "/short").body == Array("short".utf8))
    }

    @Test func onlyPagesThatMayBeKeptHaveATag() throws {
        let site = try site()
        for path in ["/plain", "/text", "/private", "/missing"] {
            #expect(tag(try answer(site, path, "").head) == nil, "\(path)")
        }
        #expect(tag(try answer(site, "/page", "Content-Length: 0\r\n", method: "POST").head) == nil)
        #expect(try answer(site, "/missing", "If-None-Match: *\r\n").head.hasPrefix("HTTP/1.1 404"))
    }

    @Test func theAuthorsTagIsHonoured() throws {
        let site = try site()
        #expect(try answer(site, "/tagged", "If-None-Match: \"v1\"\r\n").head.hasPrefix("HTTP/1.1 304"))
        #expect(try answer(site, "/tagged", "If-None-Match: \"v2\"\r\n").head.hasPrefix("HTTP/1.1 200"))
        #expect(tag(try answer(site, "/tagged/long", "").head) == "\"v1\"")
        #expect(tag(try answer(site, "/tagged/long").head) == "W/\"v1\"")
    }

    @Test func aLongPageIsStreamedAndCompressed() throws {
        let site = try site()
        let plain = try answer(site, "/page?n=20000", "")
        #expect(plain.head.contains("Transfer-Encoding: chunked"))
        #expect(plain.head.contains("Vary: Accept-Encoding"))
        let coded = try answer(site, "/page?n=20000")
        #expect(coded.head.contains("Content-Encoding: gzip"))
        #expect(try inflated(unchunked(coded.body)) == String(decoding: unchunked(plain.body), as: UTF8.self))
        #expect(coded.body.suffix(5) == Array("0\r\n\r\n".utf8))
        #expect(try answer(site, "/short").body == Array("short".utf8))
    }

    @Test func aStreamFlushesThroughTheCompressor() throws {
        let site = try site()
        let first = try answer(site, "/stream")
        #expect(first.head.contains("Content-Encoding: gzip"))
        var data = unchunked(first.body)
        #expect(try inflated(data) == "one ")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        data += unchunked(try bytes(site))
        #expect(try inflated(data) == "one two ")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        data += unchunked(try bytes(site))
        #expect(try inflated(data) == "one two three")
        #expect(try answer(site, "/short").body == Array("short".utf8))
    }

    @Test func aHugeStringIsCompressedInTurns() throws {
        let site = try site()
        let coded = try answer(site, "/huge")
        #expect(coded.head.contains("Content-Encoding: gzip"))
        #expect(coded.head.contains("Transfer-Encoding: chunked"))
        #expect(
            try inflated(unchunked(coded.body)) == String(repeating: "0123456789abcdef", count: 128 * 1024))
        #expect(site.worker.generation.vm.liveReferences == site.references)
        #expect(try answer(site, "/short").body == Array("short".utf8))
    }

    @Test func aClientThatGoesLeavesNoCompressor() throws {
        let site = try site()
        // The stream waits, so that it comes last: what is asked for after it on its connection would wait, too.
        for path in ["/huge", "/page?n=90000", "/stream"] {
            for _ in 0..<130 {
                let (channel, _) = try site.connect()
                try channel.writeInbound(
                    ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: t\r\nAccept-Encoding: gzip\r\n\r\n"))
                // Not by `finish`, which forgets all that is to happen later on this loop.
                channel.close(promise: nil)
            }
            let head = try answer(site, path).head
            #expect(head.contains("Content-Encoding: gzip"), "\(path): \(head)")
            site.channel.embeddedEventLoop.advanceTime(by: .seconds(5))
            _ = try bytes(site)
        }
    }
}
