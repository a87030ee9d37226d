// SPDX-License-Identifier: MIT

/// Names, constants, and what stands in brackets.
extension Parser {
    mutating func parsePrimary() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        switch token.kind {
        case .name: return try parseName()
        case .string: return try parseString()
        case .integer: return try parseInteger()
        case .float: return try parseFloat()
        case .leftParenthesis: return try parseParentheses(from: start)
        case .leftBracket: return try parseList(from: start)
        case .leftBrace: return try parseMap(from: start)
        default: throw unexpected()
        }
    }

    private mutating func parseName() throws(SyntaxFault) -> Expression {
        let name = token
        advance()
        let kind: Expression.Kind
        switch text(name) {
        case "true", "True": kind = .boolean(true)
        case "false", "False": kind = .boolean(false)
        case "none", "None", "nil": kind = .none
        case let text: kind = .name(text)
        }
        return try node(kind, from: Int(name.span.start))
    }

    private mutating func parseParentheses(from start: Int) throws(SyntaxFault) -> Expression {
        try expect(.leftParenthesis)
        if skip(.rightParenthesis) { return try node(.list([]), from: start) }
        var value = try parseTuple()
        try expect(.rightParenthesis)
        value.span = Span(start, previousEnd)
        return value
    }

    private mutating func parseList(from start: Int) throws(SyntaxFault) -> Expression {
        try expect(.leftBracket)
        var items: [Expression] = []
        var height = 0
        while token.kind != .rightBracket {
            let item = try parseExpression()
            height = max(height, item.height)
            items.append(item)
            if !skip(.comma) { break }
        }
        try expect(.rightBracket)
        return try node(.list(items), from: start, height: height)
    }

    private mutating func parseMap(from start: Int) throws(SyntaxFault) -> Expression {
        try expect(.leftBrace)
        var entries: [(key: Expression, value: Expression)] = []
        var height = 0
        while token.kind != .rightBrace {
            let key = try parseExpression()
            try expect(.colon)
            let value = try parseExpression()
            height = max(height, key.height, value.height)
            entries.append((key, value))
            if !skip(.comma) { break }
        }
        try expect(.rightBrace)
        return try node(.map(entries), from: start, height: height)
    }

    // MARK: Numbers

    mutating func parseInteger() throws(SyntaxFault) -> Expression {
        let literal = token
        advance()
        let digits = text(literal).filter { $0 != "_" }.lowercased()
        let value: Int64?
        switch digits.prefix(2) {
        case "0x": value = Int64(digits.dropFirst(2), radix: 16)
        case "0o": value = Int64(digits.dropFirst(2), radix: 8)
        case "0b": value = Int64(digits.dropFirst(2), radix: 2)
        default: value = Int64(digits)
        }
        guard let value else { throw SyntaxFault(message: "integer is out of range", span: literal.span) }
        return try node(.integer(value), from: Int(literal.span.start))
    }

    private mutating func parseFloat() throws(SyntaxFault) -> Expression {
        let literal = token
        advance()
        guard let value = Double(text(literal).filter { $0 != "_" }) else {
            throw SyntaxFault(message: "invalid number", span: literal.span)
        }
        return try node(.float(value), from: Int(literal.span.start))
    }

    // MARK: Strings

    /// Adjacent literals concatenate.
    private mutating func parseString() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        var bytes: [UInt8] = []
        while token.kind == .string {
            let range = token.span.range
            try unescape(range.dropFirst().dropLast(), into: &bytes)
            advance()
        }
        return try node(.string(bytes), from: start)
    }

    private func unescape(_ range: Range<Int>, into bytes: inout [UInt8]) throws(SyntaxFault) {
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = source[index]
            index += 1
            guard byte == UInt8(ascii: "\\"), index < range.upperBound else {
                bytes.append(byte)
                continue
            }
            let escape = source[index]
            index += 1
            switch escape {
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "v"): bytes.append(0x0B)
            case UInt8(ascii: "a"): bytes.append(0x07)
            case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): bytes.append(escape)
            case 0x0A: break
            case UInt8(ascii: "x"), UInt8(ascii: "u"), UInt8(ascii: "U"):
                let digits = escape == UInt8(ascii: "x") ? 2 : escape == UInt8(ascii: "u") ? 4 : 8
                let end = min(index + digits, range.upperBound)
                let value = UInt32(String(decoding: source[index..<end], as: UTF8.self), radix: 16)
                guard end - index == digits, let value, let scalar = Unicode.Scalar(value) else {
                    throw SyntaxFault(message: "invalid escape in string", span: Span(index - 2, end))
                }
                bytes.append(contentsOf: Array(String(Character(scalar)).utf8))
                index = end
            default: bytes += [UInt8(ascii: "\\"), escape]
            }
        }
    }
}
