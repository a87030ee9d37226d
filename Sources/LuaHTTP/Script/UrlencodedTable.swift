// SPDX-License-Identifier: MIT

/// A query or an urlencoded form as the table that scripts see.
///
/// The first value of a repeated name is the field, `:all(name)` lists them; `a[]` makes a list,
/// `a[b]` a table. A name that is `all` itself is only reachable by `:all "all"`, so that a client
/// cannot take the method away.
enum UrlencodedTable {
    /// More pairs than that are not a form but an attack (hash flooding).
    static let mostPairs = 512
    private static let deepest = 8

    /// Pushes the table of a query string, in which a stray `%` stands for itself. [-0, +1]
    static func push(query bytes: UnsafeRawBufferPointer, on stack: LuaStack) throws(HostError) {
        try push(bytes, .literal, on: stack)
    }

    /// Pushes the table of a form body, in which a stray `%` is the client's error. [-0, +1]
    static func push(form bytes: UnsafeRawBufferPointer, on stack: LuaStack) throws(HostError) {
        try push(bytes, .strict, on: stack)
    }

    private static func push(
        _ bytes: UnsafeRawBufferPointer, _ percent: FormBody.Percent, on stack: LuaStack
    ) throws(HostError) {
        let pairs: [FormBody.Pair]
        do throws(FormBody.Failure) {
            pairs = try FormBody.parse(bytes, percent: percent, limit: mostPairs)
        } catch {
            switch error {
            case .malformedPercent:
                throw .abort(status: 400, message: "the form has a malformed percent-encoding")
            case .tooManyFields:
                throw .abort(status: 413, message: "more than \(mostPairs) form or query fields")
            }
        }
        stack.pushTable(fields: pairs.count)
        let table = stack.absolute(-1)
        stack.mark(table, as: .values)
        var lists: Int32?
        for pair in pairs { add(pair, to: table, &lists, on: stack) }
        stack.top = table
    }

    private static func add(
        _ pair: FormBody.Pair, to table: Int32, _ lists: inout Int32?, on stack: LuaStack
    ) {
        pair.name.withUnsafeBytes { name in
            pair.value.withUnsafeBytes { value in add(name, value, to: table, &lists, on: stack) }
        }
    }

    private static func add(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, to table: Int32,
        _ lists: inout Int32?, on stack: LuaStack
    ) {
        if let bracket = name.firstIndex(of: UInt8(ascii: "[")), bracket > 0, name.last == UInt8(ascii: "]") {
            return addNested(name, bracket, value, to: table, on: stack)
        }
        let isMethod = name.elementsEqual("all".utf8)
        stack.getField(name, of: table)
        let isRepeated = isMethod || !stack.isNilOrNone(at: -1)
        stack.pop()
        guard isRepeated else {
            stack.push(value)
            return stack.setField(name, of: table)
        }
        appendToList(name, value, of: table, &lists, isMethod: isMethod, on: stack)
    }

    /// A repeated name: its values are kept in a list of the table's own metatable, for `:all`.
    private static func appendToList(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, of table: Int32,
        _ lists: inout Int32?, isMethod: Bool, on stack: LuaStack
    ) {
        let all = lists ?? pushLists(for: table, on: stack)
        lists = all
        if stack.getField(name, of: all) == .nil {
            stack.pop()
            stack.pushTable(array: 2)
            if !isMethod {
                stack.getField(name, of: table)
                stack.setIndex(1, of: -2)
            }
            stack.pushCopy(of: -1)
            stack.setField(name, of: all)
        }
        let next = Int64(stack.rawLength(at: -1)) + 1
        stack.push(value)
        stack.setIndex(next, of: -2)
        stack.pop()
    }

    /// Gives the table a metatable of its own with `lists`; returns the index of the lists. [-0, +1]
    private static func pushLists(for table: Int32, on stack: LuaStack) -> Int32 {
        stack.pushTable()
        let lists = stack.absolute(-1)
        stack.pushTable(fields: 3)
        stack.pushMetatable(of: .values)
        stack.getField("__index", of: -1)
        stack.setField("__index", of: -3)
        stack.pop()
        stack.pushCopy(of: lists)
        stack.setField("lists", of: -2)
        stack.setMetatable(of: table)
        return lists
    }

    /// `a[]`, `a[b]`, `a[b][c]`: tables in tables. What does not fit what is there already is left out.
    private static func addNested(
        _ name: UnsafeRawBufferPointer, _ bracket: Int, _ value: UnsafeRawBufferPointer, to table: Int32,
        on stack: LuaStack
    ) {
        let top = stack.top
        defer { stack.top = top }
        guard stack.reserve(Int32(deepest) + 6) else { return }
        let first = UnsafeRawBufferPointer(rebasing: name[..<bracket])
        guard !first.elementsEqual("all".utf8) else { return }
        var keys: [UnsafeRawBufferPointer] = []
        var rest = UnsafeRawBufferPointer(rebasing: name[bracket...])
        while !rest.isEmpty {
            guard rest.first == UInt8(ascii: "["), let end = rest.firstIndex(of: UInt8(ascii: "]")),
                keys.count < deepest
            else { return }
            keys.append(UnsafeRawBufferPointer(rebasing: rest[1..<end]))
            rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        }
        guard enter(first, of: table, on: stack) else { return }
        for key in keys.dropLast() {
            guard !key.isEmpty, enter(key, of: -1, on: stack) else { return }
        }
        guard let last = keys.last else { return }
        if last.isEmpty {
            let next = Int64(stack.rawLength(at: -1)) + 1
            stack.push(value)
            stack.setIndex(next, of: -2)
        } else if stack.getField(last, of: -1) == .nil {
            stack.pop()
            stack.push(value)
            stack.setField(last, of: -2)
        }
    }

    /// Pushes the table at `key`, made if there is nothing; false when something else is there.
    private static func enter(_ key: UnsafeRawBufferPointer, of table: Int32, on stack: LuaStack) -> Bool {
        let table = stack.absolute(table)
        switch stack.getField(key, of: table) {
        case .table: return true
        case .nil:
            stack.pop()
            stack.pushTable()
            stack.pushCopy(of: -1)
            stack.setField(key, of: table)
            return true
        default: return false
        }
    }
}
