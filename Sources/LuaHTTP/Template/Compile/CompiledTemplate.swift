// SPDX-License-Identifier: MIT

/// A run of instructions with a frame of its own: a template's top level, a block, a macro. As the compiler
/// builds it; `UnitImage` is what runs.
struct Unit: Sendable {
    var entry: Int32 = 0
    var registerCount: UInt16 = 0
    var escapes = false
    /// K index of the block or macro, 0 for the top level.
    var name: UInt16 = 0

    // Macros only
    var parameters: [UInt16] = []
    var parameterNames: [UInt16] = []
    /// Registers that get the rest of the arguments, 0 when the macro does not mention them.
    var varargs: UInt16 = 0
    var kwargs: UInt16 = 0
    var caller: UInt16 = 0
    var usesCaller = false
    /// Registers of the defining frame whose values the macro takes along, and where they go.
    var captures: [(from: UInt16, to: UInt16)] = []
    /// Register of the macro itself, 0 when it does not mention its name.
    var itself: UInt16 = 0
    /// It stands in a block and mentions `super()`: it takes along which block that is.
    var usesSuper = false
}

/// One template as bytecode, immutable: shared by all workers. Knows its source only to explain errors.
final class CompiledTemplate: Sendable {
    let name: String
    let source: [UInt8]
    let image: TemplateImage
    /// The expression or tag of each instruction.
    let spans: [Span]
    /// Templates named by literals, for checks and reload.
    let references: [Reference]
    let escapes: Bool
    /// Names of registers, for errors.
    let locals: [Local]
    /// What `MarkupLint` found.
    let findings: [SyntaxFault]

    enum Constant: Sendable {
        case integer(Int64)
        case float(Double)
    }

    /// A name of a register, in the instructions from `start` to `end`.
    struct Local: Sendable {
        var name: String
        var register: Int
        var start: Int
        var end = Int.max
        /// Scopes around it, while it is compiled.
        var depth: Int
    }

    struct Reference: Sendable {
        /// `conditional`: in a condition, so that it may be missing as long as nobody comes there.
        enum Role: Sendable { case extends, include, optionalInclude, conditional, importModule }
        var role: Role
        var template: UInt16
        var span: Span
    }

    init(
        name: String, source: [UInt8], image: TemplateImage, spans: [Span], references: [Reference],
        escapes: Bool, locals: [Local] = [], findings: [SyntaxFault] = []
    ) {
        self.name = name
        self.source = source
        self.image = image
        self.spans = spans
        self.references = references
        self.escapes = escapes
        self.locals = locals
        self.findings = findings
    }

    deinit { image.deallocate() }
}

/// Names → small numbers, shared by the templates of a set: attributes, variables, blocks, templates.
struct NameTable: Sendable {
    private(set) var names: [String] = []
    private var numbers: [String: UInt16] = [:]

    /// Nil when the 16 bits of an instruction are used up.
    mutating func intern(_ name: String) -> UInt16? {
        if let known = numbers[name] { return known }
        guard names.count < Int(UInt16.max) else { return nil }
        let number = UInt16(names.count)
        names.append(name)
        numbers[name] = number
        return number
    }

    func number(of name: String) -> UInt16? { numbers[name] }
}
