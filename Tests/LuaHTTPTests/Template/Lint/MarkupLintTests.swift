// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Where escaping does not protect: each rule, and what must not be taken for a mistake.
struct MarkupLintTests {
    private func findings(_ source: String, name: String = "page.html") throws -> [TemplateError] {
        var options = TemplateOptions()
        options.lint = .warn
        options.scriptFilters = ["checked"]
        switch TemplateSet.build([(name, Array(source.utf8)), ("x.html", [])], options: options) {
        case .built(let set): return set.warnings
        case .failed(let errors): throw errors[0]
        }
    }

    @Test(arguments: [
        ("<script>let a = {{ x }};</script>", "script: use tojson"),
        ("<script>let a = '{{ x }}';</script>", "script: use tojson"),
        ("<SCRIPT type=module>{{ x|upper }}</SCRIPT>", "script: use tojson"),
        ("<script type=\"application/ld+json\">{{ x }}</script>", "script: use tojson"),
        ("{% if a %}<script>{% else %}<script async>{% endif %}{{ x }}</script>", "script: use tojson"),
        ("<script>{% for x in l %}{{ x }},{% endfor %}</script>", "script: use tojson"),
        ("<style>a { color: {{ x }} }</style>", "style sheet"),
        ("<a onclick=\"f('{{ x }}')\">", "script in an attribute"),
        ("<a onclick='f({{ x }})'>", "script in an attribute"),
        ("<a href=\"javascript:f('{{ x }}')\">", "script in an attribute"),
        ("<a onclick=\"f({{ x|tojson }})\">", "single quotes"),
        ("<div data-x=\"{{ x|tojson }}\">", "single quotes"),
        ("<a href={{ x }}>", "without quotes"), ("<a class={{ x|upper }} id=b>", "without quotes"),
        ("<a class=a{{ x }}>", "without quotes"), ("<a href = {{ x }}>", "without quotes"),
        ("<a href=\"{{ x }}\">", "beginning of an address"),
        ("<a href='{{ x }}'>", "beginning of an address"),
        ("<img src=\" {{ x.y[0] }}\">", "beginning of an address"),
        ("<form action=\"{% if a %}/b{% endif %}{{ x }}\">", "beginning of an address"),
        ("<a href=\"{{ x ~ '/a' }}\">", "beginning of an address"),
        ("<a href=\"{{ x|default('/') }}\">", "beginning of an address"),
        ("<iframe srcdoc=\"{{ x }}\">", "srcdoc"), ("<{{ x }}>", "name of a tag"),
        ("<h{{ x }}>", "name of a tag"),
        ("<a {{ x }}>", "xmlattr, or quotes"), ("<a data-{{ x }}=\"b\">", "xmlattr, or quotes"),
        ("{% macro m(x) %}<a href=\"{{ x }}\">{% endmacro %}", "beginning of an address"),
        ("{% block b %}<script>{{ x }}</script>{% endblock %}", "script: use tojson"),
    ])
    func `a value in a place that escaping does not protect is found`(_ source: String, _ part: String) throws
    {
        let found = try findings(source)
        #expect(found.count == 1 && found.first?.message.contains(part) == true, "\(found)")
        #expect(found.first?.kind == .unsafeOutput)
    }

    @Test(arguments: [
        "{{ x }}<p title=\"{{ x }}\" class='a {{ x }}'>{{ x }}</p>",
        "<script>let a = {{ x|tojson }};</script>{{ x }}",
        "<script>let a = {{ x|length }}, b = {{ x|int }}, c = {{ 5 }};</script>",
        "<script>{{ x|safe }}</script>", "<script type=\"text/template\"><b>{{ x }}</b></script>",
        "<style>{% if a %}b{% endif %}</style>{{ x }}", "<a onclick='f({{ x|tojson }})'>",
        "<a onclick=\"f({{ x|tojson|forceescape }})\">", "<a href=\"/users/{{ x }}\">",
        "<a href=\"{{ '/users/' ~ x }}\">",
        "<a href=\"?q={{ x|urlencode }}\">", "<a href=\"{{ x|urlencode }}\">",
        "<a href=\"{{ url_for('a', x) }}\">",
        "<a href=\"{{ x|checked }}\">", "<a href=\"{{ '/a' if x else '/b' }}\">",
        "<a href=\"{{ '/%s'|format(x) }}\">",
        "<a href=\"https://{{ x }}/\">", "<option {{ 'selected' if x == y }}>", "<a {{ m|xmlattr }}>",
        "<tr class={{ loop.cycle('a', 'b') }}>", "{% for a in b %}<tr id={{ loop.index }}>{% endfor %}",
        "1 < {{ x }}", "<!-- {{ x }} --><!DOCTYPE html>{{ x }}", "<!-- <script> -->{{ x }}",
        "<textarea><script>{{ x }}</textarea>", "<title>{{ x }}</title>", "<script>a</script>{{ x }}",
        "<script>if (a < b) {}</script><p>{{ x }}", "<a title=\"a>b\">{{ x }}</a>", "<br/>{{ x }}",
        "{% set s %}<b>{{ x }}</b>{% endset %}<p>{{ s }}</p>", "<a href=\"#{{ x }}\">",
        "<input value=\"{{ x }}\" >{{ y }}",
        "<script>{% include 'x.html' %}</script>", "<a b = \"c\" {{ 'd' if e }}>{{ x }}",
    ])
    func `what is right is not complained about`(_ source: String) throws {
        #expect(try findings(source) == [])
    }

    @Test func `only templates that are escaped are looked at`() throws {
        for name in ["mail.txt", "app.js", "style.css"] {
            #expect(try findings("<script>{{ x }}", name: name) == [])
        }
        #expect(try findings("<script>{{ x }}", name: "icon.svg").count == 1)
    }

    @Test func `the level decides what becomes of it`() {
        for (level, outcome) in [(TemplateOptions.Lint.off, 0), (.warn, 1), (.error, -1)] {
            var options = TemplateOptions()
            options.lint = level
            switch TemplateSet.build([("a.html", Array("<a\n href={{ x }}>".utf8))], options: options) {
            case .built(let set): #expect(set.warnings.count == outcome)
            case .failed(let errors):
                #expect(outcome == -1 && errors.count == 1)
                #expect(errors.first?.line == 2 && errors.first?.column == 10)
            }
        }
    }

    @Test func `every split of a document leads to the same place`() {
        let text = Array(
            "<p class='a'><script type=x>if (a</b) '</p>'</script x><!-- <a --><a href = b c>".utf8)
        var whole = MarkupContext()
        whole.advance(text[...])
        for split in text.indices {
            var context = MarkupContext()
            context.advance(text[..<split])
            context.advance(text[split...])
            #expect(context == whole)
        }
        #expect(whole.state == .text)
    }
}
