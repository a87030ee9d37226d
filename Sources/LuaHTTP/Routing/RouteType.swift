// SPDX-License-Identifier: MIT

/// The types of `:name<type>`: which bytes each accepts and what they become.
/// Sees one decoded segment; knows nothing of patterns or of percent-coding.
///
/// The order of the cases is the order in which types at the same place are tried, the most
/// specific first, whatever the order of definition. `path` is last: it may span segments.
enum RouteType: UInt8, CaseIterable, Sendable {
    case int, num, date, uuid, hex, alpha, slug, str, path

    /// A parameter's value beyond its bytes.
    enum Value: Equatable, Sendable {
        case bytes
        case integer(Int64)
        case number(Double)
    }

    init?(name: some StringProtocol) {
        guard let type = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = type
    }

    var name: String { "\(self)" }

    /// What `text` means as this type; nil where it is not one. No type accepts nothing at all.
    func value(of text: UnsafeRawBufferPointer) -> Value? {
        guard !text.isEmpty else { return nil }
        switch self {
        case .int: return Self.integer(text).map(Value.integer)
        case .num: return Self.number(text).map(Value.number)
        case .date: return Self.isDate(text) ? .bytes : nil
        case .uuid: return Self.isUUID(text) ? .bytes : nil
        case .hex: return text.allSatisfy(\.isHexDigit) ? .bytes : nil
        case .alpha: return text.allSatisfy(\.isLetter) ? .bytes : nil
        case .slug: return text.allSatisfy(\.isSlug) ? .bytes : nil
        case .str, .path: return .bytes
        }
    }

    /// `-?[0-9]+` within Int64.
    private static func integer(_ text: UnsafeRawBufferPointer) -> Int64? {
        let negative = text[0] == UInt8(ascii: "-")
        guard text.count > (negative ? 1 : 0) else { return nil }
        var result: Int64 = 0
        for byte in text.dropFirst(negative ? 1 : 0) {
            guard byte.isDigit else { return nil }
            let digit = Int64(byte &- UInt8(ascii: "0"))
            // Accumulates downwards: Int64.min has no positive counterpart.
            let (tens, overflow) = result.multipliedReportingOverflow(by: 10)
            let (sum, overflow2) = tens.subtractingReportingOverflow(digit)
            if overflow || overflow2 { return nil }
            result = sum
        }
        if negative { return result }
        return result == .min ? nil : -result
    }

    /// `-?[0-9]+(.[0-9]+)?([eE][+-]?[0-9]+)?`, finite.
    private static func number(_ text: UnsafeRawBufferPointer) -> Double? {
        guard let number = try? DecimalNumber(text), number.end == text.count else { return nil }
        switch number.value {
        case .integer(let value): return Double(value)
        case .float(let value): return value
        }
    }

    /// `YYYY-MM-DD`, a day of the Gregorian calendar from 0001-01-01.
    private static func isDate(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == 10, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-") else {
            return false
        }
        func digits(_ range: Range<Int>) -> Int? {
            var value = 0
            for index in range {
                guard text[index].isDigit else { return nil }
                value = value * 10 + Int(text[index] &- UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = digits(0..<4), let month = digits(5..<7), let day = digits(8..<10),
            year > 0, (1...12).contains(month), day > 0
        else { return false }
        switch month {
        case 2:
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            return day <= (leap ? 29 : 28)
        case 4, 6, 9, 11: return day <= 30
        default: return day <= 31
        }
    }

    /// `8-4-4-4-12` hexadecimal digits of either case (RFC 9562 §4).
    private static func isUUID(_ text: UnsafeRawBufferPointer) -> Bool {
        guard text.count == 36 else { return false }
        for (index, byte) in text.enumerated() {
            switch index {
            case 8, 13, 18, 23: if byte != UInt8(ascii: "-") { return false }
            default: if !byte.isHexDigit { return false }
            }
        }
        return true
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { ASCII.isDigit(self) }
    fileprivate var isLetter: Bool { ASCII.isAlpha(self) }
    fileprivate var isHexDigit: Bool { ASCII.hexValue(self) != nil }
    fileprivate var isSlug: Bool {
        isDigit || isLetter || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
    }
}
