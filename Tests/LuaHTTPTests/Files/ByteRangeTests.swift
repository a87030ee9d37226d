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
        "", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1", "bytes=2-1", "bytes=0-1,x", "bytes=1--2",
        "bytes=--1", "bytes=+1-2", "bytes=1 - 2", "items=0-1", "bytes:0-1", "=0-1", "bytes=0x1-2",
        "bytes=١-٢",
    ])
    func whatIsNoSingleRangeIsIgnored(field: String) {
        #expect(range(field) == .whole)
    }

    @Test(
        arguments: [
            ("bytes=0-1,3-4", [0..<2, 3..<5]), ("bytes=90-,0-9", [90..<100, 0..<10]),
            ("bytes= 0-1 , , -1", [0..<2, 99..<100]), ("bytes=0-9,5-14,20-29", [0..<10, 5..<15, 20..<30]),
            ("bytes=0-0,1-1,200-300", [0..<1, 1..<2]),
        ] as [(String, [Range<Int64>])])
    func severalRangesAreServedInTheirOrder(field: String, expected: [Range<Int64>]) {
        #expect(range(field) == .parts(expected))
    }

    @Test func rangesThatOnlyCostAreIgnored() {
        // Three overlaps, more bytes than there are, more than 16 ranges (CVE-2011-3192).
        #expect(range("bytes=0-9,1-9,2-9") == .whole)
        #expect(range("bytes=0-99,0-0") == .whole)
        let sixteen = (0..<16).map { "\($0 * 2)-\($0 * 2)" }.joined(separator: ",")
        guard case .parts(let parts) = range("bytes=" + sixteen) else {
            Issue.record("not served")
            return
        }
        #expect(parts.count == 16)
        #expect(range("bytes=" + sixteen + ",50-50") == .whole)
        #expect(range("bytes=" + String(repeating: "0-,", count: 1000)) == .whole)
        #expect(range("bytes=200-300,-0") == .unsatisfiable)
        #expect(range("bytes=0-1,200-") == .part(0..<2))
        #expect(range("bytes=0-9223372036854775807,0-9223372036854775807", .max) == .whole)
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
            switch range(field, length) {
            case .part(let part):
                #expect(part.lowerBound >= 0 && part.upperBound <= length && !part.isEmpty, "\(field)")
            case .parts(let parts):
                #expect(parts.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= length && !$0.isEmpty })
                #expect((2...16).contains(parts.count) && parts.reduce(0) { $0 + Int64($1.count) } <= length)
            case .whole, .unsatisfiable: break
            }
        }
    }
}
