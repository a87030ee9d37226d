// SPDX-License-Identifier: MIT

/// Cuts normalised source into tokens and applies whitespace control, so that later stages see only the
/// text that stays. Knows nothing about what the tokens mean.
struct Lexer {
    let source: [UInt8]
    let options: SyntaxOptions
    var position = 0
    var tokens: [Token] = []
    /// What the last tag said about the text that follows it.
    var stripsNext = false
    var startsLine = true
    /// Offsets of the brackets that are open inside the current tag: `}}` does not end `{{ {'a': {}} }}`
    /// early.
    var brackets: [Token] = []

    private init(_ source: [UInt8], _ options: SyntaxOptions) {
        self.source = source
        self.options = options
    }

    /// The tokens, and what ended them early: something before that place may be the better thing to
    /// complain about.
    static func tokenize(_ source: [UInt8], _ options: SyntaxOptions) -> (
        tokens: [Token], fault: SyntaxFault?
    ) {
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

    enum Opening { case tag, output, comment }

    func matches(_ pattern: [UInt8], at offset: Int) -> Bool {
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
                    (.comment, options.commentBegin), (.tag, options.tagBegin),
                    (.output, options.outputBegin),
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
            // As in Jinja2, '+' means something only at the end of 'endraw'.
            if let bodyStart = rawTag("raw", at: position), bodyStart.sign != UInt8(ascii: "+") {
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

    mutating func add(_ kind: Token.Kind, _ start: Int, _ end: Int) {
        tokens.append(Token(kind: kind, span: Span(start, end)))
    }

    /// After the closing delimiter of a tag or comment: one newline goes with `trimBlocks`.
    mutating func afterBlock(sign: UInt8) {
        stripsNext = sign == UInt8(ascii: "-")
        guard options.trimBlocks, sign == 0, position < source.count, source[position] == 0x0A else { return }
        position += 1
        startsLine = true
    }

    private mutating func skipComment(from begin: Int) throws(SyntaxFault) {
        // A sign that belongs to the beginning does not belong to the end as well: `{#-#}`.
        let start = position
        while position < source.count {
            if matches(options.commentEnd, at: position) {
                let before = position > start ? source[position - 1] : 0
                let sign = before == UInt8(ascii: "-") || before == UInt8(ascii: "+") ? before : 0
                position += options.commentEnd.count
                return afterBlock(sign: sign)
            }
            position += 1
        }
        throw SyntaxFault(
            message: "missing end of comment", span: Span(begin, begin + options.commentBegin.count))
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
}
