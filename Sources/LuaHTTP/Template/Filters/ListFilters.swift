// SPDX-License-Identifier: MIT

internal import CLua

/// Filters about lists and maps.
enum ListFilters {
    static let all: [Filter] = [
        Filter("length", "", length), Filter("count", "", length),
        Filter("first", "", { (m, c) throws(RenderFault) in try end(&m, c, last: false) }),
        Filter("last", "", { (m, c) throws(RenderFault) in try end(&m, c, last: true) }),
        Filter("list", "", list),
        Filter("reverse", "", reverse),
        Filter("join", "d? attribute?", join),
        Filter("batch", "linecount fill_with?", batch),
        Filter("slice", "slices fill_with?", slice),
        Filter("sum", "attribute? start?", sum),
        Filter("random", "", random),
        Filter("items", "", items),
        Filter("chain", "*", chain),
        Filter("zip", "*", zip),
    ]

    private static func length(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let value = m.values[call.base]
        switch value.type {
        case .table where value.hasMetatable, .userdata:
            if let count = try m.objectLength(call.base) { return m.values[call.base] = .integer(count) }
            guard value.type == .table else { throw RenderFault("this userdata has no length") }
            m.values[call.base] = .integer(try m.count(call.base))
        case .string: m.values[call.base] = .integer(Int64(UTF8Text.count(value.bytes)))
        case .table, .undefined, .missing:
            m.values[call.base] = .integer(try m.count(call.base))
        default: throw RenderFault("a value of type \(value.typeName) has no length")
        }
    }

    private static func end(_ m: inout Machine, _ call: Call, last: Bool) throws(RenderFault) {
        let temporary = try m.reserve(1)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        if count == 0 {
            m.values[call.base] = m.undefinedHere
        } else {
            m.item(temporary, last ? count : 1, to: call.base)
        }
    }

    private static func list(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.buildList(from: call.base, to: call.base) { (m, item, list) throws(RenderFault) in
            m.add(item, to: &list)
        }
    }

    private static func reverse(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let value = m.values[call.base]
        if value.type == .string {
            return try m.rewrite(call.base) { bytes, output in
                let offsets = UTF8Text.offsets(bytes)
                for index in stride(from: offsets.count - 2, through: 0, by: -1) {
                    output.append(
                        UnsafeRawBufferPointer(rebasing: bytes[offsets[index]..<offsets[index + 1]]))
                }
            }
        }
        let temporary = try m.reserve(3)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        var list = m.startList(temporary + 1)
        for position in stride(from: count, to: 0, by: -1) {
            try m.work()
            m.item(temporary, position, to: temporary + 2)
            m.add(temporary + 2, to: &list)
        }
        m.copy(temporary + 1, call.base)
    }

    private static func join(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let temporary = try m.reserve(4)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        if let index = m.given(call, 1) {
            m.copy(index, temporary + 2)
        } else {
            try m.setText(temporary + 2, "")
        }
        try m.textify(temporary + 2)
        let path = try m.given(call, 2).map { (index) throws(RenderFault) in try m.path(index) }
        var isSafe = m.escapes && m.values[temporary + 2].isSafe
        if m.escapes, !isSafe {
            for position in 0..<count where !isSafe {
                m.item(temporary, position + 1, to: temporary + 1)
                if let path { try m.follow(path, temporary + 1) }
                isSafe = m.values[temporary + 1].type == .string && m.values[temporary + 1].isSafe
            }
        }
        let mark = m.scratch.count
        for position in 0..<count {
            try m.work()
            if position > 0 { try m.appendText(temporary + 2, escaped: isSafe) }
            m.item(temporary, position + 1, to: temporary + 1)
            if let path { try m.follow(path, temporary + 1) }
            if m.values[temporary + 1].type == .undefined, m.set.options.undefined == .strict {
                throw m.undefinedFault(m.values[temporary + 1])
            }
            try m.appendText(temporary + 1, escaped: isSafe)
            guard m.scratch.count <= m.set.options.maximumText else {
                throw RenderFault("text is too long", kind: .limit)
            }
        }
        try m.setScratch(call.base, from: mark, safe: isSafe)
    }

    /// Lists of `n` items; the last one is filled up.
    private static func batch(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let size = try m.size(call, 1, 1)
        guard size > 0 else { throw RenderFault("batch needs a size of at least 1") }
        let temporary = try m.reserve(4)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        var rows = m.startList(temporary + 1)
        var row = Machine.ListBuilder(index: temporary + 2)
        for position in 0..<count {
            try m.work()
            if Int(position) % size == 0 {
                row = m.startList(temporary + 2)
                m.add(temporary + 2, to: &rows)
            }
            m.item(temporary, position + 1, to: temporary + 3)
            m.add(temporary + 3, to: &row)
        }
        if count > 0, let fill = m.given(call, 2) {
            while row.count < size { m.add(fill, to: &row) }
        }
        m.copy(temporary + 1, call.base)
    }

    /// `n` lists of nearly the same length.
    private static func slice(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let slices = try m.size(call, 1, 1, limit: 100_000)
        guard slices > 0 else { throw RenderFault("slice needs at least 1 slice") }
        let temporary = try m.reserve(4)
        defer { m.release(to: temporary) }
        let count = Int(try m.listify(call.base, to: temporary))
        var columns = m.startList(temporary + 1)
        var position: Int64 = 0
        for number in 0..<slices {
            try m.work()
            var column = m.startList(temporary + 2)
            let size = count / slices + (number < count % slices ? 1 : 0)
            for _ in 0..<size {
                position += 1
                m.item(temporary, position, to: temporary + 3)
                m.add(temporary + 3, to: &column)
            }
            if number >= count % slices, let fill = m.given(call, 2) { m.add(fill, to: &column) }
            m.add(temporary + 2, to: &columns)
        }
        m.copy(temporary + 1, call.base)
    }

    private static func sum(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let temporary = try m.reserve(3)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        if let start = m.given(call, 2) {
            m.copy(start, temporary + 1)
        } else {
            m.values[temporary + 1] = .integer(0)
        }
        let path = try m.given(call, 1).map { (index) throws(RenderFault) in try m.path(index) }
        for position in 0..<count {
            try m.work()
            m.item(temporary, position + 1, to: temporary + 2)
            if let path { try m.follow(path, temporary + 2) }
            try m.arithmetic(.add, temporary + 1, temporary + 2, to: temporary + 1)
        }
        m.copy(temporary + 1, call.base)
    }

    private static func random(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let temporary = try m.reserve(1)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        if count == 0 {
            m.values[call.base] = m.undefinedHere
        } else {
            m.item(temporary, Int64.random(in: 1...count), to: call.base)
        }
    }

    /// Pairs of a map, sorted by key.
    private static func items(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        _ = try m.openObject(call.base, to: call.base)
        let value = m.values[call.base]
        guard value.type == .table, !m.isList(call.base) else {
            if value.type == .undefined {
                if m.set.options.undefined == .strict { throw m.undefinedFault(value) }
                return m.setTable(call.base, .list)
            }
            throw RenderFault("items needs a map, not \(value.typeName)")
        }
        let temporary = try m.reserve(5)
        defer { m.release(to: temporary) }
        let count = m.sortedKeys(call.base, to: temporary)
        var list = m.startList(temporary + 1)
        for position in 0..<count {
            try m.work()
            m.item(temporary, position + 1, to: temporary + 2)
            try m.get(call.base, temporary + 2, to: temporary + 3)
            try m.addPair(temporary + 2, temporary + 3, using: temporary + 4, to: &list)
        }
        m.copy(temporary + 1, call.base)
    }

    private static func chain(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let temporary = try m.reserve(3)
        defer { m.release(to: temporary) }
        var list = m.startList(temporary)
        for source in call.base..<call.base + call.count {
            let count = try m.listify(source, to: temporary + 1)
            for position in 0..<count {
                try m.work()
                m.item(temporary + 1, position + 1, to: temporary + 2)
                m.add(temporary + 2, to: &list)
            }
        }
        m.copy(temporary, call.base)
    }

    /// Lists of the first items, the second items, as long as all sources have one.
    private static func zip(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let temporary = try m.reserve(3 + call.count)
        defer { m.release(to: temporary) }
        var shortest = Int64.max
        for offset in 0..<call.count {
            shortest = min(shortest, try m.listify(call.base + offset, to: temporary + 3 + offset))
        }
        var list = m.startList(temporary)
        for position in 0..<shortest {
            var row = m.startList(temporary + 1)
            for offset in 0..<call.count {
                try m.work()
                m.item(temporary + 3 + offset, position + 1, to: temporary + 2)
                m.add(temporary + 2, to: &row)
            }
            m.add(temporary + 1, to: &list)
        }
        m.copy(temporary, call.base)
    }
}

extension Machine {
    /// Items of a list or range, entries of a map.
    mutating func count(_ index: Int) throws(RenderFault) -> Int64 {
        let value = values[index]
        guard value.type == .table else {
            if value.type == .undefined, set.options.undefined == .strict { throw undefinedFault(value) }
            return 0
        }
        if value.tableKind == .range { return rangeBounds(index).count }
        if isList(index) { return lht_length(lua, slot(index)) }
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        return sortedKeys(index, to: temporary)
    }

    mutating func addPair(_ first: Int, _ second: Int, using pair: Int, to list: inout ListBuilder)
        throws(RenderFault)
    {
        setTable(pair, .list, items: 2)
        setItem(pair, 1, first)
        setItem(pair, 2, second)
        add(pair, to: &list)
    }
}
