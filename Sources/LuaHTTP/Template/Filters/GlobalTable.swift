// SPDX-License-Identifier: MIT

internal import CLua

/// The functions that every template can call, by number and name. `run` leaves the result at `site.result`.
struct GlobalFunction: Sendable {
    let name: String
    let run: @Sendable (inout Machine, Machine.CallSite) throws(RenderFault) -> Void
}

enum GlobalTable {
    static let all: [GlobalFunction] = [
        GlobalFunction(name: "range", run: { (m, site) throws(RenderFault) in try range(&m, site) }),
        GlobalFunction(name: "dict", run: { (m, site) throws(RenderFault) in try table(&m, site, .map) }),
        GlobalFunction(
            name: "namespace", run: { (m, site) throws(RenderFault) in try table(&m, site, .namespace) }),
        GlobalFunction(name: "cycler", run: { (m, site) throws(RenderFault) in try cycler(&m, site) }),
        GlobalFunction(name: "joiner", run: { (m, site) throws(RenderFault) in try joiner(&m, site) }),
    ]

    static let maximumRange: Int64 = 100_000

    private static func range(_ m: inout Machine, _ site: Machine.CallSite) throws(RenderFault) {
        var numbers: [Int64] = []
        for offset in 0..<site.count {
            let value = m.values[site.first + offset]
            guard value.type == .integer else {
                if value.type == .undefined { throw m.undefinedFault(value) }
                throw RenderFault("range() takes integers, not \(value.typeName)")
            }
            numbers.append(value.integer)
        }
        guard (1...3).contains(numbers.count), site.keywords < 0 else {
            throw RenderFault("range() takes one to three integers")
        }
        let start = numbers.count > 1 ? numbers[0] : 0
        let stop = numbers.count > 1 ? numbers[1] : numbers[0]
        let step = numbers.count > 2 ? numbers[2] : 1
        guard step != 0 else { throw RenderFault("the step of range() cannot be 0") }
        let (width, overflow) =
            step > 0 ? stop.subtractingReportingOverflow(start) : start.subtractingReportingOverflow(stop)
        let size = step.magnitude
        let count = width > 0 && !overflow ? (UInt64(width) - 1) / size + 1 : 0
        guard !(overflow && (step > 0) == (stop > start)), count <= UInt64(maximumRange) else {
            throw RenderFault("range() is too long (limit \(maximumRange))", kind: .limit)
        }
        m.setTable(site.result, .range, items: 3)
        for (offset, number) in [start, step, Int64(count)].enumerated() {
            lh_push_integer(m.lua, number)
            lh_set_index(m.lua, m.slot(site.result), Int64(offset) + 1)
        }
    }

    /// `dict(a=1)`, `namespace(a=1)`; a map or a list of pairs as the first argument is copied.
    private static func table(_ m: inout Machine, _ site: Machine.CallSite, _ kind: TableKind)
        throws(RenderFault)
    {
        let name = kind == .map ? "dict" : "namespace"
        guard site.count <= 1 else { throw RenderFault("\(name)() takes a map and keywords") }
        let temporary = try m.reserve(5)
        defer { m.release(to: temporary) }
        m.setTable(temporary, kind)
        var sources: [Int] = []
        if site.count == 1 { sources.append(site.first) }
        if site.keywords >= 0 { sources.append(site.keywords) }
        for source in sources {
            if m.values[source].type == .undefined { continue }
            guard m.values[source].type == .table else {
                throw RenderFault(
                    "\(name)() takes a map or a list of pairs, not \(m.values[source].typeName)")
            }
            let isList = m.isList(source)
            let count =
                isList ? try m.listify(source, to: temporary + 1) : m.sortedKeys(source, to: temporary + 1)
            for position in 0..<count {
                try m.work()
                m.item(temporary + 1, position + 1, to: temporary + 2)
                if isList {
                    try splitPair(&m, temporary + 2, to: temporary + 3, name)
                } else {
                    m.copy(temporary + 2, temporary + 3)
                    try m.get(source, temporary + 3, to: temporary + 4)
                }
                let isKey = lht_set(
                    m.lua, m.slot(temporary), &m.values.base[temporary + 3], m.slot(temporary + 3),
                    &m.values.base[temporary + 4], m.slot(temporary + 4))
                guard isKey else { throw RenderFault("a key of \(name)() cannot be undefined or nan") }
            }
        }
        m.copy(temporary, site.result)
    }

    /// Key and value of an item of the list that `dict` got.
    private static func splitPair(_ m: inout Machine, _ pair: Int, to index: Int, _ name: String)
        throws(RenderFault)
    {
        guard m.values[pair].type == .table, m.isList(pair), m.values[pair].tableKind != .range,
            lht_length(m.lua, m.slot(pair)) == 2
        else { throw RenderFault("\(name)() takes a map or a list of pairs; an item is not a pair") }
        for offset in 0..<2 { m.item(pair, Int64(offset) + 1, to: index + offset) }
    }

    /// Keywords that a function does not know are mistakes.
    private static func checkKeywords(
        _ m: inout Machine, _ site: Machine.CallSite, _ known: String?, _ name: String
    ) throws(RenderFault) {
        guard site.keywords >= 0 else { return }
        let temporary = try m.reserve(2)
        defer { m.release(to: temporary) }
        for position in 0..<m.sortedKeys(site.keywords, to: temporary) {
            m.item(temporary, position + 1, to: temporary + 1)
            try m.textify(temporary + 1)
            let keyword = String(decoding: m.values[temporary + 1].bytes.prefix(80), as: UTF8.self)
            guard keyword == known else { throw RenderFault("'\(name)' has no parameter '\(keyword)'") }
        }
    }

    /// {position, items…}
    private static func cycler(_ m: inout Machine, _ site: Machine.CallSite) throws(RenderFault) {
        try checkKeywords(&m, site, nil, "cycler")
        guard site.count > 0 else { throw RenderFault("cycler() needs something to cycle through") }
        let temporary = try m.reserve(2)
        defer { m.release(to: temporary) }
        m.setTable(temporary, .cycler, items: site.count + 1)
        m.values[temporary + 1] = .integer(0)
        m.setItem(temporary, 1, temporary + 1)
        for offset in 0..<site.count { m.setItem(temporary, Int64(offset) + 2, site.first + offset) }
        m.copy(temporary, site.result)
    }

    /// {used, separator}
    private static func joiner(_ m: inout Machine, _ site: Machine.CallSite) throws(RenderFault) {
        try checkKeywords(&m, site, "sep", "joiner")
        guard site.count <= 1 else { throw RenderFault("'joiner' takes at most 1 argument") }
        let temporary = try m.reserve(2)
        defer { m.release(to: temporary) }
        m.setTable(temporary, .joiner, items: 2)
        m.values[temporary + 1] = .boolean(false)
        m.setItem(temporary, 1, temporary + 1)
        m.values[temporary + 1] = .undefined
        if site.keywords >= 0 {
            try m.setText(temporary + 1, "sep")
            try m.get(site.keywords, temporary + 1, to: temporary + 1)
        }
        if site.count > 0 {
            guard m.values[temporary + 1].type == .undefined else {
                throw RenderFault("'joiner' got 'sep' twice")
            }
            m.copy(site.first, temporary + 1)
        } else if m.values[temporary + 1].type == .undefined {
            try m.setText(temporary + 1, ", ")
        }
        m.setItem(temporary, 2, temporary + 1)
        m.copy(temporary, site.result)
    }
}

// MARK: Their methods

extension Machine {
    mutating func callCycler(_ site: CallSite, _ name: String) throws(RenderFault) {
        let temporary = try reserve(2)
        defer { release(to: temporary) }
        let count = lht_length(lua, slot(site.callee)) - 1
        item(site.callee, 1, to: temporary)
        let position = min(max(0, values[temporary].integer), max(0, count - 1))
        switch name {
        case "next":
            values[temporary] = .integer(count > 0 ? (position + 1) % count : 0)
            setItem(site.callee, 1, temporary)
            item(site.callee, position + 2, to: temporary + 1)
            copy(temporary + 1, site.result)
        case "reset":
            values[temporary] = .integer(0)
            setItem(site.callee, 1, temporary)
            values[site.result] = .none
        default: throw RenderFault("a cycler has no method '\(name)'")
        }
    }

    /// `cycler.current`.
    mutating func cyclerField(_ object: Int, _ name: String, to index: Int) throws(RenderFault) {
        guard name == "current" else {
            values[index] = undefinedHere
            return
        }
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        item(object, 1, to: temporary)
        let position = min(max(0, values[temporary].integer), lht_length(lua, slot(object)))
        item(object, position + 2, to: temporary)
        copy(temporary, index)
    }

    /// Nothing the first time, the separator afterwards.
    mutating func callJoiner(_ site: CallSite) throws(RenderFault) {
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        item(site.callee, 1, to: temporary)
        if values[temporary].boolean {
            item(site.callee, 2, to: temporary)
            copy(temporary, site.result)
        } else {
            values[temporary] = .boolean(true)
            setItem(site.callee, 1, temporary)
            values[site.result] = undefinedHere
            try setString(site.result, UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    /// `loop.cycle` of a loop that was kept in a variable.
    mutating func cycleLoopObject(_ site: CallSite) throws(RenderFault) {
        guard site.count > 0 else { throw RenderFault("loop.cycle needs something to cycle through") }
        let temporary = try reserve(2)
        defer { release(to: temporary) }
        scratch.count = 0
        scratch.append("index0")
        try setScratch(temporary)
        try get(site.callee, temporary, to: temporary + 1)
        let position = max(0, values[temporary + 1].integer)
        copy(site.first + Int(position % Int64(site.count)), site.result)
    }
}
