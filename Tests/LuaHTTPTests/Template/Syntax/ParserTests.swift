// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct ParserTests {
    private func parse(_ text: String) throws(SyntaxFault) -> SyntaxTree {
        try Parser.parse(Array(text.utf8), SyntaxOptions())
    }

    private func expression(_ text: String) throws -> String {
        guard case .output(let value) = try parse("{{ " + text + " }}").body[0].kind else { return "?" }
        return show(value)
    }

    /// Lisp, to see how things nest.
    private func show(_ e: Expression) -> String {
        func list(_ head: String, _ items: [Expression]) -> String {
            "(" + ([head] + items.map(show)).joined(separator: " ") + ")"
        }
        switch e.kind {
        case .undefined: return "undefined"
        case .none: return "none"
        case .boolean(let value): return "\(value)"
        case .integer(let value): return "\(value)"
        case .float(let value): return "\(value)"
        case .string(let bytes): return "'" + String(decoding: bytes, as: UTF8.self) + "'"
        case .name(let name): return name
        case .field(let value, let name): return list("." + name, [value])
        case .index(let value, let key): return list("[]", [value, key])
        case .slice(let value, let from, let to, let step):
            return "(: "
                + ([show(value)] + [from, to, step].map { $0.map(show) ?? "_" }).joined(separator: " ") + ")"
        case .call(let callee, let arguments): return list("call", [callee]) + show(arguments)
        case .filter(let name, let value, let arguments):
            return list("|" + name, value.map { [$0] } ?? []) + show(arguments)
        case .test(let name, let value, let arguments, let negated):
            return list((negated ? "isnt " : "is ") + name, [value]) + show(arguments)
        case .unary(let operation, let value): return list("\(operation)", [value])
        case .binary(let operation, let left, let right): return list("\(operation)", [left, right])
        case .and(let left, let right): return list("and", [left, right])
        case .or(let left, let right): return list("or", [left, right])
        case .compare(let first, let rest):
            return "(" + ([show(first)] + rest.map { "\($0.0) " + show($0.1) }).joined(separator: " ") + ")"
        case .concatenate(let items): return list("~", items)
        case .conditional(let condition, let then, let otherwise):
            return list("if", [condition, then] + (otherwise.map { [$0] } ?? []))
        case .list(let items): return list("list", items)
        case .map(let entries): return list("map", entries.flatMap { [$0.key, $0.value] })
        }
    }

    private func show(_ arguments: Arguments) -> String {
        var parts = arguments.positional.map(show) + arguments.keywords.map { $0.name + "=" + show($0.value) }
        if let list = arguments.list { parts.append("*" + show(list)) }
        if let map = arguments.map { parts.append("**" + show(map)) }
        return parts.isEmpty ? "" : "{" + parts.joined(separator: " ") + "}"
    }

    @Test(arguments: [
        ("1 + 2 * 3", "(add 1 (multiply 2 3))"), ("1 ~ 2 + 3", "(add (~ 1 2) 3)"),
        ("2 ** 2 ** 3", "(power (power 2 2) 3)"),
        ("-3 ** 2", "(power (minus 3) 2)"), ("-5|abs", "(|abs (minus 5))"), ("-a.b", "(minus (.b a))"),
        ("1 + 1 is even", "(add 1 (is even 1))"),
        ("a is divisibleby 3 and b", "(and (is divisibleby a){3} b)"),
        ("a is not b", "(isnt b a)"), ("not a in b", "(not (a isIn b))"), ("a not in b", "(a isNotIn b)"),
        ("1 < x < 10", "(1 less x less 10)"), ("a if b else c if d else e", "(if b a (if d c e))"),
        ("a if b", "(if b a)"),
        ("a or b and c", "(or a (and b c))"), ("a.b[0].c(1, x=2)", "(call (.c ([] (.b a) 0))){1 x=2}"),
        ("a.0.1", "([] ([] a 0) 1)"),
        ("a[1:2]", "(: a 1 2 _)"), ("a[::2]", "(: a _ _ 2)"), ("a[:]", "(: a _ _ _)"),
        ("a[1:]", "(: a 1 _ _)"),
        ("(1, 2,)", "(list 1 2)"), ("1, 2", "(list 1 2)"), ("()", "(list)"), ("(1)", "1"),
        ("[1, 2,]", "(list 1 2)"),
        ("{'a': 1, 2: b}", "(map 'a' 1 2 b)"), ("'a' 'b'", "'ab'"), ("'\\x41\\u00e9\\n\\q'", "'Aé\n\\q'"),
        ("f(*a, **b)", "(call f){*a **b}"),
        ("x|f|g(1)", "(|g (|f x)){1}"), ("x is f.g", "(is f.g x)"),
        ("True or None or nil", "(or (or true none) none)"),
        ("0x1F + 0b11 + 0o17 + 1_000", "(add (add (add 31 3) 15) 1000)"),
        ("a == b or c", "(or (a equal b) c)"),
        ("x is sameas none", "(is sameas x){none}"), ("(a)(b)", "(call a){b}"),
        ("a is defined if b else c", "(if b (is defined a) c)"),
    ])
    func `expressions nest as in Jinja`(_ text: String, _ expected: String) throws {
        #expect(try expression(text) == expected)
    }

    @Test(arguments: [
        ("{{ }}", 1, "unexpected end of print statement"),
        ("{{ 1 + }}", 1, "unexpected end of print statement"),
        ("a\n{% if x %}\nb", 2, "'if' is not closed: expected 'elif' or 'else' or 'endif'"),
        ("{% for x in y %}{% endif %}", 1, "unexpected 'endif': 'for' is still open"),
        ("{% nope %}", 1, "unknown tag 'nope'"),
        ("{% for loop in y %}{% endfor %}", 1, "'loop' cannot be the variable of a loop"),
        ("{% break %}", 1, "'break' outside of a loop"),
        ("{% set true = 1 %}", 1, "cannot assign to 'true'"),
        ("{{ f(a=1, 2) }}", 1, "positional argument after keyword argument"),
        ("{{ 9223372036854775808 }}", 1, "integer is out of range"),
        ("{{ a[1:2:3:4] }}", 1, "too many ':' in slice"),
        ("{{ a[] }}", 1, "expected subscript expression"), ("{{ '\\x4' }}", 1, "invalid escape in string"),
        ("{% block a %}{% endblock b %}", 1, "unexpected 'b', expected 'a'"),
        ("{% block a %}{% endblock %}{% block a %}{% endblock %}", 1, "block 'a' is defined twice"),
        ("{% macro m(a, a) %}{% endmacro %}", 1, "parameter 'a' appears twice"),
        ("{% macro m(a=1, b) %}{% endmacro %}", 1, "parameter without default after one with default"),
        ("{% from 'x' import _a %}", 1, "names that begin with '_' cannot be imported"),
        ("{% call 1 %}{% endcall %}", 1, "expected a call"),
        ("{{ x is a is b }}", 1, "tests cannot be chained with 'is'"),
        ("{% block a required %}x{% endblock %}", 1, "a required block can only contain comments and blanks"),
        ("{{ a b }}", 1, "unexpected 'b', expected end of print statement"),
        ("\n\n{{ x", 3, "missing end of print statement"),
    ])
    func `what cannot be parsed is explained`(_ text: String, _ line: Int, _ message: String) throws {
        let fault = try #require(throws: SyntaxFault.self) { try parse(text) }
        #expect(fault.message == message)
        #expect(SourcePosition(of: fault.span, in: Array(text.utf8)).line == line)
    }

    @Test func `any cut of a template parses or fails`() {
        let text =
            "{% extends 'a' %}{% macro m(a, b=1) %}{{ a.b[1:2]|f(x=1)|g is not h }}{% endmacro %}{% call(x) m(*[1], **{}) %}{% endcall %}{% for a, (b, c) in x if y recursive %}{% else %}{% endfor %}{% from 'x' import y as z with context %}"
        let bytes = Array(text.utf8)
        for end in 0...bytes.count {
            do throws(SyntaxFault) {
                _ = try Parser.parse(Array(bytes[..<end]), SyntaxOptions())
            } catch {
                #expect(Int(error.span.end) <= bytes.count)
            }
        }
    }
}
