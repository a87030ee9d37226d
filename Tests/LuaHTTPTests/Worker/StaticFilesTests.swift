// SPDX-License-Identifier: MIT

import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// `app:static` through a worker: what a client sees.
@Suite struct StaticFilesTests {
    /// - Parameter age: seconds since the files were written; what is younger than two is not cached.
    private func site(
        _ options: String = "", files: [String: String], isDevelopment: Bool = false, age: Double = 100
    ) throws -> InMemorySite {
        let app = "require('luahttpd'):static('/s', 'public'\(options.isEmpty ? "" : ", " + options))"
        let site = try InMemorySite(
            app, files: .init(uniqueKeysWithValues: files.map { ("public/" + $0, $1) }),
            isDevelopment: isDevelopment)
        for name in files.keys { try site.setAge("public/" + name, age) }
        return site
    }

    private func header(_ name: String, _ answer: String) -> String? {
        answer.components(separatedBy: "\r\n").first { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.utf8.count + 2)) }
    }

    @Test(arguments: [100.0, 0])
    func aFileIsSentWhetherItIsKeptOrNot(age: Double) throws {
        let site = try site(files: ["a.css": "body {}"], age: age)
        for _ in 0..<3 {
            let answer = try site.get("/s/a.css")
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.hasSuffix("\r\n\r\nbody {}"))
            #expect(header("Content-Type", answer) == "text/css; charset=utf-8")
            #expect(header("X-Content-Type-Options", answer) == "nosniff")
            #expect(header("Vary", answer) == nil)
        }
        #expect(site.worker.generation.files.count == (age > 0 ? 1 : 0))
    }

    @Test func conditionsAndRangesHoldForKeptFilesToo() throws {
        let site = try site(files: ["a.txt": "0123456789"])
        let tag = try #require(header("ETag", site.get("/s/a.txt")))
        for _ in 0..<2 {
            let same = try site.get("/s/a.txt", headers: "If-None-Match: \(tag)\r\n")
            #expect(
                same.hasPrefix("HTTP/1.1 304 ") && same.hasSuffix("\r\n\r\n") && header("ETag", same) == tag)
            #expect(try site.get("/s/a.txt", headers: "If-Match: \"x\"\r\n").hasPrefix("HTTP/1.1 412 "))
            let lines = "If-Match: \"x\"\r\nIf-Match: \(tag)\r\n"
            #expect(try site.get("/s/a.txt", headers: lines).hasPrefix("HTTP/1.1 200 "))
            let list = "If-None-Match: \"x\"\r\nIf-None-Match: \(tag)\r\n"
            #expect(try site.get("/s/a.txt", headers: list).hasPrefix("HTTP/1.1 304 "))
            let part = try site.get("/s/a.txt", headers: "Range: bytes=2-4\r\n")
            #expect(part.hasPrefix("HTTP/1.1 206 ") && part.hasSuffix("\r\n\r\n234"))
            let parts = try site.get("/s/a.txt", headers: "Range: bytes=0-1,-2\r\n")
            let type = try #require(header("Content-Type", parts))
            #expect(type.hasPrefix("multipart/byteranges; boundary="))
            let boundary = type.components(separatedBy: "=")[1]
            let body = InMemorySite.body(of: parts)
            #expect(
                body
                    == "--\(boundary)\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 0-1/10\r\n\r\n01"
                    + "\r\n--\(boundary)\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes 8-9/10\r\n\r\n89"
                    + "\r\n--\(boundary)--\r\n")
            #expect(header("Content-Length", parts) == "\(body.utf8.count)")
            #expect(try site.get("/s/a.txt", headers: "Range: bytes=10-\r\n").hasPrefix("HTTP/1.1 416 "))
            let head = try site.send("HEAD /s/a.txt HTTP/1.1\r\nHost: t.example\r\n\r\n")
            #expect(header("Content-Length", head) == "10" && head.hasSuffix("\r\n\r\n"))
        }
    }

    @Test(arguments: [100.0, 0])
    func whatCannotBeMetHasAPage(age: Double) throws {
        let builtIn = try site(files: ["a.txt": "0123456789"], age: age)
        let failed = try builtIn.get("/s/a.txt", headers: "If-Match: \"x\"\r\n")
        #expect(
            failed.hasPrefix("HTTP/1.1 412 ")
                && InMemorySite.body(of: failed).contains("412 Precondition Failed"))
        let range = try builtIn.get("/s/a.txt", headers: "Range: bytes=10-\r\n")
        #expect(range.hasPrefix("HTTP/1.1 416 ") && InMemorySite.body(of: range).hasPrefix("416 "))
        #expect(header("Content-Range", range) == "bytes */10")
        #expect(
            header("Cache-Control", range) == "no-store"
                && header("X-Content-Type-Options", range) == "nosniff")
        let own = try InMemorySite(
            """
            local app = require "luahttpd"
            app:static("/s", "public")
            app:error("*", function(req, err) return "own " .. err.status end)
            """,
            files: ["public/a.txt": "0123456789", "public/b.txt": String(repeating: "b", count: 100_000)])
        for name in ["a.txt", "b.txt"] {
            try own.setAge("public/" + name, age)
            let size = name == "a.txt" ? 10 : 100_000
            let range = try own.get("/s/\(name)", headers: "Range: bytes=\(size)-\r\n")
            #expect(range.hasPrefix("HTTP/1.1 416 ") && range.hasSuffix("\r\n\r\nown 416"))
            #expect(header("Content-Range", range) == "bytes */\(size)")
            let failed = try own.get("/s/\(name)", headers: "If-Match: \"x\"\r\n")
            #expect(failed.hasPrefix("HTTP/1.1 412 ") && failed.hasSuffix("\r\n\r\nown 412"))
        }
    }

    @Test func compressedNeighboursAreSentToThoseWhoTakeThem() throws {
        let site = try site(files: ["a.js": "plain", "a.js.gz": "gzipped", "a.js.br": "brotli"])
        for _ in 0..<2 {
            let plain = try site.get("/s/a.js")
            #expect(plain.hasSuffix("\r\n\r\nplain") && header("Content-Encoding", plain) == nil)
            #expect(header("Vary", plain) == "Accept-Encoding")
            let gzip = try site.get("/s/a.js", headers: "Accept-Encoding: gzip, zstd\r\n")
            #expect(gzip.hasSuffix("\r\n\r\ngzipped") && header("Content-Encoding", gzip) == "gzip")
            #expect(header("Content-Type", gzip) == "text/javascript; charset=utf-8")
            let brotli = try site.get("/s/a.js", headers: "Accept-Encoding: gzip\r\nAccept-Encoding: br\r\n")
            #expect(brotli.hasSuffix("\r\n\r\nbrotli"))
            let tags = [plain, gzip, brotli].map { header("ETag", $0) }
            #expect(Set(tags).count == 3)
            let same = try site.get(
                "/s/a.js", headers: "Accept-Encoding: gzip\r\nIf-None-Match: \(tags[1] ?? "")\r\n")
            #expect(same.hasPrefix("HTTP/1.1 304 ") && header("Vary", same) == "Accept-Encoding")
            #expect(
                try site.get(
                    "/s/a.js", headers: "Accept-Encoding: gzip\r\nIf-None-Match: \(tags[0] ?? "")\r\n"
                )
                .hasPrefix("HTTP/1.1 200 "))
        }
        #expect(try site.get("/s/a.js.gz", headers: "Accept-Encoding: gzip\r\n").hasSuffix("gzipped"))
    }

    @Test func aNeighbourOfAnOlderVersionIsLeftOut() throws {
        let site = try site(files: ["a.js": "new", "a.js.gz": "old"])
        try site.setAge("public/a.js.gz", 5000)
        let answer = try site.get("/s/a.js", headers: "Accept-Encoding: gzip\r\n")
        #expect(answer.hasSuffix("\r\n\r\nnew") && header("Vary", answer) == nil)
        let off = try self.site("{ precompressed = false }", files: ["a.js": "new", "a.js.gz": "gzipped"])
        #expect(try off.get("/s/a.js", headers: "Accept-Encoding: gzip\r\n").hasSuffix("\r\n\r\nnew"))
    }

    @Test func aChangeIsSeenAtOnceInDevelopmentAndWithinASecondInProduction() throws {
        for isDevelopment in [true, false] {
            let site = try site(files: ["a.txt": "first"], isDevelopment: isDevelopment)
            #expect(try site.get("/s/a.txt").hasSuffix("first"))
            try site.write("public/a.txt", "second")
            try site.setAge("public/a.txt", 50)
            #expect(try site.get("/s/a.txt").hasSuffix(isDevelopment ? "second" : "first"))
            guard !isDevelopment else { continue }
            let deadline = ContinuousClock.now + .seconds(60)
            while try !site.get("/s/a.txt").hasSuffix("second") {
                try #require(ContinuousClock.now < deadline)
                Thread.sleep(forTimeInterval: 0.02)
            }
            try site.remove("public/a.txt")
            while try !site.get("/s/a.txt").hasPrefix("HTTP/1.1 404 ") {
                try #require(ContinuousClock.now < deadline)
                Thread.sleep(forTimeInterval: 0.02)
            }
        }
    }

    @Test func cacheRulesAreByPattern() throws {
        let site = try site(
            "{ cache = { ['*'] = '1m', ['*.css'] = 'immutable' } }",
            files: ["a.css": "", "d/b.css": "", "c.txt": ""])
        for path in ["a.css", "d/b.css"] {
            #expect(try header("Cache-Control", site.get("/s/" + path)) == "max-age=31536000, immutable")
        }
        #expect(try header("Cache-Control", site.get("/s/c.txt")) == "max-age=60")
    }

    @Test func theFirstIndexFileThatIsThereIsSent() throws {
        let site = try site(
            "{ index = { 'index.html', 'home.htm' } }",
            files: ["a/home.htm": "home", "b/index.html": "index", "c/x": ""])
        #expect(try site.get("/s/a/").hasSuffix("\r\n\r\nhome"))
        #expect(try header("Content-Type", site.get("/s/a/")) == "text/html; charset=utf-8")
        #expect(try site.get("/s/b/").hasSuffix("\r\n\r\nindex"))
        #expect(try site.get("/s/c/").hasPrefix("HTTP/1.1 404 "))
        #expect(try header("Location", site.get("/s/b?x=1")) == "/s/b/?x=1")
    }

    @Test func aListingIsMadeOnlyWhereItIsAskedFor() throws {
        let files = ["d/a.txt": "12345", "d/.hidden": "", "i/index.html": "index"]
        let site = try site("{ listing = true }", files: files)
        let page = try site.get("/s/d/")
        #expect(page.hasPrefix("HTTP/1.1 200 ") && page.contains("href=\"./a.txt\"") && page.contains("5 B"))
        #expect(page.contains("<title>Index of /s/d/</title>") && !page.contains("hidden"))
        #expect(header("Cache-Control", page) == "no-cache")
        #expect(try site.get("/s/i/").hasSuffix("\r\n\r\nindex"))
        #expect(try site.get("/s/").contains("href=\"./d/\""))
        #expect(try site.get("/s/none/").hasPrefix("HTTP/1.1 404 "))
        #expect(try self.site(files: files).get("/s/d/").hasPrefix("HTTP/1.1 404 "))
    }

    @Test(arguments: [
        (
            "{ cache = 'a\\nb' }",
            "cache = \"a\nb\" is neither a time such as \"1h\" nor a Cache-Control value"
        ),
        ("{ index = '../x' }", "index = \"../x\" is no name of a file that is served"),
        ("{ index = '.env' }", "index = \".env\" is no name of a file that is served"),
    ]) func rulesThatMakeNoSenseAreRefusedAtLoad(options: String, message: String) {
        #expect {
            try site(options, files: ["a": ""])
        } throws: { error in
            (error as? ScriptError)?.message.contains(message) == true
        }
    }
}
