// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// What `is` says.
struct ValueTestsTests {
    private let tester = RenderTester()

    @Test func `what can be called is callable`() throws {
        let data = """
            {f = print, c = setmetatable({}, {__call = function() end}), o = setmetatable({}, {__index = {}}),
             u = io.stdout, s = 'x'}
            """
        #expect(
            try tester.render(
                "{% macro m() %}{% endmacro %}{{ [f, c, m, range, joiner()]|select('callable')|list|length }}"
                    + "{{ [o, s, 1, {}, []]|select('callable')|list|length }}", data: data) == "50")
    }

    @Test(arguments: [
        "defined", "none", "string", "number", "integer", "float", "boolean", "true", "false", "mapping",
        "sequence", "callable", "safe",
    ])
    func `the kind of an undefined value may be asked for in strict mode`(_ test: String) throws {
        var options = TemplateOptions()
        options.undefined = .strict
        #expect(try tester.render("{{ x is \(test) }}", options: options) == "false")
    }

    @Test(arguments: [
        "iterable", "odd", "even", "divisibleby 2", "eq 1", "ne 1", "lt 1", "ge 1", "in [1]",
        "containing 1", "startingwith 'a'", "endingwith 'a'", "lower", "upper",
    ])
    func `its contents may not`(_ test: String) throws {
        var options = TemplateOptions()
        options.undefined = .strict
        let error = try #require(throws: TemplateError.self) {
            try tester.render("{{ xx is \(test) }}", options: options)
        }
        #expect(error.message == "'xx' is undefined" && error.kind == .undefined)
    }

    @Test func `what a loop accepts is iterable`() throws {
        let data =
            "{f = function() end, c = coroutine.create(print), o = setmetatable({}, {__call = print}), n = 1}"
        #expect(
            try tester.render(
                "{{ [f, c, o, 'x', [], {}, range(2)]|select('iterable')|list|length }}"
                    + "{{ [n, true, range]|select('iterable')|list|length }}", data: data) == "70")
    }

    @Test func `elsewhere undefined is an empty sequence`() throws {
        #expect(try tester.render("{{ x is iterable }}") == "true")
    }
}
