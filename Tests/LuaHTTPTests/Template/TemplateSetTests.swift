// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct TemplateSetTests {
    private func errors(_ sources: [(String, String)], options: TemplateOptions = .init()) -> [TemplateError]
    {
        switch TemplateSet.build(sources.map { ($0.0, Array($0.1.utf8)) }, options: options) {
        case .built: []
        case .failed(let errors): errors
        }
    }

    @Test func `an error shows its line, the one before, and carets`() throws {
        let error = try #require(errors([("page.html", "<p>\n  é {{ name|uper }}\n")]).first)
        #expect(error.message == "unknown filter 'uper' (did you mean 'upper'?)")
        #expect((error.line, error.column) == (2, 13))
        #expect(
            error.excerpt == """
                   1 | <p>
                   2 >   é {{ name|uper }}
                     |             ^^^^
                """)
    }

    @Test func `a carriage return before the error does not move it`() throws {
        let error = try #require(errors([("page.html", "a\r\nb\rc {% nope %}")]).first)
        #expect((error.line, error.column) == (3, 6))
    }

    @Test(arguments: [
        ("{% include 'a.htm' %}", "'a.htm' does not exist (did you mean 'a.html'?)"),
        ("{% extends 'q' %}", "'q' does not exist"),
        ("{% import 'nothing.x' as m %}", "'nothing.x' does not exist"),
    ])
    func `templates that are named must exist`(_ source: String, _ message: String) {
        let found = errors([("a.html", ""), ("page.html", source)])
        #expect(found.map(\.message) == [message])
        #expect(found.first?.kind == .templateNotFound)
    }

    @Test func `an include that may be missing may be missing`() {
        #expect(errors([("page.html", "{% include 'a' ignore missing %}")]).isEmpty)
    }

    @Test func `all errors of all templates are reported`() {
        let found = errors([
            ("a", "{% if %}"), ("b", "{{ x|nope }}"), ("c", "fine"), ("d", "{% include 'a' %}"),
        ])
        #expect(found.map(\.template) == ["a", "b"])
    }

    @Test func `templates that extend each other are found`() {
        let found = errors([("a", "{% extends 'b' %}"), ("b", "{% extends 'a' %}")])
        #expect(found.count == 2 && found[0].message.contains("extends itself"))
    }

    @Test func `text that is not UTF-8 is no template`() {
        guard case .failed(let found) = TemplateSet.build([("a", [0x61, 0x0A, 0xC3, 0x28])]) else {
            Issue.record("accepted")
            return
        }
        #expect(found[0].line == 2 && found[0].message.contains("UTF-8"))
    }

    @Test(arguments: [
        ("a.html", true), ("a.htm", true), ("a.svg", true), ("a.xml.j2", true), ("a.html.jinja", true),
        ("a", true), ("A.HTML", true), ("a.Htm.J2", true), ("a.html.j2.jinja", true), ("d.x/a", true),
        ("d.txt/a.j2", true), ("a.shtml", true), ("a.xht", true), ("a.rss", true), ("a.ATOM", true),
        ("a.xsl", true), ("a.xslt", true), ("a.mathml", true), ("a.", true), ("a.txt.html", true),
        ("a.html.txt", false), ("a.TXT", false), ("a.md", false),
        ("a.txt", false), ("a.json", false), ("a.js.j2", false), ("dir.html/a.txt", false),
    ])
    func `names decide about escaping`(_ name: String, _ escapes: Bool) {
        #expect(TemplateOptions().escapes(template: name) == escapes)
    }

    @Test func `pages and blocks have names`() throws {
        guard
            case .built(let set) = TemplateSet.build([("a.html", Array("{% block b %}{% endblock %}".utf8))])
        else {
            Issue.record("not built")
            return
        }
        #expect(set.page("a.html")?.block == -1)
        #expect(set.page("a.html#b")?.template == set.page("a.html")?.template)
        #expect(set.page("a.html#nope") == nil && set.page("b.html") == nil && set.page("#b") == nil)
        #expect(set.suggestion(for: "a.htm") == "a.html")
    }

    @Test func `a block that is not there is close to one that is`() throws {
        let sources = [
            "base.html": "{% block title %}{% endblock %}",
            "page.html": "{% extends 'base.html' %}{% set titel = 1 %}",
        ]
        guard case .built(let set) = TemplateSet.build(sources.map { ($0.key, Array($0.value.utf8)) }) else {
            Issue.record("not built")
            return
        }
        #expect(set.suggestion(for: "page.html#tilte") == "page.html#title")
        #expect(set.suggestion(for: "page.html#rows") == nil)
        // It is a name that the templates use, but not for a block.
        let error = try #require(throws: TemplateError.self) {
            try RenderTester().render(sources, "page.html#titel")
        }
        #expect(error.message == "block 'titel' does not exist (did you mean 'title'?)")
    }

    @Test func `a block alone is a page`() throws {
        let sources = [
            "base": "<{% block a %}A{% endblock %}>{% set y = 2 %}",
            "page":
                "{% extends 'base' %}{% set x = 1 %}{% block a %}[{{ x }}{{ y }}{{ super() }}]{% endblock %}",
        ]
        #expect(try RenderTester().render(sources, "page#a") == "[12A]")
        #expect(try RenderTester().render(sources, "base#a") == "A")
    }

    /// Rebuilding after a change of one template.
    private func rebuilt(_ sources: [(name: String, bytes: [UInt8])], from known: TemplateSet) -> TemplateSet
    {
        guard case .built(let set) = TemplateSet.build(sources, knowing: known) else {
            Issue.record("not built")
            return .empty
        }
        return set
    }

    @Test func whatDidNotChangeIsNotCompiledAgain() throws {
        let part = (name: "part.html", bytes: Array("{% block b %}{{ x.y }}{% endblock %}".utf8))
        let page = (
            name: "page.html", bytes: Array("{% extends 'part.html' %}{% block b %}1{% endblock %}".utf8)
        )
        guard case .built(let first) = TemplateSet.build([part, page]) else { throw CancellationError() }
        let other = (
            name: "page.html",
            bytes: Array("{% extends 'part.html' %}{% block b %}{{ z }}2{% endblock %}".utf8)
        )
        let second = rebuilt([other, part], from: first)
        let number = { (set: TemplateSet, name: String) in try #require(set.page(name)).template }
        #expect(
            second.templates[Int(try number(second, "part.html"))]
                === first.templates[Int(try number(first, "part.html"))])
        #expect(
            second.templates[Int(try number(second, "page.html"))]
                !== first.templates[Int(try number(first, "page.html"))])
        let third = rebuilt([part], from: second)
        #expect(third.page("page.html") == nil)
        #expect(third.page("part.html") != nil)
        let fourth = rebuilt([part, page], from: third)
        #expect(fourth.page("page.html#b") != nil)
        guard case .failed(let errors) = TemplateSet.build([page], knowing: fourth) else {
            throw CancellationError()
        }
        #expect(errors[0].message.hasPrefix("'part.html' does not exist"))
        var options = TemplateOptions()
        options.undefined = .strict
        guard case .built(let strict) = TemplateSet.build([part], options: options, knowing: fourth) else {
            throw CancellationError()
        }
        #expect(strict.templates.count == 1)
    }
}
