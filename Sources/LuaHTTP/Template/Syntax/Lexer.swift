// SPDX-License-Identifier: MIT

/// Cuts normalised source into tokens and applies whitespace control, so that later stages see only the text that
/// stays. Knows nothing about what the tokens mean.
struct Lexer {
    private let source: [UInt8]
    private let options: SyntaxOptions
    private var position = 0
    private var tokens: [Token] = []
    /// What the last tag said about the text that follows it.
    private var stripsNext = false
    private var startsLine = true
    /// Offsets of the brackets that are open inside the current tag: `}}` does not end `{{ {'a': {}} }}` early.
    private var brackets: [Token] = []

    private init(_ source: [UInt8], _ options: SyntaxOptions) {
        self.source = source
        self.options = options
    }

    /// The tokens, and what ended them early: something before that place may be the better thing to complain about.
    static func tokenize(_ source: [UInt8], _ options: SyntaxOptions) -> (tokens: [Token], fault: SyntaxFault?) {
        var lexer = Lexer(source, options)
        do throws(SyntaxFault) {
            try lexer.run()
            return (lexer.tokens, nil)
        } catch {
            lexer.add(.end, lexer.source.count, lexer.source.count)
            return (lexer.tokens, error)
        }
    }

    /// CRLF and CR become LF, and one trailing newline goes, as Jinja does before it looks at anything.
    static func normalise(_ bytes: [UInt8], _ options: SyntaxOptions) -> [UInt8] {
        var result = bytes
        if bytes.contains(0x0D) {
            result.removeAll(keepingCapacity: true)
            for (index, byte) in bytes.enumerated() {
                if byte == 0x0A, index > 0, bytes[index - 1] == 0x0D { continue }
                result.append(byte == 0x0D ? 0x0A : byte)
            }
        }
        if !options.keepsTrailingNewline, result.last == 0x0A { result.removeLast() }
        return result
    }

    private mutating func run() throws(SyntaxFault) {
        tokens.reserveCapacity(source.count / 6)
        while position < source.count {
            let textStart = position
            guard let opening = findOpening() else {
                addText(textStart, source.count)
                position = source.count
                break
            }
            try scan(opening, textStart: textStart)
        }
        add(.end, source.count, source.count)
    }

    // MARK: Text and delimiters

    private enum Opening { case tag, output, comment }

    private func matches(_ pattern: [UInt8], at offset: Int) -> Bool {
        guard offset + pattern.count <= source.count else { return false }
        for index in 0..<pattern.count where source[offset + index] != pattern[index] { return false }
        return true
    }

    /// Moves to the next opening delimiter. Where several match, the longest wins (`<%#` over `<%`).
    private mutating func findOpening() -> Opening? {
        let first = (options.tagBegin[0], options.outputBegin[0], options.commentBegin[0])
        while position < source.count {
            let byte = source[position]
            if byte == first.0 || byte == first.1 || byte == first.2 {
                var best: (opening: Opening, count: Int)?
                let candidates: [(Opening, [UInt8])] = [
                    (.comment, options.commentBegin), (.tag, options.tagBegin), (.output, options.outputBegin),
                ]
                for (opening, pattern) in candidates
                where pattern.count > best?.count ?? 0 && matches(pattern, at: position) {
                    best = (opening, pattern.count)
                }
                if let best { return best.opening }
            }
            position += 1
        }
        return nil
    }

    private mutating func scan(_ opening: Opening, textStart: Int) throws(SyntaxFault) {
        let begin = position
        let pattern =
            switch opening {
            case .tag: options.tagBegin
            case .output: options.outputBegin
            case .comment: options.commentBegin
            }
        position += pattern.count
        let sign = position < source.count ? source[position] : 0
        if sign == UInt8(ascii: "-") || (sign == UInt8(ascii: "+") && opening != .output) { position += 1 }
        addText(textStart, strippedEnd(textStart, begin, sign, opening))
        stripsNext = false
        startsLine = false
        switch opening {
        case .comment: try skipComment(from: begin)
        case .tag:
            if let bodyStart = rawTag("raw", at: position) {
                try scanRaw(from: begin, bodyStart: bodyStart)
            } else {
                add(.tagBegin, begin, position)
                try scanInside(.tag, from: begin)
            }
        case .output:
            add(.outputBegin, begin, position)
            try scanInside(.output, from: begin)
        }
    }

    /// Where text that runs up to a tag ends, after `{%-` and indentation stripping.
    private func strippedEnd(_ start: Int, _ end: Int, _ sign: UInt8, _ opening: Opening) -> Int {
        if sign == UInt8(ascii: "-") { return trimmedEnd(start, end) }
        guard options.stripsIndentation, opening != .output, sign != UInt8(ascii: "+") else { return end }
        var index = end
        while index > start, source[index - 1] != 0x0A {
            guard Self.isSpace(source[index - 1]) else { return end }
            index -= 1
        }
        return index > start || startsLine ? index : end
    }

    private func trimmedEnd(_ start: Int, _ end: Int) -> Int {
        var index = end
        while index > start, Self.isSpace(source[index - 1]) { index -= 1 }
        return index
    }

    private mutating func addText(_ start: Int, _ end: Int) {
        var start = start
        if stripsNext {
            while start < end, Self.isSpace(source[start]) { start += 1 }
        }
        if start < end { add(.text, start, end) }
    }

    private mutating func add(_ kind: Token.Kind, _ start: Int, _ end: Int) {
        tokens.append(Token(kind: kind, span: Span(start, end)))
    }

    /// After the closing delimiter of a tag or comment: one newline goes with `trimBlocks`.
    private mutating func afterBlock(sign: UInt8) {
        stripsNext = sign == UInt8(ascii: "-")
        guard options.trimBlocks, sign == 0, position < source.count, source[position] == 0x0A else { return }
        position += 1
        startsLine = true
    }

    private mutating func skipComment(from begin: Int) throws(SyntaxFault) {
        while position < source.count {
            if matches(options.commentEnd, at: position) {
                let before = position > begin + options.commentBegin.count ? source[position - 1] : 0
                let sign = before == UInt8(ascii: "-") || before == UInt8(ascii: "+") ? before : 0
                position += options.commentEnd.count
                return afterBlock(sign: sign)
            }
            position += 1
        }
        throw SyntaxFault(message: "missing end of comment", span: Span(begin, begin + options.commentBegin.count))
    }

    // MARK: raw

    /// The offset after `raw %}` when the tag at `offset` (its delimiter and sign already read) is that tag.
    private func rawTag(_ word: String, at offset: Int) -> (end: Int, sign: UInt8)? {
        var index = offset
        while index < source.count, Self.isSpace(source[index]) { index += 1 }
        let name = Array(word.utf8)
        guard matches(name, at: index) else { return nil }
        index += name.count
        while index < source.count, Self.isSpace(source[index]) { index += 1 }
        var sign: UInt8 = 0
        if index < source.count, source[index] == UInt8(ascii: "-") || source[index] == UInt8(ascii: "+") {
            sign = source[index]
            index += 1
        }
        guard matches(options.tagEnd, at: index) else { return nil }
        return (index + options.tagEnd.count, sign)
    }

    private mutating func scanRaw(from begin: Int, bodyStart: (end: Int, sign: UInt8)) throws(SyntaxFault) {
        position = bodyStart.end
        stripsNext = bodyStart.sign == UInt8(ascii: "-")
        let textStart = position
        while position < source.count {
            if matches(options.tagBegin, at: position) {
                var inside = position + options.tagBegin.count
                let sign = inside < source.count ? source[inside] : 0
                if sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { inside += 1 }
                if let end = rawTag("endraw", at: inside) {
                    addText(textStart, strippedEnd(textStart, position, sign, .tag))
                    position = end.end
                    startsLine = false
                    return afterBlock(sign: end.sign)
                }
            }
            position += 1
        }
        throw SyntaxFault(message: "missing end of raw block", span: Span(begin, bodyStart.end))
    }

    // MARK: Inside a tag

    private mutating func scanInside(_ opening: Opening, from begin: Int) throws(SyntaxFault) {
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
            scanNumber()
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
        guard isName else { throw SyntaxFault(message: "invalid character in a name", span: Span(begin, end)) }
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

    private mutating func scanNumber() {
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
        if position + 1 < source.count, source[position] == UInt8(ascii: "."), Self.isDigit(source[position + 1]) {
            position += 1
            scanDigits(Self.isDigit)
            kind = .float
        }
        if position < source.count, source[position] | 0x20 == UInt8(ascii: "e") {
            var exponent = position + 1
            if exponent < source.count, source[exponent] == UInt8(ascii: "+") || source[exponent] == UInt8(ascii: "-")
            {
                exponent += 1
            }
            if exponent < source.count, Self.isDigit(source[exponent]) {
                position = exponent
                scanDigits(Self.isDigit)
                kind = .float
            }
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
    static func isNameStart(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 || byte == 0x5F || byte >= 0x80 }
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
