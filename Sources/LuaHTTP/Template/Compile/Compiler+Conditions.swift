// SPDX-License-Identifier: MIT

/// Expressions that choose: what is not needed is not evaluated.
extension Compiler {
    mutating func compileBranching(_ expression: Expression, into target: Int) throws(SyntaxFault) {
        let span = expression.span
        // The target may be a variable that the other branch still reads.
        let result = builder.isLast(target) ? target : builder.allocate()
        switch expression.kind {
        case .and(let left, let right):
            try compileShortcut(.jumpIfFalse, left, right, into: result, span)
        case .or(let left, let right):
            try compileShortcut(.jumpIfTrue, left, right, into: result, span)
        case .compare(let first, let rest):
            try compileComparison(first, rest, into: result, span)
        case .conditional(let condition, let then, let otherwise):
            let jumps = try jumpUnless(condition)
            try compile(then, into: result)
            let end = builder.emit(Instruction(.jump), span)
            jumps.forEach { builder.patch($0) }
            try compile(otherwise ?? Expression(span: span, height: 1, kind: .undefined), into: result)
            builder.patch(end)
        default: break
        }
        if result != target { emit(.move, a: target, b: result, span) }
    }

    private mutating func compileShortcut(
        _ jump: Opcode, _ left: Expression, _ right: Expression, into result: Int, _ span: Span
    ) throws(SyntaxFault) {
        try compile(left, into: result)
        let end = builder.emit(Instruction(jump, a: result), left.span)
        try compile(right, into: result)
        builder.patch(end)
    }

    /// `1 < x < 10`: the middle is evaluated once, the rest only while the answer is yes.
    private mutating func compileComparison(
        _ first: Expression, _ rest: [(Comparison, Expression)], into result: Int, _ span: Span
    ) throws(SyntaxFault) {
        var ends: [Int] = []
        var left = try operand(first)
        for (offset, step) in rest.enumerated() {
            let right = try operand(step.1)
            emit(Self.opcode(of: step.0), a: result, b: left, c: right, span)
            left = right
            if offset + 1 < rest.count {
                ends.append(builder.emit(Instruction(.jumpIfFalse, a: result), span))
            }
        }
        ends.forEach { builder.patch($0) }
    }

    /// Code that goes on when the condition holds; the returned jumps are taken when it does not.
    mutating func jumpUnless(_ condition: Expression) throws(SyntaxFault) -> [Int] {
        switch condition.kind {
        case .and(let left, let right):
            return try jumpUnless(left) + jumpUnless(right)
        case .or(let left, let right):
            let taken = try jumpIf(left)
            let jumps = try jumpUnless(right)
            taken.forEach { builder.patch($0) }
            return jumps
        case .unary(.not, let value):
            return try jumpIf(value)
        default:
            return [try jump(.jumpIfFalse, on: condition)]
        }
    }

    private mutating func jumpIf(_ condition: Expression) throws(SyntaxFault) -> [Int] {
        switch condition.kind {
        case .or(let left, let right):
            return try jumpIf(left) + jumpIf(right)
        case .and(let left, let right):
            let failed = try jumpUnless(left)
            let jumps = try jumpIf(right)
            failed.forEach { builder.patch($0) }
            return jumps
        case .unary(.not, let value):
            return try jumpUnless(value)
        default:
            return [try jump(.jumpIfTrue, on: condition)]
        }
    }

    private mutating func jump(_ opcode: Opcode, on condition: Expression) throws(SyntaxFault) -> Int {
        let mark = builder.nextRegister
        defer { builder.release(to: mark) }
        let register = try operand(condition)
        return builder.emit(Instruction(opcode, a: register), condition.span)
    }
}
