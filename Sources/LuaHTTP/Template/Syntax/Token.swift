// SPDX-License-Identifier: MIT

/// A range of bytes in the normalised source of a template. Knows neither lines nor the template's name.
struct Span: Equatable, Sendable {
    var start: UInt32
    var end: UInt32

    init(_ start: Int, _ end: Int) {
        self.start = UInt32(truncatingIfNeeded: start)
        self.end = UInt32(truncatingIfNeeded: end)
    }

    var range: Range<Int> { Int(start)..<Swift.max(Int(start), Int(end)) }

    func through(_ other: Span) -> Span { Span(Int(start), Int(other.end)) }
}

/// One lexical element. Its text is the span's bytes, so a token owns nothing.
struct Token: Equatable, Sendable {
    enum Kind: UInt8, Sendable {
        case text, outputBegin, outputEnd, tagBegin, tagEnd, end
        case name, integer, float, string
        case plus, minus, times, divide, floorDivide, modulo, power, tilde
        case equal, notEqual, less, lessEqual, greater, greaterEqual, assign
        case dot, colon, pipe, comma, semicolon
        case leftParenthesis, rightParenthesis, leftBracket, rightBracket, leftBrace, rightBrace
    }

    var kind: Kind
    var span: Span
}

extension Token.Kind {
    /// How the token is called in a syntax error.
    var description: String {
        switch self {
        case .text: "template text"
        case .outputBegin: "start of print statement"
        case .outputEnd: "end of print statement"
        case .tagBegin: "start of tag"
        case .tagEnd: "end of tag"
        case .end: "end of template"
        case .name: "identifier"
        case .integer: "integer"
        case .float: "float"
        case .string: "string"
        default: "'" + symbol + "'"
        }
    }

    private var symbol: String {
        switch self {
        case .plus: "+"
        case .minus: "-"
        case .times: "*"
        case .divide: "/"
        case .floorDivide: "//"
        case .modulo: "%"
        case .power: "**"
        case .tilde: "~"
        case .equal: "=="
        case .notEqual: "!="
        case .less: "<"
        case .lessEqual: "<="
        case .greater: ">"
        case .greaterEqual: ">="
        case .assign: "="
        case .dot: "."
        case .colon: ":"
        case .pipe: "|"
        case .comma: ","
        case .semicolon: ";"
        case .leftParenthesis: "("
        case .rightParenthesis: ")"
        case .leftBracket: "["
        case .rightBracket: "]"
        case .leftBrace: "{"
        case .rightBrace: "}"
        default: ""
        }
    }
}
