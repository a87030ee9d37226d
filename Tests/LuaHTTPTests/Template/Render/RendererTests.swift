// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct RendererTests {
    private let tester = RenderTester()

    @Test func `variables are printed and escaped`() throws {
        #expect(
            try tester.render("Hello {{ name }}!", data: "{name = '<b>\"x\"&\\'y\\''}")
                == "Hello &lt;b&gt;&#34;x&#34;&amp;&#39;y&#39;!")
    }

    @Test func `loops know where they are`() throws {
        let text = try tester.render(
            "{% for t in teams %}{{ loop.index }}:{{ t.name }}{% if not loop.last %},{% endif %}{% else %}none{% endfor %}",
            data: "{teams = {{name='a'},{name='b'}}}")
        #expect(text == "1:a,2:b")
    }

    @Test func `a child fills the blocks of its parent`() throws {
        let text = try tester.render(
            [
                "base.html": "<{% block a %}A{% endblock %}|{% block b %}B{% endblock %}>",
                "page.html":
                    "{% extends 'base.html' %}x{% set v = 3 %}{% block a %}{{ super() }}{{ v }}{% endblock %}",
            ], "page.html")
        #expect(text == "<A3|B>")
    }

    @Test func `macros and call blocks`() throws {
        let text = try tester.render(
            "{% macro m(a, b=2) %}[{{ a }}{{ b }}{{ caller() if caller }}]{% endmacro %}{{ m(1) }}{{ m(1, b='<') }}{% call m(5) %}!{% endcall %}"
        )
        #expect(text == "[12][1&lt;][52!]")
    }
}
