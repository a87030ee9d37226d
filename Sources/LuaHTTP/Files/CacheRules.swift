// SPDX-License-Identifier: MIT

/// What Cache-Control says of the files of a mount: one value, or one by pattern of the path. Pure.
struct CacheRules: Equatable, Sendable {
    private var rules: [(glob: Glob, value: [UInt8])] = []

    static func == (left: CacheRules, right: CacheRules) -> Bool {
        left.rules.elementsEqual(right.rules) { $0.glob == $1.glob && $0.value == $1.value }
    }

    struct Invalid: Error, Equatable { let value: String }

    init() {}

    /// Pattern → "1h", "immutable", "no-store" or a whole Cache-Control value. Of the patterns that match a path
    /// the longest counts, because Lua's tables have no order.
    init(_ patterns: [(pattern: String, value: String)]) throws(Invalid) {
        for (pattern, text) in patterns {
            guard let value = Self.value(text) else { throw Invalid(value: text) }
            rules.append((Glob(pattern: Array(pattern.utf8)), value))
        }
        rules.sort {
            let (left, right) = ($0.glob.pattern, $1.glob.pattern)
            return left.count != right.count
                ? left.count > right.count : left.lexicographicallyPrecedes(right)
        }
    }

    /// The value for a path below the mount; empty if nothing is to be said.
    func value(for path: some RandomAccessCollection<UInt8>) -> [UInt8] {
        rules.first { $0.glob.matches(path) }?.value ?? []
    }

    /// A year: RFC 9111 knows no more, and HTTP caches treat it as for ever.
    private static let longest = 31_536_000

    /// "90s", "15m", "1h", "30d" → max-age; "immutable" → for ever; other text of visible ASCII as it is.
    static func value(_ text: String) -> [UInt8]? {
        if text == "immutable" { return Array("max-age=\(longest), immutable".utf8) }
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard !digits.isEmpty else {
            return text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? Array(text.utf8) : nil
        }
        let units: [String: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86_400, "": 1]
        guard let number = Int(digits), let unit = units[String(text.dropFirst(digits.count))],
            number <= longest * 10 / unit
        else { return nil }
        return Array("max-age=\(number * unit)".utf8)
    }
}
