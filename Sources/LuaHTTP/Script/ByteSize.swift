// SPDX-License-Identifier: MIT

/// Sizes as authors write them: 1024, "64KiB", "8MiB", "1GiB" (and k, M, G for powers of ten).
enum ByteSize {
    /// Bytes, or nil when it is not a size from 0 to 2^40.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = Int(digits) else { return nil }
        let unit: Int
        switch text.dropFirst(digits.count).drop(while: { $0 == " " }).lowercased() {
        case "", "b": unit = 1
        case "k", "kb": unit = 1000
        case "kib": unit = 1 << 10
        case "m", "mb": unit = 1_000_000
        case "mib": unit = 1 << 20
        case "g", "gb": unit = 1_000_000_000
        case "gib": unit = 1 << 30
        default: return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow || bytes > 1 << 40 ? nil : bytes
    }

    /// The size at `index` of a stack: an integer or a string.
    static func parse(_ stack: LuaStack, at index: Int32) -> Int? {
        if let bytes = stack.integer(at: index) { return bytes >= 0 && bytes <= 1 << 40 ? Int(bytes) : nil }
        return stack.string(at: index).flatMap(parse)
    }

    /// "64KiB": the shortest text that means so many bytes.
    static func text(_ bytes: Int) -> String {
        for (unit, name) in [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")]
        where bytes >= unit && bytes % unit == 0 {
            return "\(bytes / unit)\(name)"
        }
        return "\(bytes)"
    }
}
