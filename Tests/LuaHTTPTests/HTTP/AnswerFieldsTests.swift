// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

struct AnswerFieldsTests {
    private func fields(_ lines: String...) -> AnswerFields {
        AnswerFields(ByteBuffer(string: lines.map { $0 + "\r\n" }.joined()))
    }

    private func text(_ fields: AnswerFields) -> String { String(buffer: fields.lines) }

    @Test func whatMayBeCompressed() {
        #expect(fields("Content-Type: text/html").isCompressible)
        #expect(fields("X: y", "content-TYPE:text/html; charset=utf-8", "Set-Cookie: a=b").isCompressible)
        #expect(!fields("X: y").isCompressible)
        #expect(!fields("Content-Type: image/png").isCompressible)
        #expect(!fields("Content-Type: text/html", "Content-Encoding: br").isCompressible)
        #expect(!fields("Content-Type: text/html", "Content-Range: bytes 0-1/2").isCompressible)
        #expect(!fields("Content-Type: text/html", "Cache-Control: private, No-Transform").isCompressible)
        #expect(!AnswerFields(ByteBuffer()).isCompressible)
    }

    @Test func varyIsSaidOnce() {
        let line = "Vary: Accept-Encoding\r\n"
        for own in ["vary: accept-ENCODING", "Vary: Accept, Accept-Encoding", "VARY: *", "Vary: Cookie, *"] {
            var fields = fields(own)
            fields.vary()
            #expect(text(fields) == own + "\r\n")
        }
        var other = fields("Vary: Accept", "X-Vary: *")
        other.vary()
        other.vary()
        #expect(text(other) == "Vary: Accept\r\nX-Vary: *\r\n" + line)
    }

    @Test func aTagIsMadeOfTheBody() {
        var one = fields("Content-Type: text/html")
        var other = one
        #expect(!one.hasTag)
        Array("body".utf8).withUnsafeBytes { one.addTag(of: $0) }
        Array("bodx".utf8).withUnsafeBytes { other.addTag(of: $0) }
        #expect(one.hasTag)
        #expect(text(one) != text(other))
        #expect(text(one).wholeMatch(of: /Content-Type: text\/html\r\nETag: W\/"[0-9A-Fa-f]{16}"\r\n/) != nil)
    }

    @Test func aStrongTagIsWeakInAnotherCoding() {
        var strong = fields("ETag: \"v1\"", "Content-Type: text/html")
        strong.encode(.gzip)
        #expect(text(strong) == "ETag: W/\"v1\"\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n")
        var weak = fields("Content-Type: text/html", "etag: W/\"v1\"")
        weak.encode(.deflate)
        #expect(text(weak) == "Content-Type: text/html\r\netag: W/\"v1\"\r\nContent-Encoding: deflate\r\n")
        #expect(!weak.isCompressible)
    }

    @Test func a304SaysNothingOfTheBody() {
        let all = fields(
            "Content-Type: text/html", "ETag: \"1\"", "Set-Cookie: a=b", "content-language: en",
            "Content-Security-Policy: default-src 'self'", "Vary: Accept-Encoding", "Content-Location: /x")
        #expect(
            String(buffer: all.ofNotModified)
                == "ETag: \"1\"\r\nSet-Cookie: a=b\r\nContent-Security-Policy: default-src 'self'\r\n"
                + "Vary: Accept-Encoding\r\nContent-Location: /x\r\n")
    }

    private func decide(_ fields: AnswerFields, _ request: String...) -> Conditional.Decision {
        RequestHead.withFields(of: request) { fields.decide(on: $0) }
    }

    @Test func whoHasItIsToldSo() {
        let tagged = fields("X: y", "ETag: W/\"v1\"")
        #expect(decide(tagged, "If-None-Match: W/\"v1\"") == .notModified)
        #expect(decide(tagged, "If-None-Match: \"v0\", \"v1\"") == .notModified)
        #expect(decide(tagged, "If-None-Match: \"v0\"", "If-None-Match: \"v1\"") == .notModified)
        #expect(decide(tagged, "If-None-Match: *") == .notModified)
        #expect(decide(tagged, "If-None-Match: \"v2\"") == .proceed)
        #expect(decide(tagged) == .proceed)
        #expect(decide(fields("X: y"), "If-None-Match: *") == .proceed)
        let dated = fields("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(decide(dated, "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT") == .notModified)
        #expect(decide(dated, "If-Modified-Since: Sun, 06 Nov 1994 08:49:36 GMT") == .proceed)
        #expect(decide(dated, "If-Modified-Since: yesterday") == .proceed)
    }

    @Test func whoWantsAnotherOneIsToldSo() {
        let tagged = fields("ETag: \"v1\"")
        #expect(decide(tagged, "If-Match: \"v0\"") == .preconditionFailed)
        #expect(decide(tagged, "If-Match: \"v0\"", "If-Match: \"v1\"") == .proceed)
        #expect(decide(tagged, "If-Match: *") == .proceed)
        // Weak tags are not what If-Match means (RFC 9110 §13.1.1).
        #expect(decide(fields("ETag: W/\"v1\""), "If-Match: W/\"v1\"") == .preconditionFailed)
        let dated = fields("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(decide(dated, "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:36 GMT") == .preconditionFailed)
        #expect(decide(dated, "If-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT") == .proceed)
        #expect(decide(fields("X: y"), "If-Match: \"v0\"") == .proceed)
    }

    @Test func whatAnAuthorSaysOfAFileIsSeen() {
        let said = fields("Accept-Ranges: none", "CONTENT-disposition: inline", "Last-Modified: once")
        #expect(said.hasAcceptRanges && said.hasDisposition && said.hasDate && !said.hasTag)
        #expect(said.validators.lastModified == nil && said.validators.entityTag.isEmpty)
        let silent = fields("Content-Type: text/html", "Accept: x", "Content-Disposition-X: y")
        #expect(!silent.hasAcceptRanges && !silent.hasDisposition && !silent.hasDate && !silent.hasTag)
    }

    @Test func noLinesTrap() {
        var numbers = SeededNumbers(seed: 11)
        let pieces = [
            "ETag", "Content-Type", ":", " ", "\r\n", "\"", "W/", "text/html", "\n", "cache-control", ",",
        ]
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...12, using: &numbers)
            let text = (0..<count).map { _ in pieces.randomElement(using: &numbers) ?? "" }.joined()
            var fields = AnswerFields(ByteBuffer(string: text))
            _ = fields.isCompressible
            _ = fields.ofNotModified
            fields.encode(.gzip)
            fields.vary()
        }
    }
}
