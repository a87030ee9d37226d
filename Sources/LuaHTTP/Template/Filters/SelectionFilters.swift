// SPDX-License-Identifier: MIT

internal import CLua

/// `map`, `select`, `reject` and their attribute forms: filters that apply others by name.
enum SelectionFilters {
    static let all: [Filter] = [
        Filter("map", "* **", map),
        Filter(
            "select", "*",
            { (m, c) throws(RenderFault) in try select(&m, c, wanted: true, byAttribute: false) }),
        Filter(
            "reject", "*",
            { (m, c) throws(RenderFault) in try select(&m, c, wanted: false, byAttribute: false) }),
        Filter(
            "selectattr", "attr *",
            { (m, c) throws(RenderFault) in try select(&m, c, wanted: true, byAttribute: true) }),
        Filter(
            "rejectattr", "attr *",
            { (m, c) throws(RenderFault) in try select(&m, c, wanted: false, byAttribute: true) }),
    ]

    private static func keyword(_ m: inout Machine, _ call: Call, _ name: String, to index: Int)
        throws(RenderFault) -> Bool
    {
        guard call.hasKeywords else { return false }
        try m.setText(index, name)
        try m.get(call.base + call.count - 1, index, to: index)
        return m.values[index].type != .undefined
    }

    /// Anything that is false, `none` too, gives an empty list.
    private static func isFilled(_ m: inout Machine, _ call: Call) throws(RenderFault) -> Bool {
        if try m.isTrue(call.base) { return true }
        m.setTable(call.base, .list)
        return false
    }

    private static func map(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        guard try isFilled(&m, call) else { return }
        let positional = call.count - (call.hasKeywords ? 1 : 0)
        guard positional == 1 else {
            guard positional > 1 else { throw RenderFault("map needs a filter or an attribute") }
            return try apply(&m, call, positional)
        }
        let temporary = try m.reserve(2)
        defer { m.release(to: temporary) }
        guard try keyword(&m, call, "attribute", to: temporary) else {
            throw RenderFault("map needs a filter or an attribute")
        }
        let hasDefault = try keyword(&m, call, "default", to: temporary + 1)
        let path = try m.path(temporary)
        try m.buildList(from: call.base, to: call.base) { (m, item, list) throws(RenderFault) in
            try m.follow(path, item, hasDefault: hasDefault)
            if hasDefault, m.values[item].type == .undefined { m.copy(temporary + 1, item) }
            m.add(item, to: &list)
        }
    }

    private static func apply(_ m: inout Machine, _ call: Call, _ positional: Int) throws(RenderFault) {
        let name = try m.text(call, 1, "")
        let extra = positional - 2
        try m.buildList(from: call.base, to: call.base) { (m, item, list) throws(RenderFault) in
            let base = try m.reserve(1 + max(extra, 8))
            defer { m.release(to: base) }
            m.copy(item, base)
            for offset in 0..<extra { m.copy(call.base + 2 + offset, base + 1 + offset) }
            try m.settle(base)
            if let number = FilterTable.number(of: name), !m.set.options.scriptFilters.contains(name) {
                let filter = FilterTable.all[number]
                let count = try bindKeywords(&m, call, filter.signature, base, extra, name)
                try filter.run(&m, Call(base: base, count: count + 1, hasKeywords: false))
            } else if name == "call", !m.set.options.scriptFilters.contains(name) {
                try callMethod(&m, call, of: item, extra, to: base)
            } else {
                let keywords = call.hasKeywords ? call.base + call.count - 1 : -1
                try m.callScript(named: name, Int32(LHT_FILTERS), base, extra + 1, keywords: keywords)
            }
            m.add(base, to: &list)
        }
    }

    /// `map("call", "method", x)`. As with any function in the middle of a filter, it cannot wait.
    private static func callMethod(
        _ m: inout Machine, _ call: Call, of object: Int, _ extra: Int, to base: Int
    ) throws(RenderFault) {
        guard extra > 0 else { throw RenderFault("'call' needs the name of a method") }
        let method = call.base + 2
        try m.index(object, by: method, to: base)
        guard isFunction(m, base) else {
            let type = m.values[base].typeName
            try m.textify(method)
            let name = String(decoding: m.values[method].bytes.prefix(80), as: UTF8.self)
            throw RenderFault("the method '\(name)' cannot be called: it is \(type)")
        }
        m.push(base)
        m.push(object)
        for offset in 1..<extra { m.push(method + offset) }
        if call.hasKeywords { m.push(call.base + call.count - 1) }
        let count = Int32(truncatingIfNeeded: extra + (call.hasKeywords ? 1 : 0))
        guard lht_call(m.lua, count, m.slot(base), &m.values.base[base]) else { throw m.scriptFault(base) }
    }

    private static func isFunction(_ m: borrowing Machine, _ index: Int) -> Bool {
        switch m.values[index].type {
        case .function: true
        case .userdata: m.hasMetamethod(index, ["__call"])
        case .table: m.values[index].hasMetatable && m.hasMetamethod(index, ["__call"])
        default: false
        }
    }

    /// `map("truncate", length=5)`.
    private static func bindKeywords(
        _ m: inout Machine, _ call: Call, _ signature: Signature, _ base: Int, _ positional: Int,
        _ name: String
    ) throws(RenderFault) -> Int {
        var count = positional
        let temporary = try m.reserve(1)
        defer { m.release(to: temporary) }
        for (offset, parameter) in signature.parameters.prefix(8).enumerated() where offset >= positional {
            if try keyword(&m, call, parameter, to: temporary) {
                while count < offset {
                    m.values[base + 1 + count] = .missing
                    count += 1
                }
                m.copy(temporary, base + 1 + offset)
                count = offset + 1
            }
        }
        guard count >= signature.required, count <= signature.parameters.count || signature.isVariadic else {
            throw RenderFault("filter '\(name)' has the wrong number of arguments")
        }
        return count
    }

    private static func select(_ m: inout Machine, _ call: Call, wanted: Bool, byAttribute: Bool)
        throws(RenderFault)
    {
        guard try isFilled(&m, call) else { return }
        let attribute = byAttribute ? 1 : 0
        let path = byAttribute ? try m.path(call.base + 1) : Machine.AttributePath(first: 0, count: 0)
        let name = call.count > 1 + attribute ? try m.text(call, 1 + attribute, "") : ""
        let first = 2 + attribute
        let extra = max(0, call.count - first)
        let number = m.set.options.scriptTests.contains(name) ? nil : TestTable.number(of: name)
        if let number {
            let signature = TestTable.all[number].signature
            guard extra >= signature.required, extra <= signature.parameters.count || signature.isVariadic
            else {
                throw RenderFault("test '\(name)' has the wrong number of arguments")
            }
        }
        try m.buildList(from: call.base, to: call.base) { (m, item, list) throws(RenderFault) in
            let base = try m.reserve(1 + extra)
            defer { m.release(to: base) }
            m.copy(item, base)
            if byAttribute { try m.follow(path, base) }
            if number != TestTable.awaitable { try m.settle(base) }
            for offset in 0..<extra { m.copy(call.base + first + offset, base + 1 + offset) }
            let answer: Bool
            if let number {
                answer = try TestTable.all[number].run(
                    &m, Call(base: base, count: extra + 1, hasKeywords: false))
            } else if name.isEmpty {
                answer = try m.isTrue(base)
            } else {
                try m.callScript(named: name, Int32(LHT_TESTS), base, extra + 1)
                answer = try m.isTrue(base)
            }
            if answer == wanted { m.add(item, to: &list) }
        }
    }
}

extension Machine {
    /// A filter or test of a script in the middle of another filter: it cannot wait.
    mutating func callScript(
        named name: String, _ table: Int32, _ base: Int, _ count: Int, keywords: Int = -1
    ) throws(RenderFault) {
        guard lh_type_of(lua, origin + table) == LH_TABLE else {
            throw RenderFault("there is no filter or test '\(name)'")
        }
        var name = name
        let type = name.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                lh_get_field(lua, origin + table, $0.baseAddress, bytes.count)
            }
        }
        guard type == LH_FUNCTION else {
            lh_set_top(lua, slot(top) - 1)
            throw RenderFault("there is no filter or test '\(name)'")
        }
        for offset in 0..<count { push(base + offset) }
        if keywords >= 0 { push(keywords) }
        let count = Int32(truncatingIfNeeded: count + (keywords >= 0 ? 1 : 0))
        guard lht_call(lua, count, slot(base), &values.base[base]) else { throw scriptFault(base) }
    }
}
