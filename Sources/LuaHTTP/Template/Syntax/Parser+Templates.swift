// SPDX-License-Identifier: MIT

/// Tags that define or name other things: macros, blocks, templates.
extension Parser {
    private mutating func parseParameters() throws(SyntaxFault) -> [(name: String, value: Expression?)] {
        var parameters: [(name: String, value: Expression?)] = []
        try expect(.leftParenthesis)
        while token.kind != .rightParenthesis {
            let target = try parseTarget()
            guard case .name(let name) = target.kind else {
                throw SyntaxFault(message: "expected the name of a parameter", span: target.span)
            }
            guard !parameters.contains(where: { $0.name == name }) else {
                throw SyntaxFault(message: "parameter '\(name)' appears twice", span: target.span)
            }
            var value: Expression?
            if skip(.assign) {
                value = try parseExpression()
            } else if parameters.last?.value != nil {
                throw SyntaxFault(
                    message: "parameter without default after one with default", span: target.span)
            }
            guard name != "caller" || value != nil else {
                throw SyntaxFault(message: "a parameter called 'caller' needs a default", span: target.span)
            }
            parameters.append((name, value))
            if !skip(.comma) { break }
        }
        try expect(.rightParenthesis)
        return parameters
    }

    mutating func parseMacro(_ span: Span) throws(SyntaxFault) -> Statement.Kind {
        let name = try expectName()
        let parameters = try parseParameters()
        let body = try parseOutsideLoop(of: "macro", span, until: "endmacro")
        return .macro(.init(name: name, parameters: parameters, body: body))
    }

    mutating func parseCallBlock(_ span: Span) throws(SyntaxFault) -> Statement.Kind {
        let parameters = token.kind == .leftParenthesis ? try parseParameters() : []
        let start = token.span
        let call = try parseExpression()
        guard case .call = call.kind else { throw SyntaxFault(message: "expected a call", span: start) }
        let body = try parseOutsideLoop(of: "call", span, until: "endcall")
        return .call(.init(name: "caller", parameters: parameters, body: body), call)
    }

    mutating func parseBlock(_ span: Span) throws(SyntaxFault) -> Statement.Kind {
        let nameSpan = token.span
        let name = try expectName()
        guard blockNames.insert(name).inserted else {
            throw SyntaxFault(message: "block '\(name)' is defined twice", span: nameSpan)
        }
        let isScoped = skipWord("scoped")
        let isRequired = skipWord("required")
        guard token.kind != .minus else {
            throw SyntaxFault(message: "names of blocks cannot contain '-'; use '_'", span: token.span)
        }
        let body = try parseOutsideLoop(of: "block", span, until: "endblock")
        if token.kind == .name, !skipWord(exactly: name) { throw unexpected(expected: "'\(name)'") }
        if isRequired, !body.allSatisfy(isBlank) {
            throw SyntaxFault(message: "a required block can only contain comments and blanks", span: span)
        }
        return .block(.init(name: name, isScoped: isScoped, isRequired: isRequired, body: body))
    }

    private func isBlank(_ statement: Statement) -> Bool {
        guard case .text(let span) = statement.kind else { return false }
        return source[span.range].allSatisfy(Lexer.isSpace)
    }

    private mutating func skipWord(exactly name: String) -> Bool {
        guard token.kind == .name, text(token) == name else { return false }
        advance()
        return true
    }

    mutating func parseInclude() throws(SyntaxFault) -> Statement.Kind {
        let template = try parseExpression()
        var ignoresMissing = false
        if isWord("ignore"), isWord("missing", next) {
            advance()
            advance()
            ignoresMissing = true
        }
        let hasContext = parseContextWord(otherwise: true)
        return .include(.init(template: template, ignoresMissing: ignoresMissing, hasContext: hasContext))
    }

    private mutating func parseContextWord(otherwise: Bool) -> Bool {
        guard isWord("with") || isWord("without"), isWord("context", next) else { return otherwise }
        let with = isWord("with")
        advance()
        advance()
        return with
    }

    mutating func parseImport() throws(SyntaxFault) -> Statement.Kind {
        let template = try parseExpression()
        try expectWord("as")
        let name = try expectName()
        return .importModule(template, as: name, withContext: parseContextWord(otherwise: false))
    }

    mutating func parseFromImport() throws(SyntaxFault) -> Statement.Kind {
        let template = try parseExpression()
        try expectWord("import")
        var names: [(name: String, alias: String)] = []
        while token.kind == .name {
            if isWord("with") || isWord("without"), isWord("context", next) { break }
            let span = token.span
            let name = try expectName()
            guard !name.hasPrefix("_") else {
                throw SyntaxFault(message: "names that begin with '_' cannot be imported", span: span)
            }
            names.append((name, skipWord("as") ? try expectName() : name))
            if !skip(.comma) { break }
        }
        guard !names.isEmpty else { throw unexpected(expected: "a name to import") }
        return .importNames(template, names, withContext: parseContextWord(otherwise: false))
    }
}
