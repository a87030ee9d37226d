// SPDX-License-Identifier: MIT
import NIOCore
import Testing

@testable import LuaHTTP

/// What a head came to, comparable.
struct HeadSummary: Equatable {
    var method = Method.get
    var version = RequestHead.Version.http11
    var target = ""
    var path = ""
    var query = ""
    var host = ""
    var fields: [String] = []
    var framing = BodyFraming.none
    var persists = true
    var expectsContinue = false
    var raw: [UInt8] = []
    var rest: [UInt8] = []

    init(_ head: borrowing RequestHead, rest: [UInt8]) {
        method = head.method
        version = head.version
        target = String(decoding: head.slice(head.target), as: UTF8.self)
        path = String(decoding: head.slice(head.path), as: UTF8.self)
        query = String(decoding: head.slice(head.query), as: UTF8.self)
        host = String(decoding: head.slice(head.host), as: UTF8.self)
        for index in 0..<head.headers.count {
            fields.append(
                String(decoding: head.name(index), as: UTF8.self) + "="
                    + String(decoding: head.value(index), as: UTF8.self))
        }
        framing = head.framing
        persists = head.isPersistent
        expectsContinue = head.expectsContinue
        raw = Array(head.bytes)
        self.rest = rest
    }
}

enum ParseResult: Equatable {
    case head(HeadSummary), incomplete, failed(Int, Limits.Name?)

    static func of(_ pieces: [[UInt8]], limits: Limits = Limits()) -> ParseResult {
        var parser = RequestParser(limits: limits)
        var head = RequestHead()
        for (index, piece) in pieces.enumerated() {
            var buffer = ByteBuffer(bytes: piece)
            do throws(HTTPError) {
                if try parser.parse(&buffer, into: &head) {
                    return .head(
                        HeadSummary(
                            head, rest: Array(buffer.readableBytesView) + pieces[(index + 1)...].joined()))
                }
            } catch {
                return .failed(error.status, error.limit)
            }
            // A parser that wants more must have taken all.
            if buffer.readableBytes != 0 { return .failed(-1, nil) }
        }
        return .incomplete
    }

    static func of(_ text: String, limits: Limits = Limits()) -> ParseResult {
        of([Array(text.utf8)], limits: limits)
    }

    var status: Int? { if case .failed(let status, _) = self { status } else { nil } }
    var summary: HeadSummary? { if case .head(let summary) = self { summary } else { nil } }
}

@Suite("RequestParser")
struct RequestParserTests {
    static let valid = [
        "GET / HTTP/1.1\r\nHost: t.example\r\n\r\n",
        "\r\nGET /a/b?c=d&e HTTP/1.1\r\nHost: t.example:8080\r\nAccept: */*\r\n"
            + "X-Empty:\r\nX-Wide: \t v  w \t\r\n\r\n",
        "POST /echo HTTP/1.1\r\nhOsT: [::1]\r\nCONTENT-LENGTH: 5\r\nExpect: 100-Continue\r\n\r\n",
        "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked ,\r\nConnection: x, CLOSE\r\n\r\n",
        "GET http://Other.Example:80?x=1 HTTP/1.1\r\nHost: t.example\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        "BREW /pot HTTP/1.1\r\nHost: a\r\nX-L: caf\u{e9}\r\n\r\n",
        "DELETE /%41%2f HTTP/1.2\r\nHost: a\r\nHost-Not: b\r\n!#$%&'*+-.^_`|~09azAZ: tchar\r\n\r\n",
    ]

    static let invalid: [(String, Int)] = [
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /\r\n\r\n", 400), ("GET\r\n\r\n", 400),
        ("\r\n\r\n\r\nGET / HTTP/1.1\r\n", 400), ("\nGET / HTTP/1.1\r\n", 400), ("GET / HTTP/1.1\n", 400),
        ("GET /a#b HTTP/1.1\r\n", 400), ("GET index HTTP/1.1\r\n", 400), ("GET * HTTP/1.1\r\n", 400),
        ("GET /%zz HTTP/1.1\r\n", 400), ("GET /%4 HTTP/1.1\r\n", 400), ("GET /%00 HTTP/1.1\r\n", 400),
        ("GET /a\\b HTTP/1.1\r\n", 400), ("GET /\u{e9} HTTP/1.1\r\n", 400), ("GET /\u{7f} HTTP/1.1\r\n", 400),
        ("GET ftp://a/ HTTP/1.1\r\n", 400), ("GET http:/// HTTP/1.1\r\n", 400),
        ("GET http://u@a/ HTTP/1.1\r\n", 400), ("GET http://a:99999/ HTTP/1.1\r\n", 400),
        ("GET / http/1.1\r\n", 400), ("GET / HTTP/1.10\r\n", 400), ("GET / HTTP/2.0\r\n", 505),
        ("GET / HTTP/0.9\r\n", 505), ("PRI * HTTP/2.0\r\n", 505), ("CONNECT a:80 HTTP/1.1\r\n", 501),
        ("TRACE / HTTP/1.1\r\n", 501),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX-A: b\r\n c\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\n:\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nExpect: teapot\r\n\r\n", 417),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1, 1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("\u{16}\u{3}", 400), ("\u{0}", 400),
    ]

    @Test("the parts of a head are where they belong")
    func parts() throws {
        let head = try #require(ParseResult.of(Self.valid[1]).summary)
        #expect(
            head.method == .get && head.target == "/a/b?c=d&e" && head.path == "/a/b" && head.query == "c=d&e"
        )
        #expect(head.host == "t.example:8080")
        #expect(head.fields == ["Host=t.example:8080", "Accept=*/*", "X-Empty=", "X-Wide=v  w"])
        let post = try #require(ParseResult.of(Self.valid[2]).summary)
        #expect(post.framing == .length(5) && post.expectsContinue && post.host == "[::1]")
        let put = try #require(ParseResult.of(Self.valid[3]).summary)
        #expect(put.framing == .chunked && !put.persists)
        let absolute = try #require(ParseResult.of(Self.valid[4]).summary)
        #expect(absolute.host == "Other.Example:80" && absolute.path == "/" && absolute.query == "x=1")
        let old = try #require(ParseResult.of(Self.valid[6]).summary)
        #expect(old.version == .http10 && !old.persists)
        #expect(try #require(ParseResult.of(Self.valid[7]).summary).persists)
    }

    @Test("a head comes to the same however it is cut", arguments: valid)
    func splits(text: String) throws {
        let bytes = Array(text.utf8)
        let whole = ParseResult.of([bytes])
        #expect(whole.summary?.raw == bytes && whole.summary?.rest == [])
        for pieces in ByteSplits.all(bytes) { #expect(ParseResult.of(pieces) == whole) }
    }

    @Test("the bytes of the next request are left alone", arguments: valid)
    func pipelined(text: String) throws {
        let bytes = Array(text.utf8)
        for pieces in ByteSplits.all(bytes + bytes) {
            let head = try #require(ParseResult.of(pieces).summary)
            #expect(head.raw == bytes && head.rest == bytes)
        }
    }

    @Test("what is wrong is refused with the same status however it is cut", arguments: invalid)
    func refusals(text: String, status: Int) {
        for pieces in ByteSplits.all(Array(text.utf8)) { #expect(ParseResult.of(pieces).status == status) }
    }

    @Test("a head without its end is never complete", arguments: valid)
    func truncated(text: String) {
        let bytes = Array(text.utf8)
        for end in 0..<bytes.count { #expect(ParseResult.of([Array(bytes[..<end])]) == .incomplete) }
    }

    @Test("limits bite at limit + 1 and not before, in one piece and byte by byte")
    func limits() {
        var limits = Limits()
        limits.requestLine = 40
        limits.fieldLine = 30
        limits.headerBytes = 100
        limits.fieldCount = 4
        func check(_ text: String, _ status: Int?, _ name: Limits.Name?) {
            let bytes = Array(text.utf8)
            for pieces in [[bytes], bytes.map { [$0] }] {
                let result = ParseResult.of(pieces, limits: limits)
                if let status {
                    #expect(result == .failed(status, name))
                } else {
                    #expect(result.summary != nil)
                }
            }
        }
        func line(_ count: Int) -> String {
            "GET /" + String(repeating: "a", count: count - 14) + " HTTP/1.1"
        }
        check(line(40) + "\r\nHost: a\r\n\r\n", nil, nil)
        check(line(41) + "\r\nHost: a\r\n\r\n", 414, .requestLine)
        let start = "GET / HTTP/1.1\r\nHost: a\r\n"
        check(start + "X: " + String(repeating: "v", count: 27) + "\r\n\r\n", nil, nil)
        check(start + "X: " + String(repeating: "v", count: 28) + "\r\n\r\n", 431, .fieldLine)
        check(start + "A: 1\r\nB: 1\r\nC: 1\r\n\r\n", nil, nil)
        check(start + "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n", 431, .fieldCount)
        // 9 + 3 × 29 + 2 = 98 bytes of header section, then two more, then one too many.
        let long = String(repeating: "X: " + String(repeating: "v", count: 24) + "\r\n", count: 3)
        check(start + long + "\r\n", nil, nil)
        limits.headerBytes = 98
        check(start + long + "\r\n", nil, nil)
        limits.headerBytes = 97
        check(start + long + "\r\n", 431, .headerBytes)
    }

    @Test("an endless line is refused before it ends")
    func endless() {
        #expect(
            ParseResult.of("GET /" + String(repeating: "a", count: 17 << 10)) == .failed(414, .requestLine))
        let name = "GET / HTTP/1.1\r\n" + String(repeating: "N", count: 17 << 10)
        #expect(ParseResult.of(name) == .failed(431, .fieldLine))
    }

    @Test("empty lines before a request do not count as its beginning")
    func begun() throws {
        var parser = RequestParser(limits: Limits())
        var head = RequestHead()
        var buffer = ByteBuffer(string: "\r\n")
        #expect(try !parser.parse(&buffer, into: &head))
        #expect(!parser.hasBegun)
        buffer = ByteBuffer(string: "G")
        #expect(try !parser.parse(&buffer, into: &head))
        #expect(parser.hasBegun)
    }

    @Test("the slab and the table serve one request after another")
    func reuse() throws {
        var parser = RequestParser(limits: Limits())
        var head = RequestHead()
        for text in Self.valid + Self.valid.reversed() {
            var buffer = ByteBuffer(string: text)
            head.reset()
            parser.reset()
            #expect(try parser.parse(&buffer, into: &head))
            #expect(ParseResult.head(HeadSummary(head, rest: [])) == ParseResult.of(text))
        }
    }

    @Test("mutated requests never crash and come to the same in any pieces")
    func fuzz() {
        var numbers = SeededNumbers(seed: 42)
        let alphabet: [UInt8] = [0, 9, 10, 13, 32, 35, 37, 44, 47, 48, 58, 63, 92, 127, 128, 255]
        for round in 0..<20_000 {
            var bytes = Array(Self.valid[round % Self.valid.count].utf8)
            for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                let index = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0..<4, using: &numbers) {
                case 0: bytes[index] = alphabet[Int.random(in: 0..<alphabet.count, using: &numbers)]
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(alphabet[Int.random(in: 0..<alphabet.count, using: &numbers)], at: index)
                default: bytes.insert(contentsOf: bytes[..<index], at: index)
                }
                if bytes.isEmpty { bytes = [13] }
            }
            let whole = ParseResult.of([bytes])
            #expect(
                ParseResult.of(ByteSplits.random(bytes, &numbers)) == whole, "\(bytes.text.debugDescription)")
        }
    }
}
