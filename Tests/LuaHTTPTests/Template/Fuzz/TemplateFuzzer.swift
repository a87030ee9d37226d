// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// Random templates for random data: the same for the same seed. Most are nearly right, so that they get past the
/// parser; some are cut, doubled or overwritten. Knows nothing of what is made of them.
struct TemplateFuzzer {
    private var state: UInt64
    private var depth = 0
    /// Names of blocks that the template has not used yet.
    private var blocks: [String] = []
    private var isInRecursion = false

    init(seed: UInt64) { state = seed }

    /// SplitMix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func number(below limit: Int) -> Int { Int(next() % UInt64(max(1, limit))) }

    private mutating func pick(_ choices: [String]) -> String { choices[number(below: choices.count)] }

    // MARK: Templates

    /// A page and the two templates that it may extend, include or import.
    mutating func templates() -> [(name: String, bytes: [UInt8])] {
        let extends = pick(["", "", "{% extends 'base.html' %}", "{% extends s if n else 'base.html' %}"])
        return [
            ("page.html", damaged(extends + template(3))), ("base.html", damaged(template(2))),
            ("part.html", Array(template(1).utf8)),
        ]
    }

    private mutating func template(_ size: Int) -> String {
        blocks = ["one", "two", "three"]
        return body(size)
    }

    private mutating func damaged(_ source: String) -> [UInt8] {
        var bytes = Array(source.utf8)
        guard number(below: 12) == 0, !bytes.isEmpty else { return bytes }
        for _ in 0...number(below: 3) {
            guard !bytes.isEmpty else { break }
            let place = number(below: bytes.count)
            switch number(below: 4) {
            case 0: bytes.remove(at: place)
            case 1: bytes[place] = UInt8(truncatingIfNeeded: next())
            case 2:
                bytes.insert(
                    contentsOf: bytes[place..<min(bytes.count, place + number(below: 20))], at: place)
            default: bytes.removeSubrange(place..<min(bytes.count, place + number(below: 9)))
            }
        }
        return bytes
    }

    private mutating func body(_ size: Int) -> String {
        depth += 1
        defer { depth -= 1 }
        var text = ""
        for _ in 0..<(number(below: size + 1) + 1) { text += depth > 4 ? "x" : part() }
        return text
    }

    private static let names = [
        "a", "b", "n", "s", "l", "m", "f", "o", "it", "x", "loop", "co", "task", "ns", "nothing",
    ]
    private static let fields = ["name", "a", "b", "0", "first", "index", "last", "grouper", "k"]
    private static let texts = ["<p>", "</p>\n", " ", "é", "{", "}", "%", "<a href=\"", "\">", "&", "text "]
    private static let tests = [
        "defined", "odd", "string", "mapping", "none", "iterable", "in [1]", "eq 1", "lower",
    ]

    private mutating func part() -> String {
        switch number(below: 22) {
        case 0, 1, 2: return pick(Self.texts)
        case 3, 4, 5, 6, 7:
            return "{{" + pick(["", "-"]) + " " + expression() + " " + pick(["", "-"]) + "}}"
        case 8, 9: return loop()
        case 10, 11:
            return "{% if \(expression()) %}" + body(2) + pick(["", "{% else %}y", "{% elif n %}z"])
                + "{% endif %}"
        case 12: return "{% set \(pick([target(), "ns.x"])) = \(expression()) %}"
        case 13: return "{% set x %}" + body(1) + "{% endset %}"
        case 14: return "{% with x = \(expression()) %}" + body(1) + "{% endwith %}"
        case 15:
            return "{% macro f(a, b=\(expression())) %}" + body(2)
                + pick(["", "{{ caller() }}", "{{ varargs }}"])
                + "{% endmacro %}"
        case 16:
            guard let name = blocks.popLast() else { return "{{ self.one() }}" }
            return "{% block \(name)\(pick(["", " scoped"])) %}" + body(1) + pick(["", "{{ super() }}"])
                + "{% endblock %}"
        case 17:
            return pick([
                "{% include 'part.html' %}", "{% import 'part.html' as m %}",
                "{% from 'part.html' import f %}", "{% include s ignore missing %}",
                "{% include [s, 'part.html'] %}", "{% include 'page.html' %}",
            ])
        case 18: return "{% filter \(filter()) %}" + body(1) + "{% endfilter %}"
        case 19: return "{% call f(\(expression())) %}" + body(1) + "{% endcall %}"
        case 20:
            return pick([
                "{% flush %}", "{# c #}", "{% raw %}{{{% endraw %}", "{% do f() %}", "{% set ns.x = n %}",
                "{% debug %}",
            ])
        default: return "{% autoescape \(expression()) %}" + body(1) + "{% endautoescape %}"
        }
    }

    private mutating func loop() -> String {
        let wasInRecursion = isInRecursion
        defer { isInRecursion = wasInRecursion }
        isInRecursion = number(below: 4) == 0
        let head = "{% for \(target()) in \(expression())\(pick(["", "", " if " + expression()]))"
        let end = pick([
            "", "", "{% else %}x", "{% break %}", "{% continue %}", isInRecursion ? "{{ loop(l) }}" : "",
        ])
        return head + (isInRecursion ? " recursive" : "") + " %}" + body(2) + end + "{% endfor %}"
    }

    private mutating func target() -> String { pick(["x", "x", "a, b", "k, (a, b)"]) }

    mutating func expression() -> String {
        depth += 1
        defer { depth -= 1 }
        guard depth < 6 else { return atom() }
        switch number(below: 16) {
        case 0...4: return atom()
        case 5, 6: return expression() + "." + pick(Self.fields)
        case 7:
            return expression() + "[" + pick([expression(), "1:", "::-1", ":" + expression(), "-1"]) + "]"
        case 8, 9, 10: return expression() + "|" + filter()
        case 11:
            return expression()
                + pick([
                    " + ", " - ", " * ", " / ", " // ", " % ", " ** ", " ~ ", " == ", " < ", " in ", " and ",
                    " or ",
                ])
                + expression()
        case 12: return expression() + pick([" is ", " is not "]) + pick(Self.tests)
        case 13: return pick(["not ", "-", "+"]) + expression()
        case 14:
            return pick(["f", "range", "dict", "cycler", "joiner", "namespace", "m.f", "o.name", "self.one"])
                + "(" + pick(["", expression(), expression() + ", k=" + expression(), "*l", "**m"]) + ")"
        default:
            return "(" + expression() + " if " + expression() + pick(["", " else " + expression()]) + ")"
        }
    }

    private mutating func atom() -> String {
        switch number(below: 8) {
        case 0: return pick(["0", "1", "-1", "9223372036854775807", "1.5", "1e308", "0x7f", "3"])
        case 1: return pick(["'a'", "''", "'<b>'", "'é'", "'%d %s'", "'a,b'", "'page.html'"])
        case 2: return "[" + pick(["", atom(), "1, 2, 3", "[1], [2]"]) + "]"
        case 3: return "{" + pick(["", "'a': " + atom(), "'name': 1, 'b': 2"]) + "}"
        case 4: return pick(["true", "none", "loop.index", "loop.last", "loop"])
        default: return pick(Self.names)
        }
    }

    private mutating func filter() -> String {
        let filter = FilterTable.all[number(below: FilterTable.all.count)]
        let (least, most) = (filter.signature.required, filter.signature.parameters.count)
        let given = number(below: 20) == 0 ? number(below: 4) : least + number(below: most - least + 1)
        switch number(below: 4) {
        case 0:
            return pick([
                "map('\(pick(FilterTable.names))')", "map(attribute='a.b')", "select('odd')",
                "sort(attribute='a')",
                "groupby('name')", "selectattr('a')", "default('d')", "join(',')", "batch(2)",
                "map('call', 'name')",
            ])
        default:
            let arguments = (0..<given).map { _ in number(below: 3) == 0 ? expression() : atom() }
            return filter.name + (given > 0 ? "(" + arguments.joined(separator: ", ") + ")" : "")
        }
    }

    // MARK: Data

    /// Lua expressions of tables of variables, hostile ones among them.
    static let data = [
        "{}", "{a = 1, b = 2.5, n = 3, s = 'text', l = {1, 2, 3}, m = {a = {b = 1}, name = 'x'}}",
        "{a = '<b>', n = 0/0, s = '\\xff\\xfe', l = {{a = 1, name = 'b'}, {a = 2, name = 'A'}}, m = {[1.5] = 1, [true] = 2, x = 3}}",
        "(function() local t = {1}; t[2] = t; t.a = t; t.name = t; return {a = t, l = t, m = t, o = t, n = math.mininteger} end)()",
        "{f = function(...) return ... end, l = function() return nil end, o = setmetatable({}, {__index = function(_, k) return k end})}",
        "{f = function() error('no') end, o = setmetatable({}, {__index = function() error({}) end, __len = function() return -1 end})}",
        "{l = setmetatable({}, {__len = function() return 5 end, __index = function(_, i) return i end}), m = setmetatable({}, {__pairs = function() return next, {a = 1}, nil end})}",
        "{co = coroutine.create(function() for i = 1, 5 do coroutine.yield(i, i) end end), it = (function() local i = 0 return function() i = i + 1 if i < 9 then return i, 'v' end end end)()}",
        "{s = ('x'):rep(70000), l = (function() local t = {} for i = 1, 3000 do t[i] = {name = 'n' .. i % 7, a = -i} end return t end)()}",
        "{n = 9223372036854775807, a = -9223372036854775807, b = 1e308, l = {1, nil, 3, n = 4}, m = {a = {a = {a = {}}}}, s = 'page.html'}",
    ]
}
