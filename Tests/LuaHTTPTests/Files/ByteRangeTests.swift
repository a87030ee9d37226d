// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct ByteRangeTests {
    private func range(_ field: String, _ length: Int64 = 100) -> ByteRange {
        Array(field.utf8).withUnsafeBytes { ByteRange($0, length: length) }
    }

    @Test(
        arguments: [
            ("bytes=0-0", 0..<1), ("bytes=0-99", 0..<100), ("bytes=10-19", 10..<20), ("bytes=99-", 99..<100),
            ("bytes=0-", 0..<100), ("bytes=50-1000", 50..<100), ("bytes=-1", 99..<100),
            ("bytes=-100", 0..<100),
            ("bytes=-500", 0..<100), ("BYTES=1-2", 1..<3), ("bytes= 1-2 ", 1..<3),
            ("bytes=0-99999999999999999999999", 0..<100), ("bytes=-99999999999999999999999", 0..<100),
            ("bytes=007-8", 7..<9),
        ] as [(String, Range<Int64>)])
    func oneRangeIsServed(field: String, expected: Range<Int64>) {
        #expect(range(field) == .part(expected))
    }

    @Test(arguments: [
        "bytes=100-", "bytes=100-200", "bytes=-0", "bytes=99999999999999999999-",
        "bytes=9223372036854775807-",
    ])
    func rangeBeyondTheEndIsUnsatisfiable(field: String) {
        #expect(range(field) == .unsatisfiable)
    }

    @Test(arguments: [
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=2-1", "bytes=0-1,3-4", "bytes=1--2",
        "bytes=--1", "bytes=+1-2", "bytes=1 - 2", "items=0-1", "bytes:0-1", "=0-1", "bytes=0x1-2",
        "bytes=١-٢",
    ])
    func whatIsNoSingleRangeIsIgnored(field: String) {
        #expect(range(field) == .whole)
    }

    @Test func emptyFileHasNoRanges() {
        for field in ["bytes=0-", "bytes=-5", "bytes=0-0"] {
            #expect(range(field, 0) == .whole)
        }
    }

    @Test func extremeLengthsDoNotOverflow() {
        #expect(range("bytes=0-9223372036854775807", .max) == .part(0..<Int64.max))
        #expect(range("bytes=-1", .max) == .part(Int64.max - 1..<Int64.max))
        #expect(range("bytes=9223372036854775806-", .max) == .part(Int64.max - 1..<Int64.max))
        #expect(range("bytes=0-", -5) == .whole)
    }

    @Test func noFieldTrapsAndEveryPartIsInside() {
        var generator = SeededNumbers(seed: 13)
        let pieces = [
            "bytes", "=", "-", "0", "9", "55", "9223372036854775807", ",", " ", "x", "99999999999999999999",
        ]
        for _ in 0..<30_000 {
            let count = Int.random(in: 0...7, using: &generator)
            let field = "bytes=" + (0..<count).map { _ in pieces.randomElement(using: &generator)! }.joined()
            let length = ([0, 1, 60, .max] as [Int64]).randomElement(using: &generator)!
            if case .part(let part) = range(field, length) {
                #expect(part.lowerBound >= 0 && part.upperBound <= length && !part.isEmpty, "\(field)")
            }
        }
    }
}
