// SPDX-License-Identifier: MIT

/// A unit while it is compiled: its instructions, which registers are taken, which names live in them.
/// Knows nothing about the syntax that the instructions come from.
struct UnitBuilder {
    enum Kind { case root, block, macro }

    /// Names that a tag introduced, until it closes.
    struct Scope {
        var names: [String: Int] = [:]
        /// First register that is free again when the scope closes.
        var mark: Int
    }

    let kind: Kind
    var unit: Unit
    var code: [Instruction] = []
    var spans: [Span] = []
    var scopes: [Scope]
    /// Loops that are open, innermost last.
    var loops: [OpenLoop] = []
    /// Register 0 holds the context's own names.
    private(set) var nextRegister = 1
    private(set) var registerCount = 1
    /// Registers that were read, so that a macro takes along only what it needs.
    var used: Set<Int> = []
    /// Where a macro keeps the `loop` of the place where it was defined.
    var capturedLoop: Int?
    /// Bodies that are set aside as text, and `if` tags, around the current statement.
    var captureDepth = 0
    var conditionDepth = 0
    /// For errors: which register has which name where.
    private(set) var locals: [CompiledTemplate.Local] = []
    /// Nested autoescape tags whose old value a `break` must restore.
    var savedEscapes: [Int] = []

    struct OpenLoop {
        /// First instruction of the whole loop, and the one that fetches the next item.
        var begin: Int
        var next: Int
        var breaks: [Int] = []
        var escapeDepth: Int
        /// `captureDepth` around it.
        var captureDepth: Int
        var isRecursive: Bool
        /// Loops that a filtered or unfiltered `for` adds on the side are not `loop`.
        var isVisible = true
    }

    init(kind: Kind, unit: Unit) {
        self.kind = kind
        self.unit = unit
        scopes = [Scope(mark: 1)]
    }

    // MARK: Registers

    mutating func allocate(_ count: Int = 1) -> Int {
        let first = nextRegister
        nextRegister += count
        registerCount = max(registerCount, nextRegister)
        return first
    }

    mutating func release(to mark: Int) { nextRegister = mark }

    /// Whether nothing lives after `register`, so that arguments can follow it.
    func isLast(_ register: Int) -> Bool { register + 1 == nextRegister }

    // MARK: Scopes

    mutating func openScope() { scopes.append(Scope(mark: nextRegister)) }

    mutating func closeScope() {
        guard let scope = scopes.popLast() else { return }
        for index in locals.indices where locals[index].end == .max && locals[index].depth == scopes.count {
            locals[index].end = code.count
        }
        nextRegister = scope.mark
    }

    mutating func declare(_ name: String) -> Int {
        if let known = scopes[scopes.count - 1].names[name] { return known }
        let register = allocate()
        bind(name, to: register)
        return register
    }

    mutating func bind(_ name: String, to register: Int) {
        scopes[scopes.count - 1].names[name] = register
        locals.append(.init(name: name, register: register, start: code.count, depth: scopes.count - 1))
    }

    func register(of name: String) -> Int? {
        for scope in scopes.reversed() {
            if let register = scope.names[name] { return register }
        }
        return nil
    }

    /// The last register that belongs to a name of the innermost scope.
    var lastLocal: Int { scopes[scopes.count - 1].names.values.max() ?? -1 }

    /// All names in registers, inner ones winning, in a stable order.
    var visibleNames: [(name: String, register: Int)] {
        var all: [String: Int] = [:]
        for scope in scopes { all.merge(scope.names) { $1 } }
        return all.sorted { $0.value < $1.value }.map { (name: $0.key, register: $0.value) }
    }

    /// Assignments here belong to the template, not to a frame.
    var isTopLevel: Bool { kind == .root && scopes.count == 1 }

    // MARK: Code

    @discardableResult
    mutating func emit(_ instruction: Instruction, _ span: Span) -> Int {
        code.append(instruction)
        spans.append(span)
        return code.count - 1
    }

    /// Makes the jump at `index` go to the next instruction.
    mutating func patch(_ index: Int) { patch(index, to: code.count) }

    mutating func patch(_ index: Int, to target: Int) {
        code[index].wide = UInt32(bitPattern: Int32(truncatingIfNeeded: target - index))
    }

    mutating func jump(back target: Int, _ span: Span) {
        emit(Instruction(.jump, wide: target - code.count), span)
    }
}
