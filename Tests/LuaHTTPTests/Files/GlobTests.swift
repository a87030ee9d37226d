// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct GlobTests {
    @Test(arguments: [
        ("*", "", true), ("*", "a/b", true), ("*.css", "a/b.css", true), ("*.css", "a.css.map", false),
        ("fonts/*", "fonts/a/b", true), ("fonts/*", "font/a", false), ("", "", true), ("", "a", false),
        ("a?c", "abc", true), ("a?c", "ac", false), ("*a*b*", "xxaxxbxx", true), ("*a*b*", "xxbxxaxx", false),
        ("*-????????.js", "app-0123abcd.js", true), ("*-????????.js", "app-0123abc.js", false),
        ("**", "x", true),
    ])
    func patterns(pattern: String, text: String, matches: Bool) {
        #expect(Glob(pattern: Array(pattern.utf8)).matches(Array(text.utf8)) == matches)
    }

    /// The classic trap of matchers that backtrack.
    @Test func manyStarsTakeNoTime() {
        let glob = Glob(pattern: Array((String(repeating: "a*", count: 50) + "b").utf8))
        #expect(!glob.matches(Array(repeating: UInt8(ascii: "a"), count: 20_000)))
    }
}

struct CacheRulesTests {
    @Test(arguments: [
        ("1h", "max-age=3600"), ("90s", "max-age=90"), ("15m", "max-age=900"), ("30d", "max-age=2592000"),
        ("0", "max-age=0"), ("no-store", "no-store"), ("public, max-age=5", "public, max-age=5"),
        ("immutable", "max-age=31536000, immutable"), ("1 hour", nil), ("5y", nil), ("99999999999d", nil),
        ("a\r\nX: y", nil), ("é", nil), ("", ""),
    ])
    func values(text: String, value: String?) {
        #expect(CacheRules.value(text).map { String(decoding: $0, as: UTF8.self) } == value)
    }

    @Test func theLongestPatternThatMatchesCounts() throws {
        let rules = try CacheRules([
            ("*", "1m"), ("*.css", "1h"), ("assets/*", "immutable"), ("?", "no-store"),
        ])
        for (path, value) in [
            ("a.css", "max-age=3600"), ("assets/a.css", "max-age=31536000, immutable"), ("b", "max-age=60"),
            ("deep/a.js", "max-age=60"),
        ] {
            #expect(rules.value(for: Array(path.utf8)) == Array(value.utf8), "\(path)")
        }
        #expect(CacheRules().value(for: Array("a".utf8)).isEmpty)
        #expect(throws: CacheRules.Invalid(value: "1 hour")) { try CacheRules([("*", "1 hour")]) }
    }
}
