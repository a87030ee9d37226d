// SPDX-License-Identifier: MIT
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Bodies with a Content-Encoding.
@Suite("InflatedBody")
struct InflatedBodyTests {
    private static let app = """
        local app = require "luahttpd"
        local limits = { body = "1MiB" }
        app:post("/body", { limits = limits }, function(req) return app.text(#req.body .. req.body:sub(1, 5)) end)
        app:post("/json", function(req) return app.json(req.json) end)
        app:post("/form", function(req) return app.text(req.form.a .. (req.files.f and req.files.f:read() or "")) end)
        app:post("/stream", { body = "stream", limits = limits }, function(req)
          local size = 0
          for chunk in req:chunks() do size = size + #chunk end
          return app.text(size)
        end)
        app:post("/first", { body = "stream" }, function(req) return app.text(req:read(1)) end)
        app:error(415, function(req, err) return app.text("own page", { status = 415 }) end)
        """

    private func post(
        _ path: String, _ bytes: [UInt8], coding: String, type: String = "text/plain", pieces: Int = 1
    ) throws -> String {
        let site = try InMemorySite(Self.app)
        let head =
            "POST \(path) HTTP/1.1\r\nHost: t\r\nContent-Type: \(type)\r\nContent-Encoding: \(coding)\r\n"
            + "Content-Length: \(bytes.count)\r\n\r\n"
        var answer = try site.send(head)
        let size = max(1, bytes.count / pieces)
        for start in stride(from: 0, to: bytes.count, by: size) {
            try site.channel.writeInbound(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + size)]))
            site.channel.embeddedEventLoop.run()
            answer += try site.received()
        }
        return answer
    }

    private func zlib(_ text: String) -> [UInt8] { CompressedBytes.zlib(Array(text.utf8)) }

    @Test("every kind of body is inflated, in whatever pieces it comes", arguments: [1, 3, 1000])
    func kinds(pieces: Int) throws {
        #expect(try post("/body", CompressedBytes.gzip, coding: "gzip", pieces: pieces).hasSuffix("24hello"))
        #expect(
            try post("/body", CompressedBytes.gzip, coding: "X-GZIP", pieces: pieces).hasSuffix("24hello"))
        #expect(try post("/json", zlib("[1,2]"), coding: "deflate", pieces: pieces).hasSuffix("[1,2]"))
        let form = "application/x-www-form-urlencoded"
        #expect(
            try post("/form", zlib("a=x"), coding: "identity, deflate", type: form, pieces: pieces).hasSuffix(
                "x"))
        let multipart = MultipartText().field("a", "y").file("f", "n", "content")
        #expect(
            try post(
                "/form", zlib(multipart.body), coding: "deflate", type: MultipartText.type, pieces: pieces
            )
            .hasSuffix("ycontent"))
        #expect(
            try post(
                "/stream", zlib(String(repeating: "s", count: 50_000)), coding: "deflate", pieces: pieces
            )
            .hasSuffix("\r\n50000"))
        #expect(
            try post("/first", zlib(String(repeating: "s", count: 50_000)), coding: "deflate", pieces: pieces)
                .hasSuffix("\r\n\r\ns"))
    }

    @Test(
        "other codings, and several, are refused with those that are known",
        arguments: ["br", "gzip, gzip", "zstd", "x"])
    func unknown(coding: String) throws {
        let answer = try post("/body", [1, 2, 3], coding: coding)
        #expect(answer.hasPrefix("HTTP/1.1 415"))
        #expect(answer.contains("Accept-Encoding: gzip, deflate\r\n") && answer.hasSuffix("own page"))
    }

    @Test("what expands too much is refused, by size and by ratio", arguments: ["/body", "/stream"])
    func bomb(path: String) throws {
        let zeros = CompressedBytes.zlib([UInt8](repeating: 0, count: 900_000))
        #expect(try post(path, zeros, coding: "deflate").hasPrefix("HTTP/1.1 413"))
        var numbers = SeededNumbers(seed: 1)
        let digits = (0..<1_100_000).map { _ in UInt8.random(in: 48...57, using: &numbers) }
        #expect(
            try post(path, CompressedBytes.zlib(digits), coding: "deflate", pieces: 9).hasPrefix(
                "HTTP/1.1 413"))
        let fine = CompressedBytes.zlib([UInt8](repeating: 0, count: 60_000))
        #expect(try post(path, fine, coding: "deflate").hasPrefix("HTTP/1.1 200"))
    }

    @Test("what is damaged or cut off is refused", arguments: ["/body", "/stream"])
    func damaged(path: String) throws {
        #expect(try post(path, Array("not compressed".utf8), coding: "gzip").hasPrefix("HTTP/1.1 400"))
        let early = try post(path, Array(CompressedBytes.gzip.dropLast()), coding: "gzip")
        #expect(early.hasPrefix("HTTP/1.1 400") && early.contains("compressed request body ends early"))
    }
}
