// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// Requests by chance: most of them nearly right, then damaged by a few bytes.
struct RandomRequests {
    private var numbers: SeededNumbers

    init(seed: UInt64) { numbers = SeededNumbers(seed: seed) }

    private static let methods = [
        "GET", "GET", "POST", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE",
        "CONNECT", "BREW", "get", "PROPFIND", "M-SEARCH", "PRI", "SOURCE",
    ]
    private static let targets = [
        "/", "/", "/a/b?c=d", "*", "http://b/", "http://b", "a:80", "/%41%zz", "/a b", "//x",
        "/\u{E9}", "/#f", "x", "http://u@b/", "/{|}^`\"<>",
    ]
    private static let versions = [
        "HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.2",
        "http/1.1", "HTTP/1.1 ", "HTTP/11", "ICE/1.0", "RTSP/1.0",
    ]
    private static let ends = Array(repeating: "\r\n", count: 24) + ["\n", "\r", "\r\r\n", " \r\n"]
    private static let fields = [
        "Host: a", "Host: a:80", "Host:", "Host : a", "Host: a b", "X: y", "X:y", "X:  y  ",
        "X: a\u{0}b", "X:\t", " X: y", "X y", ": y", "X: caf\u{E9}", "Connection: close",
        "Connection: keep-alive",
        "Connection: x, close", "Content-Length: 5", "Content-Length: 0", "Content-Length: 5, 5",
        "Content-Length: +5",
        "Content-Length: 5 ", "Content-Length: 05", "Content-Length:", "Content-Length: 99999999999999999999",
        "Content-Length: 1\u{B}", "Transfer-Encoding: chunked", "Transfer-Encoding: Chunked",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, gzip", "Transfer-Encoding: identity",
        "Transfer-Encoding: xchunked", "Transfer-Encoding: chunked;q=1", "Transfer-Encoding:",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: chunked\t", "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: x",
        "Expect: 100-continue",
        "Expect: x", "Trailer: T", "X: \r\n y", "X:\r\n\ty",
    ]
    private static let chunks = [
        "5\r\nhello\r\n", "5;a=b\r\nhello\r\n", "5 ;a\r\nhello\r\n", "5;a=\"b c\"\r\nhello\r\n",
        "05\r\nhello\r\n", "A\r\n0123456789\r\n", "a\r\n0123456789\r\n", "5\nhello\r\n", "5\r\nhello\n",
        "5\r\nhelloo\r\n",
        "0x5\r\nhello\r\n", "+5\r\nhello\r\n", " 5\r\nhello\r\n", "5 \r\nhello\r\n", "5;\r\nhello\r\n",
        ";a\r\n", "\r\n",
        "ffffffffffffffff\r\n", "fffffffffffffffff\r\n", "5;a\rb\r\nhello\r\n", "5;a\u{0}\r\nhello\r\n",
        "5\t\r\nhello\r\n",
    ]
    private static let lasts = [
        "0\r\n\r\n", "0\r\n\r\n", "0\r\n\r\n", "00\r\n\r\n", "0;a\r\n\r\n", "0\r\nT: x\r\n\r\n", "0\r\n\n",
        "0\n\n", "0\r\nT x\r\n\r\n", "0\r\nContent-Length: 5\r\n\r\n",
    ]

    mutating func next() -> [UInt8] {
        var bytes: [UInt8] = []
        for _ in 0..<Int.random(in: 1...3, using: &numbers) { bytes += request() }
        if chance(10) { return damaged(bytes, times: 1) }
        return chance(4) ? damaged(bytes, times: 3) : bytes
    }

    mutating func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
        chance(4) ? [bytes] : ByteSplits.random(bytes, &numbers)
    }

    private mutating func request() -> [UInt8] {
        var text: [UInt8] = chance(20) ? Array("\r\n".utf8) : []
        add(pick(Self.methods, plain: 3), to: &text)
        text.append(chance(60) ? 0x09 : 0x20)
        if chance(60) { text.append(0x20) }
        add(pick(Self.targets, plain: 2), to: &text)
        text.append(0x20)
        add(pick(Self.versions, plain: 3) + end(), to: &text)
        if !chance(8) { add("Host: a" + end(), to: &text) }
        for _ in 0..<Int.random(in: 0...3, using: &numbers) {
            add(pick(Self.fields, plain: 8) + end(), to: &text)
        }
        switch Int.random(in: 0..<4, using: &numbers) {
        case 0: add("Content-Length: 5\r\n" + end() + "hello", to: &text)
        case 1:
            add("Transfer-Encoding: chunked\r\n" + end(), to: &text)
            for _ in 0..<Int.random(in: 0...3, using: &numbers) {
                add(pick(Self.chunks, plain: 2), to: &text)
            }
            add(pick(Self.lasts, plain: 2), to: &text)
        default: add(end(), to: &text)
        }
        return text
    }

    /// Latin-1: a scalar is a byte.
    private func add(_ text: String, to bytes: inout [UInt8]) {
        bytes += text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }

    private mutating func damaged(_ bytes: [UInt8], times: Int) -> [UInt8] {
        var bytes = bytes
        for _ in 0..<Int.random(in: 1...times, using: &numbers) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &numbers)
            switch Int.random(in: 0..<5, using: &numbers) {
            case 0: bytes.remove(at: index)
            case 1: bytes.insert(bytes[index], at: index)
            case 2: bytes.insert(UInt8.random(in: 0...255, using: &numbers), at: index)
            case 3: bytes[index] = UInt8.random(in: 0...255, using: &numbers)
            default: bytes[index] ^= 1 &<< UInt8.random(in: 0..<8, using: &numbers)
            }
        }
        return bytes
    }

    /// The first `plain` of a list are the usual ones.
    private mutating func pick(_ list: [String], plain: Int) -> String {
        chance(5)
            ? list[Int.random(in: 0..<list.count, using: &numbers)]
            : list[Int.random(in: 0..<min(plain, list.count), using: &numbers)]
    }

    private mutating func end() -> String {
        chance(12) ? Self.ends[Int.random(in: 0..<Self.ends.count, using: &numbers)] : "\r\n"
    }

    /// One in `count`.
    private mutating func chance(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &numbers) == 0 }
}
