// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Loops that choose their items, over every kind of sequence.
struct LoopTests {
    private let tester = RenderTester()

    private static let pairs = "{[1]={'a', 1}, [2]={'b', 0}, [3]={'c', 3}}"
    private static let iterator = """
        (function() local i = 0; return function() i = i + 1; if i <= 3 then return 'k' .. i, i % 2 end end end)()
        """

    @Test(arguments: [
        ("{ab = 1, cd = 0}", "1/1:ab=1 "), ("{abc = 5, x = 6}", "1/2:abc=5 2/2:x=6 "),
        (pairs, "1/2:a=1 2/2:c=3 "),
        (iterator, "1/2:k1=1 2/2:k3=1 "), ("{}", ""), ("function() end", ""),
    ])
    func `two targets with a condition count what was accepted`(_ sequence: String, _ expected: String) throws
    {
        let source =
            "{% for k, v in m if v %}{{ loop.index }}/{{ loop.length }}:{{ k }}={{ v }} {% endfor %}"
        #expect(try tester.render(source, data: "{m = \(sequence)}") == expected)
    }

    @Test(arguments: [
        ("{ab = 1, cd = 0}", "ab=1 "), ("{ab = 0}", "none"), ("{}", "none"), ("function() end", "none"),
        (iterator, "k1=1 k3=1 "), (pairs, "a=1 c=3 "),
    ])
    func `two targets with a condition and else`(_ sequence: String, _ expected: String) throws {
        let source = "{% for k, v in m if v %}{{ k }}={{ v }} {% else %}none{% endfor %}"
        #expect(try tester.render(source, data: "{m = \(sequence)}") == expected)
    }

    @Test func `a recursive loop over a map with a condition`() throws {
        let data = "{m = {dir = {file = 1, gone = false}, note = 2}}"
        let source =
            "{% for k, v in m if v recursive %}{{ k }}{% if v is mapping %}({{ loop(v) }}){% endif %} {% endfor %}"
        #expect(try tester.render(source, data: data) == "dir(file ) note ")
    }

    @Test func `items that are chosen in pairs stay what they are`() throws {
        let source =
            "{% for a, b in ['xy', 'no', 'zw'] if a != 'n' %}{{ a }}{{ b }}{{ loop.previtem }} {% endfor %}"
        #expect(try tester.render(source) == "xy zwxy ")
        #expect(
            try tester.render(
                "{% for a, (b, c) in [[1, [2, 3]], [4, [5, 0]]] if c %}{{ loop.index }}{{ a }}{{ b }}{{ c }}{% endfor %}"
            ) == "1123")
    }

    @Test func `a second result that is missing is undefined`() throws {
        let data = "{f = \(Self.twice)}"
        #expect(
            try tester.render(
                "{% for a, b in f if a %}{{ loop.index }}{{ a }}{{ b is defined }} {% endfor %}", data: data)
                == "11false 22false ")
    }

    private static let twice = """
        (function() local i = 0; return function() i = i + 1; if i < 3 then return i end end end)()
        """

    @Test func `else follows an iterator that gives nothing`() throws {
        let data =
            "{f = function() end, n = function() return nil, 1 end, g = \(Self.twice)}"
        #expect(
            try tester.render(
                "{% for x in f %}{{ x }}{% else %}E{% endfor %}{% for x, y in n %}{{ x }}{% else %}N{% endfor %}"
                    + "{% for x in g %}{{ x }}{% else %}G{% endfor %}.{% for x in f recursive %}{% else %}R{% endfor %}",
                data: data) == "EN12.R")
    }

    @Test func `an iterator inside a loop of another has its own else`() throws {
        let data = "{f = function() end}"
        #expect(
            try tester.render(
                "{% for i in [1, 2] %}{% for x in f %}{% else %}{{ loop.index }}{% endfor %}{% else %}no{% endfor %}",
                data: data) == "12")
    }

    @Test(arguments: [
        ("{% filter upper %}a{{ x }}{% if x == 2 %}{% break %}{% endif %}b{% endfilter %}", "A1B"),
        ("{% filter upper %}a{{ x }}{% if x == 2 %}{% continue %}{% endif %}b{% endfilter %}", "A1BA3B"),
        ("{% set t %}{{ x }}{% if x == 2 %}{% continue %}{% endif %}b{% endset %}[{{ t }}]", "[1b][3b]"),
        (
            "{% set t %}{% filter upper %}a{% if x == 2 %}{% break %}{% endif %}{% endfilter %}{% endset %}{{ t }}",
            "A"
        ),
        (
            "{% filter upper %}{% autoescape false %}{% if x == 2 %}{% continue %}{% endif %}{{ '<' }}"
                + "{% endautoescape %}{% endfilter %}{{ '<' }}", "<&lt;<&lt;"
        ),
    ])
    func `a jump out of a text that is set aside drops it`(_ body: String, _ expected: String) throws {
        #expect(try tester.render("{% for x in [1, 2, 3] %}\(body){% endfor %}.") == expected + ".")
    }

    @Test func `a jump inside a text that is set aside keeps it`() throws {
        let source = "{% filter upper %}a{% for x in [1, 2] %}b{% break %}{% endfor %}c{% endfilter %}"
        #expect(try tester.render(source) == "ABC")
    }

    @Test func `a jump drops texts in a loop that was entered again`() throws {
        let source =
            "{% for x in [[1], 2] recursive %}{% filter upper %}<{% if x == 1 %}{% continue %}{% endif %}"
            + "{% if x is iterable %}{{ loop(x) }}{% endif %}{% endfilter %}{% endfor %}"
        #expect(try tester.render(source) == "<<")
    }
}
