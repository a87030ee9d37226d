// SPDX-License-Identifier: MIT

/// A run of instructions with a frame of its own: a template's top level, a block, a macro.
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
}

/// One template as bytecode, immutable: shared by all workers. Knows its source only to explain errors.
final class CompiledTemplate: Sendable {
    let name: String
    let source: [UInt8]
    let image: TemplateImage
    /// The expression or tag of each instruction.
    let spans: [Span]
    let units: [Unit]
    /// K index of each block → its unit.
    let blocks: [UInt16: Int]
    /// Templates named by literals, for checks and reload.
    let references: [Reference]
    let escapes: Bool

    enum Constant: Sendable {
        case integer(Int64)
        case float(Double)
    }

    struct Reference: Sendable {
        enum Role: Sendable { case extends, include, optionalInclude, importModule }
        var role: Role
        var template: UInt16
        var span: Span
    }

    init(
        name: String, source: [UInt8], image: TemplateImage, spans: [Span], units: [Unit], blocks: [UInt16: Int],
        references: [Reference], escapes: Bool
    ) {
        self.name = name
        self.source = source
        self.image = image
        self.spans = spans
        self.units = units
        self.blocks = blocks
        self.references = references
        self.escapes = escapes
    }

    deinit { image.deallocate() }
}

/// The parts of a template that the renderer's loop reads: plain memory, so that reading them counts no references.
/// SAFETY: written once before it is shared, then only read; its template frees it.
struct TemplateImage: @unchecked Sendable {
    let code: UnsafePointer<Instruction>
    /// All text and string literals, one after the other.
    let literals: UnsafePointer<UInt8>
    let strings: UnsafePointer<Span>
    let constants: UnsafePointer<CompiledTemplate.Constant>

    init(code: [Instruction], literals: [UInt8], strings: [Span], constants: [CompiledTemplate.Constant]) {
        self.code = Self.copy(code)
        self.literals = Self.copy(literals)
        self.strings = Self.copy(strings)
        self.constants = Self.copy(constants)
    }

    private static func copy<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
        _ = UnsafeMutableBufferPointer(start: memory, count: elements.count).initialize(from: elements)
        return UnsafePointer(memory)
    }

    func deallocate() {
        code.deallocate()
        literals.deallocate()
        strings.deallocate()
        constants.deallocate()
    }
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
