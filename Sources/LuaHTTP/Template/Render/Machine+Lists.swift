// SPDX-License-Identifier: MIT

internal import CLua

/// Any sequence as a list, for filters and operators.
extension Machine {
    /// Puts a list with the items of `source` at `index` and returns their number. A list is taken as it
    /// is, so whoever changes it makes a new one; a map gives its keys, a string its characters.
    mutating func listify(_ source: Int, to index: Int) throws(RenderFault) -> Int64 {
        try settle(source)
        let value = values[source]
        switch value.type {
        case .table where value.hasMetatable, .userdata:
            if try openObject(source, to: index) { return try listify(index, to: index) }
            guard value.type == .table else { break }
            fallthrough
        case .table:
            switch value.tableKind {
            case .range: return try listifyRange(source, to: index)
            case .plain, .list, .map, .namespace, .module, .loop:
                if isList(source) {
                    copy(source, index)
                    return lht_length(lua, slot(index))
                }
                return sortedKeys(source, to: index)
            default: break
            }
        case .string: return try listifyString(value, to: index)
        case .undefined, .missing:
            if set.options.undefined == .strict { throw undefinedFault(value) }
            setTable(index, .list)
            return 0
        default: break
        }
        throw RenderFault("a value of type \(value.typeName) cannot be iterated over")
    }

    /// The keys of a map as a list, in order. Numbers in a module are the machine's own.
    func sortedKeys(_ map: Int, to index: Int) -> Int64 {
        let isModule = values[map].tableKind == .module || values[map].tableKind == .loop
        let count =
            isModule
            ? lht_sorted_names(lua, slot(map), slot(index)) : lht_sorted_keys(lua, slot(map), slot(index))
        lht_read(lua, slot(index), &values.base[index])
        return count
    }

    private mutating func listifyRange(_ source: Int, to index: Int) throws(RenderFault) -> Int64 {
        let range = rangeBounds(source)
        let temporary = try reserve(2)
        defer { release(to: temporary) }
        setTable(temporary, .list, items: Int(range.count))
        for position in 0..<range.count {
            values[temporary + 1] = .integer(range.start &+ range.step &* position)
            setItem(temporary, position + 1, temporary + 1)
        }
        copy(temporary, index)
        return range.count
    }

    private mutating func listifyString(_ value: Value, to index: Int) throws(RenderFault) -> Int64 {
        let temporary = try reserve(3)
        defer { release(to: temporary) }
        // The source may be in the place of the result.
        setTable(temporary, .list)
        var offset = 0
        var count: Int64 = 0
        while offset < value.byteCount {
            let length = UTF8Text.length(value.bytes, at: offset)
            try setString(
                temporary + 1, UnsafeRawBufferPointer(rebasing: value.bytes[offset..<offset + length]))
            count += 1
            setItem(temporary, count, temporary + 1)
            offset += length
        }
        copy(temporary, index)
        return count
    }
}
