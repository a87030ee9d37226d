// SPDX-License-Identifier: MIT

/// Macros and blocks, which are units of their own, and tags that name other templates.
extension Compiler {
    // MARK: Macros

    mutating func compileMacro(_ macro: Statement.Macro, _ span: Span) throws(SyntaxFault) {
        let isTopLevel = builder.isTopLevel
        let register = isTopLevel ? builder.allocate() : builder.declare(macro.name)
        let unit = try compileMacroUnit(macro, span, isNamed: !isTopLevel)
        emit(.macro, a: register, wide: unit, span)
        if isTopLevel {
            emit(.export, a: register, wide: try number(of: macro.name, span), span)
            builder.release(to: register)
        }
    }

    mutating func compileCallBlock(_ body: Statement.Macro, _ call: Expression, _ span: Span)
        throws(SyntaxFault)
    {
        guard !discardsOutput, case .call(let callee, let arguments) = call.kind else { return }
        let unit = try compileMacroUnit(body, span, isNamed: false)
        let target = builder.allocate()
        _ = try compileCall(callee, arguments, into: target, call.span, emits: true, callerUnit: unit)
        emit(.emit, a: target, call.span)
        builder.release(to: target)
    }

    private mutating func compileMacroUnit(_ macro: Statement.Macro, _ span: Span, isNamed: Bool)
        throws(SyntaxFault)
        -> Int
    {
        let visible = builder.visibleNames
        let loop = loopLevel
        var unit = Unit(escapes: escapes)
        unit.name = UInt16(try number(of: macro.name, span))
        let number = try compileUnit(.macro, unit, span: span) { (compiler) throws(SyntaxFault) in
            try compiler.compileMacroBody(macro, visible, hasLoop: loop != nil, isNamed: isNamed)
        }
        // `loop` of the place of definition is taken along as a value.
        if let last = units[number].captures.lastIndex(where: { $0.from == 0 }), let loop {
            let register = builder.allocate()
            emit(.loopObject, a: register, b: loop, span)
            units[number].captures[last].from = UInt16(truncatingIfNeeded: register)
        }
        return number
    }

    private mutating func compileMacroBody(
        _ macro: Statement.Macro, _ visible: [(name: String, register: Int)], hasLoop: Bool, isNamed: Bool
    ) throws(SyntaxFault) {
        var taken: [(from: Int, to: Int)] = []
        for (name, register) in visible { taken.append((register, builder.declare(name))) }
        if hasLoop {
            let register = builder.declare("loop")
            builder.capturedLoop = register
            taken.append((0, register))
        }
        let itself = isNamed ? builder.declare(macro.name) : 0
        builder.openScope()
        let varargs = builder.declare("varargs")
        let kwargs = builder.declare("kwargs")
        let caller = builder.declare("caller")
        builder.unit.parameters = macro.parameters.map { _ in UInt16(truncatingIfNeeded: builder.allocate()) }
        // Defaults see the parameters before them.
        for (parameter, register) in zip(macro.parameters, builder.unit.parameters) {
            if let value = parameter.value {
                let given = builder.emit(Instruction(.jumpIfGiven, a: Int(register)), value.span)
                try compile(value, into: Int(register))
                builder.patch(given)
            }
            builder.bind(parameter.name, to: Int(register))
        }
        builder.unit.parameterNames = try macro.parameters.map { (parameter) throws(SyntaxFault) in
            UInt16(try number(of: parameter.name, Span(0, 0)))
        }
        try openBody(macro.body)
        try compile(macro.body)
        builder.closeScope()
        let used = builder.used
        builder.unit.captures = taken.filter { used.contains($0.to) }.map {
            (from: UInt16($0.from), to: UInt16($0.to))
        }
        builder.unit.itself = UInt16(used.contains(itself) ? itself : 0)
        builder.unit.varargs = UInt16(used.contains(varargs) ? varargs : 0)
        builder.unit.kwargs = UInt16(used.contains(kwargs) ? kwargs : 0)
        builder.unit.caller = UInt16(caller)
        builder.unit.usesCaller = used.contains(caller)
    }

    // MARK: Blocks

    mutating func compileBlock(_ block: Statement.Block, _ span: Span) throws(SyntaxFault) {
        let name = try number(of: block.name, span)
        var unit = Unit(escapes: escapes)
        unit.name = UInt16(name)
        let number = try compileUnit(.block, unit, span: span) { (compiler) throws(SyntaxFault) in
            if block.isRequired { compiler.emit(.requiredBlock, wide: name, span) }
            try compiler.openBody(block.body)
            try compiler.compile(block.body)
        }
        blocks[UInt16(name)] = number
        guard !discardsOutput else { return }
        let mark = builder.nextRegister
        let context = block.isScoped ? try compileScope(withLoop: true, span) : 0
        emit(.block, a: context, wide: name, span)
        builder.release(to: mark)
    }

    /// Whether there is a block around, also around the macros and bodies of `call` here, which then take it along.
    mutating func takesSuper() -> Bool {
        guard builder.register(of: "super") == nil else { return false }
        if builder.kind == .block { return true }
        let macros = outer.reversed().prefix { $0.kind == .macro }.count
        guard builder.kind == .macro, macros < outer.count, outer[outer.count - 1 - macros].kind == .block
        else { return false }
        builder.unit.usesSuper = true
        for index in outer.indices.suffix(macros) { outer[index].unit.usesSuper = true }
        return true
    }

    /// `super.super` is two levels up.
    static func superLevels(_ callee: Expression) -> Int? {
        switch callee.kind {
        case .name("super"): 1
        case .field(let inner, "super"): superLevels(inner).map { $0 + 1 }
        default: nil
        }
    }

    /// A register with the context plus the names in registers; 0 when there are none.
    private mutating func compileScope(withLoop: Bool, _ span: Span) throws(SyntaxFault) -> Int {
        let names = builder.visibleNames.filter { !["varargs", "kwargs", "caller"].contains($0.name) }
        let level = withLoop ? loopLevel : nil
        guard !names.isEmpty || level != nil else { return 0 }
        let scope = builder.allocate()
        emit(.scope, a: scope, span)
        for (name, register) in names where name != "loop" || withLoop {
            builder.used.insert(register)
            emit(.scopeSet, a: scope, b: register, c: try number(of: name, span), span)
        }
        if let level {
            let loop = builder.allocate()
            emit(.loopObject, a: loop, b: level, span)
            emit(.scopeSet, a: scope, b: loop, c: try number(of: "loop", span), span)
        }
        return scope
    }

    // MARK: Other templates

    private enum TemplateFlag {
        static let isDynamic: UInt8 = 1
        static let ignoresMissing: UInt8 = 2
        static let withoutContext: UInt8 = 4
    }

    /// Number of a template that a literal names, or the register of its name.
    private mutating func template(_ name: Expression, _ role: CompiledTemplate.Reference.Role)
        throws(SyntaxFault) -> (operand: Int, flags: UInt8)
    {
        if case .string(let bytes) = name.kind {
            guard let number = symbols.templates.intern(String(decoding: bytes, as: UTF8.self)) else {
                throw SyntaxFault(message: "too many templates", span: name.span)
            }
            references.append(.init(role: role, template: number, span: name.span))
            return (Int(number), 0)
        }
        return (try operand(name), TemplateFlag.isDynamic)
    }

    mutating func compileInclude(_ include: Statement.Include, _ span: Span) throws(SyntaxFault) {
        guard !discardsOutput else { return }
        let mark = builder.nextRegister
        var (operand, flags) = try template(
            include.template, include.ignoresMissing ? .optionalInclude : .include)
        if include.ignoresMissing { flags |= TemplateFlag.ignoresMissing }
        if !include.hasContext { flags |= TemplateFlag.withoutContext }
        let context = include.hasContext ? try compileScope(withLoop: false, span) : 0
        emit(.include, flags: flags, b: operand, c: context, include.template.span)
        builder.release(to: mark)
    }

    private mutating func compileModule(_ name: Expression, _ withContext: Bool, _ span: Span)
        throws(SyntaxFault)
        -> Int
    {
        let module = builder.allocate()
        var (operand, flags) = try template(name, .importModule)
        if !withContext { flags |= TemplateFlag.withoutContext }
        let context = withContext ? try compileScope(withLoop: false, span) : 0
        emit(.importModule, flags: flags, a: module, b: operand, c: context, name.span)
        builder.release(to: module + 1)
        return module
    }

    mutating func compileImport(_ template: Expression, as name: String, _ withContext: Bool, _ span: Span)
        throws(SyntaxFault)
    {
        let mark = builder.nextRegister
        let module = try compileModule(template, withContext, span)
        try assign(Target(span: span, kind: .name(name)), from: module, span)
        builder.release(to: max(mark, builder.lastLocal + 1))
    }

    mutating func compileImport(
        _ template: Expression, _ names: [(name: String, alias: String)], _ withContext: Bool, _ span: Span
    ) throws(SyntaxFault) {
        let mark = builder.nextRegister
        let module = try compileModule(template, withContext, span)
        for (name, alias) in names {
            let value = builder.allocate()
            emit(.field, a: value, b: module, c: try number(of: name, span), span)
            try assign(Target(span: span, kind: .name(alias)), from: value, span)
        }
        builder.release(to: max(mark, builder.lastLocal + 1))
    }

    mutating func compileExtends(_ name: Expression, _ span: Span) throws(SyntaxFault) {
        guard builder.isTopLevel, builder.captureDepth == 0 else {
            throw SyntaxFault(message: "'extends' is only possible at the top level", span: span)
        }
        guard !isChild else { throw SyntaxFault(message: "a template cannot extend two others", span: span) }
        let mark = builder.nextRegister
        let (operand, flags) = try template(name, builder.conditionDepth == 0 ? .extends : .conditional)
        emit(.extends, flags: flags, b: operand, name.span)
        builder.release(to: mark)
        if builder.conditionDepth == 0 { isChild = true }
    }
}
