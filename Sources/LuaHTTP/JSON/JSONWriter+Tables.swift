// SPDX-License-Identifier: MIT

/// Arrays and objects: which a table is, and its values in order.
extension JSONWriter {
    /// Bounds the Lua stack, with the depth: 128 × 256 pairs are far below Lua's limit of a million.
    private static let keptMembers = 256

    mutating func table(_ index: Int32, _ output: inout ByteStorage) throws(JSONError) {
        let isArray: Bool
        switch try mark(of: index) {
        case .safe: return try safeText(index, &output)
        case .array: isArray = true
        case .object: isArray = false
        default: isArray = stack.rawLength(at: index) > 0
        }
        guard levels.count < JSONLimits.depth else { throw tooDeep(index) }
        // Key, value, a copy of the key, and what asking for a mark takes.
        guard stack.reserve(6) else { throw failure("the Lua stack is full") }
        levels.append(Level(table: index, top: stack.top))
        if isArray { try array(index, &output) } else { try object(index, &output) }
        levels.removeLast()
    }

    private func mark(of index: Int32) throws(JSONError) -> LuaKind? {
        guard stack.getMetatable(of: index) else { return nil }
        stack.pop()
        for kind in [LuaKind.array, .object, .safe] where stack.isKind(kind, at: index) { return kind }
        if stack.isKind(.request, at: index) { throw failure("it is the request; name the fields of it") }
        if stack.isKind(.response, at: index) { throw failure("it is a response") }
        if stack.isKind(.task, at: index) { throw failure("it is a task; use app.await(task)") }
        return nil
    }

    /// HTML that is not escaped again is text here.
    private func safeText(_ index: Int32, _ output: inout ByteStorage) throws(JSONError) {
        stack.getField("html", of: index)
        if let text = stack.bytes(at: -1) { try string(text, &output) }
        stack.pop()
    }

    private mutating func array(_ table: Int32, _ output: inout ByteStorage) throws(JSONError) {
        let start = output.count
        output.append(UInt8(ascii: "["))
        var position: Int64 = 1
        stack.pushNil()
        while stack.next(in: table) {
            // Items of a table that grew in order come in order, and no other keys come between.
            guard stack.integer(at: -2) == position else {
                stack.pop(2)
                output.count = start
                return try irregularArray(table, &output)
            }
            try item(position, &output)
            position += 1
        }
        output.append(UInt8(ascii: "]"))
    }

    /// Writes the value on top, and pops it.
    private mutating func item(_ position: Int64, _ output: inout ByteStorage) throws(JSONError) {
        if position > 1 { output.append(ASCII.comma) }
        levels[levels.count - 1].key = .position(position)
        try value(stack.top, &output)
        stack.pop()
        try checkSize(output)
    }

    /// A table that was not filled in order, or that is no list at all.
    private mutating func irregularArray(_ table: Int32, _ output: inout ByteStorage) throws(JSONError) {
        levels[levels.count - 1].key = .position(0)
        var count: Int64 = 0
        var last: Int64 = 0
        stack.pushNil()
        while stack.next(in: table) {
            stack.pop()
            guard let key = stack.integer(at: -1), key > 0 else {
                throw failure("it has both items and the key \(keyText); use two tables, or json.object")
            }
            count += 1
            last = max(last, key)
        }
        output.append(UInt8(ascii: "["))
        var position: Int64 = 1
        while position <= count {
            guard stack.getIndex(position, of: table) != .nil else {
                levels[levels.count - 1].key = .position(0)
                throw failure(
                    "the list has no item \(position), but an item \(last); fill holes with json.null")
            }
            try item(position, &output)
            position += 1
        }
        output.append(UInt8(ascii: "]"))
    }

    private mutating func object(_ table: Int32, _ output: inout ByteStorage) throws(JSONError) {
        let first = members.count
        try collectMembers(of: table)
        JSONMember.sort(&members, from: first)
        output.append(UInt8(ascii: "{"))
        for index in first..<members.count {
            if index > first { output.append(ASCII.comma) }
            let member = members[index]
            levels[levels.count - 1].key = member.key
            try name(member.key, &output)
            if member.slot > 0 {
                try value(member.slot, &output)
            } else {
                try unkeptValue(member.key, table, &output)
            }
            try checkSize(output)
        }
        output.append(UInt8(ascii: "}"))
        members.removeLast(members.count - first)
        stack.top = levels[levels.count - 1].top
    }

    /// Leaves the keys and values of the first members on the stack: sorted, they need no second look-up.
    private mutating func collectMembers(of table: Int32) throws(JSONError) {
        let first = members.count
        stack.pushNil()
        while stack.next(in: table) {
            let key: JSONKey
            if let name = stack.bytes(at: -2) {
                key = .name(name)
            } else if let position = stack.integer(at: -2) {
                key = .position(position)
            } else {
                stack.pop()
                throw failure("its key \(keyText) is neither a string nor an integer")
            }
            guard members.count - first < Self.keptMembers, stack.reserve(6) else {
                members.append(JSONMember(key, slot: 0))
                stack.pop()
                continue
            }
            members.append(JSONMember(key, slot: stack.top))
            stack.pushCopy(of: -2)
        }
    }

    private func name(_ key: JSONKey, _ output: inout ByteStorage) throws(JSONError) {
        switch key {
        case .name(let name): try string(name, &output)
        case .position(let position):
            output.append(ASCII.quote)
            output.append(integer: position)
            output.append(ASCII.quote)
        }
        output.append(ASCII.colon)
    }

    private mutating func unkeptValue(
        _ key: JSONKey, _ table: Int32, _ output: inout ByteStorage
    ) throws(JSONError) {
        switch key {
        case .name(let name): stack.getField(name, of: table)
        case .position(let position): stack.getIndex(position, of: table)
        }
        try value(stack.top, &output)
        stack.pop()
    }
}
