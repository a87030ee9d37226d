// SPDX-License-Identifier: MIT

/// Plain values between a VM's stack and Swift. No Lua code runs: tables are read raw.
extension LuaValue {
    /// Copies the value at `index`.
    ///
    /// - Parameter limit: most bytes (``byteCount``): tables that share a part are copied once for each
    ///   mention, so a small one can be very large.
    /// - Throws: ``LuaValueError`` for what is not plain, cycles, depth and size.
    init(
        copying index: Int32, of stack: LuaStack, limit: Int = 256 << 20
    ) throws(LuaValueError) {
        var reader = LuaValueReader(stack: stack, bytesLeft: limit)
        let top = stack.top
        defer { stack.top = top }
        self = try reader.value(at: stack.absolute(index))
    }
}

private struct LuaValueReader {
    let stack: LuaStack
    var bytesLeft: Int
    /// The tables that the current value is in.
    var parents: [UnsafeRawPointer] = []

    mutating func value(at index: Int32) throws(LuaValueError) -> LuaValue {
        try charge(LuaValue.plainSize)
        switch stack.type(at: index) {
        case .nil, .none: return .nil
        case .boolean: return .boolean(stack.isTrue(at: index))
        case .number:
            if let integer = stack.integer(at: index) { return .integer(integer) }
            return .number(stack.number(at: index) ?? 0)
        case .string:
            guard let bytes = stack.bytes(at: index) else { return .nil }
            try charge(LuaValue.stringSize + bytes.count)
            return .string([UInt8](bytes))
        case .table: return try table(at: index)
        case .lightUserdata where stack.isNull(at: index): return .null
        case let type: throw LuaValueError("a \(type.name) cannot be copied: only plain data can")
        }
    }

    private mutating func charge(_ bytes: Int) throws(LuaValueError) {
        bytesLeft -= bytes
        if bytesLeft < 0 { throw LuaValueError("the value is too large") }
    }

    private mutating func table(at index: Int32) throws(LuaValueError) -> LuaValue {
        try charge(LuaValue.tableSize)
        guard let identity = stack.pointer(at: index), stack.reserve(6) else { return .nil }
        guard !parents.contains(identity) else { throw LuaValueError("the table contains itself") }
        guard parents.count < LuaValue.deepest else {
            throw LuaValueError("tables are nested more than \(LuaValue.deepest) deep")
        }
        let isArray = try checkMetatable(of: index)
        parents.append(identity)
        defer { parents.removeLast() }
        return try contents(of: index, isArray: isArray)
    }

    /// One walk: keys that come as 1, 2, 3… make a list, the others are put aside.
    private mutating func contents(of table: Int32, isArray: Bool) throws(LuaValueError) -> LuaValue {
        var elements: [LuaValue] = []
        var others: [LuaValue: LuaValue] = [:]
        stack.pushNil()
        while stack.next(in: table) {
            let key = try value(at: stack.absolute(-2))
            let element: LuaValue
            do throws(LuaValueError) {
                element = try value(at: stack.absolute(-1))
            } catch {
                throw error.below(key)
            }
            stack.pop()
            if others.isEmpty, key == .integer(Int64(elements.count) + 1) {
                elements.append(element)
            } else {
                others[key] = element
            }
        }
        return joined(elements, others, isArray: isArray)
    }

    /// Elements that Lua keeps out of order are a list all the same.
    private func joined(_ elements: [LuaValue], _ others: [LuaValue: LuaValue], isArray: Bool) -> LuaValue {
        if others.isEmpty { return elements.isEmpty && !isArray ? .map([:]) : .list(elements) }
        var list = elements
        var fields = others
        while let next = fields.removeValue(forKey: .integer(Int64(list.count) + 1)) { list.append(next) }
        if fields.isEmpty { return .list(list) }
        for (offset, element) in list.enumerated() { fields[.integer(Int64(offset) + 1)] = element }
        return .map(fields)
    }

    /// What a metatable does would be lost, unless it is a mark of the library: JSON's, or that of a form.
    private func checkMetatable(of index: Int32) throws(LuaValueError) -> Bool {
        guard stack.getMetatable(of: index) else { return false }
        stack.pop()
        if stack.isKind(.array, at: index) { return true }
        if stack.isKind(.object, at: index) || stack.isKind(.values, at: index) { return false }
        if hasMethodsOfValues(index) { return false }
        throw LuaValueError("a table with a metatable cannot be copied: only plain data can")
    }

    /// A form with repeated names has a metatable of its own, with the methods of the kind.
    private func hasMethodsOfValues(_ index: Int32) -> Bool {
        let top = stack.top
        defer { stack.top = top }
        guard stack.getMetatable(of: index), stack.getField("__index", of: -1) == .table else { return false }
        stack.pushMetatable(of: .values)
        stack.getField("__index", of: -1)
        return stack.pointer(at: -1) == stack.pointer(at: -3)
    }
}

extension LuaStack {
    /// Pushes a copy. [-0, +1], and [-0, +0] when it throws.
    ///
    /// - Throws: ``LuaValueError`` when the VM's memory or the nesting does not allow it.
    func push(_ value: LuaValue, limitedBy vm: LuaVM) throws(LuaValueError) {
        let top = self.top
        do throws(LuaValueError) {
            try push(value, depth: 0, vm)
        } catch {
            self.top = top
            throw error
        }
    }

    private func push(_ value: LuaValue, depth: Int, _ vm: LuaVM) throws(LuaValueError) {
        switch value {
        case .nil: pushNil()
        case .null: pushNull()
        case .boolean(let value): push(value)
        case .integer(let value): push(value)
        case .number(let value): push(value)
        case .string(let bytes):
            guard bytes.withUnsafeBytes({ push($0) }) else { throw LuaValueError("a string is too long") }
        case .list(let elements):
            try beginTable(array: elements.count, depth: depth, vm)
            for (offset, element) in elements.enumerated() {
                try push(element, depth: depth + 1, vm)
                setIndex(Int64(offset) + 1, of: -2)
            }
            if elements.isEmpty { mark(-1, as: .array) }
        case .map(let fields):
            try beginTable(fields: fields.count, depth: depth, vm)
            for (key, element) in fields {
                try push(key, depth: depth + 1, vm)
                try push(element, depth: depth + 1, vm)
                set(in: -3)
            }
        }
    }

    private func beginTable(array: Int = 0, fields: Int = 0, depth: Int, _ vm: LuaVM) throws(LuaValueError) {
        guard depth < LuaValue.deepest else {
            throw LuaValueError("tables are nested more than \(LuaValue.deepest) deep")
        }
        // Work of the host is never refused memory, so it asks.
        guard reserve(6), !vm.isOverMemoryLimit else { throw LuaValueError("not enough memory") }
        pushTable(array: array, fields: fields)
    }
}
