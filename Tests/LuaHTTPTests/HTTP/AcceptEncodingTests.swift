// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct AcceptEncodingTests {
    private func parse(_ lines: [String]) -> AcceptEncoding {
        var accepted = AcceptEncoding()
        for line in lines { Array(line.utf8).withUnsafeBytes { accepted.add($0) } }
        return accepted
    }

    @Test(
        arguments: [
            ([], .identity), (["gzip"], .gzip), (["gzip, deflate, br, zstd"], .br), (["gzip, zstd"], .zstd),
            (["br;q=0.5, gzip"], .gzip), (["br;q=0, gzip;q=0.001"], .gzip), (["*"], .br),
            (["*;q=0"], .identity),
            (["*, br;q=0, zstd;q=0"], .gzip), (["identity, gzip;q=0.5"], .identity),
            (["identity;q=0"], .identity),
            (["X-GZIP"], .gzip), (["GZip"], .gzip), (["deflate"], .deflate), (["deflate, gzip"], .gzip),
            (["gzip;q=2"], .identity),
            (["gzip;q=1.000"], .gzip), (["gzip;q=0.000"], .identity), (["gzip;q=1.0001"], .identity),
            (["gzip;q=x"], .identity), (["gzip;q="], .identity), (["gzip;"], .identity),
            (["gzip ; Q=1"], .gzip),
            (["", ",", " , br"], .br), (["gzip", "br"], .br), (["gzip;q=0.9", "br;q=0.1"], .gzip),
        ] as [([String], AnswerCoding)])
    func theBestAcceptableCodingIsTaken(lines: [String], expected: AnswerCoding) {
        #expect(parse(lines).best { _ in true } == expected)
    }

    @Test func whatIsNotThereIsNotTaken() {
        #expect(parse(["br, gzip;q=0.5"]).best { $0 == .gzip } == .gzip)
        #expect(parse(["br"]).best { $0 == .gzip } == .identity)
    }

    @Test func noFieldTraps() {
        var numbers = SeededNumbers(seed: 5)
        let pieces = [
            "gzip", "br", "*", ";", "q=", "0.5", "1", ",", " ", "q", "=", ".", "999", "\u{0}", "identity",
        ]
        for _ in 0..<30_000 {
            let count = Int.random(in: 0...9, using: &numbers)
            let line = (0..<count).map { _ in pieces.randomElement(using: &numbers) ?? "" }.joined()
            let accepted = parse([line])
            for coding in AnswerCoding.allCases {
                #expect((0...1000).contains(accepted.weight(coding)), "\(line)")
            }
        }
    }
}
