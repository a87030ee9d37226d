// SPDX-License-Identifier: MIT

/// Tags and the bodies between them.
extension Parser {
    /// Statements up to one of `terminators`, whose tag is left open after its name was read.
    mutating func parseBody(until terminators: [String]) throws(SyntaxFault) -> [Statement] {
        try enter()
        defer { leave() }
        var body: [Statement] = []
        while true {
            let start = token
            switch start.kind {
            case .text:
                advance()
                body.append(Statement(span: start.span, kind: .text(start.span)))
            case .outputBegin:
                advance()
                let value = try parseTuple()
                try expect(.outputEnd)
                body.append(Statement(span: value.span, kind: .output(value)))
            case .tagBegin:
                advance()
                if token.kind == .name, terminators.contains(text(token)) { return body }
                body.append(try parseTag(from: start.span))
            case .end:
                if let lexicalFault { throw lexicalFault }
                guard let open = openTags.last else { return body }
                let wanted = terminators.map { "'\($0)'" }.joined(separator: " or ")
                throw SyntaxFault(
                    message: "'\(open.name)' is not closed: expected \(wanted)", span: open.span)
            default:
                throw unexpected()
            }
        }
    }

    /// A body closed by `{% end %}`, which is consumed.
    private mutating func parseBlockBody(of name: String, at span: Span, until end: String)
        throws(SyntaxFault)
        -> [Statement]
    {
        try expect(.tagEnd)
        openTags.append((name, span))
        let body = try parseBody(until: [end])
        openTags.removeLast()
        advance()
        return body
    }

    private mutating func parseTag(from span: Span) throws(SyntaxFault) -> Statement {
        guard token.kind == .name else { throw unexpected(expected: "name of a tag") }
        let nameToken = token
        let name = text(nameToken)
        let span = span.through(nameToken.span)
        let kind = try parseTagKind(name, span)
        try expect(.tagEnd)
        return Statement(span: span, kind: kind)
    }

    private mutating func parseTagKind(_ name: String, _ span: Span) throws(SyntaxFault) -> Statement.Kind {
        let nameSpan = token.span
        advance()
        switch name {
        case "if": return try parseIf(span)
        case "for": return try parseFor(span)
        case "set": return try parseSet(span)
        case "with": return try parseWith(span)
        case "macro": return try parseMacro(span)
        case "call": return try parseCallBlock(span)
        case "filter": return try parseFilterBlock(span)
        case "block": return try parseBlock(span)
        case "extends": return .extends(try parseExpression())
        case "include": return try parseInclude()
        case "import": return try parseImport()
        case "from": return try parseFromImport()
        case "autoescape":
            let value = try parseExpression()
            return .autoescape(value, try parseBlockBody(of: name, at: span, until: "endautoescape"))
        case "do": return .evaluate(try parseTuple())
        case "print": return .output(try parseTuple())
        case "flush": return .flush
        case "debug": return .debug
        case "break", "continue":
            guard loopDepth > 0 else { throw SyntaxFault(message: "'\(name)' outside of a loop", span: span) }
            return name == "break" ? .leaveLoop : .nextIteration
        default:
            throw unknownTag(name, nameSpan)
        }
    }

    private func unknownTag(_ name: String, _ span: Span) -> SyntaxFault {
        if let open = openTags.last, name.hasPrefix("end") || name == "else" || name == "elif" {
            return SyntaxFault(message: "unexpected '\(name)': '\(open.name)' is still open", span: span)
        }
        return SyntaxFault(message: "unknown tag '\(name)'", span: span)
    }

    // MARK: Control flow

    private mutating func parseIf(_ span: Span) throws(SyntaxFault) -> Statement.Kind {
        var branches: [(condition: Expression, body: [Statement])] = []
        var otherwise: [Statement] = []
        openTags.append(("if", span))
        branches.append((try parseTuple(conditional: false), try parseBranch()))
        while true {
            if skipWord("elif") {
                branches.append((try parseTuple(conditional: false), try parseBranch()))
            } else if skipWord("else") {
                try expect(.tagEnd)
                otherwise = try parseBody(until: ["endif"])
            } else {
                try expectWord("endif")
                openTags.removeLast()
                return .condition(branches, otherwise: otherwise)
            }
        }
    }

    private mutating func parseBranch() throws(SyntaxFault) -> [Statement] {
        try expect(.tagEnd)
        return try parseBody(until: ["elif", "else", "endif"])
    }

    private mutating func parseFor(_ span: Span) throws(SyntaxFault) -> Statement.Kind {
        let target = try parseTargets(end: "in")
        if target.assigns("loop") {
            throw SyntaxFault(message: "'loop' cannot be the variable of a loop", span: target.span)
        }
        try expectWord("in")
        let sequence = try parseTuple(conditional: false)
        let condition = skipWord("if") ? try parseExpression() : nil
        let isRecursive = skipWord("recursive")
        try expect(.tagEnd)
        openTags.append(("for", span))
        loopDepth += 1
        let body = try parseBody(until: ["else", "endfor"])
        loopDepth -= 1
        var otherwise: [Statement] = []
        if skipWord("else") {
            try expect(.tagEnd)
            otherwise = try parseBody(until: ["endfor"])
        }
        try expectWord("endfor")
        openTags.removeLast()
        return .loop(
            .init(
                target: target, sequence: sequence, condition: condition, isRecursive: isRecursive,
                body: body,
                otherwise: otherwise))
    }

    // MARK: Assignment

    private mutating func parseSet(_ span: Span) throws(SyntaxFault) -> Statement.Kind {
        let target = try parseTargets(end: "", allowsAttributes: true)
        if skip(.assign) { return .set(target, try parseTuple()) }
        var filters: Expression?
        while token.kind == .pipe {
            filters = try parseFilter(filters, from: Int(token.span.start))
        }
        return .setBlock(target, filters: filters, try parseBlockBody(of: "set", at: span, until: "endset"))
    }

    private mutating func parseWith(_ span: Span) throws(SyntaxFault) -> Statement.Kind {
        var bindings: [(target: Target, value: Expression)] = []
        while token.kind != .tagEnd {
            if !bindings.isEmpty { try expect(.comma) }
            let target = try parseTarget()
            try expect(.assign)
            bindings.append((target, try parseExpression()))
        }
        return .with(bindings, try parseBlockBody(of: "with", at: span, until: "endwith"))
    }

    private mutating func parseFilterBlock(_ span: Span) throws(SyntaxFault) -> Statement.Kind {
        var filter = try parseFilter(nil, from: Int(token.span.start), startInline: true)
        while token.kind == .pipe {
            filter = try parseFilter(filter, from: Int(token.span.start))
        }
        return .filterBlock(filter, try parseBlockBody(of: "filter", at: span, until: "endfilter"))
    }

    /// The body runs somewhere else: `break` cannot leave it.
    mutating func parseOutsideLoop(of name: String, _ span: Span, until end: String) throws(SyntaxFault)
        -> [Statement]
    {
        let outer = loopDepth
        loopDepth = 0
        defer { loopDepth = outer }
        return try parseBlockBody(of: name, at: span, until: end)
    }

    mutating func parseTargets(end: String, allowsAttributes: Bool = false) throws(SyntaxFault) -> Target {
        let start = Int(token.span.start)
        let first = try parseTarget(allowsAttributes: allowsAttributes)
        guard token.kind == .comma else { return first }
        var items = [first]
        while skip(.comma) {
            guard token.kind == .name || token.kind == .leftParenthesis, end.isEmpty || text(token) != end
            else { break }
            items.append(try parseTarget(allowsAttributes: allowsAttributes))
        }
        return Target(span: Span(start, previousEnd), kind: .tuple(items))
    }

    mutating func parseTarget(allowsAttributes: Bool = false) throws(SyntaxFault) -> Target {
        let start = token.span
        if skip(.leftParenthesis) {
            try enter()
            defer { leave() }
            var target = try parseTargets(end: "")
            try expect(.rightParenthesis)
            target.span = Span(Int(start.start), previousEnd)
            return target
        }
        let name = try expectName()
        if allowsAttributes, skip(.dot) {
            let attribute = try expectName()
            return Target(span: Span(Int(start.start), previousEnd), kind: .attribute(of: name, attribute))
        }
        guard !["true", "false", "none", "True", "False", "None", "nil"].contains(name) else {
            throw SyntaxFault(message: "cannot assign to '\(name)'", span: start)
        }
        return Target(span: start, kind: .name(name))
    }
}

extension Target {
    func assigns(_ name: String) -> Bool {
        switch kind {
        case .name(let own): own == name
        case .tuple(let items): items.contains { $0.assigns(name) }
        case .attribute: false
        }
    }
}
