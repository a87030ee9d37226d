// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Values that are still being computed: waited for where they are used, once, and nowhere else.
struct AwaitingTests {
    private let tester = RenderTester()

    /// `T(value)` is a task; `await` counts how often it was waited for.
    private static let data = """
        (function()
          LUAHTTPD_TASK.await = function(task) task.waits = task.waits + 1; return task.value end
          local function T(value) return setmetatable({value = value, waits = 0}, LUAHTTPD_TASK) end
          return {five = T(5), name = T("<Ada>"), user = T({name = "Bob", tags = {T("a"), T("b")}}), list = T({1, 2, 3}),
            zero = T(0), nothing = T(nil), page = T("part.html"), double = T(function(x) return x * 2 end),
            pairs = {T({"x", 1}), T({"y", 2})}, numbers = {T(3), T(1), T(2)}, map = {b = T("B"), a = T("A")},
            markup = T(setmetatable({}, {__html = function() return "<b>" end})),
            waits = function(task) return task.waits end, same = function(task) return task end}
        end)()
        """
    private func render(_ source: String, undefined: TemplateOptions.Undefined = .lenient) throws -> String {
        var options = TemplateOptions()
        options.undefined = undefined
        return try tester.render(
            ["page.html": source, "part.html": "part {{ five }}"], "page.html", data: Self.data,
            options: options)
    }

    @Test(arguments: [
        ("{{ five }}", "5"), ("{{ name }}", "&lt;Ada&gt;"), ("{{ name|upper }}", "&lt;ADA&gt;"),
        ("{{ markup }}", "<b>"), ("{{ user.name }}", "Bob"), ("{{ user['name'] }}", "Bob"),
        ("{{ user.tags[1] }}", "b"), ("{{ user.tags|join('+') }}", "a+b"), ("{{ five + 1 }}", "6"),
        ("{{ 1 + five }}", "6"), ("{{ -five }}", "-5"), ("{{ five ** 2 }}", "25"), ("{{ 'n' ~ five }}", "n5"),
        ("{{ five == 5 }}", "true"), ("{{ five < 6 < five + 2 }}", "true"), ("{{ 5 in [five] }}", "true"),
        ("{{ five in [5] }}", "true"), ("{{ 2 in list }}", "true"), ("{{ 'a' in map }}", "true"),
        ("{% if zero %}yes{% else %}no{% endif %}", "no"), ("{{ zero or 'none' }}", "none"),
        ("{{ not five }}", "false"), ("{% for x in list %}{{ x }}{% endfor %}", "123"),
        ("{% for t in user.tags %}{{ loop.index }}{{ t }}{% endfor %}", "1a2b"),
        ("{% for k, v in pairs %}{{ k }}={{ v }};{% endfor %}", "x=1;y=2;"),
        ("{% for k, v in map %}{{ k }}={{ v }};{% endfor %}", "a=A;b=B;"),
        ("{{ list|length }}", "3"), ("{{ list[1:]|join }}", "23"), ("{{ 'abcdefg'[five:] }}", "fg"),
        ("{{ numbers|sort|join }}", "123"), ("{{ numbers|sum }}", "6"), ("{{ numbers|max }}", "3"),
        ("{{ numbers|map('string')|join('-') }}", "3-1-2"), ("{{ numbers|select('gt', 1)|join }}", "32"),
        ("{{ user|tojson }}", #"{"name": "Bob", "tags": ["a", "b"]}"#), ("{{ numbers }}", "[3,1,2]"),
        ("{{ nothing|default('d') }}", "d"), ("{{ nothing is defined }}", "false"), ("[{{ nothing }}]", "[]"),
        ("{{ five is awaitable }}{{ 5 is awaitable }}", "truefalse"), ("{{ five is odd }}", "true"),
        ("{% include page %}", "part 5"), ("{{ double(4) }}", "8"), ("{{ same(five) + 1 }}", "6"),
        ("{% set x = five %}{{ x }}{{ x + 1 }}", "56"),
        ("{{ [five, [name]] }}", "[5,[&#34;&lt;Ada&gt;&#34;]]"),
        ("{% macro m(x) %}({{ x }}){% endmacro %}{{ m(five) }}", "(5)"),
        ("{% filter upper %}{{ name }}{% endfilter %}", "&LT;ADA&GT;"), ("{{ \"%d!\"|format(five) }}", "5!"),
        ("{{ 'x'|center(five) }}|", "  x  |"), ("{% set a, b = pairs[0] %}{{ a }}{{ b }}", "x1"),
        ("{{ {five: 1}[5] }}", "1"), ("{{ 1 if five > 4 else 2 }}", "1"),
        ("{% autoescape zero %}{{ name }}{% endautoescape %}", "<Ada>"),
        ("{{ range(five)|list }}", "[0,1,2,3,4]"), ("{{ dict(user)|length }}", "2"),
    ])
    func `they are waited for where they are used`(_ source: String, _ expected: String) throws {
        #expect(try render(source) == expected)
    }

    @Test(arguments: [
        ("{{ five }}{{ five + 1 }}{{ [five]|sum }}{{ waits(five) }}", "5651"),
        ("{% set x = five %}{{ same(five) is awaitable }}{{ waits(five) }}", "true0"),
        ("{{ [five, five]|length }}{{ waits(five) }}", "20"),
        ("{% if false %}{{ five }}{% endif %}{{ waits(five) }}", "0"),
    ])
    func `once, and only then`(_ source: String, _ expected: String) throws {
        #expect(try render(source) == expected)
    }

    @Test func `a result that is not there is undefined`() throws {
        let error = try #require(throws: TemplateError.self) {
            try render("a\n{{ nothing }}", undefined: .strict)
        }
        #expect(error.kind == .undefined && error.line == 2 && error.message == "'nothing' is undefined")
    }

    @Test func `a task that fails names the place in the template`() throws {
        let error = try #require(throws: TemplateError.self) {
            try tester.render(
                "x\n  {{ t.name }}",
                data: """
                    (function()
                      LUAHTTPD_TASK.await = function() error('no database', 0) end
                      return {t = setmetatable({}, LUAHTTPD_TASK)}
                    end)()
                    """)
        }
        #expect(error.kind == .script && error.message == "no database")
        #expect(error.line == 2 && error.column == 6)
    }

    @Test func `what comes before a wait can be taken, also before text that is set aside`() throws {
        for source in ["head {{ f() }}tail", "head {% set x %}{{ f() }}{% endset %}tail{{ x[:0] }}"] {
            var before: [String] = []
            let text = try tester.render(
                ["page.html": source], data: "{f = function() return '' end}",
                beforeCalls: { before.append($0) })
            #expect(before == ["head "] && text == "head tail", "\(source)")
        }
    }
}
