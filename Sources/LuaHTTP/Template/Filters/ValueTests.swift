// SPDX-License-Identifier: MIT

internal import CLua

/// The tests: what a value is, and how it compares.
enum ValueTests {
    static let all: [Test] = types + comparisons + texts

    private static let types: [Test] = [
        Test("defined", "", { (m, c) throws(RenderFault) in isDefined(m.values[c.base]) }),
        Test("undefined", "", { (m, c) throws(RenderFault) in !isDefined(m.values[c.base]) }),
        Test("none", "", { (m, c) throws(RenderFault) in m.values[c.base].type == .none }),
        Test("boolean", "", { (m, c) throws(RenderFault) in m.values[c.base].type == .boolean }),
        Test("true", "", { (m, c) throws(RenderFault) in isBoolean(m.values[c.base], true) }),
        Test("false", "", { (m, c) throws(RenderFault) in isBoolean(m.values[c.base], false) }),
        Test(
            "number", "",
            { (m, c) throws(RenderFault) in m.values[c.base].isNumber || m.values[c.base].type == .boolean }),
        Test("integer", "", { (m, c) throws(RenderFault) in m.values[c.base].type == .integer }),
        Test("float", "", { (m, c) throws(RenderFault) in m.values[c.base].type == .float }),
        Test("string", "", { (m, c) throws(RenderFault) in m.values[c.base].type == .string }),
        Test(
            "mapping", "",
            { (m, c) throws(RenderFault) in
                let shape = m.shape(c.base)
                guard shape == LHT_OPAQUE else { return shape == LHT_PAIRS }
                return m.values[c.base].type == .table && !m.isList(c.base)
                    && m.values[c.base].tableKind != .list
            }),
        Test("sequence", "", { (m, c) throws(RenderFault) in isSequence(&m, c.base) }),
        Test(
            "iterable", "",
            { (m, c) throws(RenderFault) in
                let value = m.values[c.base]
                // What gives its items when it is called is, too.
                if value.type == .function || value.type == .thread || m.isIterator(c.base) { return true }
                guard value.type == .undefined else { return isSequence(&m, c.base) }
                if m.set.options.undefined == .strict { throw m.undefinedFault(value) }
                return true
            }),
        Test("callable", "", { (m, c) throws(RenderFault) in m.isCallable(c.base) }),
        Test(
            "escaped", "",
            { (m, c) throws(RenderFault) in m.values[c.base].type == .string && m.values[c.base].isSafe }),
        Test(
            "safe", "",
            { (m, c) throws(RenderFault) in m.values[c.base].type == .string && m.values[c.base].isSafe }),
        Test("awaitable", "", { (m, c) throws(RenderFault) in m.values[c.base].type == .awaitable }),
        Test(
            "filter", "",
            { (m, c) throws(RenderFault) in
                isKnown(m, c) { FilterTable.isKnown($0) || $1.scriptFilters.contains($0) }
            }),
        Test(
            "test", "",
            { (m, c) throws(RenderFault) in
                isKnown(m, c) { TestTable.number(of: $0) != nil || $1.scriptTests.contains($0) }
            }),
    ]

    private static func isDefined(_ value: Value) -> Bool {
        value.type != .undefined && value.type != .missing
    }

    private static func isBoolean(_ value: Value, _ wanted: Bool) -> Bool {
        value.type == .boolean && value.boolean == wanted
    }

    private static func isSequence(_ m: inout Machine, _ index: Int) -> Bool {
        switch m.values[index].type {
        case .string: true
        case .table where m.values[index].hasMetatable && m.shape(index) != LHT_OPAQUE: true
        case .userdata: m.shape(index) != LHT_OPAQUE
        case .table: [.plain, .list, .map, .range, .namespace, .loop].contains(m.values[index].tableKind)
        default: false
        }
    }

    private static func isKnown(
        _ m: borrowing Machine, _ call: Call, _ lookup: (String, TemplateOptions) -> Bool
    ) -> Bool {
        let value = m.values[call.base]
        guard value.type == .string else { return false }
        return lookup(String(decoding: value.bytes, as: UTF8.self), m.set.options)
    }

    // MARK: Comparing

    private static let comparisons: [Test] =
        named(["eq", "==", "equalto"]) { (m, c) throws(RenderFault) in try m.areEqual(c.base, c.base + 1) }
        + named(["ne", "!="]) { (m, c) throws(RenderFault) in try !m.areEqual(c.base, c.base + 1) }
        + named(["lt", "<", "lessthan"]) { (m, c) throws(RenderFault) in
            try m.isOrdered(.less, c.base, c.base + 1)
        }
        + named(["le", "<="]) { (m, c) throws(RenderFault) in try m.isOrdered(.lessEqual, c.base, c.base + 1)
        }
        + named(["gt", ">", "greaterthan"]) { (m, c) throws(RenderFault) in
            try m.isOrdered(.greater, c.base, c.base + 1)
        }
        + named(["ge", ">="]) { (m, c) throws(RenderFault) in
            try m.isOrdered(.greaterEqual, c.base, c.base + 1)
        }
        + [
            Test("in", "seq", { (m, c) throws(RenderFault) in try m.contains(c.base + 1, c.base) }),
            Test(
                "containing", "element", { (m, c) throws(RenderFault) in try m.contains(c.base, c.base + 1) }),
            Test("sameas", "other", { (m, c) throws(RenderFault) in try isSame(&m, c.base, c.base + 1) }),
            Test("odd", "", { (m, c) throws(RenderFault) in try remainder(&m, c, 2) == 1 }),
            Test("even", "", { (m, c) throws(RenderFault) in try remainder(&m, c, 2) == 0 }),
            Test(
                "divisibleby", "num",
                { (m, c) throws(RenderFault) in
                    try remainder(&m, c, try m.integer(c, 1, 1)) == 0
                }),
        ]

    private static func named(
        _ names: [String], _ run: @escaping @Sendable (inout Machine, Call) throws(RenderFault) -> Bool
    ) -> [Test] {
        names.map { Test($0, "other", run) }
    }

    private static func isSame(_ m: inout Machine, _ left: Int, _ right: Int) throws(RenderFault) -> Bool {
        let (x, y) = (m.values[left], m.values[right])
        guard x.type == y.type else { return false }
        switch x.type {
        case .table, .function, .userdata, .thread, .awaitable: return m.isIdentical(left, right)
        default: return try m.areEqual(left, right)
        }
    }

    private static func remainder(_ m: inout Machine, _ call: Call, _ divisor: Int64) throws(RenderFault)
        -> Double
    {
        let temporary = try m.reserve(1)
        defer { m.release(to: temporary) }
        m.values[temporary] = .integer(divisor)
        if m.values[call.base].type == .boolean {
            m.values[call.base] = .integer(m.values[call.base].boolean ? 1 : 0)
        }
        try m.arithmetic(.modulo, call.base, temporary, to: temporary)
        return m.values[temporary].number ?? .nan
    }

    // MARK: Text

    private static let texts: [Test] = [
        Test("lower", "", { (m, c) throws(RenderFault) in try isInCase(&m, c.base, .lower) }),
        Test("upper", "", { (m, c) throws(RenderFault) in try isInCase(&m, c.base, .upper) }),
        Test(
            "startingwith", "prefix",
            { (m, c) throws(RenderFault) in
                try affixes(&m, c) { $0.count >= $1.count && $0.prefix($1.count).elementsEqual($1) }
            }),
        Test(
            "endingwith", "suffix",
            { (m, c) throws(RenderFault) in
                try affixes(&m, c) { $0.count >= $1.count && $0.suffix($1.count).elementsEqual($1) }
            }),
    ]

    private static func affixes(
        _ m: inout Machine, _ call: Call, _ answer: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool
    ) throws(RenderFault) -> Bool {
        try m.textify(call.base)
        try m.textify(call.base + 1)
        return answer(m.values[call.base].bytes, m.values[call.base + 1].bytes)
    }

    /// As Python: at least one letter, and all letters in that case.
    private static func isInCase(_ m: inout Machine, _ index: Int, _ direction: CaseMapping.Direction)
        throws(RenderFault) -> Bool
    {
        try m.textify(index)
        let bytes = m.values[index].bytes
        var (offset, hasLetter) = (0, false)
        while offset < bytes.count {
            let (scalar, length) = UTF8Text.scalar(bytes, at: offset)
            offset += length
            guard let properties = scalar?.properties, properties.isLowercase || properties.isUppercase else {
                continue
            }
            guard direction == .lower ? properties.isLowercase : properties.isUppercase else { return false }
            hasLetter = true
        }
        return hasLetter
    }
}
