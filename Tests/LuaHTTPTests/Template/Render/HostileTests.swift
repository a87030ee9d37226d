// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Templates and data that try to stop the process: each must end in an error or in a page.
struct HostileTests {
    private let tester = RenderTester()

    private func fails(
        _ source: String, data: String = "{}", with kind: TemplateError.Kind,
        options: TemplateOptions = .init(), location: SourceLocation = #_sourceLocation
    ) {
        do {
            let text = try tester.render(source, data: data, options: options)
            Issue.record("rendered \(text.prefix(80))", sourceLocation: location)
        } catch let error as TemplateError {
            #expect(error.kind == kind, "\(error)", sourceLocation: location)
        } catch {
            Issue.record("\(error)", sourceLocation: location)
        }
    }

    @Test(arguments: ["(", "[", "{1:", "-", "not ", "a.b|f(", "{% if a %}", "{% for a in b %}", "x if "])
    func `deep nesting is a syntax error`(_ opening: String) {
        let many = String(repeating: opening, count: 10_000)
        fails(opening.hasPrefix("{%") ? many : "{{ " + many + "1 }}", with: .syntax)
    }

    @Test(arguments: [
        ".a", "[0]", " + 1", " ** 2", " or 1", " and 1", "|upper", " is odd", " if 1 else 2", "()",
    ])
    func `long chains are a syntax error`(_ step: String) {
        fails("{{ x" + String(repeating: step, count: 10_000) + " }}", with: .syntax)
    }

    @Test func `many comparisons and concatenations are fine`() throws {
        #expect(try tester.render("{{ 1" + String(repeating: " ~ 1", count: 5_000) + " }}").count == 5_001)
        #expect(try tester.render("{{ 1" + String(repeating: " <= 1", count: 5_000) + " }}") == "true")
    }

    @Test func `tables that contain themselves`() {
        let data = "(function() local t = {1}; t[2] = t; local m = {}; m.m = m; return {t = t, m = m} end)()"
        fails("{{ t }}", data: data, with: .limit)
        fails("{{ m|tojson }}", data: data, with: .limit)
        fails("{% for x in t recursive %}{{ loop(t) }}{% endfor %}", data: data, with: .limit)
    }

    @Test func `tables that contain themselves are compared`() throws {
        let data = "(function() local t = {}; t[1] = t; local u = {}; u[1] = u; return {t = t, u = u} end)()"
        fails("{{ t == u }}", data: data, with: .limit)
        #expect(try tester.render("{{ t == t }}", data: data) == "true")
    }

    @Test(arguments: [
        "range(1000000000)", "range(-9223372036854775807, 9223372036854775807)",
        "range(0, 9223372036854775807, 2)",
        "range(9223372036854775807, -9223372036854775807, -1)", "'x' * 9223372036854775807", "[1] * 99999999",
        "'x'|center(999999999999)", "'x'|indent(99999999999)", "'%999999999d'|format(1)",
    ])
    func `sizes that do not fit are refused`(_ expression: String) {
        fails("{{ " + expression + " }}", with: .limit)
    }

    @Test(arguments: [
        "{% set ns = namespace(x=[1, 2]) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
        "{% set s = 'a' * 1000000 %}{% set y = [s] * 2000 %}{{ y|map('upper')|list }}",
        "{% set s = 'a' * 1000000 %}{% set y = [s] * 2000 %}{{ y|string }}",
        "{% set s = 'a' * 1000000 %}{% set y = [s] * 2000 %}{{ y|map('wordcount')|sum }}",
        "{% set b = [1] * 20000 %}{% set x = [b] * 2000 %}{{ x|sum(start=[]) }}",
        "{% set b = [1] * 20000 %}{% set x = [b] * 2000 %}{{ x == [b[:]] * 2000 }}",
    ])
    func `work inside one instruction counts`(_ source: String) {
        var options = TemplateOptions()
        options.maximumSteps = 300_000
        fails(source, with: .limit, options: options)
    }

    @Test func `a text is searched in linear time`() throws {
        let source = "{% set a = 'a' * 4000000 %}{{ (a ~ 'b') in (a ~ a) }}"
        #expect(try tester.render(source) == "false")
    }

    @Test(arguments: [
        ("9223372036854775807 + 1", "9.223372036854776e+18"),
        ("-9223372036854775807 - 2", "-9.223372036854776e+18"),
        ("min - 1", "-9.223372036854776e+18"), ("-min", "9.223372036854776e+18"),
        ("min|abs", "9.223372036854776e+18"),
        ("min // -1", "9.223372036854776e+18"), ("min % -1", "0"),
        ("9223372036854775807 * 2", "1.8446744073709552e+19"),
        ("2 ** 63", "9.223372036854776e+18"), ("2 ** 62", "4611686018427387904"), ("2 ** -1", "0.5"),
        ("10 ** 400", "inf"), ("(1e308 * 10)|int", "0"), ("(1e308 * 10 - 1e308 * 10)|int(5)", "5"),
        ("1e300|round(300)", "1e+300"), ("5|round(-400)", "0"),
        ("'abc'[-9223372036854775807:9223372036854775807]", "abc"),
        ("'abc'[::-9223372036854775807]", "c"), ("[1, 2, 3][9223372036854775807]", ""), ("'a'[min]", ""),
        ("range(5)[min]", ""), ("'aaa'|replace('a', 'b', min)", "bbb"),
        ("'aaa'|replace('', 'b', min)", "bababab"), ("min in range(3, 0, -1)", "false"), ("'x' * -5", ""),
        ("min|filesizeformat", "-9223372036854775808 Bytes"),
        ("min is divisibleby(-1)", "true"),
    ])
    func `arithmetic at the edges`(_ expression: String, _ expected: String) throws {
        #expect(try tester.render("{{ " + expression + " }}", data: "{min = math.mininteger}") == expected)
    }

    @Test(arguments: [
        "1 / 0", "1 // 0", "1 % 0", "1.5 / 0", "1.5 % 0.0", "0 ** -1", "'a' + 1", "[] + 1", "1 < 'a'",
        "{} < {}",
    ])
    func `impossible operations are errors`(_ expression: String) {
        fails("{{ " + expression + " }}", with: .invalidOperation)
    }

    @Test func `nan is no key`() throws {
        fails("{{ {n: 1} }}", data: "{n = 0/0}", with: .invalidOperation)
        #expect(
            try tester.render("{{ [n, n]|unique|list|length }}{{ m[n] }}", data: "{n = 0/0, m = {1}}") == "2")
    }

    @Test func `bytes that are no UTF-8 pass through`() throws {
        let data = "{s = 'a\\xff\\xc3\\xe2\\x82b', t = '\\xf0\\x9f\\x90'}"
        #expect(
            try tester.render(
                "{{ s|length }},{{ t|length }},{{ s|reverse|length }},{{ s|upper|length }}", data: data)
                == "6,3,6,6")
        #expect(
            try tester.render(
                "{{ s|list|length }}{{ s[1:3]|length }}{{ s|truncate(3, true, '', 0)|length }}", data: data)
                == "623")
        _ = try tester.render(
            "{{ s|tojson }}{{ s|title }}{{ s|wordwrap(2) }}{{ s|urlize }}{{ s|urlencode }}{{ s|slug }}{{ s|striptags }}",
            data: data)
    }

    @Test func `templates and macros that call themselves`() {
        fails("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", with: .limit)
        fails("{% include 'page.html' %}", with: .limit)
        fails("{% import 'page.html' as p %}", with: .limit)
        fails("{% block a %}{{ self.a() }}{% endblock %}", with: .limit)
        fails("{% set t = 'page.html' %}{% extends t %}", with: .limit)
    }

    @Test func `endless loops run out of steps`() throws {
        var options = TemplateOptions()
        options.maximumSteps = 1_000_000
        let source = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
        #expect(throws: TemplateError.self) { try tester.render(source, options: options) }
    }

    @Test func `a page that is too large is refused`() throws {
        var options = TemplateOptions()
        options.maximumOutput = 100_000
        #expect(throws: TemplateError.self) {
            try tester.render("{% for a in range(99999) %}xxxxxxxxxx{% endfor %}", options: options)
        }
        #expect(throws: TemplateError.self) {
            try tester.render(
                "{% set t %}{% for a in range(99999) %}xxxxxxxxxx{% endfor %}{% endset %}", options: options)
        }
    }

    @Test func `memory that a page takes is limited`() {
        let source =
            "{% set ns = namespace(s='xxxxxxxxxxxxxxxx') %}{% for a in range(60) %}{% set ns.s = [ns.s ~ ns.s, ns.s] |join %}{% endfor %}"
        fails(source, with: .limit)
    }

    @Test func `scripts that change the renderer's own objects`() throws {
        let data = """
            {zero = function(r) r[2] = 0; r[3] = math.maxinteger end, big = function(c) c[1] = math.maxinteger end,
             enter = function(l) l[1] = 1; l[2] = 99 end, circle = function(m) m[1] = m end,
             macro = function(m) m[1] = 77; m[2] = -1 end}
            """
        #expect(
            try tester.render("{% set r = range(3) %}{% do zero(r) %}{{ 2 in r }}{{ r|length }}", data: data)
                == "true100000")
        #expect(
            try tester.render(
                "{% set c = cycler(1, 2) %}{% do big(c) %}{{ c.current }}{{ c.next() }}", data: data) == "2")
        fails(
            "{% for x in [1] recursive %}{% set l = loop %}{% do enter(l) %}{{ l([2]) }}{% endfor %}",
            data: data, with: .invalidOperation)
        fails("{% macro m() %}{% endmacro %}{% do macro(m) %}{{ m() }}", data: data, with: .invalidOperation)
        #expect(try tester.render("{{ 'x'|truncate(1000000000000, leeway=1000000) }}") == "x")
        let sources = [
            "lib": "{% macro m() %}{{ nothing }}{% endmacro %}",
            "page": "{% import 'lib' as l %}{% do circle(l) %}{{ l.m() }}.",
        ]
        #expect(try tester.render(sources, "page", data: data) == ".")
    }

    @Test func `metamethods that fail or lie`() {
        fails(
            "{{ t.x }}", data: "{t = setmetatable({}, {__index = function() error('no') end})}", with: .script
        )
        fails(
            "{{ t }}", data: "{t = setmetatable({}, {__tostring = function() error('no') end})}",
            with: .script)
        fails(
            "{{ t.x.y }}", data: "{t = setmetatable({}, {__index = function(t) return t.z end})}",
            with: .script)
    }
}
