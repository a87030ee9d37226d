// SPDX-License-Identifier: MIT

internal import CLua

/// Reading parts of values: fields, items, slices. What is not there is undefined.
extension Machine {
    var undefinedHere: Value { .undefined(template: Int(frames.last.template), pc: pc - 1) }

    /// The error value of a script that failed, left at `index` by C.
    func scriptFault(_ index: Int) -> RenderFault {
        let value = values[index]
        guard value.type != .string else {
            return RenderFault(String(decoding: value.bytes, as: UTF8.self), kind: .script)
        }
        let described =
            hasMetamethod(index, ["__tostring"])
            && lht_text(lua, slot(index), slot(index), &values.base[index])
        return RenderFault(
            described
                ? String(decoding: values[index].bytes, as: UTF8.self)
                : "error value is a \(value.typeName)", kind: .script)
    }

    @inline(never)
    mutating func fieldOfOther(_ object: Int, _ name: Int32, to index: Int) throws(RenderFault) {
        let value = values[object]
        switch value.type {
        case .undefined, .missing:
            guard set.options.undefined == .chainable else { throw undefinedFault(value) }
            values[index] = value
        case .table where value.tableKind == .module:
            // Names with '_' are the module's own.
            if set.names[Int(name)].hasPrefix("_") {
                values[index] = undefinedHere
            } else {
                fallthrough
            }
        case .table, .userdata:
            if try specialField(value, object, set.names[Int(name)], to: index) { return }
            if !lht_field(
                lua, slot(object), origin + Int32(LHT_NAMES), name, slot(index), &values.base[index])
            {
                throw scriptFault(index)
            }
            if values[index].type == .undefined { values[index] = undefinedHere }
        case .awaitable:
            try settle(object)
            try field(of: object, name, to: index)
        default:
            values[index] = undefinedHere
        }
    }

    /// What macros and loop objects answer besides their contents.
    private mutating func specialField(_ value: Value, _ object: Int, _ name: String, to index: Int)
        throws(RenderFault) -> Bool
    {
        switch value.tableKind {
        case .macro where value.type == .table:
            try macroField(object, name, to: index)
            return true
        case .cycler where value.type == .table:
            try cyclerField(object, name, to: index)
            return true
        case .range where value.type == .table:
            values[index] = undefinedHere
            return true
        default: return false
        }
    }

    mutating func index(_ object: Int, by key: Int, to index: Int) throws(RenderFault) {
        try settle(object, key)
        let value = values[object]
        let keyValue = values[key]
        switch value.type {
        case .undefined, .missing:
            guard set.options.undefined == .chainable else { throw undefinedFault(value) }
            values[index] = value
        case .table where value.tableKind == .range:
            let range = rangeBounds(object)
            let position = keyValue.type == .integer ? wrapped(keyValue.integer, range.count) : nil
            values[index] = position.map { .integer(range.start &+ range.step &* $0) } ?? undefinedHere
        case .table:
            let isInteger = keyValue.type == .integer
            if isInteger, isList(object) {
                guard let position = wrapped(keyValue.integer, lht_length(lua, slot(object))) else {
                    values[index] = undefinedHere
                    return
                }
                guard lht_get_item(lua, slot(object), position + 1, slot(index), &values.base[index]) else {
                    throw scriptFault(index)
                }
            } else if isInteger, shape(object) == LHT_ITEMS {
                try indexObject(object, keyValue.integer, to: index)
            } else {
                try get(object, key, to: index)
            }
            if values[index].type == .undefined { values[index] = undefinedHere }
        case .userdata:
            if keyValue.type == .integer, shape(object) == LHT_ITEMS {
                try indexObject(object, keyValue.integer, to: index)
            } else {
                try get(object, key, to: index)
            }
            if values[index].type == .undefined { values[index] = undefinedHere }
        case .string where keyValue.type == .integer:
            let count = Int64(UTF8Text.count(value.bytes))
            guard let position = wrapped(keyValue.integer, count) else {
                values[index] = undefinedHere
                return
            }
            let range = UTF8Text.range(value.bytes, from: Int(position), count: 1)
            try setString(index, UnsafeRawBufferPointer(rebasing: value.bytes[range]), safe: value.isSafe)
        default:
            values[index] = undefinedHere
        }
    }

    /// table[key], with the metamethods of a script.
    mutating func get(_ object: Int, _ key: Int, to index: Int) throws(RenderFault) {
        var keyValue = values[key]
        guard lht_get(lua, slot(object), &keyValue, slot(key), slot(index), &values.base[index]) else {
            throw scriptFault(index)
        }
    }

    /// Python's index: negative from the end. Nil when there is no such item.
    func wrapped(_ index: Int64, _ count: Int64) -> Int64? {
        let position = index < 0 ? index + count : index
        return position >= 0 && position < count ? position : nil
    }

    // MARK: Lists and maps

    /// Decided when it is used: a marked table is what it says, else anything with a first item is a list.
    func isList(_ index: Int) -> Bool {
        guard values[index].type == .table else { return false }
        return switch values[index].tableKind {
        case .list, .range: true
        case .plain: lht_length(lua, slot(index)) > 0
        default: false
        }
    }

    func rangeBounds(_ index: Int) -> (start: Int64, step: Int64, count: Int64) {
        var numbers: (Int64, Int64, Int64) = (0, 1, 0)
        for position in 1...3 {
            lh_get_index(lua, slot(index), Int64(position))
            let number = lh_integer(lua, -1)
            lh_set_top(lua, slot(top) - 1)
            switch position {
            case 1: numbers.0 = number
            case 2: numbers.1 = number
            default: numbers.2 = number
            }
        }
        // A script that got hold of a range may have changed it.
        if numbers.1 == 0 { numbers.1 = 1 }
        return (numbers.0, numbers.1, min(max(0, numbers.2), GlobalTable.maximumRange))
    }

    // MARK: Slices

    mutating func slice(_ object: Int, _ bounds: Int, to index: Int) throws(RenderFault) {
        try settle(object)
        let value = values[object]
        if value.type == .undefined, set.options.undefined == .chainable {
            values[index] = value
            return
        }
        var numbers: [Int64?] = []
        for offset in 0..<3 {
            try settle(bounds + offset)
            let bound = values[bounds + offset]
            switch bound.type {
            case .none, .undefined: numbers.append(nil)
            case .integer: numbers.append(bound.integer)
            default: throw RenderFault("the bounds of a slice must be integers, not \(bound.typeName)")
            }
        }
        let step = numbers[2] ?? 1
        guard step != 0 else { throw RenderFault("the step of a slice cannot be 0") }
        if value.type == .string {
            try sliceString(value, numbers[0], numbers[1], step, to: index)
        } else {
            try sliceList(object, numbers[0], numbers[1], step, to: index)
        }
    }

    /// First position and how many, as Python's slice.indices.
    private static func positions(_ from: Int64?, _ to: Int64?, _ step: Int64, _ count: Int64) -> (
        Int64, Int64
    ) {
        func clamp(_ value: Int64, _ low: Int64, _ high: Int64) -> Int64 {
            let wrapped = value < 0 ? max(value, -count - 1) + count : value
            return min(max(wrapped, low), high)
        }
        if step > 0 {
            let first = from.map { clamp($0, 0, count) } ?? 0
            let end = to.map { clamp($0, 0, count) } ?? count
            return (first, end > first ? (end - first - 1) / step + 1 : 0)
        }
        let first = from.map { clamp($0, -1, count - 1) } ?? count - 1
        let end = to.map { clamp($0, -1, count - 1) } ?? -1
        // -Int64.min does not exist; any step beyond the count takes one item.
        let width = step == .min ? Int64.max : -step
        return (first, first > end ? (first - end - 1) / width + 1 : 0)
    }

    private mutating func sliceString(
        _ value: Value, _ from: Int64?, _ to: Int64?, _ step: Int64, to index: Int
    ) throws(RenderFault) {
        let count = Int64(UTF8Text.count(value.bytes))
        let (first, length) = Self.positions(from, to, step, count)
        if step == 1 {
            let range = UTF8Text.range(value.bytes, from: Int(first), count: Int(length))
            return try setString(
                index, UnsafeRawBufferPointer(rebasing: value.bytes[range]), safe: value.isSafe)
        }
        let characters = UTF8Text.offsets(value.bytes)
        scratch.count = 0
        var position = first
        for _ in 0..<length {
            let start = characters[Int(position)]
            scratch.append(value.bytePointer + start, characters[Int(position) + 1] - start)
            position &+= step
        }
        try setScratch(index, safe: value.isSafe)
    }

    private mutating func sliceList(
        _ object: Int, _ from: Int64?, _ to: Int64?, _ step: Int64, to index: Int
    ) throws(RenderFault) {
        let temporary = try reserve(3)
        defer { release(to: temporary) }
        let count = try listify(object, to: temporary)
        let (first, length) = Self.positions(from, to, step, count)
        setTable(temporary + 1, .list, items: Int(length))
        var position = first
        for target in 0..<length {
            item(temporary, position + 1, to: temporary + 2)
            setItem(temporary + 1, target + 1, temporary + 2)
            position &+= step
        }
        copy(temporary + 1, index)
    }
}
