// SPDX-License-Identifier: MIT

/// A plain value of Lua, copied out of its VM: what may go to another VM, live longer than one, or pass
/// between Lua and Swift. Functions, userdata, coroutines and objects cannot. Knows no VM.
public enum LuaValue: Sendable, Hashable {
    case `nil`
    /// `app.null`: null in JSON, which unlike nil can stand in a list.
    case null
    case boolean(Bool)
    case integer(Int64)
    case number(Double)
    /// Bytes: strings of Lua need not be text.
    case string([UInt8])
    /// A table whose keys are 1 to n. An empty one becomes an empty `app.array` in Lua.
    case list([LuaValue])
    /// Any other table.
    case map([LuaValue: LuaValue])
}

extension LuaValue {
    /// A string of these characters in UTF-8.
    public static func string(_ text: String) -> LuaValue { .string(Array(text.utf8)) }

    /// The text of a string; nil for other values and for bytes that are not UTF-8.
    public var text: String? {
        guard case .string(let bytes) = self else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    /// A field of a map; nil for what is not there.
    public subscript(name: String) -> LuaValue {
        guard case .map(let fields) = self else { return .nil }
        return fields[.string(name)] ?? .nil
    }

    /// An element of a list, counted from 0; nil for what is not there.
    public subscript(index: Int) -> LuaValue {
        guard case .list(let elements) = self, elements.indices.contains(index) else { return .nil }
        return elements[index]
    }

    /// Deepest nesting of tables that is copied; also ends a table that Swift has built without end.
    static let deepest = 100

    /// Memory that the value takes, about.
    var byteCount: Int {
        switch self {
        case .nil, .null, .boolean, .integer, .number: Self.plainSize
        case .string(let bytes): Self.plainSize + Self.stringSize + bytes.count
        case .list(let elements): elements.reduce(Self.plainSize + Self.tableSize) { $0 + $1.byteCount }
        case .map(let fields):
            fields.reduce(Self.plainSize + Self.tableSize) { $0 + $1.key.byteCount + $1.value.byteCount }
        }
    }

    static let plainSize = 16
    static let stringSize = 32
    static let tableSize = 64
}

extension LuaValue: ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByStringLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(booleanLiteral value: Bool) { self = .boolean(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: LuaValue...) { self = .list(elements) }

    public init(dictionaryLiteral elements: (LuaValue, LuaValue)...) {
        self = .map(Dictionary(elements) { $1 })
    }
}

/// Why a value cannot be copied, with the way to the part that is the reason.
struct LuaValueError: Error {
    var reason: String
    /// Keys from the value to the part, innermost first.
    var path: [String] = []

    init(_ reason: String) { self.reason = reason }

    /// "a function cannot be copied (at .user.callback)".
    var description: String {
        path.isEmpty ? reason : "\(reason) (at \(path.reversed().joined()))"
    }

    func below(_ key: LuaValue) -> LuaValueError {
        var error = self
        switch key {
        case .string(let bytes): error.path.append("." + String(decoding: bytes.prefix(64), as: UTF8.self))
        case .integer(let index): error.path.append("[\(index)]")
        case .number(let number): error.path.append("[\(number)]")
        case .boolean(let value): error.path.append("[\(value)]")
        default: error.path.append("[?]")
        }
        return error
    }
}
