// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// The functions that every template has, and what they refuse.
struct GlobalTableTests {
    private let tester = RenderTester()

    @Test(arguments: [
        ("{% set j = joiner(sep='|') %}{{ j() }}a{{ j() }}b{{ j() }}", "a|b|"),
        ("{% set j = joiner() %}{{ j() }}a{{ j() }}b", "a, b"),
        ("{% set j = joiner('-') %}{{ j() }}a{{ j() }}b", "a-b"),
        ("{{ dict([['a', 1], ('b', [2])]) }}", "{&#34;a&#34;:1,&#34;b&#34;:[2]}"),
        ("{{ dict([['a', 1]], b=2)|tojson }}", #"{"a": 1, "b": 2}"#),
        ("{{ dict({'a': 1}, b=2)|tojson }}", #"{"a": 1, "b": 2}"#),
        ("{{ dict({'a': 1, 'b': 2}|items)|tojson }}", #"{"a": 1, "b": 2}"#),
        ("{{ dict([])|tojson }}", "{}"),
        ("{% set n = namespace([['a', 1]]) %}{% set n.a = n.a + 1 %}{{ n.a }}", "2"),
        ("{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}", "aba"),
    ])
    func `they take what they say`(_ source: String, _ expected: String) throws {
        #expect(try tester.render(source) == expected)
    }

    @Test(arguments: [
        ("cycler('a', x=1)", "'cycler' has no parameter 'x'"),
        ("joiner(separator='|')", "'joiner' has no parameter 'separator'"),
        ("joiner(',', sep='|')", "'joiner' got 'sep' twice"),
        ("joiner(',', '|')", "'joiner' takes at most 1 argument"),
        ("dict([1])", "dict() takes a map or a list of pairs; an item is not a pair"),
        ("dict([[1, 2, 3]])", "dict() takes a map or a list of pairs; an item is not a pair"),
        ("dict(['ab'])", "dict() takes a map or a list of pairs; an item is not a pair"),
        ("dict([range(2)])", "dict() takes a map or a list of pairs; an item is not a pair"),
        ("dict(range(2))", "dict() takes a map or a list of pairs; an item is not a pair"),
        ("dict([[x, 1]])", "a key of dict() cannot be undefined or nan"),
        ("dict('ab')", "dict() takes a map or a list of pairs, not string"),
        ("namespace([1])", "namespace() takes a map or a list of pairs; an item is not a pair"),
    ])
    func `other arguments are errors`(_ call: String, _ message: String) throws {
        let error = try #require(throws: TemplateError.self) { try tester.render("{{ \(call) }}") }
        #expect(error.message == message)
    }
}
