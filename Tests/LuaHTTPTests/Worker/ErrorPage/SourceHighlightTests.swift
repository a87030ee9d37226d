// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

@Suite struct SourceHighlightTests {
    /// One letter for each character: `.` plain, k, s, n, c, t.
    private func marks(_ line: String, _ language: SourceHighlight.Language) -> String {
        SourceHighlight.classes(of: Array(line.unicodeScalars), in: language).map { kind -> String in
            switch kind {
            case .plain: "."
            case .keyword: "k"
            case .string: "s"
            case .number: "n"
            case .comment: "c"
            case .tag: "t"
            }
        }.joined()
    }

    @Test(arguments: [
        ("local x = 12.5 -- no", "kkkkk.....nnnn.ccccc"), ("f(\"a\\\"b\", 'c')", "..ssssss..sss."),
        ("x = [[a]] .. y", "....sssss....."), ("locals = endx", "............."), ("\"open", "sssss"),
        ("'\\", "ss"),
        ("[[", "ss"), ("", ""), ("0x1F", "nnnn"),
    ])
    func lua(line: String, expected: String) { #expect(marks(line, .lua) == expected) }

    @Test(arguments: [
        ("<p>{{ a }}</p>", "...ttttttt...."), ("{% if x %}{# c #}", "ttttttttttccccccc"),
        ("{{ open", "ttttttt"),
        ("{ {x} %}", "........"), ("{", "."),
    ])
    func templates(line: String, expected: String) { #expect(marks(line, .template) == expected) }
}
