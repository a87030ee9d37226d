// SPDX-License-Identifier: MIT
import NIOCore
import Testing

@testable import LuaHTTP

@Suite("BodyFraming")
struct BodyFramingTests {
    private func decide(_ fields: String, version: String = "HTTP/1.1") -> Result<BodyFraming, HTTPError> {
        var parser = RequestParser(limits: Limits())
        var head = RequestHead()
        var buffer = ByteBuffer(string: "POST / \(version)\r\nHost: a\r\n\(fields)\r\n")
        do throws(HTTPError) {
            _ = try parser.parse(&buffer, into: &head)
            return .success(head.framing)
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        ("", BodyFraming.none), ("Content-Length: 0\r\n", .none), ("Content-Length: 5\r\n", .length(5)),
        ("Content-Length: 0005\r\n", .length(5)), ("Content-Length: 9223372036854775807\r\n", .length(.max)),
        ("Transfer-Encoding: chunked\r\n", .chunked), ("Transfer-Encoding: ChUnKeD\t \r\n", .chunked),
        ("Transfer-Encoding: , chunked ,\r\n", .chunked),
        ("Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n", .chunked),
        ("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n", .length(5)),
    ])
    func accepted(fields: String, framing: BodyFraming) {
        #expect(decide(fields) == .success(framing))
    }

    @Test(arguments: [
        ("Content-Length: -5\r\n", 400), ("Content-Length: +5\r\n", 400), ("Content-Length: 0x5\r\n", 400),
        ("Content-Length: 5, 5\r\n", 400), ("Content-Length: 5\r\nContent-Length: 5\r\n", 400),
        ("Content-Length:\r\n", 400), ("Content-Length: ,\r\n", 400), ("Content-Length: 5 5\r\n", 400),
        ("Content-Length: \u{a0}5\r\n", 400), ("Content-Length: 18446744073709551616\r\n", 413),
        ("Content-Length: 18446744073709551621\r\n", 413),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: x\r\n", 400),
        ("Transfer-Encoding: cow\r\nContent-Length: 5\r\n", 400),
        ("Transfer-Encoding: identity\r\n", 400), ("Transfer-Encoding:\r\n", 400),
        ("Transfer-Encoding: ,\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n", 400), ("Transfer-Encoding: chunked, gzip\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked;q=1\r\n", 400), ("Transfer-Encoding: \"chunked\"\r\n", 400),
        ("Transfer-Encoding: chunked foo\r\n", 400), ("Transfer-Encoding: chunked\u{85}\r\n", 400),
        ("Transfer-Encoding: xchunked\r\n", 501), ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: cow\r\nTransfer-Encoding: chunked\r\n", 501),
    ])
    func refused(fields: String, status: Int) {
        guard case .failure(let error) = decide(fields) else {
            Issue.record("accepted")
            return
        }
        #expect(error.status == status)
    }

    @Test("HTTP/1.0 has no transfer codings")
    func oldVersion() {
        #expect(decide("Content-Length: 5\r\n", version: "HTTP/1.0") == .success(.length(5)))
        guard case .failure(let error) = decide("Transfer-Encoding: chunked\r\n", version: "HTTP/1.0") else {
            Issue.record("accepted")
            return
        }
        #expect(error.status == 400)
    }
}

@Suite("HostGrammar")
struct HostGrammarTests {
    @Test(arguments: [
        "t.example", "T.EXAMPLE.", "a:80", "a:", "[::1]", "[::1]:8080", "127.0.0.1", "x_y-z~!$&'()*+,;=",
        "%41b",
        "a:65535",
    ])
    func valid(host: String) {
        Array(host.utf8).withUnsafeBytes { #expect(HostGrammar.isValid($0, allowsEmpty: false)) }
    }

    @Test(arguments: [
        "", ":80", "a:b", "a:80:80", "a:65536", "a:99999999999999999999", "u@a", "a/b", "a b", "[::1", "::1",
        "[]",
        "[]:80", "[::1]x", "<a>", "a\"b", "a\\b", "a?b", "a#b", "a%zz", "a%4", "\u{e9}", "a\u{0}b", "[g::1]",
    ])
    func invalid(host: String) {
        Array(host.utf8).withUnsafeBytes { #expect(!HostGrammar.isValid($0, allowsEmpty: false)) }
    }

    @Test("an empty Host is grammatical where the caller says so, a lone port never")
    func empty() {
        [UInt8]().withUnsafeBytes { #expect(HostGrammar.isValid($0, allowsEmpty: true)) }
        Array(":80".utf8).withUnsafeBytes { #expect(!HostGrammar.isValid($0, allowsEmpty: true)) }
    }
}
