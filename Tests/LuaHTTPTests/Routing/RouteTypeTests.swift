// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct RouteTypeTests {
    private func value(_ type: RouteType, _ text: String) -> RouteType.Value? {
        Array(text.utf8).withUnsafeBytes { type.value(of: $0) }
    }

    @Test(arguments: [
        ("0", 0), ("007", 7), ("-1", -1), ("-0", 0),
        ("9223372036854775807", Int64.max), ("-9223372036854775808", Int64.min),
    ])
    func integersAreConverted(text: String, expected: Int64) {
        #expect(value(.int, text) == .integer(expected))
    }

    @Test(arguments: [
        "", "-", "+1", "1.0", "1 ", " 1", "1e3", "0x1", "--1", "١",
        "9223372036854775808", "-9223372036854775809", "99999999999999999999999999",
    ])
    func whatIsNoInt64IsNoInteger(text: String) {
        #expect(value(.int, text) == nil)
    }

    @Test(arguments: [
        ("0", 0), ("3.25", 3.25), ("-0.1", -0.1), ("1e3", 1000), ("1.5E-2", 0.015), ("1e+2", 100),
        ("0.1234567890123456789", 0.1234567890123456789),
        ("123456789012345683968", 123_456_789_012_345_683_968),
        ("9007199254740993", 9_007_199_254_740_992), ("0.000000000000001", 1e-15),
    ])
    func numbersAreConverted(text: String, expected: Double) {
        #expect(value(.num, text) == .number(expected))
    }

    @Test(arguments: [
        "", "-", ".", "1.", ".5", "1e", "1e+", "nan", "inf", "1e999", "-1e999", "0x1p3", "1,5", "1.5.",
        "1e5x",
    ])
    func whatIsNoFiniteDecimalIsNoNumber(text: String) {
        #expect(value(.num, text) == nil)
    }

    @Test func shortNumbersRoundLikeTheStandardLibrary() {
        var generator = SeededNumbers(seed: 7)
        for _ in 0..<20_000 {
            let whole = UInt64.random(
                in: 0...(1 << Int.random(in: 1...40, using: &generator)), using: &generator)
            let digits = Int.random(in: 1...5, using: &generator)
            let fraction = (0..<digits).map { _ in "\(Int.random(in: 0...9, using: &generator))" }.joined()
            let text = "\(whole).\(fraction)"
            #expect(value(.num, text) == Double(text).map(RouteType.Value.number), "\(text)")
        }
    }

    @Test(arguments: ["2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31", "2023-04-30"])
    func daysOfTheCalendarAreDates(text: String) {
        #expect(value(.date, text) == .bytes)
    }

    @Test(arguments: [
        "2023-02-29", "1900-02-29", "2023-13-01", "2023-00-10", "2023-01-00", "2023-04-31", "0000-01-01",
        "2023-1-01", "2023/01/01", "20230101", "2023-01-011", "2023-01-0x", "-023-01-01",
    ])
    func otherTextIsNoDate(text: String) {
        #expect(value(.date, text) == nil)
    }

    @Test func textTypesAcceptTheirAlphabetsOnly() {
        let cases: [(RouteType, String, Bool)] = [
            (.uuid, "123e4567-e89b-12d3-a456-426614174000", true),
            (.uuid, "123E4567-E89B-12D3-A456-426614174000", true),
            (.uuid, "123e4567e89b12d3a456426614174000", false),
            (.uuid, "123e4567-e89b-12d3-a456-42661417400g", false),
            (.uuid, "123e4567-e89b-12d3-a456_426614174000", false),
            (.hex, "00fFaA", true), (.hex, "fg", false),
            (.alpha, "abcXYZ", true), (.alpha, "abc1", false), (.alpha, "é", false), (.alpha, "a@", false),
            (.slug, "a-B_9", true), (.slug, "a.b", false), (.slug, "a b", false),
            (.str, "any thing/é", true), (.str, "", false), (.path, "a/b", true), (.path, "", false),
        ]
        for (type, text, expected) in cases {
            #expect((value(type, text) != nil) == expected, "\(type) \(text)")
        }
    }
}
