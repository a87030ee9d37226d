// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Safe text and other text in one: what is escaped, and what the result is.
struct SafeTextTests {
    private let tester = RenderTester()
    private static let data = "{m = {a = '<'}, html = '<b>x', t = 'a & b'}"

    @Test(arguments: [
        ("{{ 'a && ' ~ m|tojson }}", #"a &amp;&amp; {"a": "\u003c"}"#),
        ("{% autoescape false %}{{ 'a && ' ~ m|tojson }}{% endautoescape %}", #"a && {"a": "\u003c"}"#),
        ("{% autoescape false %}{{ '&' + (html|safe) }}{% endautoescape %}", "&amp;<b>x"),
    ])
    func `what stands beside safe text is escaped by ~ where anything is`(
        _ source: String, _ expected: String
    ) throws {
        #expect(try tester.render(source, data: Self.data) == expected)
    }

    @Test func `a script is not escaped by ~`() throws {
        let text = try tester.render(["m.js": "{{ 'a && b = ' ~ m|tojson }}"], data: "{m = {1}}")
        #expect(text == "a && b = [1]")
    }

    @Test(arguments: [
        ("html|safe|replace('<b>', '')", "x"), ("html|safe|replace('x', '<i>')", "<b>&lt;i&gt;"),
        ("html|safe|replace('x', '<i>'|safe)", "<b><i>"), ("html|replace('x', '<i>'|safe)", "&lt;b&gt;<i>"),
        ("html|replace('<b>', '&')", "&amp;x"), ("html|replace('<b>'|safe, '')", "&lt;b&gt;x"),
    ])
    func `replace looks for the text itself`(_ expression: String, _ expected: String) throws {
        #expect(try tester.render("{{ \(expression) }}", data: Self.data) == expected)
    }

    @Test(arguments: [
        ("'<b>one two'|safe|truncate(9, end='<', leeway=0)", "<b>one&lt;"),
        ("'<b>one two'|safe|truncate(9, end='<br>'|safe, leeway=0)", "<b>on<br>"),
        ("'<b>one two'|truncate(9, end='<br>'|safe, leeway=0)", "&lt;b&gt;on<br>"),
        ("'<b>one two'|truncate(9, end='<', leeway=0)", "&lt;b&gt;one&lt;"),
        ("'<b>x y'|safe|wordwrap(3, wrapstring='<br>')", "<b>&lt;br&gt;x y"),
        ("'<b>x y'|wordwrap(3, wrapstring='<br>'|safe)", "&lt;b&gt;<br>x y"),
        ("'<b>x y'|wordwrap(3, wrapstring='<br>')", "&lt;b&gt;&lt;br&gt;x y"),
    ])
    func `what is added to safe text is escaped`(_ expression: String, _ expected: String) throws {
        #expect(try tester.render("{{ \(expression) }}") == expected)
    }

    @Test(arguments: [
        (#""\x7f"|tojson"#, #""\u007f""#), (#""a\r\nb"|indent|tojson"#, #""a\n    b""#), ("true|round", "1"),
        (#""ß ǆ"|title"#, "SS Ǆ"), (#""ß"|capitalize"#, "Ss"),
    ])
    func `filters answer as Jinja's`(_ expression: String, _ expected: String) throws {
        #expect(try tester.render("{{ \(expression) }}") == expected)
    }
}
