// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct DecimalNumberTests {
    private func number(_ text: String, at start: Int = 0) throws(DecimalNumber.Failure) -> DecimalNumber {
        var result: Result<DecimalNumber, DecimalNumber.Failure>?
        Array(text.utf8).withUnsafeBytes { bytes in
            do throws(DecimalNumber.Failure) {
                result = .success(try DecimalNumber(bytes, at: start))
            } catch {
                result = .failure(error)
            }
        }
        return try result!.get()
    }

    @Test(
        arguments: [
            ("0", .integer(0)), ("-1", .integer(-1)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)),
            ("9223372036854775808", .float(9_223_372_036_854_775_808)),
            ("-9223372036854775809", .float(-9_223_372_036_854_775_808)),
            ("18446744073709551616", .float(18_446_744_073_709_551_616)),
            ("9007199254740993", .integer(9_007_199_254_740_993)), ("-0", .float(-0.0)),
            ("-0.0", .float(-0.0)),
            ("1.0", .float(1)), ("1e2", .float(100)), ("1E+2", .float(100)), ("25e-1", .float(2.5)),
            ("0e99999", .float(0)),
            ("1e22", .float(1e22)), ("1e23", .float(1e23)), ("5e-324", .float(.leastNonzeroMagnitude)),
            ("1e-99999", .float(0)),
            ("1.7976931348623157e308", .float(.greatestFiniteMagnitude)), ("0.1", .float(0.1)),
            ("1e-99999999999999999999999", .float(0)), ("9007199254740993.0", .float(9_007_199_254_740_992)),
        ] as [(String, DecimalNumber.Value)])
    func numbersAreExact(text: String, expected: DecimalNumber.Value) throws {
        let number = try number(text)
        #expect(number.value == expected && number.end == text.utf8.count)
        if case (.float(let value), .float(let wanted)) = (number.value, expected) {
            #expect(value.sign == wanted.sign)
        }
    }

    @Test(arguments: [
        ("", 0), ("-", 1), ("+1", 0), (".5", 0), ("1.", 2), ("1.e5", 2), ("1e", 2), ("1e+", 3), ("-a", 1),
    ])
    func missingDigitIsPlaced(text: String, position: Int) {
        #expect(throws: DecimalNumber.Failure.missingDigit(at: position)) { try number(text) }
    }

    @Test(arguments: ["1e309", "-1e309", "1e99999999999999999999", "1.8e308"])
    func numberBeyondAnyFloatIsRefused(text: String) {
        #expect(throws: DecimalNumber.Failure.notFinite) { try number(text) }
    }

    @Test func numberEndsWhereItEnds() throws {
        #expect(try number("a12,5", at: 1).end == 3)
        #expect(try number("1-2").end == 1)
        #expect(try number("1.5.2").end == 3)
        #expect(try number("00").hasLeadingZero && number("-01").hasLeadingZero)
        #expect(
            try !number("0").hasLeadingZero && !number("-0.5").hasLeadingZero && !number("10").hasLeadingZero)
    }

    @Test func floatsReadAsTheStandardLibraryReadsThem() throws {
        var generator = SeededNumbers(seed: 17)
        for _ in 0..<20_000 {
            let digits = Int.random(in: 1...20, using: &generator)
            var text = String((0..<digits).map { _ in "0123456789".randomElement(using: &generator)! })
            text.insert(
                ".", at: text.index(text.startIndex, offsetBy: Int.random(in: 1...digits, using: &generator)))
            if text.hasSuffix(".") { text += "5" }
            if Bool.random(using: &generator) { text += "e\(Int.random(in: -40...40, using: &generator))" }
            #expect(try number(text).value == .float(Double(text)!), "\(text)")
        }
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            #expect(try number(value.description).value == .float(value))
        }
    }
}
