// SPDX-License-Identifier: MIT

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

    /// A redirect to the route's path with a slash would lead nowhere.
    @Test func aDirectoryIsNotFound() throws {
        let site = try InMemorySite(Self.app, files: ["d/index.html": "content"])
        #expect(try site.get("/directory").hasPrefix("HTTP/1.1 404 "))
    }
}
