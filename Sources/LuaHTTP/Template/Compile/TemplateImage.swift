// SPDX-License-Identifier: MIT

/// The parts of a template that the renderer reads: plain memory, so that reading them counts no references.
/// Knows nothing of how they came about; `CompiledTemplate` owns it.
///
/// SAFETY: written once before it is shared, then only read; its template frees it.
struct TemplateImage: @unchecked Sendable {
    let code: UnsafePointer<Instruction>
    /// All text and string literals, one after the other.
    let literals: UnsafePointer<UInt8>
    let strings: UnsafePointer<Span>
    let constants: UnsafePointer<CompiledTemplate.Constant>
    let units: UnsafePointer<UnitImage>
    let unitCount: Int
    let blocks: UnsafePointer<Block>
    let blockCount: Int
    private let lists: UnsafePointer<UInt16>

    struct Block {
        var name: UInt16
        var unit: Int32
    }

    init(
        code: [Instruction] = [], literals: [UInt8] = [], strings: [Span] = [],
        constants: [CompiledTemplate.Constant] = [], units: [Unit] = [], blocks: [UInt16: Int] = [:]
    ) {
        self.code = Self.copy(code)
        self.literals = Self.copy(literals)
        self.strings = Self.copy(strings)
        self.constants = Self.copy(constants)
        self.blocks = Self.copy(blocks.map { Block(name: $0.key, unit: Int32($0.value)) })
        blockCount = blocks.count
        let lists = Self.copy(units.flatMap(UnitImage.lists))
        self.lists = lists
        var offset = 0
        self.units = Self.copy(
            units.map { unit in
                defer { offset += UnitImage.lists(unit).count }
                return UnitImage(unit, lists: lists + offset)
            })
        unitCount = units.count
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
        units.deallocate()
        blocks.deallocate()
        lists.deallocate()
    }

    // SAFETY: below blockCount.
    var blockNames: [Int] { (0..<blockCount).map { Int(blocks[$0].name) } }

    func unit(ofBlock name: UInt16) -> Int? {
        // SAFETY: below blockCount. A template has few blocks.
        for index in 0..<blockCount where blocks[index].name == name { return Int(blocks[index].unit) }
        return nil
    }
}

/// A `Unit` as plain memory. `lists` has the parameters, their names, and the captures as pairs.
struct UnitImage {
    let entry: Int
    let registerCount: Int
    let escapes: Bool
    let usesCaller: Bool
    let usesSuper: Bool
    let name: UInt16
    let varargs: Int
    let kwargs: Int
    let caller: Int
    let itself: Int
    let parameterCount: Int
    let captureCount: Int
    private let lists: UnsafePointer<UInt16>

    fileprivate init(_ unit: Unit, lists: UnsafePointer<UInt16>) {
        entry = Int(unit.entry)
        registerCount = Int(unit.registerCount)
        escapes = unit.escapes
        usesCaller = unit.usesCaller
        usesSuper = unit.usesSuper
        name = unit.name
        varargs = Int(unit.varargs)
        kwargs = Int(unit.kwargs)
        caller = Int(unit.caller)
        itself = Int(unit.itself)
        parameterCount = unit.parameters.count
        captureCount = unit.captures.count
        self.lists = lists
    }

    fileprivate static func lists(_ unit: Unit) -> [UInt16] {
        unit.parameters + unit.parameterNames + unit.captures.flatMap { [$0.from, $0.to] }
    }

    // SAFETY: callers stay below parameterCount and captureCount.
    func parameter(_ number: Int) -> Int { Int(lists[number]) }
    func parameterName(_ number: Int) -> Int { Int(lists[parameterCount + number]) }
    func capture(_ number: Int) -> (from: Int, to: Int) {
        let pair = lists + 2 * (parameterCount + number)
        return (Int(pair[0]), Int(pair[1]))
    }
}
