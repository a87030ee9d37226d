// SPDX-License-Identifier: MIT

/// Names: where they live, and the tags that give them values.
extension Compiler {
    /// The register of a name, or nil when it is looked up in the context.
    mutating func resolve(_ name: String, _ span: Span) throws(SyntaxFault) -> Int? {
        guard let register = builder.register(of: name) else { return nil }
        if name == "loop", loopLevel != nil, builder.capturedLoop == register { return nil }
        builder.used.insert(register)
        return register
    }

    /// Names that only some paths through a body assign need a register, and the outer value, from the start.
    mutating func openBody(_ body: [Statement]) throws(SyntaxFault) {
        guard !builder.isTopLevel else { return }
        var names: [String] = []
        for statement in body {
            if case .condition(let branches, let otherwise) = statement.kind {
                branches.forEach { Self.collectAssignments($0.body, &names) }
                Self.collectAssignments(otherwise, &names)
            }
        }
        for name in names where builder.scopes[builder.scopes.count - 1].names[name] == nil {
            let span = body.first?.span ?? Span(0, 0)
            let outer = try resolve(name, span)
            let register = builder.declare(name)
            if let outer {
                emit(.move, a: register, b: outer, span)
            } else {
                emit(.name, a: register, wide: try number(of: name, span), span)
            }
        }
    }

    private static func collectAssignments(_ body: [Statement], _ names: inout [String]) {
        for statement in body {
            switch statement.kind {
            case .set(let target, _), .setBlock(let target, _, _): collect(target, &names)
            case .macro(let macro): names.append(macro.name)
            case .importModule(_, let name, _): names.append(name)
            case .importNames(_, let imported, _): names += imported.map(\.alias)
            case .condition(let branches, let otherwise):
                branches.forEach { collectAssignments($0.body, &names) }
                collectAssignments(otherwise, &names)
            default: break
            }
        }
    }

    private static func collect(_ target: Target, _ names: inout [String]) {
        switch target.kind {
        case .name(let name): names.append(name)
        case .tuple(let items): items.forEach { collect($0, &names) }
        case .attribute: break
        }
    }

    // MARK: set

    mutating func compileSet(_ target: Target, _ value: Expression, _ span: Span) throws(SyntaxFault) {
        let mark = builder.nextRegister
        if case .name(let name) = target.kind, !builder.isTopLevel,
            builder.scopes[builder.scopes.count - 1].names[name] == nil
        {
            // A new variable: computed in place, and not visible in its own value.
            let register = builder.allocate()
            try compile(value, into: register)
            builder.bind(name, to: register)
            return
        }
        let register = try operand(value)
        try assign(target, from: register, span)
        builder.release(to: max(mark, builder.lastLocal + 1))
    }

    mutating func assign(_ target: Target, from register: Int, _ span: Span) throws(SyntaxFault) {
        switch target.kind {
        case .name(let name):
            if builder.isTopLevel {
                emit(.export, a: register, wide: try number(of: name, target.span), span)
            } else {
                let local = builder.declare(name)
                if local != register { emit(.move, a: local, b: register, span) }
            }
        case .tuple(let items):
            let first = builder.allocate(items.count)
            emit(.unpack, a: register, b: first, c: items.count, target.span)
            for (offset, item) in items.enumerated() { try assign(item, from: first + offset, span) }
        case .attribute(let object, let field):
            let base = try operand(Expression(span: target.span, height: 1, kind: .name(object)))
            emit(.setField, a: base, b: register, c: try number(of: field, target.span), target.span)
        }
    }

    mutating func compileSetBlock(
        _ target: Target, _ filters: Expression?, _ body: [Statement], _ span: Span
    ) throws(SyntaxFault) {
        let mark = builder.nextRegister
        let text = builder.allocate()
        try compileCapture(body, into: text, span)
        if let filters { try compileChain(filters, of: text, into: text) }
        try assign(target, from: text, span)
        builder.release(to: max(mark, builder.lastLocal + 1))
    }

    private mutating func compileCapture(_ body: [Statement], into register: Int, _ span: Span)
        throws(SyntaxFault)
    {
        emit(.capture, span)
        builder.captureDepth += 1
        builder.openScope()
        try openBody(body)
        try compile(body)
        builder.closeScope()
        builder.captureDepth -= 1
        emit(.endCapture, a: register, span)
    }

    /// `a|b(c)` written without a value: applied to what is in `register`.
    private mutating func compileChain(_ filter: Expression, of register: Int, into target: Int)
        throws(SyntaxFault)
    {
        guard case .filter(let name, let inner, let arguments) = filter.kind else { return }
        try compileFilter(name, arguments, into: target, filter.span) {
            (compiler, base) throws(SyntaxFault) in
            if let inner {
                try compiler.compileChain(inner, of: register, into: base)
            } else if base != register {
                compiler.emit(.move, a: base, b: register, filter.span)
            }
        }
    }

    mutating func compileFilterBlock(_ filter: Expression, _ body: [Statement], _ span: Span)
        throws(SyntaxFault)
    {
        guard !discardsOutput else { return }
        let text = builder.allocate()
        try compileCapture(body, into: text, span)
        try compileChain(filter, of: text, into: text)
        emit(.emit, flags: 1, a: text, span)
        builder.release(to: text)
    }

    // MARK: with

    /// All values are computed before any name is bound: they see the outer scope.
    mutating func compileWith(_ bindings: [(target: Target, value: Expression)], _ body: [Statement])
        throws(SyntaxFault)
    {
        builder.openScope()
        var registers: [Int] = []
        for binding in bindings {
            let register = builder.allocate()
            try compile(binding.value, into: register)
            registers.append(register)
        }
        for (binding, register) in zip(bindings, registers) {
            if case .name(let name) = binding.target.kind {
                builder.bind(name, to: register)
            } else {
                try assign(binding.target, from: register, binding.target.span)
            }
        }
        try openBody(body)
        try compile(body)
        builder.closeScope()
    }
}
