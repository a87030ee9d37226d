// SPDX-License-Identifier: MIT

internal import CLua

/// Truth, equality, order, arithmetic: Python's rules over Lua's values. Nothing here traps: integers that
/// overflow become floats.
extension Machine {
    @inline(__always)
    mutating func isTrue(_ index: Int) throws(RenderFault) -> Bool {
        let value = values[index]
        switch value.type {
        case .boolean, .integer: return value.bits != 0
        case .string: return value.length != 0
        case .none, .missing: return false
        case .undefined:
            if set.options.undefined == .strict { throw undefinedFault(value) }
            return false
        case .float: return value.float != 0
        case .table where value.hasMetatable:
            if let count = try objectLength(index) { return count > 0 }
            return isFilled(index)
        case .table: return isFilled(index)
        case .awaitable:
            try settle(index)
            return try isTrue(index)
        case .userdata: return try objectLength(index).map { $0 > 0 } ?? true
        case .function, .thread, .builtin: return true
        }
    }

    private func isFilled(_ index: Int) -> Bool {
        switch values[index].tableKind {
        case .plain, .list, .map: lht_length(lua, slot(index)) > 0 || !lht_is_empty(lua, slot(index))
        case .range: rangeBounds(index).count > 0
        default: true
        }
    }

    // MARK: Arithmetic

    mutating func arithmetic(_ opcode: Opcode, _ left: Int, _ right: Int, to index: Int) throws(RenderFault) {
        let (x, y) = (values[left], values[right])
        if x.type == .integer, y.type == .integer {
            values[index] = try integers(opcode, x.integer, y.integer)
        } else if let x = x.number, let y = y.number {
            values[index] = try floats(opcode, x, y)
        } else {
            try mixed(opcode, left, right, to: index)
        }
    }

    private func integers(_ opcode: Opcode, _ x: Int64, _ y: Int64) throws(RenderFault) -> Value {
        let result: (partialValue: Int64, overflow: Bool)
        switch opcode {
        case .add: result = x.addingReportingOverflow(y)
        case .subtract: result = x.subtractingReportingOverflow(y)
        case .multiply: result = x.multipliedReportingOverflow(by: y)
        case .floorDivide, .modulo:
            guard y != 0 else { throw RenderFault("division by zero") }
            // Int64.min / -1 does not fit.
            guard y != -1 else {
                return opcode == .modulo ? .integer(0) : try integers(.subtract, 0, x)
            }
            let (quotient, remainder) = x.quotientAndRemainder(dividingBy: y)
            let rounds = remainder != 0 && (remainder < 0) != (y < 0)
            return .integer(
                opcode == .modulo ? (rounds ? remainder + y : remainder) : (rounds ? quotient - 1 : quotient))
        case .power where y >= 0: return Self.power(x, y)
        default: return try floats(opcode, Double(x), Double(y))
        }
        return result.overflow ? try floats(opcode, Double(x), Double(y)) : .integer(result.partialValue)
    }

    private static func power(_ base: Int64, _ exponent: Int64) -> Value {
        var (result, factor, left): (Int64, Int64, Int64) = (1, base, exponent)
        while left > 0 {
            if left & 1 == 1 {
                let (product, overflow) = result.multipliedReportingOverflow(by: factor)
                guard !overflow else { return .float(PlatformMath.power(Double(base), Double(exponent))) }
                result = product
            }
            left >>= 1
            guard left > 0 else { break }
            let (square, overflow) = factor.multipliedReportingOverflow(by: factor)
            guard !overflow else { return .float(PlatformMath.power(Double(base), Double(exponent))) }
            factor = square
        }
        return .integer(result)
    }

    private func floats(_ opcode: Opcode, _ x: Double, _ y: Double) throws(RenderFault) -> Value {
        switch opcode {
        case .add: return .float(x + y)
        case .subtract: return .float(x - y)
        case .multiply: return .float(x * y)
        case .power:
            guard x != 0 || y >= 0 else { throw RenderFault("division by zero") }
            return .float(PlatformMath.power(x, y))
        default: break
        }
        guard y != 0 else { throw RenderFault("division by zero") }
        switch opcode {
        case .divide: return .float(x / y)
        case .floorDivide: return .float((x / y).rounded(.down))
        default:
            let remainder = x.truncatingRemainder(dividingBy: y)
            return .float(remainder != 0 && (remainder < 0) != (y < 0) ? remainder + y : remainder)
        }
    }

    /// Strings and lists: `+` joins, `*` repeats.
    private mutating func mixed(_ opcode: Opcode, _ left: Int, _ right: Int, to index: Int)
        throws(RenderFault)
    {
        if try settle(left, right) { return try arithmetic(opcode, left, right, to: index) }
        let (x, y) = (values[left], values[right])
        for value in [x, y] where value.type == .undefined { throw undefinedFault(value) }
        if let number = Self.asNumber(x), let other = Self.asNumber(y) {
            let temporary = try reserve(2)
            defer { release(to: temporary) }
            values[temporary] = number
            values[temporary + 1] = other
            return try arithmetic(opcode, temporary, temporary + 1, to: index)
        }
        switch (opcode, x.type, y.type) {
        case (.add, .string, .string): return try join([left, right], to: index)
        case (.add, .table, .table) where isSequence(left) && isSequence(right):
            return try joinLists(left, right, to: index)
        case (.multiply, .string, .integer): return try repeatString(x, y.integer, to: index)
        case (.multiply, .integer, .string): return try repeatString(y, x.integer, to: index)
        case (.multiply, .table, .integer) where isSequence(left):
            return try repeatList(left, y.integer, to: index)
        case (.multiply, .integer, .table) where isSequence(right):
            return try repeatList(right, x.integer, to: index)
        default: throw RenderFault("cannot use '\(opcode.symbol)' with \(x.typeName) and \(y.typeName)")
        }
    }

    /// `true` counts as 1, as in Python.
    private static func asNumber(_ value: Value) -> Value? {
        value.type == .boolean ? .integer(value.boolean ? 1 : 0) : value.isNumber ? value : nil
    }

    /// A list, or an empty table, which is both.
    func isSequence(_ index: Int) -> Bool {
        guard values[index].type == .table else { return false }
        return isList(index) || values[index].tableKind == .plain && lht_is_empty(lua, slot(index))
    }

    private mutating func repeatString(_ value: Value, _ times: Int64, to index: Int) throws(RenderFault) {
        let times = max(0, times)
        let (size, overflow) = Int64(value.byteCount).multipliedReportingOverflow(by: times)
        guard !overflow, size <= 10_000_000 else {
            throw RenderFault("repeated string is too long", kind: .limit)
        }
        scratch.count = 0
        if size > 0 {
            for _ in 0..<times { scratch.append(value.bytes) }
        }
        try setScratch(index, safe: value.isSafe)
    }

    /// More are more likely a mistake than a list.
    private static var mostItems: Int64 { 1_000_000 }

    private mutating func joinLists(_ left: Int, _ right: Int, to index: Int) throws(RenderFault) {
        let temporary = try reserve(3)
        defer { release(to: temporary) }
        setTable(temporary + 1, .list)
        var count: Int64 = 0
        for source in [left, right] {
            let length = try listify(source, to: temporary)
            guard count + length <= Self.mostItems else {
                throw RenderFault("joined list is too long (limit \(Self.mostItems))", kind: .limit)
            }
            for position in 0..<length {
                try work()
                item(temporary, position + 1, to: temporary + 2)
                count += 1
                setItem(temporary + 1, count, temporary + 2)
            }
        }
        copy(temporary + 1, index)
    }

    private mutating func repeatList(_ list: Int, _ times: Int64, to index: Int) throws(RenderFault) {
        let temporary = try reserve(3)
        defer { release(to: temporary) }
        let length = try listify(list, to: temporary)
        let (size, overflow) = length.multipliedReportingOverflow(by: max(0, times))
        guard !overflow, size <= Self.mostItems else {
            throw RenderFault("repeated list is too long (limit \(Self.mostItems))", kind: .limit)
        }
        setTable(temporary + 1, .list)
        for position in 0..<size {
            try work()
            item(temporary, position % length + 1, to: temporary + 2)
            setItem(temporary + 1, position + 1, temporary + 2)
        }
        copy(temporary + 1, index)
    }

    mutating func sign(_ opcode: Opcode, _ source: Int, to index: Int) throws(RenderFault) {
        try settle(source)
        let value = values[source]
        switch value.type {
        case .integer: values[index] = opcode == .identity ? value : try integers(.subtract, 0, value.integer)
        case .float: values[index] = .float(opcode == .identity ? value.float : -value.float)
        case .undefined: throw undefinedFault(value)
        default: throw RenderFault("cannot use '\(opcode.symbol)' with \(value.typeName)")
        }
    }

    // MARK: Concatenation

    /// `a ~ b`: everything as text; beside a safe string the others are escaped, where anything is.
    mutating func concatenate(_ first: Int, count: Int, to index: Int) throws(RenderFault) {
        try join(Array(first..<first + count), mayBeSafe: escapes, to: index)
    }

    private mutating func join(_ parts: [Int], mayBeSafe: Bool = true, to index: Int) throws(RenderFault) {
        for part in parts { try settle(part) }
        let isSafe = mayBeSafe && parts.contains { values[$0].type == .string && values[$0].isSafe }
        let mark = scratch.count
        for part in parts {
            if values[part].type == .undefined, set.options.undefined == .strict {
                throw undefinedFault(values[part])
            }
            try appendText(part, escaped: isSafe)
        }
        try setScratch(index, from: mark, safe: isSafe)
    }
}

extension Opcode {
    var symbol: String {
        switch self {
        case .add, .identity: "+"
        case .subtract, .negate: "-"
        case .multiply: "*"
        case .divide: "/"
        case .floorDivide: "//"
        case .modulo: "%"
        case .power: "**"
        case .less: "<"
        case .lessEqual: "<="
        case .greater: ">"
        case .greaterEqual: ">="
        default: "\(self)"
        }
    }
}
