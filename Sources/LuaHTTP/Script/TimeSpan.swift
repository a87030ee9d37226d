// SPDX-License-Identifier: MIT

/// Spans of time as authors write them: 10 and 0.5 (seconds), "500ms", "10s", "2m", "1h", "30d".
enum TimeSpan {
    /// 400 days: longer than anything that is meant.
    static let longest = 400 * 86_400_000

    /// Milliseconds, or nil when it is not a span from 0 to `longest`.
    static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let first = digits.first, first != ".", let number = Double(digits) else { return nil }
        let unit: Double
        switch text.dropFirst(digits.count).drop(while: { $0 == " " }) {
        case "ms": unit = 1
        case "", "s": unit = 1000
        case "m": unit = 60_000
        case "h": unit = 3_600_000
        case "d": unit = 86_400_000
        default: return nil
        }
        return milliseconds(number * unit)
    }

    /// The span at `index` of a stack: a number of seconds or a string.
    static func parse(_ stack: LuaStack, at index: Int32) -> Int? {
        if let seconds = stack.number(at: index) { return milliseconds(seconds * 1000) }
        return stack.string(at: index).flatMap(parse)
    }

    /// "10s": the shortest text that means so many milliseconds.
    static func text(_ milliseconds: Int) -> String {
        for (unit, name) in [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")]
        where milliseconds >= unit && milliseconds % unit == 0 {
            return "\(milliseconds / unit)\(name)"
        }
        return "\(milliseconds)ms"
    }

    private static func milliseconds(_ value: Double) -> Int? {
        guard let whole = Int(exactly: value.rounded()), (0...longest).contains(whole) else { return nil }
        return whole
    }
}
