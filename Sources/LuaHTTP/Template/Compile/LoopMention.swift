// SPDX-License-Identifier: MIT

/// Whether a loop's body can see its `loop` object: then the items must be counted before the first is
/// printed.
extension Compiler {
    static func mentionsLoop(_ body: [Statement], _ condition: Expression?) -> Bool {
        if let condition, mentionsLoop(condition) { return true }
        return body.contains { mentionsLoop($0) }
    }

    private static func mentionsLoop(_ statement: Statement) -> Bool {
        switch statement.kind {
        case .text, .leaveLoop, .nextIteration, .flush: false
        case .output(let value), .evaluate(let value), .set(_, let value): mentionsLoop(value)
        case .condition(let branches, let otherwise):
            branches.contains { mentionsLoop($0.body, $0.condition) } || mentionsLoop(otherwise, nil)
        // Tags that open a unit or another loop are rare in such bodies: assume the worst.
        default: true
        }
    }

    private static func mentionsLoop(_ expression: Expression) -> Bool {
        switch expression.kind {
        case .name(let name): name == "loop"
        case .undefined, .none, .boolean, .integer, .float, .string: false
        case .field(let value, _), .unary(_, let value): mentionsLoop(value)
        case .index(let left, let right), .binary(_, let left, let right), .and(let left, let right),
            .or(let left, let right):
            mentionsLoop(left) || mentionsLoop(right)
        case .filter(_, let value, let arguments):
            (value.map { mentionsLoop($0) } ?? false) || mentionsLoop(arguments)
        case .test(_, let value, let arguments, _): mentionsLoop(value) || mentionsLoop(arguments)
        case .call(let callee, let arguments): mentionsLoop(callee) || mentionsLoop(arguments)
        case .compare(let first, let rest): mentionsLoop(first) || rest.contains { mentionsLoop($0.1) }
        case .concatenate(let items), .list(let items): items.contains { mentionsLoop($0) }
        case .map(let entries): entries.contains { mentionsLoop($0.key) || mentionsLoop($0.value) }
        case .conditional(let condition, let then, let otherwise):
            mentionsLoop(condition) || mentionsLoop(then) || (otherwise.map { mentionsLoop($0) } ?? false)
        case .slice(let value, let from, let to, let step):
            mentionsLoop(value) || [from, to, step].contains { $0.map { mentionsLoop($0) } ?? false }
        }
    }

    private static func mentionsLoop(_ arguments: Arguments) -> Bool {
        arguments.positional.contains { mentionsLoop($0) }
            || arguments.keywords.contains { mentionsLoop($0.value) }
            || (arguments.list.map { mentionsLoop($0) } ?? false)
            || (arguments.map.map { mentionsLoop($0) } ?? false)
    }
}
