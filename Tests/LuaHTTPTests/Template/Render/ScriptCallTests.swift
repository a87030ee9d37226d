// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// What happens at the border with scripts: functions, iterators, filters of the application, objects.
struct ScriptCallTests {
    private let tester = RenderTester()

    @Test func `functions are called with positional and keyword arguments`() throws {
        let data =
            "{f = function(a, b, k) return a .. (b or '') .. (k and k.x or '') end, o = {g = function(x) return x * 2 end}}"
        #expect(
            try tester.render(
                "{{ f('<', 'b') }} {{ f(1, 2, x=3) }} {{ f(*['p', 'q']) }} {{ o.g(4) }}", data: data)
                == "&lt;b 123 pq 8")
    }

    @Test func `functions are called inside loops, macros and captures`() throws {
        let source = """
            {% macro m(x) %}[{{ f(x) }}]{% endmacro %}{% for i in [1, 2] %}{{ m(i) }}{% set t %}{{ f(i) }}!{% endset %}{{ t }}\
            {% endfor %}{% if f(0) == 1 %}yes{% endif %}
            """
        #expect(try tester.render(source, data: "{f = function(x) return x + 1 end}") == "[2]2![3]3!yes")
    }

    @Test func `results that are missing or false`() throws {
        let data =
            "{n = function() end, z = function() return nil, 5 end, b = function() return false end, m = function() return 1, 2 end}"
        #expect(
            try tester.render("{{ n() }}{{ z() }}{{ b() }}{{ m() }}{{ n() is defined }}", data: data)
                == "false1false")
    }

    @Test func `a function that fails names the place in the template`() throws {
        let error = try #require(throws: TemplateError.self) {
            try tester.render(
                "a\n{% macro m() %}{{ f() }}{% endmacro %}\n{{ m() }}",
                data: "{f = function() error('no luck', 0) end}")
        }
        #expect(error.kind == .script && error.message == "no luck" && error.line == 2)
        #expect(error.chain == [.init(action: "called from", template: "page.html", line: 3)])
    }

    @Test func `functions are iterators`() throws {
        let data =
            "{it = (function() local i = 0; return function() i = i + 1; if i <= 3 then return i, i * i end end end)()}"
        #expect(
            try tester.render(
                "{% for a, b in it %}{{ loop.index }}:{{ a }},{{ b }};{% else %}none{% endfor %}", data: data)
                == "1:1,1;2:2,4;3:3,9;")
        #expect(
            try tester.render("{% for a in it %}{{ a }}{% endfor %}{{ loop }}", data: "{it = function() end}")
                == "")
    }

    @Test func `objects use their metamethods`() throws {
        let data = """
            {o = setmetatable({own = 1}, {__index = function(_, k) return 'got ' .. k end, __tostring = function() return '<o>' end}),
             h = setmetatable({}, {__html = function() return '<b>' end}),
             c = setmetatable({}, {__call = function(_, x) return x + 1 end})}
            """
        #expect(
            try tester.render(
                "{{ o.own }} {{ o.a }} {{ o['b'] }} {{ o }} {{ h }} {{ c(1) }} {{ o|upper }} {{ h|safe }}",
                data: data) == "1 got a got b &lt;o&gt; <b> 2 &lt;O&gt; <b>")
    }

    @Test func `methods get their object through call`() throws {
        let data = "{o = {n = 5, m = function(self, x, k) return self.n + x + (k and k.y or 0) end}}"
        #expect(try tester.render("{{ o|call('m', 2) }} {{ o|call('m', 2, y=10) }}", data: data) == "7 17")
    }

    @Test func `filters, tests and globals of the application`() throws {
        var options = TemplateOptions()
        options.scriptFilters = ["money"]
        options.scriptTests = ["big"]
        let environment =
            "{{site = 'S'}, {money = function(v, c) return c .. v end}, {big = function(v) return v > 5 end}}"
        let source =
            "{{ site }} {{ 3|money('<') }} {{ [1, 9]|map('money', '$')|join(' ') }} {{ 6 is big }} {{ 6 is not big }} {{ [1, 9]|select('big')|join }}"
        let text = try tester.render(
            ["page.html": source], data: "{}", environment: environment, options: options)
        #expect(text == "S &lt;3 $1 $9 true false 9")
    }

    @Test func `safe strings stay safe through tables and functions of the template`() throws {
        let source =
            "{% set s = '<b>'|safe %}{% set l = [s, '<i>'] %}{{ l[0] }}{{ l[1] }}{% for x in l %}{{ x }}{% endfor %}{{ {'k': s}.k }}{{ l|join('<') }}"
        #expect(try tester.render(source) == "<b>&lt;i&gt;<b>&lt;i&gt;<b><b>&lt;&lt;i&gt;")
    }

    @Test func `null prints nothing and differs from undefined`() throws {
        let data = "{n = LUAHTTPD_NULL}"
        #expect(
            try tester.render(
                "{{ n }}|{{ n is none }}|{{ n is defined }}|{{ n|default('d') }}|{{ x is none }}|{{ [n]|tojson }}",
                data: data) == "|true|true||false|[null]")
    }

    @Test func `long pages come in slices`() throws {
        var slices: [Int] = []
        let text = try tester.render(
            ["page.html": "{% for i in range(20000) %}0123456789{% endfor %}"], slices: { slices.append($0) })
        #expect(text.utf8.count == 200_000)
        #expect(slices.count >= 12 && slices.allSatisfy { $0 <= 16_384 + 10 })
    }

    @Test func `a value of megabytes at the end is not lost`() throws {
        let data = "{s = ('0123456789'):rep(300000)}"
        for source in ["{{ s }}", "{{ s|upper }}x", "{% set t %}{{ s }}{% endset %}{{ t }}"] {
            #expect(try tester.render(source, data: data).utf8.count >= 3_000_000)
        }
        #expect(try tester.render("small") == "small")
    }

    @Test func `a page that was given up does not disturb the next one`() throws {
        for source in ["{% set t %}{% for x in [1] %}{{ f() }}", "{% for x in f %}{{ 1 // 0 }}"] {
            let rest = source.hasPrefix("{% set") ? "{% endfor %}{% endset %}" : "{% endfor %}"
            #expect(throws: TemplateError.self) {
                try tester.render(source + rest, data: "{f = function() error('x') end}")
            }
            #expect(try tester.render("{{ 1 }}{% for x in [2, 3] %}{{ loop.index }}{% endfor %}") == "112")
        }
    }

    @Test func `flush ends a slice early`() throws {
        var slices: [Int] = []
        _ = try tester.render(["page.html": "abc{% flush %}de{% flush %}"], slices: { slices.append($0) })
        #expect(slices == [3, 2])
    }
}
