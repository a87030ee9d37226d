// SPDX-License-Identifier: MIT

import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// `app.file` of handlers, of all methods.
@Suite struct FileAnswerTests {
    private static let app = """
        local app = require "luahttpd"
        app:any("/file", function(req) return app.file "a.txt" end)
        app:any("/directory", function(req) return app.file "d" end)
        """

    @Test(arguments: ["GET", "POST", "PUT", "PATCH", "DELETE"])
    func everyMethodMayBeAnsweredWithAFile(_ method: String) throws {
        let site = try InMemorySite(Self.app, files: ["a.txt": "content"])
        let answer = try site.send("\(method) /file HTTP/1.1\r\nHost: t.example\r\nContent-Length: 0\r\n\r\n")
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(answer)")
        #expect(answer.hasSuffix("content"))
    }

    private func lines(_ name: String, _ answer: String) -> [String] {
        answer.components(separatedBy: "\r\n").filter { $0.lowercased().hasPrefix(name.lowercased() + ": ") }
            .map { String($0.dropFirst(name.utf8.count + 2)) }
    }

    @Test func whatTheAuthorSaysComesOnceAndIsCompared() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:get("/own", function(req) return app.file("a.txt", { filename = "b.txt", headers = {
              ETag = '"own"', ["last-modified"] = "Sun, 06 Nov 1994 08:49:37 GMT", ["Accept-Ranges"] = "none",
              ["Content-Disposition"] = "inline" } }) end)
            app:error(412, function(req, err) return "no such one" end)
            """, files: ["a.txt": "content"])
        let answer = try site.get("/own")
        #expect(answer.hasPrefix("HTTP/1.1 200 ") && answer.hasSuffix("\r\n\r\ncontent"))
        #expect(lines("ETag", answer) == ["\"own\""])
        #expect(lines("Last-Modified", answer) == ["Sun, 06 Nov 1994 08:49:37 GMT"])
        #expect(lines("Accept-Ranges", answer) == ["none"])
        #expect(lines("Content-Disposition", answer) == ["inline"])
        for field in ["If-None-Match: \"own\"", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT"] {
            let same = try site.get("/own", headers: field + "\r\n")
            #expect(same.hasPrefix("HTTP/1.1 304 ") && lines("ETag", same) == ["\"own\""], "\(field)")
            #expect(lines("Content-Disposition", same).isEmpty && lines("Content-Type", same).isEmpty)
        }
        let other = try site.get("/own", headers: "If-Match: \"other\"\r\n")
        #expect(other.hasPrefix("HTTP/1.1 412 ") && other.hasSuffix("\r\n\r\nno such one"))
        #expect(lines("ETag", other).isEmpty)
    }

    /// A redirect to the route's path with a slash would lead nowhere.
    @Test func aDirectoryIsNotFound() throws {
        let site = try InMemorySite(Self.app, files: ["d/index.html": "content"])
        #expect(try site.get("/directory").hasPrefix("HTTP/1.1 404 "))
    }
}
