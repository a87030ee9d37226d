// SPDX-License-Identifier: MIT

internal import CLua

/// A value while a page is rendered: see lh_template.h. Complete in itself for scalars; other values live
/// in the slot of the Lua stack with the same index, which keeps them alive.
typealias Value = lht_value

enum ValueType: UInt8 {
    case undefined, none, boolean, integer, float, string, table, function, userdata, thread, awaitable
    case missing, builtin
}

/// What a table is, LHT_PLAIN and so on.
enum TableKind: UInt16 {
    case plain, list, map, safeBox, range, namespace, macro, cycler, joiner, module, loop, builtinBox
    case task
}

extension Value {
    // SAFETY: C writes only the values LHT_UNDEFINED … LHT_BUILTIN and the kinds of its table, which are
    // these cases.
    @inline(__always) var type: ValueType { unsafeBitCast(tag, to: ValueType.self) }
    var tableKind: TableKind { TableKind(rawValue: kind) ?? .plain }

    private init(_ type: ValueType, bits: UInt64 = 0) {
        self.init(bits: bits, length: 0, tag: type.rawValue, flags: 0, kind: 0)
    }

    static var undefined: Value { Value(.undefined) }
    static var missing: Value { Value(.missing) }
    static var none: Value { Value(.none) }
    static func boolean(_ value: Bool) -> Value { Value(.boolean, bits: value ? 1 : 0) }
    static func integer(_ value: Int64) -> Value { Value(.integer, bits: UInt64(bitPattern: value)) }
    static func float(_ value: Double) -> Value { Value(.float, bits: value.bitPattern) }
    static func builtin(_ number: Int) -> Value { Value(.builtin, bits: UInt64(number)) }
    /// Undefined, remembering the instruction that found it so.
    static func undefined(template: Int, pc: Int) -> Value {
        Value(.undefined, bits: UInt64(template) << 32 | UInt64(pc) | 1 << 63)
    }

    /// Bytes that live in the template itself.
    init(external bytes: UnsafePointer<UInt8>, count: Int) {
        self.init(
            bits: UInt64(UInt(bitPattern: bytes)), length: UInt32(truncatingIfNeeded: count),
            tag: ValueType.string.rawValue, flags: UInt8(LHT_EXTERNAL), kind: 0)
    }

    var integer: Int64 { Int64(bitPattern: bits) }
    var float: Double { Double(bitPattern: bits) }
    var boolean: Bool { bits != 0 }

    var isSafe: Bool {
        get { flags & UInt8(LHT_SAFE) != 0 }
        set { flags = newValue ? flags | UInt8(LHT_SAFE) : flags & ~UInt8(LHT_SAFE) }
    }

    var isExternal: Bool { flags & UInt8(LHT_EXTERNAL) != 0 }
    var hasMetatable: Bool { flags & UInt8(LHT_META) != 0 }

    /// SAFETY: valid while the slot of this value is not written; only for strings.
    var bytePointer: UnsafePointer<UInt8> {
        UnsafePointer(bitPattern: UInt(bits)).unsafelyUnwrapped
    }

    var byteCount: Int { Int(length) }

    var bytes: UnsafeRawBufferPointer {
        type == .string && length > 0
            ? UnsafeRawBufferPointer(start: bytePointer, count: byteCount)
            : UnsafeRawBufferPointer(start: nil, count: 0)
    }

    var isNumber: Bool { type == .integer || type == .float }

    /// Of an integer or float; nil otherwise.
    var number: Double? {
        switch type {
        case .integer: Double(integer)
        case .float: float
        default: nil
        }
    }

    /// Whether the value lives in a slot of the Lua stack.
    @inline(__always) var needsSlot: Bool {
        tag >= ValueType.string.rawValue && tag <= ValueType.awaitable.rawValue
    }

    /// How errors call it.
    var typeName: String {
        switch type {
        case .undefined, .missing: "undefined"
        case .none: "none"
        case .boolean: "boolean"
        case .integer: "integer"
        case .float: "float"
        case .string: "string"
        case .table: tableKind == .plain || tableKind == .list || tableKind == .map ? "table" : "\(tableKind)"
        case .function, .builtin: "function"
        case .userdata: "userdata"
        case .thread: "coroutine"
        case .awaitable: "task"
        }
    }
}

/// Why rendering stops: turned into a `TemplateError` by the machine, which knows where it is.
struct RenderFault: Error {
    var kind = TemplateError.Kind.invalidOperation
    var message: String
    var limit: TemplateError.Limit?
    /// The instruction that is to blame, if not the one that runs; of the template that runs.
    var pc: Int?
    /// No fault: a script has to run first, and then this instruction again.
    var interrupt: Interrupt?

    enum Interrupt {
        /// The task in slot LHT_SCRATCH_3 is not known to be done.
        case task
        /// The next item of a loop over a function is asked for before its round.
        case lookAhead(loop: Int)
    }

    init(_ message: String, kind: TemplateError.Kind = .invalidOperation) {
        self.message = message
        self.kind = kind
    }

    init(_ message: String, limit: TemplateError.Limit) {
        self.init(message, kind: .limit)
        self.limit = limit
    }

    init(_ interrupt: Interrupt) {
        self.init("")
        self.interrupt = interrupt
    }
}
