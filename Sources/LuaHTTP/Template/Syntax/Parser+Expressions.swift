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
}
