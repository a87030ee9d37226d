// SPDX-License-Identifier: MIT

internal import CLua

/// Userdata, and tables whose metatable says how they are gone through: `__pairs` makes a map, `__len` with
/// `__index` a list, `__call` an iterator. What a metamethod does wrong is an error of the template.
extension Machine {
    /// `LHT_OPAQUE` for everything that is no object.
    func shape(_ index: Int) -> lht_shape {
        let value = values[index]
        guard value.type == .userdata || value.type == .table && value.hasMetatable else { return LHT_OPAQUE }
        let shape = lht_shape_of(lua, slot(index))
        // Items of its own come before __len, as for the length operator of a template's list.
        if shape == LHT_ITEMS, value.type == .table, lht_length(lua, slot(index)) > 0 { return LHT_OPAQUE }
        return shape
    }

    /// Puts the contents of an object at `target`, as a plain table; false when it has none to be gone through.
    mutating func openObject(_ index: Int, to target: Int) throws(RenderFault) -> Bool {
        let shape = shape(index)
        guard shape != LHT_OPAQUE else { return false }
        // The metamethods of a script run now, and cannot wait: large ones count as work.
        try work(10)
        guard lht_collect(lua, slot(index), shape, slot(target), &values.base[target]) else {
            throw scriptFault(target)
        }
        return true
    }

    /// What `__len` says, else the number of entries; nil for what is no object with contents.
    mutating func objectLength(_ index: Int) throws(RenderFault) -> Int64? {
        let value = values[index]
        guard value.type == .userdata || value.type == .table && value.hasMetatable else { return nil }
        let shape = shape(index)
        guard shape != LHT_OPAQUE else { return nil }
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        if hasMetamethod(index, ["__len"]) {
            guard lht_measure(lua, slot(index), slot(temporary), &values.base[temporary]) else {
                throw scriptFault(temporary)
            }
            return max(0, values[temporary].integer)
        }
        _ = try openObject(index, to: temporary)
        return try count(temporary)
    }

    /// Item of an object with `__len`: counted from 0, or from the end.
    mutating func indexObject(_ object: Int, _ position: Int64, to index: Int) throws(RenderFault) {
        guard let position = wrapped(position, try objectLength(object) ?? 0) else {
            return values[index] = undefinedHere
        }
        guard lht_get_item(lua, slot(object), position + 1, slot(index), &values.base[index]) else {
            throw scriptFault(index)
        }
    }

    /// Makes what a loop is to go over out of an object or a coroutine, in its place. False: it is at its end.
    mutating func openSequence(_ index: Int) throws(RenderFault) -> Bool {
        switch values[index].type {
        case .userdata, .table:
            _ = try openObject(index, to: index)
            return true
        case .thread: return lht_wrap(lua, slot(index), slot(index), &values.base[index])
        default: return true
        }
    }

    /// Called for each round: it has `__call`, and nothing else to go over.
    func isIterator(_ index: Int) -> Bool {
        let value = values[index]
        switch value.type {
        case .userdata: return hasMetamethod(index, ["__call"])
        case .table:
            return value.hasMetatable && lht_length(lua, slot(index)) == 0 && hasMetamethod(index, ["__call"])
        default: return false
        }
    }
}
