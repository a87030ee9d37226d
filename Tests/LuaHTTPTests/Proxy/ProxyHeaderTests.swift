// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct ProxyHeaderTests {
    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]

    static func binary(_ command: UInt8, _ family: UInt8, _ payload: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(payload.count >> 8), UInt8(payload.count & 255)] + payload
    }

    static let ipv4: [UInt8] = [1, 2, 3, 4, 10, 0, 0, 1, 0x04, 0xD2, 0x01, 0xBB]

    private func parse(_ bytes: [UInt8]) -> ProxyHeader.Outcome { bytes.withUnsafeBytes(ProxyHeader.parse) }

    private func sender(_ address: String?, _ port: Int = 0, isSecure: Bool = false) -> ProxyHeader.Sender {
        .init(address: address.flatMap { IPAddress(text: Array($0.utf8)) }, port: port, isSecure: isSecure)
    }

    /// The outcome of all of it, having seen that each part of it needs more.
    private func parseAtEverySplit(_ bytes: [UInt8]) -> ProxyHeader.Outcome {
        let whole = parse(bytes)
        for count in 0..<bytes.count where parse(Array(bytes[..<count])) != .needsMore {
            if case .complete(_, let length) = whole { #expect(count >= length, "\(count) bytes") }
        }
        return whole
    }

    @Test(
        arguments: [
            ("PROXY TCP4 1.2.3.4 10.0.0.1 1234 443\r\n", "1.2.3.4", 1234),
            ("PROXY TCP6 2001:db8::1 ::1 65535 443\r\n", "2001:db8::1", 65535),
            ("PROXY UNKNOWN\r\n", nil, 0), ("PROXY UNKNOWN ffff::1 ::1 1 2\r\n", nil, 0),
        ] as [(String, String?, Int)])
    func lines(_ text: String, _ address: String?, _ port: Int) {
        let outcome = parseAtEverySplit(Array((text + "GET / HTTP/1.1\r\n").utf8))
        #expect(outcome == .complete(sender(address, port), length: text.utf8.count))
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "PROXX", "PROXY\r\n", "PROXY TCP4 1.2.3.4 10.0.0.1 1234 443\n",
        "PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
        "PROXY TCP4 1.2.3.4 10.0.0.1 1234\r\n", "PROXY TCP4 1.2.3.4 10.0.0.1 1234 443 \r\n",
        "PROXY TCP4 1.2.3.4 10.0.0.1 65536 443\r\n", "PROXY TCP4 1.2.3.4 10.0.0.1 -1 443\r\n",
        "PROXY TCP4 ::1 10.0.0.1 1 2\r\n", "PROXY TCP6 1.2.3.4 ::1 1 2\r\n",
        "PROXY TCP4  1.2.3.4 10.0.0.1 1 2\r\n",
        "PROXY TCP4 1.2.3.4 10.0.0 1 2\r\n", "PROXY " + String(repeating: "x", count: 120),
    ])
    func linesThatAreWrong(_ text: String) { #expect(parse(Array(text.utf8)) == .invalid) }

    @Test func aHeaderOfVersion2() {
        let bytes = Self.binary(0x21, 0x11, Self.ipv4)
        #expect(parseAtEverySplit(bytes + [0x16, 3, 1]) == .complete(sender("1.2.3.4", 1234), length: 28))
    }

    @Test func aHeaderOfVersion2WithIPv6() {
        let address = [UInt8](repeating: 0, count: 15) + [1]
        let bytes = Self.binary(0x21, 0x21, address + address + [0, 80, 0, 81])
        #expect(parseAtEverySplit(bytes) == .complete(sender("::1", 80), length: 52))
    }

    @Test func theBalancerSpeaksForItself() {
        #expect(parse(Self.binary(0x20, 0, [])) == .complete(sender(nil), length: 16))
        #expect(parse(Self.binary(0x20, 0x11, Self.ipv4)) == .complete(sender(nil), length: 28))
        #expect(parse(Self.binary(0x21, 0, [])) == .complete(sender(nil), length: 16))
        let paths = [UInt8](repeating: 0x61, count: 216)
        #expect(parse(Self.binary(0x21, 0x31, paths)) == .complete(sender(nil), length: 232))
    }

    @Test func tlsWithTheBalancerIsKnown() {
        let tls: [UInt8] = [0x20, 0, 5, 1, 0, 0, 0, 0]
        let other: [UInt8] = [0x04, 0, 2, 9, 9]
        let bytes = Self.binary(0x21, 0x11, Self.ipv4 + other + tls)
        #expect(parse(bytes) == .complete(sender("1.2.3.4", 1234, isSecure: true), length: 41))
        let plain = Self.binary(0x21, 0x11, Self.ipv4 + [0x20, 0, 5, 0, 0, 0, 0, 0])
        #expect(parse(plain) == .complete(sender("1.2.3.4", 1234), length: 36))
    }

    @Test(arguments: [
        binary(0x11, 0x11, ipv4), binary(0x22, 0x11, ipv4), binary(0x21, 0x11, Array(ipv4.dropLast())),
        binary(0x21, 0x21, ipv4), binary(0x21, 0x31, ipv4), binary(0x21, 0x11, ipv4 + [0x20]),
        binary(0x21, 0x11, ipv4 + [0x20, 0, 9, 1]), binary(0x21, 0x11, [UInt8](repeating: 0, count: 5000)),
    ])
    func headersOfVersion2ThatAreWrong(_ bytes: [UInt8]) { #expect(parse(bytes) == .invalid) }

    @Test func randomChangesNeverTrap() {
        var numbers = SeededNumbers(seed: 20_261_123)
        let seeds: [[UInt8]] = [
            Array("PROXY TCP4 1.2.3.4 10.0.0.1 1234 443\r\n".utf8), Array("PROXY TCP6 ::1 ::2 1 2\r\n".utf8),
            Self.binary(0x21, 0x11, Self.ipv4 + [0x20, 0, 5, 1, 0, 0, 0, 0]), Self.binary(0x20, 0, []),
        ]
        for round in 0..<20_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...6, using: &numbers) where !bytes.isEmpty {
                let index = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0..<3, using: &numbers) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &numbers)
                case 1: bytes.remove(at: index)
                default: bytes.insert(UInt8.random(in: 0...255, using: &numbers), at: index)
                }
            }
            let outcome = parse(bytes)
            if case .complete(_, let length) = outcome {
                #expect(length <= bytes.count)
                // The rest does not matter, and a part is never something else.
                #expect(parse(Array(bytes[..<length])) == outcome)
            }
            let cut = Int.random(in: 0...bytes.count, using: &numbers)
            let part = parse(Array(bytes[..<cut]))
            #expect(part == .needsMore || part == outcome)
        }
    }
}
