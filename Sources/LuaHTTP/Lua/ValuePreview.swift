// SPDX-License-Identifier: MIT

/// A variable as its author sees it when something fails: name and a short text of the value.
struct ScriptVariable: Sendable, Equatable {
    var name: String
    var value: String
}

/// Short texts of Lua values: bounded in depth and length, secrets hidden. Runs no metamethod and makes no Lua
/// value, so it may look at the stack of a coroutine that failed. Does not know where the text is shown.
struct ValuePreview {
    private let stack: LuaStack
    /// Characters left.
    private var room: Int

    private static let longestString = 120
    private static let longestText = 400
    private static let deepest = 3
    private static let mostElements = 10
    private static let mostFields = 12
    /// Fields looked at of a table: sorting those of a huge one would take its time.
    private static let mostSorted = 500

    private init(_ stack: LuaStack) {
        self.stack = stack
        room = Self.longestText
    }

    /// - Parameter name: a value under a name that promises a secret is hidden.
    static func text(of index: Int32, named name: String, on stack: LuaStack) -> String {
        var preview = ValuePreview(stack)
        return preview.text(of: stack.absolute(index), named: name, depth: 0)
    }

    /// The fields of a table with names, sorted: the variables of a page.
    static func variables(of table: Int32, on stack: LuaStack, most: Int = 40) -> [ScriptVariable] {
        let table = stack.absolute(table)
        guard stack.type(at: table) == .table, stack.reserve(4) else { return [] }
        var found: [ScriptVariable] = []
        stack.pushNil()
        while stack.next(in: table) {
            if found.count < mostSorted, let name = stack.string(at: -2) {
                found.append(ScriptVariable(name: name, value: text(of: -1, named: name, on: stack)))
            }
            stack.pop()
        }
        found.sort { $0.name < $1.name }
        return Array(found.prefix(most))
    }

    // MARK: Values

    private mutating func text(of index: Int32, named name: String, depth: Int) -> String {
        let text =
            switch stack.type(at: index) {
            case .none, .nil: "nil"
            case .boolean: stack.isTrue(at: index) ? "true" : "false"
            case _ where SecretName.isSecret(name): SecretName.mask
            case .lightUserdata: stack.isNull(at: index) ? "null" : "userdata"
            case .number: number(at: index)
            case .string: string(at: index)
            case .table: table(at: index, depth: depth)
            case .userdata: typeName(at: index) ?? "userdata"
            case .function: "function"
            case .thread: "coroutine"
            }
        room -= text.utf8.count
        return text
    }

    private func number(at index: Int32) -> String {
        if let integer = stack.integer(at: index) { return String(integer) }
        let number = stack.number(at: index) ?? 0
        if number.isNaN { return "nan" }
        return number.isInfinite ? (number < 0 ? "-inf" : "inf") : "\(number)"
    }

    /// In quotes, with escapes as Lua writes them.
    private func string(at index: Int32) -> String {
        guard let bytes = stack.bytes(at: index) else { return "\"\"" }
        let limit = max(16, min(Self.longestString, room))
        var text = "\""
        for scalar in String(decoding: bytes.prefix(limit), as: UTF8.self).unicodeScalars {
            switch scalar {
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\"", "\\": text += "\\\(scalar)"
            case "\0"..<" ", "\u{7F}"..<"\u{A0}": text += "\\\(scalar.value)"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return bytes.count <= limit ? text + "\"" : text + "…\" (\(bytes.count) bytes)"
    }

    // MARK: Tables

    private mutating func table(at index: Int32, depth: Int) -> String {
        for (kind, name) in Self.kinds where stack.isKind(kind, at: index) { return name }
        let type = typeName(at: index)
        guard type != "router" else { return "app" }
        let prefix = type.map { $0 + " " } ?? ""
        guard stack.reserve(8) else { return prefix + "{ … }" }
        let count = stack.rawLength(at: index)
        guard depth < Self.deepest, room > 0 else { return prefix + "{ … }" }
        var parts: [String] = []
        var listed = 0
        while listed < min(count, Self.mostElements), room > 0 {
            stack.getIndex(Int64(listed) + 1, of: index)
            parts.append(text(of: stack.absolute(-1), named: "", depth: depth + 1))
            stack.pop()
            listed += 1
        }
        if listed < count { parts.append("… \(count - listed) more") }
        parts += fields(of: index, count: count, depth: depth)
        return prefix + (parts.isEmpty ? "{}" : "{ " + parts.joined(separator: ", ") + " }")
    }

    private static let kinds: [(LuaKind, String)] = [
        (.request, "request"), (.response, "response"), (.abort, "abort"),
    ]

    /// "name = value" of all but the list part, sorted.
    private mutating func fields(of table: Int32, count: Int, depth: Int) -> [String] {
        var names: [(name: String, text: String)] = []
        var others = 0
        stack.pushNil()
        while stack.next(in: table) {
            if let key = stack.integer(at: -2), key >= 1, key <= count {
                stack.pop()
                continue
            }
            if names.count < Self.mostSorted, room > 0 {
                let name = key()
                names.append((name, text(of: stack.absolute(-1), named: name, depth: depth + 1)))
            } else {
                others += 1
            }
            stack.pop()
        }
        names.sort { $0.name < $1.name }
        others += max(0, names.count - Self.mostFields)
        let shown = names.prefix(Self.mostFields).map { "\($0.name) = \($0.text)" }
        return others > 0 ? shown + ["… \(others) more"] : shown
    }

    /// The key below the top, as it would be written in a table.
    private func key() -> String {
        switch stack.type(at: -2) {
        case .string:
            let name = stack.bytes(at: -2).map { String(decoding: $0.prefix(60), as: UTF8.self) } ?? ""
            let isName = name.utf8.allSatisfy {
                ASCII.isAlpha($0) || ASCII.isDigit($0) || $0 == UInt8(ascii: "_")
            }
            return isName && name.utf8.first.map(ASCII.isDigit) == false ? name : "[\(string(at: -2))]"
        case .number: return "[\(number(at: -2))]"
        case .boolean: return stack.isTrue(at: -2) ? "[true]" : "[false]"
        case let type: return "[\(type.name)]"
        }
    }

    /// `__name` of the metatable. Found by walking it: a look-up would make a string, and making one may run
    /// a finalizer that changes the table we are walking.
    private func typeName(at index: Int32) -> String? {
        guard stack.reserve(4), stack.getMetatable(of: index) else { return nil }
        let metatable = stack.absolute(-1)
        defer { stack.top = metatable - 1 }
        var left = 64
        stack.pushNil()
        while left > 0, stack.next(in: metatable) {
            if let key = stack.bytes(at: -2), ASCII.equals(key, "__name") { return stack.string(at: -1) }
            stack.pop()
            left -= 1
        }
        return nil
    }
}
