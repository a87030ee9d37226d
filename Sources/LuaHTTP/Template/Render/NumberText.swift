// SPDX-License-Identifier: MIT

/// Numbers as text, the way Python prints them: what template authors have seen everywhere else.
extension ByteStorage {
    mutating func append(float value: Double) { append(NumberText.description(of: value)) }
}

enum NumberText {
    /// Shortest text that reads back as the same number, `repr` of Python: with an exponent from 1e16 on
    /// and below 1e-4. Swift finds the same digits but changes to exponents elsewhere.
    static func description(of value: Double) -> String {
        let text = value.description
        let magnitude = value.magnitude
        guard magnitude.isFinite else { return value.isNaN ? "nan" : text }
        guard magnitude >= 1e15 || text.utf8.contains(UInt8(ascii: "e")) else { return text }
        guard magnitude >= 1e-4, let scientific = Scientific(text.utf8) else { return text }
        return (value < 0 ? "-" : "") + scientific.text
    }

    /// Digits and exponent of a positive number of at least 1.
    private struct Scientific {
        private var digits: [UInt8] = []
        private var exponent = 0

        init?(_ text: String.UTF8View) {
            let parts = text.split(separator: UInt8(ascii: "e"))
            let number = parts[0].drop { $0 == UInt8(ascii: "-") }
            let point = number.firstIndex(of: UInt8(ascii: ".")) ?? number.endIndex
            digits = number.filter { $0 != UInt8(ascii: ".") }
            exponent = number[..<point].count - 1
            if parts.count > 1 {
                guard let written = Int(String(decoding: parts[1], as: UTF8.self)) else { return nil }
                exponent += written
            }
            while digits.count > 1, digits.last == UInt8(ascii: "0") { digits.removeLast() }
            guard exponent >= 0 else { return nil }
        }

        var text: String {
            if exponent < 16 {
                let zeros = [UInt8](repeating: UInt8(ascii: "0"), count: max(0, exponent + 1 - digits.count))
                let all = digits + zeros
                let fraction = all[(exponent + 1)...]
                return String(decoding: all[...exponent], as: UTF8.self) + "."
                    + (fraction.isEmpty ? "0" : String(decoding: fraction, as: UTF8.self))
            }
            let rest = String(decoding: digits[1...], as: UTF8.self)
            return String(decoding: digits[..<1], as: UTF8.self) + (rest.isEmpty ? "" : "." + rest)
                + "e+\(exponent)"
        }
    }

    /// A number as people write it in forms: blanks around it, `_` between digits. Nil for anything else.
    static func integer(_ bytes: UnsafeRawBufferPointer, base: Int) -> Int64? {
        guard let text = trimmed(bytes) else { return nil }
        var digits = Substring(text.lowercased())
        var isNegative = false
        if let sign = digits.first, sign == "-" || sign == "+" {
            isNegative = sign == "-"
            digits = digits.dropFirst()
        }
        var radix = base
        for (prefix, value) in [("0x", 16), ("0o", 8), ("0b", 2)]
        where digits.hasPrefix(prefix) && (base == value || base == 0) {
            digits = digits.dropFirst(2)
            radix = value
        }
        if radix == 0 { radix = 10 }
        guard (2...36).contains(radix), let first = digits.utf8.first, first != 0x2B, first != 0x2D else {
            return nil
        }
        return Int64((isNegative ? "-" : "") + digits, radix: radix)
    }

    static func float(_ bytes: UnsafeRawBufferPointer) -> Double? {
        guard let text = trimmed(bytes)?.lowercased(), !text.hasPrefix("0x"), !text.hasPrefix("-0x") else {
            return nil
        }
        switch text {
        case "inf", "+inf", "infinity", "+infinity": return .infinity
        case "-inf", "-infinity": return -.infinity
        case "nan", "+nan", "-nan": return .nan
        default: return text.contains("n") ? nil : Double(text)
        }
    }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer) -> String? {
        var slice = bytes[...]
        while let first = slice.first, Lexer.isSpace(first) { slice = slice.dropFirst() }
        while let last = slice.last, Lexer.isSpace(last) { slice = slice.dropLast() }
        guard !slice.isEmpty, slice.count < 400 else { return nil }
        let text = slice.filter { $0 != 0x5F }
        guard text.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return String(decoding: text, as: UTF8.self)
    }
}
