// SPDX-License-Identifier: MIT

/// A table of named values that a client sent: query, form, files.
///
/// The first value of a repeated name is the field, `:all(name)` lists them; `a[]` makes a list, `a[b]` a
/// table. A name that is `all` itself is only reachable by `:all "all"`, so that a client cannot take the
/// method away.
struct ValuesTable {
    private static let deepest = 8

    private let stack: LuaStack
    private let table: Int32
    /// Index of the lists of repeated names, once there are some.
    private var lists: Int32?

    /// Pushes an empty table with room for `count` names. [-0, +1]
    init(count: Int, on stack: LuaStack) {
        self.stack = stack
        stack.pushTable(fields: count)
        table = stack.absolute(-1)
        stack.mark(table, as: .values)
    }

    /// Leaves nothing but the table on top.
    func finish() { stack.top = table }

    /// - Parameter push: pushes the value; called at most once.
    mutating func add(_ name: UnsafeRawBufferPointer, _ push: () -> Void) {
        if let bracket = name.firstIndex(of: UInt8(ascii: "[")), bracket > 0, name.last == UInt8(ascii: "]") {
            return addNested(name, bracket, push)
        }
        let isMethod = ASCII.equals(name, "all")
        stack.push(name)
        stack.pushCopy(of: -1)
        let isRepeated = isMethod || stack.get(from: table) != .nil
        stack.pop()
        guard isRepeated else {
            push()
            stack.set(in: table)
            return
        }
        stack.pop()
        appendToList(name, isMethod: isMethod, push)
    }

    /// A repeated name: its values are kept in a list of the table's own metatable, for `:all`.
    private mutating func appendToList(_ name: UnsafeRawBufferPointer, isMethod: Bool, _ push: () -> Void) {
        let all = lists ?? pushLists()
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
        push()
        stack.setIndex(next, of: -2)
        stack.pop()
    }

    /// Gives the table a metatable of its own with `lists`; returns the index of the lists. [-0, +1]
    private func pushLists() -> Int32 {
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
    private func addNested(_ name: UnsafeRawBufferPointer, _ bracket: Int, _ push: () -> Void) {
        let top = stack.top
        defer { stack.top = top }
        guard stack.reserve(Int32(Self.deepest) + 12) else { return }
        let first = UnsafeRawBufferPointer(rebasing: name[..<bracket])
        guard !first.elementsEqual("all".utf8) else { return }
        var keys: [UnsafeRawBufferPointer] = []
        var rest = UnsafeRawBufferPointer(rebasing: name[bracket...])
        while !rest.isEmpty {
            guard rest.first == UInt8(ascii: "["), let end = rest.firstIndex(of: UInt8(ascii: "]")),
                keys.count < Self.deepest
            else { return }
            keys.append(UnsafeRawBufferPointer(rebasing: rest[1..<end]))
            rest = UnsafeRawBufferPointer(rebasing: rest[(end + 1)...])
        }
        guard enter(first, of: table) else { return }
        for key in keys.dropLast() {
            guard !key.isEmpty, enter(key, of: -1) else { return }
        }
        guard let last = keys.last else { return }
        if last.isEmpty {
            let next = Int64(stack.rawLength(at: -1)) + 1
            push()
            stack.setIndex(next, of: -2)
        } else if stack.getField(last, of: -1) == .nil {
            stack.pop()
            push()
            stack.setField(last, of: -2)
        }
    }

    /// Pushes the table at `key`, made if there is nothing; false when something else is there.
    private func enter(_ key: UnsafeRawBufferPointer, of table: Int32) -> Bool {
        let table = stack.absolute(table)
        switch stack.getField(key, of: table) {
        // A file is a table too, and none that a client may write into.
        case .table where !stack.getMetatable(of: -1): return true
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
