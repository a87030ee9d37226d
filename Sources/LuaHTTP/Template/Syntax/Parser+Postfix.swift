// SPDX-License-Identifier: MIT

/// What follows a value: fields, subscripts, calls with their arguments, filters and tests.
extension Parser {
    mutating func parsePostfix(_ value: Expression, from start: Int) throws(SyntaxFault) -> Expression {
        var value = value
        while true {
            switch token.kind {
            case .dot: value = try parseField(value, from: start)
            case .leftBracket: value = try parseSubscript(value, from: start)
            case .leftParenthesis: value = try parseCall(value, from: start)
            default: return value
            }
        }
    }

    private mutating func parseCall(_ value: Expression, from start: Int) throws(SyntaxFault) -> Expression {
        let (arguments, height) = try parseArguments()
        return try node(.call(value, arguments), from: start, height: max(value.height, height))
    }

    private mutating func parseField(_ value: Expression, from start: Int) throws(SyntaxFault) -> Expression {
        try expect(.dot)
        if token.kind == .integer {
            let index = try parseInteger()
            return try node(.index(value, index), from: start, value, index)
        }
        let name = try expectName()
        return try node(.field(value, name), from: start, value)
    }

    private mutating func parseSubscript(_ value: Expression, from start: Int) throws(SyntaxFault)
        -> Expression
    {
        try expect(.leftBracket)
        var parts: [Expression?] = []
        var current: Expression?
        while token.kind != .rightBracket {
            if skip(.colon) {
                parts.append(current)
                current = nil
            } else {
                guard current == nil else { throw unexpected(expected: "']'") }
                current = try parseTuple()
            }
        }
        try expect(.rightBracket)
        if parts.isEmpty {
            guard let index = current else {
                throw SyntaxFault(message: "expected subscript expression", span: token.span)
            }
            return try node(.index(value, index), from: start, value, index)
        }
        parts.append(current)
        guard parts.count <= 3 else { throw SyntaxFault(message: "too many ':' in slice", span: token.span) }
        while parts.count < 3 { parts.append(nil) }
        let height = parts.reduce(value.height) { max($0, $1?.height ?? 0) }
        return try node(
            .slice(value, from: parts[0], to: parts[1], step: parts[2]), from: start, height: height)
    }

    mutating func parseFiltersAndTests(_ value: Expression, from start: Int) throws(SyntaxFault) -> Expression
    {
        var value = value
        while true {
            switch token.kind {
            case .pipe:
                value = try parseFilter(value, from: start)
            case .name where isWord("is"):
                value = try parseTest(value, from: start)
            case .leftParenthesis:
                value = try parseCall(value, from: start)
            default: return value
            }
        }
    }

    /// `|name(arguments)`, also chained after `{% filter` and `{% set x |`.
    mutating func parseFilter(_ value: Expression?, from start: Int, startInline: Bool = false)
        throws(SyntaxFault)
        -> Expression
    {
        if !startInline { try expect(.pipe) }
        let nameStart = Int(token.span.start)
        let name = try parseDottedName()
        var arguments = Arguments()
        var height = value?.height ?? 0
        if token.kind == .leftParenthesis {
            let parsed = try parseArguments()
            arguments = parsed.arguments
            height = max(height, parsed.height)
        }
        var filter = try node(.filter(name, value, arguments), from: nameStart, height: height)
        filter.span = Span(nameStart, Int(filter.span.end))
        return filter
    }

    private mutating func parseDottedName() throws(SyntaxFault) -> String {
        var name = try expectName()
        while token.kind == .dot {
            advance()
            name += "." + (try expectName())
        }
        return name
    }

    private mutating func parseTest(_ value: Expression, from start: Int) throws(SyntaxFault) -> Expression {
        try expectWord("is")
        let negated = skipWord("not")
        let name = try parseDottedName()
        var arguments = Arguments()
        var height = value.height
        if token.kind == .leftParenthesis {
            let parsed = try parseArguments()
            arguments = parsed.arguments
            height = max(height, parsed.height)
        } else if startsTestArgument {
            guard !isWord("is") else {
                throw SyntaxFault(message: "tests cannot be chained with 'is'", span: token.span)
            }
            let argumentStart = Int(token.span.start)
            let primary = try parsePrimary()
            let argument = try parsePostfix(primary, from: argumentStart)
            arguments.positional = [argument]
            height = max(height, argument.height)
        }
        return try node(.test(name, value, arguments, negated: negated), from: start, height: height)
    }

    private var startsTestArgument: Bool {
        switch token.kind {
        case .name:
            !(isWord("else") || isWord("or") || isWord("and") || isWord("if") || isWord("in")
                || isWord("not"))
        case .string, .integer, .float, .leftParenthesis, .leftBracket, .leftBrace: true
        default: false
        }
    }

    mutating func parseArguments() throws(SyntaxFault) -> (arguments: Arguments, height: Int) {
        try expect(.leftParenthesis)
        var arguments = Arguments()
        var height = 0
        while token.kind != .rightParenthesis {
            let begin = token.span
            let value: Expression
            if skip(.times) {
                value = try parseExpression()
                guard arguments.list == nil, arguments.map == nil else {
                    throw SyntaxFault(message: "invalid order of arguments", span: begin)
                }
                arguments.list = value
            } else if skip(.power) {
                value = try parseExpression()
                guard arguments.map == nil else {
                    throw SyntaxFault(message: "invalid order of arguments", span: begin)
                }
                arguments.map = value
            } else if token.kind == .name, next.kind == .assign {
                let name = try expectName()
                advance()
                value = try parseExpression()
                guard arguments.map == nil, !arguments.keywords.contains(where: { $0.name == name }) else {
                    throw SyntaxFault(
                        message: "keyword argument '\(name)' is given twice or too late", span: begin)
                }
                arguments.keywords.append((name, value))
            } else {
                value = try parseExpression()
                guard arguments.keywords.isEmpty, arguments.list == nil, arguments.map == nil else {
                    throw SyntaxFault(message: "positional argument after keyword argument", span: begin)
                }
                arguments.positional.append(value)
            }
            height = max(height, value.height)
            if !skip(.comma) { break }
        }
        try expect(.rightParenthesis)
        return (arguments, height)
    }
}
