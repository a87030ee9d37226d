// SPDX-License-Identifier: MIT

/// Expressions, one function per level of precedence, in the order of jinja2/parser.py.
extension Parser {
    /// `1, 2` without parentheses where Jinja allows it, or a single expression.
    mutating func parseTuple(conditional: Bool = true) throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        let first = conditional ? try parseExpression() : try parseOr()
        guard token.kind == .comma else { return first }
        var items = [first]
        while skip(.comma) {
            if isTupleEnd { break }
            items.append(conditional ? try parseExpression() : try parseOr())
        }
        return try node(.list(items), from: start, height: items.reduce(0) { max($0, $1.height) })
    }

    private var isTupleEnd: Bool {
        switch token.kind {
        case .outputEnd, .tagEnd, .rightParenthesis, .assign, .end: true
        default: isWord("in") || isWord("recursive")
        }
    }

    mutating func parseExpression() throws(SyntaxFault) -> Expression {
        try enter()
        defer { leave() }
        let start = Int(token.span.start)
        var value = try parseOr()
        while skipWord("if") {
            let condition = try parseOr()
            let otherwise = skipWord("else") ? try parseExpression() : nil
            let height = max(value.height, condition.height, otherwise?.height ?? 0)
            value = try node(
                .conditional(condition, then: value, else: otherwise), from: start, height: height)
        }
        return value
    }

    mutating func parseOr() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        var left = try parseAnd()
        while skipWord("or") {
            let right = try parseAnd()
            left = try node(.or(left, right), from: start, left, right)
        }
        return left
    }

    private mutating func parseAnd() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        var left = try parseNot()
        while skipWord("and") {
            let right = try parseNot()
            left = try node(.and(left, right), from: start, left, right)
        }
        return left
    }

    private mutating func parseNot() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        guard skipWord("not") else { return try parseCompare() }
        try enter()
        defer { leave() }
        let value = try parseNot()
        return try node(.unary(.not, value), from: start, value)
    }

    private mutating func parseCompare() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        let first = try parseSum()
        var rest: [(Comparison, Expression)] = []
        var height = first.height
        while let comparison = skipComparison() {
            let operand = try parseSum()
            height = max(height, operand.height)
            rest.append((comparison, operand))
        }
        return rest.isEmpty ? first : try node(.compare(first, rest), from: start, height: height)
    }

    private mutating func skipComparison() -> Comparison? {
        let comparison: Comparison
        switch token.kind {
        case .equal: comparison = .equal
        case .notEqual: comparison = .notEqual
        case .less: comparison = .less
        case .lessEqual: comparison = .lessEqual
        case .greater: comparison = .greater
        case .greaterEqual: comparison = .greaterEqual
        case .name where isWord("in"): comparison = .isIn
        case .name where isWord("not") && isWord("in", next):
            advance()
            comparison = .isNotIn
        default: return nil
        }
        advance()
        return comparison
    }

    private mutating func parseSum() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        var left = try parseConcatenation()
        while token.kind == .plus || token.kind == .minus {
            let operation: BinaryOperator = token.kind == .plus ? .add : .subtract
            advance()
            let right = try parseConcatenation()
            left = try node(.binary(operation, left, right), from: start, left, right)
        }
        return left
    }

    private mutating func parseConcatenation() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        let first = try parseProduct()
        guard token.kind == .tilde else { return first }
        var items = [first]
        while skip(.tilde) { items.append(try parseProduct()) }
        return try node(.concatenate(items), from: start, height: items.reduce(0) { max($0, $1.height) })
    }

    private mutating func parseProduct() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        var left = try parsePower()
        while let operation = productOperator {
            advance()
            let right = try parsePower()
            left = try node(.binary(operation, left, right), from: start, left, right)
        }
        return left
    }

    private var productOperator: BinaryOperator? {
        switch token.kind {
        case .times: .multiply
        case .divide: .divide
        case .floorDivide: .floorDivide
        case .modulo: .modulo
        default: nil
        }
    }

    private mutating func parsePower() throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        var left = try parseUnary()
        while skip(.power) {
            let right = try parseUnary()
            left = try node(.binary(.power, left, right), from: start, left, right)
        }
        return left
    }

    mutating func parseUnary(withFilters: Bool = true) throws(SyntaxFault) -> Expression {
        let start = Int(token.span.start)
        var value: Expression
        if token.kind == .minus || token.kind == .plus {
            let operation: UnaryOperator = token.kind == .minus ? .minus : .plus
            advance()
            try enter()
            let operand = try parseUnary(withFilters: false)
            leave()
            value = try node(.unary(operation, operand), from: start, operand)
        } else {
            value = try parsePrimary()
        }
        value = try parsePostfix(value, from: start)
        return withFilters ? try parseFiltersAndTests(value, from: start) : value
    }

    // MARK: Postfix

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
