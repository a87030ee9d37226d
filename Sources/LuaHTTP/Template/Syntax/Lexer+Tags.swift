// SPDX-License-Identifier: MIT

/// What stands between the delimiters of a tag.
extension Lexer {
    mutating func scanInside(_ opening: Opening, from begin: Int) throws(SyntaxFault) {
        brackets.removeAll(keepingCapacity: true)
        while true {
            while position < source.count, Self.isSpace(source[position]) { position += 1 }
            guard position < source.count else { break }
            if brackets.isEmpty, closeTag(opening) { return }
            try scanToken()
        }
        let what = opening == .tag ? "missing end of tag" : "missing end of print statement"
        throw SyntaxFault(message: what, span: Span(begin, min(begin + 2, source.count)))
    }

    private mutating func closeTag(_ opening: Opening) -> Bool {
        let pattern = opening == .tag ? options.tagEnd : options.outputEnd
        var sign = source[position]
        var start = position
        if sign == UInt8(ascii: "-") || (sign == UInt8(ascii: "+") && opening == .tag) {
            start += 1
        } else {
            sign = 0
        }
        guard matches(pattern, at: start) else {
            guard sign != 0, matches(pattern, at: position) else { return false }
            return close(opening, pattern, start: position, sign: 0)
        }
        return close(opening, pattern, start: start, sign: sign)
    }

    private mutating func close(_ opening: Opening, _ pattern: [UInt8], start: Int, sign: UInt8) -> Bool {
        let begin = position
        position = start + pattern.count
        add(opening == .tag ? .tagEnd : .outputEnd, begin, position)
        if opening == .tag {
            afterBlock(sign: sign)
        } else {
            stripsNext = sign == UInt8(ascii: "-")
        }
        return true
    }

    private mutating func scanToken() throws(SyntaxFault) {
        let byte = source[position]
        let begin = position
        if Self.isNameStart(byte) {
            while position < source.count, Self.isNamePart(source[position]) { position += 1 }
            try checkName(begin, position)
            add(.name, begin, position)
        } else if Self.isDigit(byte) {
            try scanNumber()
        } else if byte == UInt8(ascii: "'") || byte == UInt8(ascii: "\"") {
            try scanString(quote: byte)
        } else {
            try scanOperator(byte)
        }
    }

    /// Names may have letters of any language, and nothing else.
    private func checkName(_ begin: Int, _ end: Int) throws(SyntaxFault) {
        guard source[begin..<end].contains(where: { $0 >= 0x80 }) else { return }
        let scalars = String(decoding: source[begin..<end], as: UTF8.self).unicodeScalars
        let isName = scalars.enumerated().allSatisfy { offset, scalar in
            scalar == "_" || (offset == 0 ? scalar.properties.isXIDStart : scalar.properties.isXIDContinue)
        }
        guard isName else {
            throw SyntaxFault(message: "invalid character in a name", span: Span(begin, end))
        }
    }

    private mutating func scanString(quote: UInt8) throws(SyntaxFault) {
        let begin = position
        position += 1
        while position < source.count, source[position] != quote {
            position += source[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        guard position < source.count else {
            throw SyntaxFault(message: "unterminated string", span: Span(begin, begin + 1))
        }
        position += 1
        add(.string, begin, position)
    }

    private mutating func scanDigits(_ isPart: (UInt8) -> Bool) {
        while position < source.count {
            let byte = source[position]
            if isPart(byte) {
                position += 1
            } else if byte == UInt8(ascii: "_"), position + 1 < source.count, isPart(source[position + 1]) {
                position += 2
            } else {
                return
            }
        }
    }

    private mutating func scanNumber() throws(SyntaxFault) {
        let begin = position
        let next = position + 1 < source.count ? source[position + 1] | 0x20 : 0
        if source[position] == UInt8(ascii: "0"), "xob".utf8.contains(next), position + 2 < source.count,
            Self.isHex(source[position + 2])
        {
            position += 2
            scanDigits(Self.isHex)
            return add(.integer, begin, position)
        }
        scanDigits(Self.isDigit)
        // `t.0.1` is two indices, not a float.
        guard tokens.last?.kind != .dot else { return add(.integer, begin, position) }
        var kind = Token.Kind.integer
        if position + 1 < source.count, source[position] == UInt8(ascii: "."),
            Self.isDigit(source[position + 1])
        {
            position += 1
            scanDigits(Self.isDigit)
            kind = .float
        }
        if position < source.count, source[position] | 0x20 == UInt8(ascii: "e") {
            var exponent = position + 1
            if exponent < source.count,
                source[exponent] == UInt8(ascii: "+") || source[exponent] == UInt8(ascii: "-")
            {
                exponent += 1
            }
            if exponent < source.count, Self.isDigit(source[exponent]) {
                position = exponent
                scanDigits(Self.isDigit)
                kind = .float
            }
        }
        if kind == .integer, source[begin] == UInt8(ascii: "0"),
            source[begin..<position].contains(where: { $0 > UInt8(ascii: "0") && Self.isDigit($0) })
        {
            throw SyntaxFault(message: "a number cannot begin with 0", span: Span(begin, position))
        }
        add(kind, begin, position)
    }

    private mutating func scanOperator(_ byte: UInt8) throws(SyntaxFault) {
        let begin = position
        let next = position + 1 < source.count ? source[position + 1] : 0
        guard let (kind, length) = Self.operatorKind(byte, next) else {
            let shown = byte < 0x80 && byte > 0x20 ? "'\(Character(Unicode.Scalar(byte)))'" : "character"
            throw SyntaxFault(message: "unexpected \(shown)", span: Span(begin, begin + 1))
        }
        position += length
        let token = Token(kind: kind, span: Span(begin, position))
        switch kind {
        case .leftParenthesis, .leftBracket, .leftBrace: brackets.append(token)
        case .rightParenthesis, .rightBracket, .rightBrace:
            guard let open = brackets.popLast(), open.kind.rawValue + 1 == kind.rawValue else {
                throw SyntaxFault(message: "unexpected \(kind.description)", span: token.span)
            }
        default: break
        }
        tokens.append(token)
    }
}

// MARK: Character classes

extension Lexer {
    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }
    static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 0x61 < 6 }
    static func isNameStart(_ byte: UInt8) -> Bool {
        (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte >= 0x80
    }
    static func isNamePart(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) }

    private static func operatorKind(_ byte: UInt8, _ next: UInt8) -> (Token.Kind, Int)? {
        let equals = next == UInt8(ascii: "=")
        switch byte {
        case UInt8(ascii: "+"): return (.plus, 1)
        case UInt8(ascii: "-"): return (.minus, 1)
        case UInt8(ascii: "*"): return next == byte ? (.power, 2) : (.times, 1)
        case UInt8(ascii: "/"): return next == byte ? (.floorDivide, 2) : (.divide, 1)
        case UInt8(ascii: "%"): return (.modulo, 1)
        case UInt8(ascii: "~"): return (.tilde, 1)
        case UInt8(ascii: "="): return equals ? (.equal, 2) : (.assign, 1)
        case UInt8(ascii: "!"): return equals ? (.notEqual, 2) : nil
        case UInt8(ascii: "<"): return equals ? (.lessEqual, 2) : (.less, 1)
        case UInt8(ascii: ">"): return equals ? (.greaterEqual, 2) : (.greater, 1)
        case UInt8(ascii: "."): return (.dot, 1)
        case UInt8(ascii: ":"): return (.colon, 1)
        case UInt8(ascii: "|"): return (.pipe, 1)
        case UInt8(ascii: ","): return (.comma, 1)
        case UInt8(ascii: ";"): return (.semicolon, 1)
        case UInt8(ascii: "("): return (.leftParenthesis, 1)
        case UInt8(ascii: ")"): return (.rightParenthesis, 1)
        case UInt8(ascii: "["): return (.leftBracket, 1)
        case UInt8(ascii: "]"): return (.rightBracket, 1)
        case UInt8(ascii: "{"): return (.leftBrace, 1)
        case UInt8(ascii: "}"): return (.rightBrace, 1)
        default: return nil
        }
    }
}
