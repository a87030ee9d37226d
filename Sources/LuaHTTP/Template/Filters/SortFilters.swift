// SPDX-License-Identifier: MIT

internal import CLua

/// Filters that order values: text without regard to case unless they are told otherwise.
enum SortFilters {
    static let all: [Filter] = [
        Filter("sort", "reverse? case_sensitive? attribute?", sort),
        Filter("dictsort", "case_sensitive? by? reverse?", dictSort),
        Filter("unique", "case_sensitive? attribute?", unique),
        Filter("groupby", "attribute default? case_sensitive?", groupBy),
        Filter(
            "min", "case_sensitive? attribute?", { (m, c) throws(RenderFault) in try extreme(&m, c, sign: 1) }
        ),
        Filter(
            "max", "case_sensitive? attribute?",
            { (m, c) throws(RenderFault) in try extreme(&m, c, sign: -1) }),
    ]

    /// Several attributes, separated by commas.
    private static func paths(_ m: inout Machine, _ index: Int?) throws(RenderFault) -> [Machine
        .AttributePath]
    {
        guard let index else { return [] }
        guard m.values[index].type == .string else { return [try m.path(index)] }
        let parts = String(decoding: m.values[index].bytes, as: UTF8.self).split(separator: ",")
        var paths: [Machine.AttributePath] = []
        for part in parts {
            let place = try m.reserve(1)
            try m.setText(place, String(part))
            paths.append(try m.path(place))
        }
        return paths
    }

    private static func foldCase(_ m: inout Machine, _ index: Int) throws(RenderFault) {
        guard m.values[index].type == .string else { return }
        try m.rewrite(index) { CaseMapping.append($0, .lower, to: &$1) }
    }

    /// The list `keys` gets one key per item of `items` and path.
    private static func makeKeys(
        _ m: inout Machine, _ items: Int, _ count: Int64, _ paths: [Machine.AttributePath],
        _ caseSensitive: Bool,
        fallback: Int? = nil, to keys: Int
    ) throws(RenderFault) {
        let temporary = try m.reserve(1)
        defer { m.release(to: temporary) }
        var list = m.startList(keys)
        for position in 0..<count {
            for number in 0..<max(1, paths.count) {
                try m.work()
                m.item(items, position + 1, to: temporary)
                if !paths.isEmpty { try m.follow(paths[number], temporary) }
                if m.values[temporary].type == .undefined, !paths.isEmpty {
                    guard let fallback else {
                        guard count > 1 else { break }
                        throw RenderFault("an item does not have the attribute", kind: .undefined)
                    }
                    m.copy(fallback, temporary)
                }
                try m.settle(temporary)
                if !caseSensitive { try foldCase(&m, temporary) }
                m.add(temporary, to: &list)
            }
        }
    }

    /// Positions from 0, ordered by their keys; equal ones keep their order.
    private static func order(_ m: inout Machine, _ count: Int64, _ keys: Int, _ width: Int, reverse: Bool)
        throws(RenderFault) -> [Int64]
    {
        let temporary = try m.reserve(2)
        defer { m.release(to: temporary) }
        var positions = Array(0..<count)
        var merged = positions
        var size = 1
        while size < positions.count {
            var start = 0
            while start < positions.count {
                let middle = min(start + size, positions.count)
                let end = min(start + 2 * size, positions.count)
                var (left, right) = (start, middle)
                for target in start..<end {
                    var takesRight = left >= middle
                    if !takesRight, right < end {
                        let order = try compare(&m, keys, width, positions[right], positions[left], temporary)
                        takesRight = reverse ? order > 0 : order < 0
                    }
                    merged[target] = positions[takesRight ? right : left]
                    if takesRight { right += 1 } else { left += 1 }
                }
                start = end
            }
            swap(&positions, &merged)
            size *= 2
        }
        return positions
    }

    private static func compare(
        _ m: inout Machine, _ keys: Int, _ width: Int, _ left: Int64, _ right: Int64, _ temporary: Int
    ) throws(RenderFault) -> Int {
        try m.work()
        for offset in 0..<Int64(width) {
            m.item(keys, left * Int64(width) + offset + 1, to: temporary)
            m.item(keys, right * Int64(width) + offset + 1, to: temporary + 1)
            if let order = try m.order(temporary, temporary + 1), order != 0 { return order }
        }
        return 0
    }

    private static func sort(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let reverse = try m.flag(call, 1)
        let caseSensitive = try m.flag(call, 2)
        let temporary = try m.reserve(4)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        let paths = try paths(&m, m.given(call, 3))
        try makeKeys(&m, temporary, count, paths, caseSensitive, to: temporary + 1)
        let order = try order(&m, count, temporary + 1, max(1, paths.count), reverse: reverse)
        var list = m.startList(temporary + 2)
        for position in order {
            m.item(temporary, position + 1, to: temporary + 3)
            m.add(temporary + 3, to: &list)
        }
        m.copy(temporary + 2, call.base)
    }

    private static func dictSort(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let caseSensitive = try m.flag(call, 1)
        let by = try m.text(call, 2, "key")
        let reverse = try m.flag(call, 3)
        _ = try m.openObject(call.base, to: call.base)
        guard by == "key" || by == "value" else { throw RenderFault("dictsort sorts by 'key' or by 'value'") }
        guard m.values[call.base].type == .table, !m.isList(call.base) else {
            if m.values[call.base].type == .undefined { throw m.undefinedFault(m.values[call.base]) }
            throw RenderFault("dictsort needs a map, not \(m.values[call.base].typeName)")
        }
        let temporary = try m.reserve(6)
        defer { m.release(to: temporary) }
        let count = m.sortedKeys(call.base, to: temporary)
        var values = m.startList(temporary + 1)
        for position in 0..<count {
            m.item(temporary, position + 1, to: temporary + 4)
            try m.get(call.base, temporary + 4, to: temporary + 4)
            m.add(temporary + 4, to: &values)
        }
        try makeKeys(&m, by == "key" ? temporary : temporary + 1, count, [], caseSensitive, to: temporary + 2)
        let order = try order(&m, count, temporary + 2, 1, reverse: reverse)
        var list = m.startList(temporary + 2)
        for position in order {
            m.item(temporary, position + 1, to: temporary + 3)
            m.item(temporary + 1, position + 1, to: temporary + 4)
            try m.addPair(temporary + 3, temporary + 4, using: temporary + 5, to: &list)
        }
        m.copy(temporary + 2, call.base)
    }

    /// The first of equal items. Scalars are looked up, tables compared with each that was kept.
    private static func unique(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let caseSensitive = try m.flag(call, 1)
        let temporary = try m.reserve(7)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        let paths = try m.given(call, 2).map { (index) throws(RenderFault) in [try m.path(index)] } ?? []
        try makeKeys(&m, temporary, count, paths, caseSensitive, to: temporary + 1)
        m.setTable(temporary + 2, .map)
        var list = m.startList(temporary + 3)
        var tables = m.startList(temporary + 6)
        for position in 0..<count {
            m.item(temporary + 1, position + 1, to: temporary + 4)
            guard try isNew(&m, temporary + 4, seen: temporary + 2, &tables, temporary + 5) else { continue }
            m.item(temporary, position + 1, to: temporary + 4)
            m.add(temporary + 4, to: &list)
        }
        m.copy(temporary + 3, call.base)
    }

    private static func isNew(
        _ m: inout Machine, _ key: Int, seen: Int, _ tables: inout Machine.ListBuilder, _ temporary: Int
    ) throws(RenderFault) -> Bool {
        if m.values[key].type == .table {
            for position in 0..<tables.count {
                try m.work()
                m.item(tables.index, position + 1, to: temporary)
                if try m.areEqual(temporary, key) { return false }
            }
            m.add(key, to: &tables)
            return true
        }
        // Undefined and nan cannot be keys: each is its own.
        let value = m.values[key]
        guard value.type != .undefined, !(value.type == .float && value.float.isNaN) else { return true }
        try m.get(seen, key, to: temporary)
        guard m.values[temporary].type == .undefined else { return false }
        m.values[temporary] = .boolean(true)
        lht_set(
            m.lua, m.slot(seen), &m.values.base[key], m.slot(key), &m.values.base[temporary],
            m.slot(temporary))
        return true
    }

    /// Lists of the items with the same attribute; each group is a pair with names, `grouper` and `list`.
    private static func groupBy(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let caseSensitive = try m.flag(call, 3)
        let temporary = try m.reserve(9)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        let path = try m.path(call.base + 1)
        let fallback = m.given(call, 2)
        try makeKeys(&m, temporary, count, [path], caseSensitive, fallback: fallback, to: temporary + 1)
        let order = try order(&m, count, temporary + 1, 1, reverse: false)
        var groups = m.startList(temporary + 2)
        var members = Machine.ListBuilder(index: temporary + 3)
        for (number, position) in order.enumerated() {
            m.item(temporary + 1, position + 1, to: temporary + 5)
            var isFirst = number == 0
            if number > 0 { isFirst = try !m.areEqual(temporary + 5, temporary + 4) }
            m.item(temporary, position + 1, to: temporary + 6)
            if isFirst {
                m.copy(temporary + 5, temporary + 4)
                members = m.startList(temporary + 3)
                m.copy(temporary + 6, temporary + 7)
                try m.follow(path, temporary + 7)
                if let fallback, m.values[temporary + 7].type == .undefined {
                    m.copy(fallback, temporary + 7)
                }
                try addGroup(&m, temporary + 7, temporary + 3, using: temporary + 8, to: &groups)
            }
            m.add(temporary + 6, to: &members)
        }
        m.copy(temporary + 2, call.base)
    }

    private static func addGroup(
        _ m: inout Machine, _ grouper: Int, _ list: Int, using pair: Int, to groups: inout Machine.ListBuilder
    ) throws(RenderFault) {
        try m.addPair(grouper, list, using: pair, to: &groups)
        let name = try m.reserve(1)
        defer { m.release(to: name) }
        for (text, value) in [("grouper", grouper), ("list", list)] {
            try m.setText(name, text)
            lht_set(
                m.lua, m.slot(pair), &m.values.base[name], m.slot(name), &m.values.base[value], m.slot(value))
        }
    }

    private static func extreme(_ m: inout Machine, _ call: Call, sign: Int) throws(RenderFault) {
        let caseSensitive = try m.flag(call, 1)
        let temporary = try m.reserve(4)
        defer { m.release(to: temporary) }
        let count = try m.listify(call.base, to: temporary)
        let path = try m.given(call, 2).map { (index) throws(RenderFault) in [try m.path(index)] } ?? []
        guard count > 0 else { return m.values[call.base] = m.undefinedHere }
        try makeKeys(&m, temporary, count, path, caseSensitive, to: temporary + 1)
        var best: Int64 = 0
        for position in 1..<max(1, count) {
            if try compare(&m, temporary + 1, 1, position, best, temporary + 2) * sign < 0 { best = position }
        }
        m.item(temporary, best + 1, to: call.base)
    }
}
