// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Userdata and tables with metatables, coroutines, and iterators: everything that Lua can make a value of.
struct ObjectTests {
    private let tester = RenderTester()

    private static let data = """
        (function()
          local function userdata(mt) return debug.setmetatable(io.tmpfile(), mt) end
          local items = {"a", "<b>", "c"}
          local function list(make)
            return make {__len = function() return #items end, __index = function(_, i) return items[i] end}
          end
          local function map(make)
            return make {__pairs = function() return next, {b = 2, a = 1} end, __index = {b = 2, a = 1}}
          end
          local function count(n) return coroutine.create(function() for i = 1, n do coroutine.yield(i, i * i) end end) end
          local table_ = function(mt) return setmetatable({}, mt) end
          local i = 0
          return {ulist = list(userdata), tlist = list(table_), umap = map(userdata), tmap = map(table_),
            empty = table_ {__len = function() return 0 end}, three = count(3), ended = count(0),
            called = userdata {__call = function() i = i + 1; if i <= 2 then return i end end},
            plain = userdata {__tostring = function() return "<u>" end}, html = userdata {__html = function() return "<b>" end},
            bad = table_ {__index = function() error("broken", 0) end},
            badlist = table_ {__len = function() error("no length", 0) end},
            badpairs = table_ {__pairs = function() return function() error("no next", 0) end end},
            endless = table_ {__pairs = function() return function(_, i) return (i or 0) + 1, true end end},
            strange = table_ {__len = function() return "many" end},
            wait = coroutine.create(function() error("inside", 0) end)}
        end)()
        """

    private func render(_ source: String) throws -> String { try tester.render(source, data: Self.data) }

    @Test(arguments: ["ulist", "tlist"])
    func `an object with a length is a list`(_ name: String) throws {
        let cases = [
            (
                "{% for x in o %}{{ loop.index }}/{{ loop.length }}{{ x }} {% endfor %}",
                "1/3a 2/3&lt;b&gt; 3/3c "
            ),
            ("{{ o[0] }}{{ o[-1] }}{{ o[3] is defined }}{{ o.x is defined }}", "acfalsefalse"),
            ("{{ o|length }}{{ o|join }}{{ o|first }}{{ o[1:]|length }}", "3a&lt;b&gt;ca2"),
            ("{{ 'c' in o }}{{ 'd' in o }}{{ o is sequence }}{{ o is mapping }}", "truefalsetruefalse"),
            ("{% if o %}yes{% endif %}", "yes"), ("{{ o|tojson if t }}", ""),
        ]
        for (source, expected) in cases {
            #expect(try render("{% set o = \(name) %}" + source) == expected, "\(name) \(source)")
        }
    }

    @Test(arguments: ["umap", "tmap"])
    func `an object with pairs is a map`(_ name: String) throws {
        let cases = [
            ("{% for k in o %}{{ k }}{% endfor %}", "ab"),
            ("{% for k, v in o %}{{ k }}={{ v }} {% endfor %}", "a=1 b=2 "),
            ("{% for k, v in o|items if v > 1 %}{{ k }}{% endfor %}", "b"), ("{{ o.a }}{{ o['b'] }}", "12"),
            (
                "{{ o|length }}{{ o|dictsort(reverse=true)|map('first')|join }}{{ o|urlencode }}",
                "2baa=1&amp;b=2"
            ),
            ("{{ o|xmlattr }}", #" a="1" b="2""#), ("{{ 'a' in o }}{{ 'c' in o }}", "truefalse"),
            ("{{ o is mapping }}{{ o is sequence }}", "truetrue"),
        ]
        for (source, expected) in cases {
            #expect(try render("{% set o = \(name) %}" + source) == expected, "\(name) \(source)")
        }
    }

    @Test(arguments: [
        (
            "{% for x in empty %}x{% else %}none{% endfor %}{% if empty %}yes{% endif %}{{ empty|length }}",
            "none0"
        ),
        ("{{ tmap|tojson }}{{ tlist|tojson }}", #"{"a": 1, "b": 2}["a", "\u003cb\u003e", "c"]"#),
        ("{% for i, s in three %}{{ i }}:{{ s }}{{ ',' if not loop.last }}{% endfor %}", "1:1,2:4,3:9"),
        ("{% for i in ended %}{{ i }}{% else %}none{% endfor %}", "none"),
        (
            "{% for i in three %}{{ i }}{% endfor %}{% for i in three %}{{ i }}{% else %}over{% endfor %}",
            "123over"
        ),
        ("{% for i in called %}{{ i }}{{ '.' if loop.last else ';' }}{% endfor %}", "1;2."),
        ("{% for i in three %}{{ i }}{{ loop.nextitem|default('-') }} {% endfor %}", "12 23 3- "),
        ("{{ plain }} {{ html }} {{ plain ~ '' }} {{ html|safe }}", "&lt;u&gt; <b> &lt;u&gt; <b>"),
        ("{{ three is awaitable }}", "false"),
    ])
    func `other values keep their nature`(_ source: String, _ expected: String) throws {
        #expect(try render(source) == expected)
    }

    @Test(arguments: [
        ("{{ bad.x }}", "broken"), ("{% for x in badlist %}{% endfor %}", "no length"),
        ("{{ badlist|length }}", "no length"), ("{% if badlist %}{% endif %}", "no length"),
        ("{% for x in badpairs %}{% endfor %}", "no next"), ("{{ badpairs|items }}", "no next"),
        ("{{ endless|length }}", "the object gives more than 1000000 entries"),
        ("{{ strange|length }}", "object length is not an integer"),
        ("{% for x in wait %}{% endfor %}", "inside"),
    ])
    func `what a metamethod does wrong is an error with a place`(_ source: String, _ message: String) throws {
        let error = try #require(throws: TemplateError.self) { try render("\n" + source) }
        #expect(error.kind == .script && error.message == message && error.line == 2)
    }

    @Test func `a row of an iterator is held only for its round`() throws {
        let data = """
            (function()
              local alive, most, i = 0, 0, 0
              return {rows = function()
                i = i + 1
                if i > 2000 then return nil end
                if i % 100 == 0 then collectgarbage() end
                alive = alive + 1
                most = math.max(most, alive)
                return setmetatable({n = i}, {__gc = function() alive = alive - 1 end})
              end, most = function() return most end}
            end)()
            """
        let text = try tester.render(
            "{% for row in rows %}{{ row.n }}{{ ',' if not loop.last }}{% endfor %} {{ most() < 300 }}",
            data: data)
        #expect(text.hasPrefix("1,2,3,") && text.hasSuffix(",2000 true"))
    }

    @Test func `safe text stays safe on its way through a script`() throws {
        let data = "{same = function(x) return x end, wrap = function(x) return '<i>' .. x end}"
        var options = TemplateOptions()
        options.scriptFilters = ["same"]
        let text = try tester.render(
            [
                "page.html":
                    "{% set s = '<b>'|safe %}{{ same(s) }}{{ same('<b>') }}{{ wrap(s) }}{{ s|same }}{{ '<b>'|same }}"
            ],
            data: data, environment: "{false, {same = function(x) return x end}, false}", options: options)
        #expect(text == "<b>&lt;b&gt;&lt;i&gt;&lt;b&gt;<b>&lt;b&gt;")
    }
}
