// SPDX-License-Identifier: MIT
import NIOCore
import Testing

@testable import LuaHTTP

@Suite("ChunkedDecoder")
struct ChunkedDecoderTests {
    private func decode(
        _ pieces: [[UInt8]], limits: Limits = Limits(), limit: Int = 1 << 20, discards: Bool = false
    ) -> ChunkedReading {
        .of(pieces, limits: limits, limit: limit, discards: discards)
    }

    private func everyWay(_ text: String, limits: Limits = Limits(), limit: Int = 1 << 20) -> ChunkedReading {
        let bytes = Array(text.utf8)
        let whole = decode([bytes], limits: limits, limit: limit)
        for pieces in ByteSplits.all(bytes) {
            #expect(decode(pieces, limits: limits, limit: limit) == whole, "\(text.debugDescription)")
        }
        return whole
    }

    @Test(arguments: [
        ("5\r\nhello\r\n0\r\n\r\n", "hello"), ("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "hello world"),
        ("0\r\n\r\n", ""), ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("00000005\r\nhello\r\n000\r\n\r\n", "hello"),
        ("5;a=b\r\nhello\r\n0;last\r\n\r\n", "hello"), ("5 ; a = b\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5;a=\"q;\\\"x\\\" y\"\r\nhello\r\n0\r\n\r\n", "hello"),
        ("5\r\nhello\r\n0\r\nX: y\r\nTwo:z\r\n\r\n", "hello"),
        ("9\r\n\r\n0\r\n\r\nAB\r\n0\r\n\r\n", "\r\n0\r\n\r\nAB"),
        ("5\r\nhello\r\n0\r\nContent-Length: 50\r\nTransfer-Encoding: x\r\n\r\n", "hello"),
    ])
    func complete(text: String, body: String) {
        #expect(everyWay(text) == .body(body, rest: ""))
        #expect(everyWay(text + "GET /") == .body(body, rest: "GET /"))
        for end in 0..<text.utf8.count {
            guard case .incomplete = decode([Array(text.utf8.prefix(end))]) else {
                Issue.record("complete after \(end) bytes")
                return
            }
        }
    }

    @Test(arguments: [
        "\r\nhello\r\n", "g\r\n", "0x5\r\n", "+5\r\n", "-0\r\n\r\n", "0_5\r\n", "5z\r\n", " 5\r\n", "\t5\r\n",
        ";a=b\r\n",
        "5\u{0}\r\n", "5\nhello", "5\rhello", "5\r\r\nhello", "5 \r\nhello\r\n", "0\n\n", "5\r\nhello\n0\r\n",
        "5\r\nhello0\r\n", "5\r\nhello!\r\n", "4\r\nhello\r\n", "5\r\nhello\r\n\r\n", "5;a\nhello",
        "5;a\rb\r\nhello",
        "5;a=\u{0}\r\n", "5;a=\u{7f}\r\n", "0\r\nGET / HTTP/1.1\r\n", "0\r\nX Y: z\r\n", "0\r\nX : z\r\n",
        "0\r\nX: a\u{0}b\r\n", "0\r\nX: y\n\r\n", "0\r\n X: y\r\n", "10000000000000005\r\n",
        "FFFFFFFFFFFFFFFFF\r\n",
        "1000000000000000000000000000000000000005\r\n", "FFFFFFFFFFFFFFFF\r\n", "00000000000000005\r\n",
    ])
    func malformed(text: String) {
        #expect(everyWay(text) == .failed(400, nil))
    }

    @Test("the body limit is applied to the announced size, before the data")
    func bodyLimit() {
        #expect(everyWay("5\r\nhello\r\n0\r\n\r\n", limit: 5) == .body("hello", rest: ""))
        #expect(everyWay("6\r\n", limit: 5) == .failed(413, .bodyBytes))
        #expect(everyWay("3\r\nabc\r\n3\r\n", limit: 5) == .failed(413, .bodyBytes))
        #expect(everyWay("7FFFFFFFFFFFFFF\r\n") == .failed(413, .bodyBytes))
    }

    @Test("extensions are paid for by data or by the allowance")
    func overhead() {
        var limits = Limits()
        limits.chunkOverhead = 100
        // 16 bytes a line: within what each chunk may cost.
        let free = String(repeating: "1;xxxxxxxxxxxxx\r\na\r\n", count: 50)
        #expect(
            decode([Array((free + "0\r\n\r\n").utf8)], limits: limits)
                == .body(String(repeating: "a", count: 50), rest: ""))
        let dear = String(repeating: "1;" + String(repeating: "x", count: 40) + "\r\na\r\n", count: 10)
        #expect(decode([Array(dear.utf8)], limits: limits) == .failed(400, .chunkOverhead))
        #expect(
            everyWay("5;" + String(repeating: "e", count: 200), limits: limits)
                == .failed(400, .chunkOverhead))
    }

    @Test("trailers are limited in bytes and number, at limit + 1 and not before")
    func trailers() {
        var limits = Limits()
        limits.trailerBytes = 20
        limits.trailerCount = 2
        #expect(everyWay("0\r\nX: 3456789012345\r\n\r\n", limits: limits) == .body("", rest: ""))  // 20 bytes
        #expect(everyWay("0\r\nX: 34567890123456\r\n\r\n", limits: limits) == .failed(431, .trailers))
        #expect(everyWay("0\r\nA:1\r\nB:2\r\n\r\n", limits: limits) == .body("", rest: ""))
        #expect(everyWay("0\r\nA:1\r\nB:2\r\nC:3\r\n", limits: limits) == .failed(431, .trailers))
    }

    @Test("a body nobody wants is counted and dropped")
    func discards() {
        #expect(
            decode([Array("5\r\nhello\r\n0\r\n\r\nX".utf8)], limit: .max, discards: true)
                == .body("", rest: "X"))
    }

    @Test("mutated bodies never crash and come to the same in any pieces")
    func fuzz() {
        var numbers = SeededNumbers(seed: 7)
        let seeds = [
            "5;a=b\r\nhello\r\n1\r\nx\r\n0\r\nX: y\r\n\r\nGET", "A \t;b\r\n0123456789\r\n00\r\n\r\n",
        ]
        let alphabet = Array("\r\n\t ;=:0159afFg\u{0}\u{7f}".utf8)
        for round in 0..<20_000 {
            var bytes = Array(seeds[round % 2].utf8)
            for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                let index = Int.random(in: 0..<bytes.count, using: &numbers)
                let byte = alphabet[Int.random(in: 0..<alphabet.count, using: &numbers)]
                switch Int.random(in: 0..<3, using: &numbers) {
                case 0: bytes[index] = byte
                case 1: bytes.remove(at: index)
                default: bytes.insert(byte, at: index)
                }
            }
            let whole = decode([bytes])
            #expect(decode(ByteSplits.random(bytes, &numbers)) == whole, "\(bytes.text.debugDescription)")
        }
    }
}
