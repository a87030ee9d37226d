// SPDX-License-Identifier: MIT

internal import CLua

/// How filters read their arguments and walk over their values.
extension Machine {
    /// Index of an argument that was given and is not `none`.
    func given(_ call: Call, _ number: Int) -> Int? {
        guard let index = call.index(number), values[index].type != .missing, values[index].type != .none
        else { return nil }
        return index
    }

    func integer(_ call: Call, _ number: Int, _ otherwise: Int64) throws(RenderFault) -> Int64 {
        guard let index = given(call, number) else { return otherwise }
        let value = values[index]
        switch value.type {
        case .integer: return value.integer
        case .boolean: return (value.boolean ? 1 : 0)
        case .float:
            if let exact = Int64(exactly: value.float) { return exact }
        case .undefined: throw undefinedFault(value)
        default: break
        }
        throw RenderFault("argument \(number) must be an integer, not \(value.typeName)")
    }

    /// A count or width that becomes that many bytes or items.
    func size(_ call: Call, _ number: Int, _ otherwise: Int64, limit: Int64 = 1_000_000) throws(RenderFault)
        -> Int
    {
        let value = try integer(call, number, otherwise)
        guard value <= limit else { throw RenderFault("\(value) is too much (limit \(limit))", kind: .limit) }
        return Int(max(-1, value))
    }

    mutating func flag(_ call: Call, _ number: Int, _ otherwise: Bool = false) throws(RenderFault) -> Bool {
        guard let index = given(call, number) else { return otherwise }
        return try isTrue(index)
    }

    /// A short argument as text, copied.
    mutating func text(_ call: Call, _ number: Int, _ otherwise: String) throws(RenderFault) -> String {
        guard let index = given(call, number) else { return otherwise }
        try textify(index)
        return String(decoding: values[index].bytes, as: UTF8.self)
    }

    mutating func setText(_ index: Int, _ text: String, safe: Bool = false) throws(RenderFault) {
        scratch.count = 0
        scratch.append(text)
        try setScratch(index, safe: safe)
    }

    /// Rewrites a text through the scratch buffer; safe text stays safe.
    mutating func rewrite(
        _ index: Int, _ body: (UnsafeRawBufferPointer, inout ByteStorage) -> Void
    ) throws(RenderFault) {
        try textify(index)
        let value = values[index]
        scratch.count = 0
        body(value.bytes, &scratch)
        try setScratch(index, safe: value.isSafe)
    }

    /// Steps of work in proportion to the data; looks at the limits once in a while.
    mutating func work(_ steps: Int = 1) throws(RenderFault) {
        fuel &-= steps
        if fuel < -Self.fuelSlice { try spendFuel() }
    }

    // MARK: Attributes

    /// `a.b.0` or a number: keys in consecutive places.
    struct AttributePath {
        var first: Int
        var count: Int
    }

    mutating func path(_ index: Int) throws(RenderFault) -> AttributePath {
        if values[index].type == .integer { return AttributePath(first: index, count: 1) }
        try textify(index)
        let parts = String(decoding: values[index].bytes, as: UTF8.self).split(
            separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 50 else { throw RenderFault("attribute path is too long", kind: .limit) }
        let first = try reserve(parts.count)
        for (offset, part) in parts.enumerated() {
            if let number = Int64(part) {
                values[first + offset] = .integer(number)
            } else {
                try setText(first + offset, String(part))
            }
        }
        return AttributePath(first: first, count: parts.count)
    }

    /// Replaces the value by its attribute; with a default, by undefined where the path breaks off.
    mutating func follow(_ path: AttributePath, _ index: Int, hasDefault: Bool = false) throws(RenderFault) {
        for offset in 0..<path.count {
            if values[index].type == .undefined, set.options.undefined != .chainable {
                if hasDefault { return }
                guard offset > 0 else { throw undefinedFault(values[index]) }
                throw RenderFault("'\(text(of: path, offset))' is undefined", kind: .undefined)
            }
            try self.index(index, by: path.first + offset, to: index)
        }
    }

    /// The first parts of a path, for a message.
    private func text(of path: AttributePath, _ count: Int) -> String {
        let parts = (0..<count).map { offset in
            let value = values[path.first + offset]
            return value.type == .string
                ? String(decoding: value.bytes.prefix(80), as: UTF8.self) : String(value.integer)
        }
        return parts.joined(separator: ".")
    }

    // MARK: Results

    /// A new list, put together item by item.
    struct ListBuilder {
        let index: Int
        var count: Int64 = 0
    }

    mutating func startList(_ index: Int) -> ListBuilder {
        setTable(index, .list)
        return ListBuilder(index: index)
    }

    func add(_ item: Int, to list: inout ListBuilder) {
        list.count += 1
        setItem(list.index, list.count, item)
    }

    /// Makes a new list from each item, which `body` finds in a place of its own.
    mutating func buildList(
        from source: Int, to target: Int,
        _ body: (inout Machine, Int, inout ListBuilder) throws(RenderFault) -> Void
    ) throws(RenderFault) {
        let temporary = try reserve(3)
        defer { release(to: temporary) }
        let count = try listify(source, to: temporary)
        var list = startList(temporary + 1)
        for position in 0..<count {
            try work()
            item(temporary, position + 1, to: temporary + 2)
            try body(&self, temporary + 2, &list)
        }
        copy(temporary + 1, target)
    }
}
