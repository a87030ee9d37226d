// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct LexerTests {
    /// Tokens as text: names and literals as written, other kinds by their name.
    private func tokens(_ text: String, _ change: (inout SyntaxOptions) -> Void = { _ in }) -> String {
        var options = SyntaxOptions()
        change(&options)
        let source = Lexer.normalise(Array(text.utf8), options)
        let (tokens, fault) = Lexer.tokenize(source, options)
        let shown = tokens.map { token -> String in
            let text = String(decoding: source[token.span.range], as: UTF8.self)
            switch token.kind {
            case .text: return "'" + text + "'"
            case .end: return "."
            default: return text
            }
        }
        return shown.joined(separator: " ") + (fault.map { " !" + $0.message } ?? "")
    }

    @Test func `text and tags`() {
        #expect(tokens("a {{ b.c }} {# no #}d{% if x -%}  e") == "'a ' {{ b . c }} ' ' 'd' {% if x -%} 'e' .")
    }

    @Test func `minus strips on its side, in every kind of tag`() {
        #expect(tokens("a \n {{- b -}} \n c") == "'a' {{- b -}} 'c' .")
        #expect(tokens("a \n {#- b -#} \n c") == "'a' 'c' .")
        #expect(tokens("a {%- raw -%} {{ x }} {%- endraw -%} b") == "'a' '{{ x }}' 'b' .")
    }

    @Test func `trimming and stripping blocks`() {
        let text = "a\n  {% if x %}\n  b\n  {# c #}\n  {{ d }}\n"
        #expect(
            tokens(text) {
                $0.trimBlocks = true; $0.stripsIndentation = true
            } == "'a\n' {% if x %} '  b\n' '  ' {{ d }} .")
        #expect(
            tokens("a\n  {%+ if x +%}\nb") {
                $0.trimBlocks = true; $0.stripsIndentation = true
            } == "'a\n  ' {%+ if x +%} '\nb' .")
    }

    @Test func `the last newline goes unless it is wanted`() {
        #expect(tokens("a\n\n") == "'a\n' .")
        #expect(tokens("a\n") { $0.keepsTrailingNewline = true } == "'a\n' .")
        #expect(tokens("a\r\nb\rc") == "'a\nb\nc' .")
    }

    @Test func `brackets keep a tag open`() {
        #expect(tokens("{{ {'a': {}} }}x") == "{{ { 'a' : { } } }} 'x' .")
        #expect(tokens("{{ ) }}") == "{{ . !unexpected ')'")
        #expect(tokens("{{ (] }}") == "{{ ( . !unexpected ']'")
    }

    @Test(arguments: [
        ("1", "1"), ("1_000", "1_000"), ("1__0", "1 __0"), ("0xFf", "0xFf"), ("0b101", "0b101"),
        ("0o17", "0o17"), ("0x", "0 x"),
        ("1.5", "1.5"), ("1.", "1 ."), ("1e3", "1e3"), ("1.5e-3", "1.5e-3"), ("1e", "1 e"),
        ("a.0.1", "a . 0 . 1"),
        ("1..2", "1 . . 2"), ("'a\\'b'", "'a\\'b'"), ("a//b**c", "a // b ** c"), ("a!=b<=c", "a != b <= c"),
    ])
    func `numbers, strings and operators`(_ text: String, _ expected: String) {
        #expect(tokens("{{" + text + "}}") == "{{ " + expected + " }} .")
    }

    @Test(arguments: [
        ("{{ x", "missing end of print statement"), ("{% x", "missing end of tag"),
        ("{# x", "missing end of comment"),
        ("{% raw %}x", "missing end of raw block"), ("{{ 'x }}", "unterminated string"),
        ("{{ ? }}", "unexpected '?'"),
        ("{{ ! }}", "unexpected '!'"), ("{{ a\u{1F40D} }}", "invalid character in a name"),
        ("{{ $ }}", "unexpected '$'"), ("{{ 012 }}", "a number cannot begin with 0"),
    ])
    func `what cannot be read is an error`(_ text: String, _ message: String) {
        #expect(tokens(text).hasSuffix("!" + message))
    }

    @Test func `delimiters can be others, the longest one wins`() {
        let text = "a <%# c %> <% if x %> ${y} {{ z }}"
        #expect(
            tokens(text) {
                $0.tagBegin = Array("<%".utf8)
                $0.tagEnd = Array("%>".utf8)
                $0.commentBegin = Array("<%#".utf8)
                $0.commentEnd = Array("%>".utf8)
                $0.outputBegin = Array("${".utf8)
                $0.outputEnd = Array("}".utf8)
            } == "'a ' ' ' <% if x %> ' ' ${ y } ' {{ z }}' .")
    }

    @Test(arguments: [("a {#-#} b", "'a' ' b' ."), ("a {#--#} b", "'a' 'b' ."), ("a {#+#} b", "'a ' ' b' .")])
    func `the sign of a comment belongs to one side`(_ text: String, _ expected: String) {
        #expect(tokens(text) == expected)
    }

    @Test func `any cut of a template is read without harm`() {
        let text = Array(
            "a{%- for x in [1, 'b\\'', 2.5e3] if x is not none -%}{{ x|f(a=1)[::2] }}{# c #}{% raw %}{{{% endraw %}{% endfor %}é"
                .utf8)
        for end in 0...text.count {
            let (tokens, _) = Lexer.tokenize(Array(text[..<end]), SyntaxOptions())
            #expect(tokens.last?.kind == .end)
        }
    }
}
