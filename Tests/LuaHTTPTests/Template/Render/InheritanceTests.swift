// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// `super()` where it does not stand in the block itself.
struct InheritanceTests {
    private let tester = RenderTester()

    private func page(_ block: String, _ more: [String: String] = [:]) throws -> String {
        let sources = [
            "page.html": "{% extends 'middle.html' %}{% block a %}\(block){% endblock %}",
            "middle.html": "{% extends 'base.html' %}{% block a %}<{{ super() }}>{% endblock %}",
            "base.html": "{% macro f() %}({{ caller() }}){% endmacro %}[{% block a %}A{% endblock %}]",
        ]
        return try tester.render(sources.merging(more) { $1 }, "page.html")
    }

    private static let f = "{% macro f() %}({{ caller() }}){% endmacro %}"

    @Test(arguments: [
        (f + "{% call f() %}{{ super() }}{% endcall %}", "[(<A>)]"),
        ("{% macro g() %}{{ super() }}!{% endmacro %}{{ g() }}{{ g()|lower }}", "[<A>!<a>!]"),
        ("{% macro g() %}{{ super.super() }}{% endmacro %}{{ g() }}", "[A]"),
        (
            "{% macro g() %}{% macro h() %}{{ super() }}{% endmacro %}{{ h() }}{% endmacro %}{{ g() }}",
            "[<A>]"
        ),
        (f + "{% call f() %}{% call f() %}{{ super() }}{% endcall %}{% endcall %}", "[((<A>))]"),
        (
            "{% macro g(n) %}{{ n }}{% if n %}{{ g(n - 1) }}{% endif %}{{ super() }}{% endmacro %}{{ g(1) }}",
            "[10<A><A>]"
        ),
        (
            "{% macro g() %}{{ super() }}{% endmacro %}{% for x in [1, 2] recursive %}{{ g() }}{% endfor %}",
            "[<A><A>]"
        ),
        ("{% macro g() %}{{ super() }}{% endmacro %}{% include 'i.html' %}", "[i<A>i]"),
    ])
    func `a macro or the body of a call has the super of the block around it`(
        _ block: String, _ expected: String
    ) throws {
        #expect(try page(block, ["i.html": "i{{ g() }}i"]) == expected)
    }

    @Test func `a macro of an imported template calls back a body with super`() throws {
        let block = "{% import 'm.html' as m %}{% call m.f() %}{{ super() }}{% endcall %}"
        #expect(try page(block, ["m.html": Self.f]) == "[(<A>)]")
    }

    @Test func `outside of blocks there is no super`() throws {
        let error = try #require(throws: TemplateError.self) {
            try tester.render("{% macro g() %}{{ super() }}{% endmacro %}{{ g() }}")
        }
        #expect(error.message == "'super' is undefined (super() prints what a block overrides, inside of it)")
        let topmost = try #require(throws: TemplateError.self) {
            try tester.render(
                "{% block a %}{% macro g() %}{{ super() }}{% endmacro %}{{ g() }}{% endblock %}")
        }
        #expect(topmost.message == "there is no parent block called 'a'")
    }

    @Test func `a macro that outlives its page does not find another block`() throws {
        let sources = [
            "page.html": "{% set n = namespace(g=none) %}{% include 'i.html' %}{{ n.g() }}",
            "i.html": "{% extends 'j.html' %}{% block a %}{% macro g() %}{{ super() }}{% endmacro %}"
                + "{% set n.g = g %}{% endblock %}",
            "j.html": "{% block a %}A{% endblock %}",
        ]
        let error = try #require(throws: TemplateError.self) { try tester.render(sources, "page.html") }
        #expect(error.message == "there is no parent block called 'a'")
    }

    @Test(arguments: [
        ("{{ self.ab() }}{% block abc %}{% endblock %}", "'self.ab' is undefined (did you mean 'abc'?)"),
        ("{{ self.abc }}{% block abc %}{% endblock %}", "'self' is undefined (self.name() prints a block)"),
    ])
    func `what is wrong with self is said`(_ source: String, _ message: String) throws {
        let error = try #require(throws: TemplateError.self) { try tester.render(source) }
        #expect(error.message == message)
    }
}
