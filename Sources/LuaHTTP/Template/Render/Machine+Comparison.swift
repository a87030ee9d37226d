// SPDX-License-Identifier: MIT

internal import CLua

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Equality, order and membership.
extension Machine {
    /// Tables that contain each other end here instead of on the stack.
    static var maximumNesting: Int { 60 }

    mutating func areEqual(_ left: Int, _ right: Int, depth: Int = 0) throws(RenderFault) -> Bool {
        let (x, y) = (values[left], values[right])
        if x.isNumber, y.isNumber { return Self.order(x, y) == 0 }
        if try settle(left, right) { return try areEqual(left, right, depth: depth) }
        if set.options.undefined == .strict {
            for value in [x, y] where value.type == .undefined { throw undefinedFault(value) }
        }
        guard x.type == y.type else { return false }
        switch x.type {
        case .undefined, .missing, .none: return true
        case .boolean, .builtin: return x.bits == y.bits
        case .string: return Self.compare(x, y) == 0
        case .integer, .float: return false
        case .function, .userdata, .thread, .awaitable: return lht_same(lua, slot(left), slot(right))
        case .table:
            if lht_same(lua, slot(left), slot(right)) { return true }
            guard depth < Self.maximumNesting else {
                throw RenderFault("tables are nested too deeply", kind: .limit)
            }
            return try areTablesEqual(left, right, depth)
        }
    }

    private mutating func areTablesEqual(_ left: Int, _ right: Int, _ depth: Int) throws(RenderFault) -> Bool
    {
        let kinds = (values[left].tableKind, values[right].tableKind)
        guard [.plain, .list, .map, .range].contains(kinds.0),
            [.plain, .list, .map, .range].contains(kinds.1)
        else {
            return false
        }
        try work()
        let temporary = try reserve(4)
        defer { release(to: temporary) }
        if isSequence(left), isSequence(right) {
            let count = try listify(left, to: temporary)
            guard try listify(right, to: temporary + 1) == count else { return false }
            for position in 0..<count {
                item(temporary, position + 1, to: temporary + 2)
                item(temporary + 1, position + 1, to: temporary + 3)
                if try !areEqual(temporary + 2, temporary + 3, depth: depth + 1) { return false }
            }
            return true
        }
        guard !isList(left), !isList(right) else { return false }
        let count = sortedKeys(left, to: temporary)
        guard sortedKeys(right, to: temporary + 1) == count else { return false }
        for position in 0..<count {
            item(temporary, position + 1, to: temporary + 2)
            try get(right, temporary + 2, to: temporary + 3)
            try get(left, temporary + 2, to: temporary + 2)
            if try !areEqual(temporary + 2, temporary + 3, depth: depth + 1) { return false }
        }
        return true
    }

    /// -1, 0 or 1; nil when one is not a number. Exact also where a float cannot hold the integer.
    static func order(_ x: Value, _ y: Value) -> Int? {
        switch (x.type, y.type) {
        case (.integer, .integer): return x.integer < y.integer ? -1 : x.integer == y.integer ? 0 : 1
        case (.float, .float): return orderFloats(x.float, y.float)
        case (.integer, .float): return orderMixed(x.integer, y.float)
        case (.float, .integer): return orderMixed(y.integer, x.float).map { -$0 }
        default: return nil
        }
    }

    private static func orderFloats(_ x: Double, _ y: Double) -> Int? {
        x < y ? -1 : x == y ? 0 : x > y ? 1 : nil
    }

    private static func orderMixed(_ x: Int64, _ y: Double) -> Int? {
        guard y.isFinite, y.magnitude < 9.3e18 else { return orderFloats(0, y) }
        let floor = y.rounded(.down)
        guard let whole = Int64(exactly: floor) else { return y < 0 ? 1 : -1 }
        if x != whole { return x < whole ? -1 : 1 }
        return y > floor ? -1 : 0
    }

    static func compare(_ x: Value, _ y: Value) -> Int {
        let shorter = min(x.byteCount, y.byteCount)
        // SAFETY: both are strings with at least `shorter` bytes.
        let order = shorter > 0 ? memcmp(x.bytePointer, y.bytePointer, shorter) : 0
        if order != 0 { return order < 0 ? -1 : 1 }
        return x.byteCount < y.byteCount ? -1 : x.byteCount == y.byteCount ? 0 : 1
    }

    mutating func isOrdered(_ opcode: Opcode, _ left: Int, _ right: Int) throws(RenderFault) -> Bool {
        guard let order = try order(left, right, symbol: opcode.symbol) else { return false }
        switch opcode {
        case .less: return order < 0
        case .lessEqual: return order <= 0
        case .greater: return order > 0
        default: return order >= 0
        }
    }

    /// Order of two values; nil when a nan makes it unknown, a fault when there is none.
    mutating func order(_ left: Int, _ right: Int, symbol: String = "<", depth: Int = 0) throws(RenderFault)
        -> Int?
    {
        let (x, y) = (values[left], values[right])
        switch (x.type, y.type) {
        case (.integer, .integer), (.float, .float), (.integer, .float), (.float, .integer):
            return Self.order(x, y)
        case (.string, .string): return Self.compare(x, y)
        case (.boolean, .boolean): return Int(x.bits) - Int(y.bits)
        case (.undefined, _): throw undefinedFault(x)
        case (_, .undefined): throw undefinedFault(y)
        case (.table, .table) where isSequence(left) && isSequence(right):
            guard depth < Self.maximumNesting else {
                throw RenderFault("tables are nested too deeply", kind: .limit)
            }
            return try orderLists(left, right, symbol, depth)
        case (.awaitable, _), (_, .awaitable):
            try settle(left, right)
            return try order(left, right, symbol: symbol, depth: depth)
        default: throw RenderFault("cannot compare \(x.typeName) with \(y.typeName) by '\(symbol)'")
        }
    }

    private mutating func orderLists(_ left: Int, _ right: Int, _ symbol: String, _ depth: Int)
        throws(RenderFault)
        -> Int?
    {
        try work()
        let temporary = try reserve(4)
        defer { release(to: temporary) }
        let counts = (try listify(left, to: temporary), try listify(right, to: temporary + 1))
        for position in 0..<min(counts.0, counts.1) {
            item(temporary, position + 1, to: temporary + 2)
            item(temporary + 1, position + 1, to: temporary + 3)
            if try areEqual(temporary + 2, temporary + 3) { continue }
            return try order(temporary + 2, temporary + 3, symbol: symbol, depth: depth + 1)
        }
        return counts.0 < counts.1 ? -1 : counts.0 == counts.1 ? 0 : 1
    }

    func isIdentical(_ left: Int, _ right: Int) -> Bool { lht_same(lua, slot(left), slot(right)) }

    // MARK: Membership

    /// Item of a list, key of a map, part of a string.
    mutating func contains(_ container: Int, _ element: Int) throws(RenderFault) -> Bool {
        try settle(container, element)
        try work()
        let (value, wanted) = (values[container], values[element])
        switch value.type {
        case .string:
            guard wanted.type == .string else {
                if wanted.type == .undefined { throw undefinedFault(wanted) }
                throw RenderFault("cannot look for \(wanted.typeName) in a string")
            }
            return Self.find(wanted.bytes, in: value.bytes) != nil
        case .undefined, .missing:
            if set.options.undefined == .strict { throw undefinedFault(value) }
            return false
        case .table where value.tableKind == .range: return isInRange(rangeBounds(container), wanted)
        case .table where isList(container):
            let temporary = try reserve(1)
            defer { release(to: temporary) }
            for position in 0..<lht_length(lua, slot(container)) {
                item(container, position + 1, to: temporary)
                if try areEqual(temporary, element) { return true }
            }
            return false
        case .table, .userdata:
            let temporary = try reserve(1)
            defer { release(to: temporary) }
            if shape(container) == LHT_ITEMS {
                _ = try openObject(container, to: temporary)
                return try contains(temporary, element)
            }
            try get(container, element, to: temporary)
            return values[temporary].type != .undefined
        default: throw RenderFault("cannot look into a value of type \(value.typeName)")
        }
    }

    private func isInRange(_ range: (start: Int64, step: Int64, count: Int64), _ value: Value) -> Bool {
        guard range.count > 0,
            let integer = value.type == .integer ? value.integer : Int64(exactly: value.number ?? 0.5)
        else { return false }
        let (distance, overflow) = integer.subtractingReportingOverflow(range.start)
        // Int64.min / -1 does not fit.
        guard !overflow, distance != .min, distance % range.step == 0 else { return false }
        return distance / range.step >= 0 && distance / range.step < range.count
    }

    static func find(_ needle: UnsafeRawBufferPointer, in bytes: UnsafeRawBufferPointer, from start: Int = 0)
        -> Int?
    {
        guard let wanted = needle.baseAddress, !needle.isEmpty else {
            return start <= bytes.count ? start : nil
        }
        guard let haystack = bytes.baseAddress, start < bytes.count else { return nil }
        // SAFETY: the search stays inside `bytes`; it takes linear time whatever the texts are.
        guard let hit = lh_find(haystack + start, bytes.count - start, wanted, needle.count) else {
            return nil
        }
        return hit - haystack
    }
}
