// SPDX-License-Identifier: MIT

/// A type of Swift that stands for values of Lua: what functions for scripts take and return.
///
/// Strings, numbers, booleans, `[UInt8]` (a string of bytes), optionals, arrays, dictionaries and ``LuaValue``
/// conform; your own types can.
public protocol LuaConvertible: Sendable {
    /// - Throws: ``LuaConversionError`` when the value is of another kind.
    init(luaValue: LuaValue) throws(LuaConversionError)
    var luaValue: LuaValue { get }

    /// Lists of the type. Bytes are strings in Lua; others need not care.
    static func list(luaValue: LuaValue) throws(LuaConversionError) -> [Self]
    static func luaValue(list: [Self]) -> LuaValue
}

/// A value of Lua is not of the kind that Swift asks for.
public struct LuaConversionError: Error, CustomStringConvertible {
    /// "a string".
    public let expected: String
    /// "a table".
    public let found: String

    public init(expected: String, found: LuaValue) {
        self.expected = expected
        self.found = found.kind
    }

    public var description: String { "\(expected) expected, got \(found)" }
}

extension LuaConvertible {
    public static func list(luaValue: LuaValue) throws(LuaConversionError) -> [Self] {
        switch luaValue {
        case .list(let elements):
            var list: [Self] = []
            for element in elements { list.append(try Self(luaValue: element)) }
            return list
        case .map(let fields) where fields.isEmpty: return []
        default: throw LuaConversionError(expected: "a list", found: luaValue)
        }
    }

    public static func luaValue(list: [Self]) -> LuaValue { .list(list.map(\.luaValue)) }
}

extension LuaValue: LuaConvertible {
    public init(luaValue: LuaValue) { self = luaValue }
    public var luaValue: LuaValue { self }
}

extension String: LuaConvertible {
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        guard case .string(let bytes) = luaValue else {
            throw LuaConversionError(expected: "a string", found: luaValue)
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw LuaConversionError(expected: "a string in UTF-8", found: luaValue)
        }
        self = text
    }

    public var luaValue: LuaValue { .string(Array(utf8)) }
}

extension Bool: LuaConvertible {
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        guard case .boolean(let value) = luaValue else {
            throw LuaConversionError(expected: "a boolean", found: luaValue)
        }
        self = value
    }

    public var luaValue: LuaValue { .boolean(self) }
}

extension Double: LuaConvertible {
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        switch luaValue {
        case .number(let number): self = number
        case .integer(let integer): self = Double(integer)
        default: throw LuaConversionError(expected: "a number", found: luaValue)
        }
    }

    public var luaValue: LuaValue { .number(self) }
}

extension Int64: LuaConvertible {
    /// A float without a fraction is an integer, as it is for Lua's own functions.
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        switch luaValue {
        case .integer(let integer): self = integer
        case .number(let number):
            guard let integer = Int64(exactly: number) else { fallthrough }
            self = integer
        default: throw LuaConversionError(expected: "an integer", found: luaValue)
        }
    }

    public var luaValue: LuaValue { .integer(self) }
}

extension Int: LuaConvertible {
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        guard let integer = Int(exactly: try Int64(luaValue: luaValue)) else {
            throw LuaConversionError(expected: "a smaller integer", found: luaValue)
        }
        self = integer
    }

    public var luaValue: LuaValue { .integer(Int64(self)) }
}

/// For `[UInt8]`, which is a string.
extension UInt8: LuaConvertible {
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        guard let byte = UInt8(exactly: try Int64(luaValue: luaValue)) else {
            throw LuaConversionError(expected: "an integer from 0 to 255", found: luaValue)
        }
        self = byte
    }

    public var luaValue: LuaValue { .integer(Int64(self)) }

    public static func list(luaValue: LuaValue) throws(LuaConversionError) -> [UInt8] {
        guard case .string(let bytes) = luaValue else {
            throw LuaConversionError(expected: "a string", found: luaValue)
        }
        return bytes
    }

    public static func luaValue(list: [UInt8]) -> LuaValue { .string(list) }
}

extension Optional: LuaConvertible where Wrapped: LuaConvertible {
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        switch luaValue {
        case .nil, .null: self = nil
        default: self = try Wrapped(luaValue: luaValue)
        }
    }

    public var luaValue: LuaValue { self?.luaValue ?? .nil }
}

extension Array: LuaConvertible where Element: LuaConvertible {
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        self = try Element.list(luaValue: luaValue)
    }

    public var luaValue: LuaValue { Element.luaValue(list: self) }
}

extension Dictionary: LuaConvertible where Key: LuaConvertible, Value: LuaConvertible {
    public init(luaValue: LuaValue) throws(LuaConversionError) {
        self = [:]
        switch luaValue {
        case .map(let fields):
            for (key, value) in fields { self[try Key(luaValue: key)] = try Value(luaValue: value) }
        case .list(let elements):
            for (offset, value) in elements.enumerated() {
                self[try Key(luaValue: .integer(Int64(offset) + 1))] = try Value(luaValue: value)
            }
        default: throw LuaConversionError(expected: "a table", found: luaValue)
        }
    }

    public var luaValue: LuaValue {
        var fields: [LuaValue: LuaValue] = [:]
        for (key, value) in self { fields[key.luaValue] = value.luaValue }
        return .map(fields)
    }
}
