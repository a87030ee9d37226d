// SPDX-License-Identifier: MIT

/// Tags that print, choose and repeat.
extension Compiler {
    mutating func compile(_ body: [Statement]) throws(SyntaxFault) {
        for statement in body { try compile(statement) }
    }

    /// What the top level of a child prints is thrown away, so it is not compiled.
    var discardsOutput: Bool { isChild && builder.kind == .root && builder.captureDepth == 0 }

    private mutating func compile(_ statement: Statement) throws(SyntaxFault) {
        let span = statement.span
        switch statement.kind {
        case .text(let text): compileText(text)
        case .output(let value): try compileOutput(value)
        case .condition(let branches, let otherwise): try compileCondition(branches, otherwise, span)
        case .loop(let loop): try compileLoop(loop, span)
        case .set(let target, let value): try compileSet(target, value, span)
        case .setBlock(let target, let filters, let body): try compileSetBlock(target, filters, body, span)
        case .with(let bindings, let body): try compileWith(bindings, body)
        case .macro(let macro): try compileMacro(macro, span)
        case .call(let body, let call): try compileCallBlock(body, call, span)
        case .filterBlock(let filter, let body): try compileFilterBlock(filter, body, span)
        case .block(let block): try compileBlock(block, span)
        case .extends(let template): try compileExtends(template, span)
        case .include(let include): try compileInclude(include, span)
        case .importModule(let template, let name, let withContext):
            try compileImport(template, as: name, withContext, span)
        case .importNames(let template, let names, let withContext):
            try compileImport(template, names, withContext, span)
        case .autoescape(let value, let body): try compileAutoescape(value, body, span)
        case .evaluate(let value):
            let mark = builder.nextRegister
            try compile(value, into: builder.allocate())
            builder.release(to: mark)
        case .leaveLoop, .nextIteration: compileLoopExit(statement.kind, span)
        case .flush: emit(.flush, span)
        case .debug: emit(.debug, span)
        }
    }

    // MARK: Output

    private mutating func compileText(_ span: Span) {
        guard !discardsOutput else { return }
        var start = literals.count
        literals += source[span.range]
        while start < literals.count {
            let count = min(literals.count - start, Int(UInt16.max))
            emit(.text, a: count, wide: start, span)
            start += count
        }
    }

    private mutating func compileOutput(_ value: Expression) throws(SyntaxFault) {
        guard !discardsOutput else { return }
        let mark = builder.nextRegister
        defer { builder.release(to: mark) }
        switch value.kind {
        case .name(let name):
            if let register = try resolve(name, value.span) {
                emit(.emit, a: register, value.span)
            } else if name == "loop", loopLevel != nil {
                emit(.emit, a: try operand(value), value.span)
            } else {
                emit(.emitName, wide: try number(of: name, value.span), value.span)
            }
        case .field(let object, let name) where !isLoop(object):
            let base = try operand(object)
            emit(.emitField, b: base, c: try number(of: name, value.span), value.span)
        case .call(let callee, let arguments):
            let target = builder.allocate()
            _ = try compileCall(callee, arguments, into: target, value.span, emits: true)
            emit(.emit, a: target, value.span)
        default:
            emit(.emit, a: try operand(value), value.span)
        }
    }

    private func isLoop(_ expression: Expression) -> Bool {
        if case .name("loop") = expression.kind { return true }
        return false
    }

    // MARK: Choice

    private mutating func compileCondition(
        _ branches: [(condition: Expression, body: [Statement])], _ otherwise: [Statement], _ span: Span
    ) throws(SyntaxFault) {
        builder.conditionDepth += 1
        defer { builder.conditionDepth -= 1 }
        var ends: [Int] = []
        for (offset, branch) in branches.enumerated() {
            let skips = try jumpUnless(branch.condition)
            try compile(branch.body)
            if offset + 1 < branches.count || !otherwise.isEmpty {
                ends.append(builder.emit(Instruction(.jump), span))
            }
            skips.forEach { builder.patch($0) }
        }
        try compile(otherwise)
        ends.forEach { builder.patch($0) }
    }

    private mutating func compileAutoescape(_ value: Expression, _ body: [Statement], _ span: Span)
        throws(SyntaxFault)
    {
        let saved = builder.allocate()
        let mark = builder.nextRegister
        let register = try operand(value)
        emit(.autoescape, a: register, b: saved, span)
        builder.release(to: mark)
        builder.savedEscapes.append(saved)
        let outer = escapes
        if case .boolean(let literal) = value.kind { escapes = literal }
        builder.openScope()
        try openBody(body)
        try compile(body)
        builder.closeScope()
        escapes = outer
        builder.savedEscapes.removeLast()
        emit(.restoreEscape, a: saved, span)
        builder.release(to: saved)
    }

    // MARK: Repetition

    private mutating func compileLoop(_ loop: Statement.Loop, _ span: Span) throws(SyntaxFault) {
        let mark = builder.nextRegister
        defer { builder.release(to: mark) }
        // The sequence, the sorted keys of a map, what `loop.changed` saw last.
        let sequence = builder.allocate(3)
        try compile(loop.sequence, into: sequence)
        // Counters count accepted items, and `else` runs when none was: then the list is filtered first.
        let filtersFirst =
            loop.condition != nil
            && (loop.isRecursive || !loop.otherwise.isEmpty || Self.mentionsLoop(loop.body, loop.condition))
        let begin = builder.code.count
        if filtersFirst, let condition = loop.condition {
            try compileSelection(loop, condition, sequence, span)
        }
        let entry = builder.emit(
            Instruction(.beginLoop, flags: loop.isRecursive ? 1 : 0, a: sequence), loop.sequence.span)
        builder.openScope()
        builder.loops.append(
            .init(
                begin: begin, next: builder.code.count, escapeDepth: builder.savedEscapes.count,
                captureDepth: builder.captureDepth, isRecursive: loop.isRecursive))
        let next = try compileNext(loop.target, span)
        if !filtersFirst, let condition = loop.condition {
            for jump in try jumpUnless(condition) { builder.patch(jump, to: next) }
        }
        try openBody(loop.body)
        try compile(loop.body)
        builder.jump(back: next, span)
        builder.patch(next)
        let finished = builder.loops.removeLast()
        builder.closeScope()
        try compileLoopEnd(loop, entry, begin, finished, span)
    }

    private mutating func compileLoopEnd(
        _ loop: Statement.Loop, _ entry: Int, _ begin: Int, _ finished: UnitBuilder.OpenLoop, _ span: Span
    ) throws(SyntaxFault) {
        if loop.otherwise.isEmpty {
            builder.patch(entry)
        } else {
            let end = builder.emit(Instruction(.jump), span)
            builder.patch(entry)
            builder.openScope()
            try openBody(loop.otherwise)
            try compile(loop.otherwise)
            builder.closeScope()
            builder.patch(end)
        }
        finished.breaks.forEach { builder.patch($0) }
        if loop.isRecursive { emit(.endRecursion, wide: begin - builder.code.count, span) }
    }

    /// Fetches the next item into the targets; returns the instruction that leaves the loop.
    private mutating func compileNext(_ target: Target, _ span: Span) throws(SyntaxFault) -> Int {
        switch target.kind {
        case .name(let name):
            return builder.emit(Instruction(.nextItem, a: builder.declare(name)), span)
        case .tuple(let items) where items.count == 2:
            let first = builder.allocate(2)
            let next = builder.emit(Instruction(.nextItem, flags: 2, a: first), target.span)
            for (offset, item) in items.enumerated() { try bindTarget(item, to: first + offset) }
            return next
        case .tuple, .attribute:
            let item = builder.allocate()
            let next = builder.emit(Instruction(.nextItem, a: item), span)
            try bindTarget(target, to: item)
            return next
        }
    }

    /// Gives names to a value that is already in a register of this scope.
    private mutating func bindTarget(_ target: Target, to register: Int) throws(SyntaxFault) {
        switch target.kind {
        case .name(let name): builder.bind(name, to: register)
        case .tuple(let items):
            let first = builder.allocate(items.count)
            emit(.unpack, a: register, b: first, c: items.count, target.span)
            for (offset, item) in items.enumerated() { try bindTarget(item, to: first + offset) }
        case .attribute:
            throw SyntaxFault(message: "cannot assign to an attribute here", span: target.span)
        }
    }

    /// A list of the accepted items replaces the sequence.
    private mutating func compileSelection(
        _ loop: Statement.Loop, _ condition: Expression, _ sequence: Int, _ span: Span
    ) throws(SyntaxFault) {
        let mark = builder.nextRegister
        let accepted = builder.allocate()
        emit(.list, a: accepted, wide: 0, span)
        let entry = builder.emit(Instruction(.beginLoop, a: sequence), loop.sequence.span)
        builder.openScope()
        builder.loops.append(
            .init(
                begin: 0, next: 0, escapeDepth: builder.savedEscapes.count,
                captureDepth: builder.captureDepth, isRecursive: false, isVisible: false))
        var takesPairs = false
        if case .tuple(let items) = loop.target.kind { takesPairs = items.count == 2 }
        let item = builder.allocate(takesPairs ? 3 : 1)
        let next = builder.emit(Instruction(.nextItem, flags: takesPairs ? 4 : 0, a: item), span)
        try bindTarget(loop.target, to: item)
        for jump in try jumpUnless(condition) { builder.patch(jump, to: next) }
        emit(.append, a: accepted, b: item, span)
        builder.jump(back: next, span)
        builder.patch(next)
        builder.patch(entry)
        builder.loops.removeLast()
        builder.closeScope()
        emit(.move, a: sequence, b: accepted, span)
        builder.release(to: mark)
    }

    private mutating func compileLoopExit(_ kind: Statement.Kind, _ span: Span) {
        guard let level = builder.loops.lastIndex(where: \.isVisible) else { return }
        let loop = builder.loops[level]
        if builder.savedEscapes.count > loop.escapeDepth {
            emit(.restoreEscape, a: builder.savedEscapes[loop.escapeDepth], span)
        }
        // What a `filter` or `set` around the jump has set aside so far is lost.
        let captures = builder.captureDepth - loop.captureDepth
        if captures > 0 { emit(.dropCaptures, b: captures, span) }
        if case .leaveLoop = kind {
            emit(.endLoop, span)
            builder.loops[level].breaks.append(builder.emit(Instruction(.jump), span))
        } else {
            builder.jump(back: loop.next, span)
        }
    }

    /// How far back a loop begins that may be entered again; 0 when that is impossible.
    func loopDistance(_ level: Int) -> Int {
        let loop = builder.loops[builder.loops.count - 1 - level]
        let distance = builder.code.count - loop.begin
        return loop.isRecursive && distance <= Int(UInt16.max) ? distance : 0
    }

    /// How many loops out `loop` is, or nil outside of loops.
    var loopLevel: Int? {
        guard let index = builder.loops.lastIndex(where: \.isVisible) else { return nil }
        return builder.loops.count - 1 - index
    }
}
