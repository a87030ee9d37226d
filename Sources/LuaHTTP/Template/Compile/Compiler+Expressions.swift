// SPDX-License-Identifier: MIT

/// Expressions: each leaves its value in a given register. Temporaries are the registers after the last
/// local.
extension Compiler {
    /// The register that holds the value: a local's own, or a new temporary.
    mutating func operand(_ expression: Expression) throws(SyntaxFault) -> Int {
        if case .name(let name) = expression.kind, let register = try resolve(name, expression.span) {
            return register
        }
        let register = builder.allocate()
        try compile(expression, into: register)
        return register
    }

    /// The same, but a computed value goes to `target`, which nobody needs yet.
    private mutating func operand(_ expression: Expression, or target: Int) throws(SyntaxFault) -> Int {
        if case .name(let name) = expression.kind, let register = try resolve(name, expression.span) {
            return register
        }
        try compile(expression, into: target)
        return target
    }

    mutating func emit(_ opcode: Opcode, flags: UInt8 = 0, a: Int = 0, b: Int = 0, c: Int = 0, _ span: Span) {
        builder.emit(Instruction(opcode, flags: flags, a: a, b: b, c: c), span)
    }

    mutating func emit(_ opcode: Opcode, flags: UInt8 = 0, a: Int = 0, wide: Int, _ span: Span) {
        builder.emit(Instruction(opcode, flags: flags, a: a, wide: wide), span)
    }

    mutating func compile(_ expression: Expression, into target: Int) throws(SyntaxFault) {
        let span = expression.span
        let mark = builder.nextRegister
        defer { builder.release(to: mark) }
        switch expression.kind {
        case .undefined: emit(.loadUndefined, a: target, span)
        case .none: emit(.loadNone, a: target, span)
        case .boolean(let value): emit(.loadBoolean, a: target, b: value ? 1 : 0, span)
        case .integer(let value): loadInteger(value, into: target, span)
        case .float(let value): emit(.loadConstant, a: target, wide: constant(.float(value)), span)
        case .string(let bytes): emit(.loadString, a: target, wide: string(bytes), span)
        case .name(let name): try compileName(name, into: target, span)
        case .field(let value, let name):
            if try compileLoopField(value, name, into: target, span) { return }
            let base = try operand(value, or: target)
            emit(.field, a: target, b: base, c: try number(of: name, span), span)
        case .index(let value, let key):
            let base = try operand(value, or: target)
            emit(.index, a: target, b: base, c: try operand(key), span)
        case .slice(let value, let from, let to, let step):
            try compileSlice(value, [from, to, step], into: target, span)
        case .call(let callee, let arguments):
            _ = try compileCall(callee, arguments, into: target, span, emits: false)
        case .filter(let name, let value, let arguments):
            guard let value else { throw SyntaxFault(message: "filter '\(name)' has no value", span: span) }
            try compileFilter(name, arguments, into: target, span) {
                (compiler, register) throws(SyntaxFault) in
                try compiler.compile(value, into: register)
            }
        case .test(let name, let value, let arguments, let negated):
            try compileTest(name, value, arguments, negated, into: target, span)
        case .unary(let operation, let value):
            let base = try operand(value, or: target)
            emit(Self.opcode(of: operation), a: target, b: base, span)
        case .binary(let operation, let left, let right):
            try compilePair(Self.opcode(of: operation), left, right, into: target, span)
        case .and, .or, .compare, .conditional: try compileBranching(expression, into: target)
        case .concatenate(let items): try compileConcatenation(items, into: target, span)
        case .list(let items): try compileList(items, into: target, span)
        case .map(let entries): try compileMap(entries, into: target, span)
        }
    }

    private mutating func loadInteger(_ value: Int64, into target: Int, _ span: Span) {
        if let small = Int32(exactly: value) {
            emit(.loadInteger, a: target, wide: Int(small), span)
        } else {
            emit(.loadConstant, a: target, wide: constant(.integer(value)), span)
        }
    }

    private mutating func compileName(_ name: String, into target: Int, _ span: Span) throws(SyntaxFault) {
        if let register = try resolve(name, span) {
            if register != target { emit(.move, a: target, b: register, span) }
        } else if name == "loop", let level = loopLevel {
            emit(.loopObject, a: target, b: level, c: loopDistance(level), span)
        } else {
            emit(.name, a: target, wide: try number(of: name, span), span)
        }
    }

    /// `loop.index` and its like are read from the loop itself: there is no object.
    private mutating func compileLoopField(
        _ value: Expression, _ name: String, into target: Int, _ span: Span
    )
        throws(SyntaxFault) -> Bool
    {
        guard case .name("loop") = value.kind, try resolve("loop", span) == nil, let level = loopLevel else {
            return false
        }
        if let field = LoopField.allCases.first(where: { "\($0)" == name }) {
            emit(.loopField, a: target, b: level, c: Int(field.rawValue), span)
        } else {
            emit(.loadUndefined, a: target, span)
        }
        return true
    }

    private mutating func compilePair(
        _ opcode: Opcode, _ left: Expression, _ right: Expression, into target: Int, _ span: Span
    ) throws(SyntaxFault) {
        let first = try operand(left, or: target)
        let second = try operand(right)
        emit(opcode, a: target, b: first, c: second, span)
    }

    private mutating func compileSlice(
        _ value: Expression, _ bounds: [Expression?], into target: Int, _ span: Span
    ) throws(SyntaxFault) {
        let base = try operand(value, or: target)
        let first = builder.allocate(3)
        for (offset, bound) in bounds.enumerated() {
            if let bound {
                try compile(bound, into: first + offset)
            } else {
                emit(.loadNone, a: first + offset, span)
            }
        }
        emit(.slice, a: target, b: base, c: first, span)
    }

    private mutating func compileConcatenation(_ items: [Expression], into target: Int, _ span: Span)
        throws(SyntaxFault)
    {
        let first = builder.allocate(items.count)
        for (offset, item) in items.enumerated() { try compile(item, into: first + offset) }
        emit(.concatenate, a: target, b: first, c: items.count, span)
    }

    /// Built in a temporary, for `[x, target]` may still read the target.
    private mutating func compileList(_ items: [Expression], into target: Int, _ span: Span)
        throws(SyntaxFault)
    {
        let list = builder.isLast(target) ? target : builder.allocate()
        emit(.list, a: list, wide: items.count, span)
        for item in items {
            let mark = builder.nextRegister
            emit(.append, a: list, b: try operand(item), item.span)
            builder.release(to: mark)
        }
        if list != target { emit(.move, a: target, b: list, span) }
    }

    private mutating func compileMap(
        _ entries: [(key: Expression, value: Expression)], into target: Int, _ span: Span
    ) throws(SyntaxFault) {
        let map = builder.isLast(target) ? target : builder.allocate()
        emit(.map, a: map, wide: entries.count, span)
        for (key, value) in entries {
            let mark = builder.nextRegister
            let keyRegister = try operand(key)
            emit(.put, a: map, b: keyRegister, c: try operand(value), key.span)
            builder.release(to: mark)
        }
        if map != target { emit(.move, a: target, b: map, span) }
    }

    static func opcode(of operation: UnaryOperator) -> Opcode {
        switch operation {
        case .minus: .negate
        case .plus: .identity
        case .not: .not
        }
    }

    static func opcode(of operation: BinaryOperator) -> Opcode {
        switch operation {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .floorDivide: .floorDivide
        case .modulo: .modulo
        case .power: .power
        }
    }

    static func opcode(of comparison: Comparison) -> Opcode {
        switch comparison {
        case .equal: .equal
        case .notEqual: .notEqual
        case .less: .less
        case .lessEqual: .lessEqual
        case .greater: .greater
        case .greaterEqual: .greaterEqual
        case .isIn: .isIn
        case .isNotIn: .isNotIn
        }
    }
}
