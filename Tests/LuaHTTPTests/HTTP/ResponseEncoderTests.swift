// SPDX-License-Identifier: MIT
import NIOCore
import Testing

@testable import LuaHTTP

@Suite("ResponseFraming")
struct ResponseFramingTests {
    struct Case: Sendable {
        var status: Int, isHead: Bool, version: RequestHead.Version, length: Int?
        var expected: ResponseFraming
    }

    static let cases: [Case] = [
        Case(
            status: 200, isHead: false, version: .http11, length: 5,
            expected: .init(header: .length(5), sendsBody: true)),
        Case(
            status: 200, isHead: true, version: .http11, length: 5,
            expected: .init(header: .length(5), sendsBody: false)),
        Case(
            status: 200, isHead: false, version: .http10, length: 0,
            expected: .init(header: .length(0), sendsBody: true)),
        Case(
            status: 204, isHead: false, version: .http11, length: 5,
            expected: .init(header: .none, sendsBody: false)),
        Case(
            status: 304, isHead: false, version: .http11, length: nil,
            expected: .init(header: .none, sendsBody: false)),
        Case(
            status: 205, isHead: false, version: .http11, length: 5,
            expected: .init(header: .length(0), sendsBody: false)),
        Case(
            status: 200, isHead: false, version: .http11, length: nil,
            expected: .init(header: .chunked, sendsBody: true)),
        Case(
            status: 200, isHead: true, version: .http11, length: nil,
            expected: .init(header: .chunked, sendsBody: false)),
        Case(
            status: 200, isHead: false, version: .http10, length: nil,
            expected: .init(header: .none, sendsBody: true, untilClose: true)),
        Case(
            status: 200, isHead: true, version: .http10, length: nil,
            expected: .init(header: .none, sendsBody: false)),
    ]

    @Test(arguments: cases.indices)
    func table(index: Int) {
        let item = Self.cases[index]
        let framing = ResponseFraming.decide(
            status: item.status, isHead: item.isHead, version: item.version, length: item.length)
        #expect(framing == item.expected)
    }
}

@Suite("ResponseEncoder")
struct ResponseEncoderTests {
    private func head(
        _ status: Int, _ fields: String = "", _ framing: ResponseFraming.Header = .none,
        _ connection: ResponseEncoder.Connection = .none
    ) -> String {
        var date = DateCache()
        var output = ByteBuffer(string: "before|")
        Array(fields.utf8).withUnsafeBytes {
            ResponseEncoder.writeHead(
                ResponseHead(status, fields: $0), ResponseFraming(header: framing, sendsBody: true),
                connection,
                date: date.line(at: 784_111_777), into: &output)
        }
        return String(buffer: output)
    }

    @Test("the parts come in order, behind what was there")
    func order() {
        #expect(
            head(200, "X: y\r\n", .length(1234), .close)
                == "before|HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nConnection: close\r\n"
                + "Content-Length: 1234\r\nX: y\r\n\r\n")
        #expect(
            head(404, "", .chunked, .keepAlive)
                == "before|HTTP/1.1 404 Not Found\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
                + "Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n")
    }

    @Test("every status fits, also with a huge field block")
    func everyStatus() {
        let fields = String(repeating: "X-Long: " + String(repeating: "v", count: 200) + "\r\n", count: 100)
        for status in 100...599 {
            let text = head(status, fields, .length(.max), .keepAlive)
            #expect(text.hasPrefix("before|HTTP/1.1 \(status) \(StatusLine.reason(status))\r\nDate: "))
            #expect(text.hasSuffix("Content-Length: 9223372036854775807\r\n\(fields)\r\n"))
        }
    }

    @Test(arguments: [(0, "0"), (9, "9"), (10, "10"), (100, "100"), (1_000_000_007, "1000000007")])
    func lengths(value: Int, text: String) {
        #expect(head(200, "", .length(value)).contains("\r\nContent-Length: \(text)\r\n"))
    }

    @Test(arguments: [
        (1, "1"), (15, "F"), (16, "10"), (4096, "1000"), (0xABCDE, "ABCDE"), (.max, "7FFFFFFFFFFFFFFF"),
    ])
    func chunkSizes(size: Int, text: String) {
        var output = ByteBuffer()
        ResponseEncoder.writeChunkSize(size, into: &output)
        #expect(String(buffer: output) == text + "\r\n")
    }
}

@Suite("HeaderBlock")
struct HeaderBlockTests {
    private func check(_ name: String, _ value: String) -> HeaderBlock.Refusal? {
        Array(name.utf8).withUnsafeBytes { name in
            Array(value.utf8).withUnsafeBytes { HeaderBlock.check(name, $0) }
        }
    }

    @Test("what would split a response is refused")
    func injection() {
        #expect(check("X", "a\r\nSet-Cookie: b") == .value)
        #expect(check("X", "a\nb") == .value)
        #expect(check("X", "a\rb") == .value)
        #expect(check("X", "a\u{0}b") == .value)
        #expect(check("X\r\nY", "a") == .name)
        #expect(check("X:", "a") == .name)
        #expect(check("X Y", "a") == .name)
        #expect(check("", "a") == .name)
        #expect(check("X", "") == nil)
        #expect(check("X-Ok", "a\tb caf\u{e9}") == nil)
    }

    @Test(
        "framing belongs to the server",
        arguments: [
            "Content-Length", "transfer-encoding", "CONNECTION", "Date", "Keep-Alive", "TE", "Trailer",
        ])
    func reserved(name: String) {
        #expect(check(name, "1") == .reserved)
    }

    @Test("lines are written as the encoder expects them")
    func lines() throws {
        var block = HeaderBlock()
        try Array(" b ".utf8).withUnsafeBytes { try block.add("A", $0) }
        try Array("".utf8).withUnsafeBytes { try block.add("C", $0) }
        #expect(String(buffer: block.bytes) == "A: b\r\nC: \r\n")
    }
}
