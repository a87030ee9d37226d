// SPDX-License-Identifier: MIT

/// A JSON reader for test data, and its values as Lua expressions.
indirect enum JSONValue {
    case null
    case boolean(Bool)
    case number(String)
    case string(String)
    case list([JSONValue])
    case map([(String, JSONValue)])

    struct Malformed: Error {}

    init(_ text: String) throws {
        var parser = JSONParser(bytes: Array(text.utf8))
        self = try parser.value()
    }

    subscript(key: String) -> JSONValue? {
        guard case .map(let entries) = self else { return nil }
        return entries.last { $0.0 == key }?.1
    }

    var string: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    var boolean: Bool? {
        if case .boolean(let value) = self { return value }
        return nil
    }

    var integer: Int? {
        if case .number(let text) = self { return Int(text) }
        return nil
    }

    var items: [JSONValue] {
        if case .list(let items) = self { return items }
        return []
    }

    var entries: [(String, JSONValue)] {
        if case .map(let entries) = self { return entries }
        return []
    }

    /// Lists and maps are marked, so that empty ones stay what they are.
    var lua: String {
        switch self {
        case .null: return "NULL"
        case .boolean(let value): return value ? "true" : "false"
        case .number(let text):
            if text.contains(where: { ".eE".contains($0) }) { return "(\(text))" }
            return Int64(text) == nil
                ? "(\(text).0)" : text == "\(Int64.min)" ? "math.mininteger" : "(\(text))"
        case .string(let text): return Self.quoted(text)
        case .list(let items): return "LIST{" + items.map(\.lua).joined(separator: ",") + "}"
        case .map(let entries):
            return "MAP{" + entries.map { "[\(Self.quoted($0.0))]=\($0.1.lua)" }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        "\""
            + text.utf8.map { byte in
                let isPlain = byte >= 0x20 && byte < 0x7F && byte != 0x22 && byte != 0x5C
                let digits = String(byte)
                return isPlain
                    ? String(Unicode.Scalar(byte))
                    : "\\" + String(repeating: "0", count: 3 - digits.count) + digits
            }.joined() + "\""
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    var position = 0

    mutating func blanks() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    mutating func expect(_ byte: Character) throws {
        blanks()
        guard position < bytes.count, bytes[position] == byte.asciiValue else { throw JSONValue.Malformed() }
        position += 1
    }

    mutating func skip(_ byte: Character) -> Bool {
        blanks()
        guard position < bytes.count, bytes[position] == byte.asciiValue else { return false }
        position += 1
        return true
    }

    mutating func value() throws -> JSONValue {
        blanks()
        guard position < bytes.count else { throw JSONValue.Malformed() }
        switch Character(Unicode.Scalar(bytes[position])) {
        case "{":
            position += 1
            var entries: [(String, JSONValue)] = []
            while !skip("}") {
                if !entries.isEmpty { try expect(",") }
                blanks()
                let key = try text()
                try expect(":")
                entries.append((key, try value()))
            }
            return .map(entries)
        case "[":
            position += 1
            var items: [JSONValue] = []
            while !skip("]") {
                if !items.isEmpty { try expect(",") }
                items.append(try value())
            }
            return .list(items)
        case "\"": return .string(try text())
        default:
            let start = position
            while position < bytes.count, !",]} \n\t\r".utf8.contains(bytes[position]) { position += 1 }
            switch String(decoding: bytes[start..<position], as: UTF8.self) {
            case "null": return .null
            case "true": return .boolean(true)
            case "false": return .boolean(false)
            case let number: return .number(number)
            }
        }
    }

    private mutating func text() throws -> String {
        try expect("\"")
        var units: [UInt8] = []
        while position < bytes.count, bytes[position] != 0x22 {
            guard bytes[position] == 0x5C else {
                units.append(bytes[position])
                position += 1
                continue
            }
            let escape = Character(Unicode.Scalar(bytes[position + 1]))
            position += 2
            switch escape {
            case "n": units.append(0x0A)
            case "t": units.append(0x09)
            case "r": units.append(0x0D)
            case "b": units.append(0x08)
            case "f": units.append(0x0C)
            case "u":
                var code = hex()
                if 0xD800..<0xDC00 ~= code, position + 6 <= bytes.count {
                    position += 2
                    code = 0x10000 + (code - 0xD800) << 10 + (hex() - 0xDC00)
                }
                units += Array(String(Unicode.Scalar(code) ?? "?").utf8)
            default: units += Array(String(escape).utf8)
            }
        }
        position += 1
        return String(decoding: units, as: UTF8.self)
    }

    private mutating func hex() -> UInt32 {
        let digits = String(decoding: bytes[position..<min(position + 4, bytes.count)], as: UTF8.self)
        position += 4
        return UInt32(digits, radix: 16) ?? 0xFFFD
    }
}
