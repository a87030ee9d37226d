// SPDX-License-Identifier: MIT

/// Tokens → syntax tree, by recursive descent with a depth limit. Knows the grammar of Jinja2 3.1 and
/// nothing about which filters, templates or variables exist. Statements are in `Parser+Statements`,
/// expressions in `Parser+Expressions` and `Parser+Postfix`.
struct Parser {
    let source: [UInt8]
    let tokens: [Token]
    /// Why the tokens end, if not because the source does.
    let lexicalFault: SyntaxFault?
    var position = 0
    var depth = 0
    /// Tags that are open, for "unexpected endfor" and for the place an unclosed tag began.
    var openTags: [(name: String, span: Span)] = []
    var loopDepth = 0
    var blockNames: Set<String> = []

    /// More levels than any page has, few enough for the stack of a small thread.
    static let maximumDepth = 150
    static let maximumHeight = 400

    static func parse(_ source: [UInt8], _ options: SyntaxOptions) throws(SyntaxFault) -> SyntaxTree {
        let (tokens, fault) = Lexer.tokenize(source, options)
        var parser = Parser(source: source, tokens: tokens, lexicalFault: fault)
        let body = try parser.parseBody(until: [])
        return SyntaxTree(body: body)
    }

    // MARK: Tokens

    var token: Token { tokens[position] }

    var next: Token { tokens[min(position + 1, tokens.count - 1)] }

    /// The token before the current one: where what was just parsed ends.
    var previousEnd: Int { position > 0 ? Int(tokens[position - 1].span.end) : 0 }

    mutating func advance() {
        if position + 1 < tokens.count { position += 1 }
    }

    mutating func skip(_ kind: Token.Kind) -> Bool {
        guard token.kind == kind else { return false }
        advance()
        return true
    }

    @discardableResult
    mutating func expect(_ kind: Token.Kind) throws(SyntaxFault) -> Token {
        let found = token
        guard found.kind == kind else { throw unexpected(expected: kind.description) }
        advance()
        return found
    }

    func text(_ token: Token) -> String { String(decoding: source[token.span.range], as: UTF8.self) }

    func isWord(_ word: StaticString, _ token: Token? = nil) -> Bool {
        let token = token ?? self.token
        guard token.kind == .name, Int(token.span.end - token.span.start) == word.utf8CodeUnitCount else {
            return false
        }
        let bytes = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
        return source[token.span.range].elementsEqual(bytes)
    }

    mutating func skipWord(_ word: StaticString) -> Bool {
        guard isWord(word) else { return false }
        advance()
        return true
    }

    mutating func expectWord(_ word: StaticString) throws(SyntaxFault) {
        guard skipWord(word) else { throw unexpected(expected: "'\(word)'") }
    }

    mutating func expectName() throws(SyntaxFault) -> String { text(try expect(.name)) }

    func unexpected(expected: String? = nil) -> SyntaxFault {
        if token.kind == .end, let lexicalFault { return lexicalFault }
        let found = token.kind == .name ? "'\(text(token))'" : token.kind.description
        let wanted = expected.map { ", expected \($0)" } ?? ""
        return SyntaxFault(message: "unexpected \(found)\(wanted)", span: token.span)
    }

    // MARK: Depth

    mutating func enter() throws(SyntaxFault) {
        depth += 1
        guard depth <= Self.maximumDepth else {
            throw SyntaxFault(message: "nested too deeply (limit \(Self.maximumDepth))", span: token.span)
        }
    }

    mutating func leave() { depth -= 1 }

    func node(_ kind: Expression.Kind, from start: Int, _ children: Expression...) throws(SyntaxFault)
        -> Expression
    {
        try node(kind, from: start, height: children.reduce(0) { max($0, $1.height) })
    }

    func node(_ kind: Expression.Kind, from start: Int, height: Int) throws(SyntaxFault) -> Expression {
        let span = Span(start, max(start, previousEnd))
        guard height < Self.maximumHeight else {
            throw SyntaxFault(
                message: "expression is too long (limit \(Self.maximumHeight) steps)", span: span)
        }
        return Expression(span: span, height: height + 1, kind: kind)
    }
}
