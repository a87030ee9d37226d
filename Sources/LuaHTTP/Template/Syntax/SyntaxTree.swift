// SPDX-License-Identifier: MIT

/// A template as its author nested it. Knows neither slots nor instructions; names are still text.
struct SyntaxTree {
    var body: [Statement]
}

struct Expression {
    var span: Span
    /// Height of the tree: `a.b.c…` nests without nesting the parser, and whoever walks it recurses.
    var height: Int
    var kind: Kind

    indirect enum Kind {
        case undefined, none
        case boolean(Bool)
        case integer(Int64)
        case float(Double)
        case string([UInt8])
        case name(String)
        case field(Expression, String)
        case index(Expression, Expression)
        case slice(Expression, from: Expression?, to: Expression?, step: Expression?)
        case call(Expression, Arguments)
        case filter(String, Expression?, Arguments)
        case test(String, Expression, Arguments, negated: Bool)
        case unary(UnaryOperator, Expression)
        case binary(BinaryOperator, Expression, Expression)
        case and(Expression, Expression)
        case or(Expression, Expression)
        case compare(Expression, [(Comparison, Expression)])
        case concatenate([Expression])
        case conditional(Expression, then: Expression, else: Expression?)
        case list([Expression])
        case map([(key: Expression, value: Expression)])
    }
}

enum UnaryOperator { case minus, plus, not }

enum BinaryOperator: UInt8 { case add, subtract, multiply, divide, floorDivide, modulo, power }

enum Comparison: UInt8 { case equal, notEqual, less, lessEqual, greater, greaterEqual, isIn, isNotIn }

struct Arguments {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    /// `*list` and `**map`.
    var list: Expression?
    var map: Expression?

    var isEmpty: Bool { positional.isEmpty && keywords.isEmpty && list == nil && map == nil }
}

/// What can stand left of `=` or after `for`.
struct Target {
    var span: Span
    var kind: Kind

    indirect enum Kind {
        case name(String)
        case tuple([Target])
        case attribute(of: String, String)
    }
}

struct Statement {
    var span: Span
    var kind: Kind

    indirect enum Kind {
        case text(Span)
        case output(Expression)
        case condition([(condition: Expression, body: [Statement])], otherwise: [Statement])
        case loop(Loop)
        case set(Target, Expression)
        case setBlock(Target, filters: Expression?, [Statement])
        case with([(target: Target, value: Expression)], [Statement])
        case macro(Macro)
        case call(Macro, Expression)
        case filterBlock(Expression, [Statement])
        case block(Block)
        case extends(Expression)
        case include(Include)
        case importModule(Expression, as: String, withContext: Bool)
        case importNames(Expression, [(name: String, alias: String)], withContext: Bool)
        case autoescape(Expression, [Statement])
        case evaluate(Expression)
        case leaveLoop, nextIteration, flush, debug
    }

    struct Loop {
        var target: Target
        var sequence: Expression
        var condition: Expression?
        var isRecursive: Bool
        var body: [Statement]
        var otherwise: [Statement]
    }

    struct Macro {
        var name: String
        var parameters: [(name: String, value: Expression?)]
        var body: [Statement]
    }

    struct Block {
        var name: String
        var isScoped: Bool
        var isRequired: Bool
        var body: [Statement]
    }

    struct Include {
        var template: Expression
        var ignoresMissing: Bool
        var hasContext: Bool
    }
}
