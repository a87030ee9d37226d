// SPDX-License-Identifier: MIT

internal import CLua

/// Instructions that are not in the inner loop.
extension Machine {
    @inline(never)
    mutating func execute(_ instruction: Instruction, _ base: Int, _ a: Int) throws(RenderFault) -> Flow {
        let b = base + Int(instruction.b)
        let c = base + Int(instruction.c)
        switch instruction.opcode {
        case .loadUndefined: values[a] = .undefined
        case .loadMissing: values[a] = .missing
        case .loadNone: values[a] = .none
        case .loadBoolean: values[a] = .boolean(instruction.b != 0)
        case .index: try index(b, by: c, to: a)
        case .slice: try slice(b, c, to: a)
        case .list: setTable(a, .list, items: Int(instruction.wide))
        case .append: try append(a, b, spreads: instruction.flags != 0)
        case .map: setTable(a, .map, entries: Int(instruction.wide))
        case .put: try put(a, b, c, spreads: instruction.flags != 0)
        case .add, .subtract, .multiply, .divide, .floorDivide, .modulo, .power:
            try arithmetic(instruction.opcode, b, c, to: a)
        case .negate, .identity: try sign(instruction.opcode, b, to: a)
        case .not: values[a] = .boolean(try !isTrue(b))
        case .concatenate: try concatenate(b, count: Int(instruction.c), to: a)
        case .equal: values[a] = .boolean(try areEqual(b, c))
        case .notEqual: values[a] = .boolean(try !areEqual(b, c))
        case .less, .lessEqual, .greater, .greaterEqual:
            values[a] = .boolean(try isOrdered(instruction.opcode, b, c))
        case .isIn: values[a] = .boolean(try contains(c, b))
        case .isNotIn: values[a] = .boolean(try !contains(c, b))
        case .jumpIfGiven:
            if values[a].type != .missing { pc += instruction.distance - 1 }
        case .capture: beginCapture()
        case .endCapture: try endCapture(a, safe: frames.last.escapes)
        case .dropCaptures: for _ in 0..<instruction.b { try endCapture(-1, safe: false) }
        case .flush:
            if captures.count == 0, output.count > 0 { return .stop(try flush()) }
        case .debug: if set.options.showsDebug { try debug() }
        case .filter: try filter(instruction, a)
        case .test: try test(instruction, a)
        case .beginLoop:
            let otherwise = pc + instruction.distance - 1
            if try !beginLoop(a, otherwise: otherwise) { pc = otherwise }
        case .endLoop: loops.removeLast()
        case .unpack: try unpack(a, to: b, count: Int(instruction.c))
        case .loopCycle: try loopCycle(instruction, a)
        case .loopChanged: try loopChanged(instruction, a)
        case .loopObject: try loopObject(instruction, to: a)
        default: return try executeFrameChange(instruction, base, a)
        }
        return .next
    }

    /// Instructions that name things or other frames.
    private mutating func executeFrameChange(_ instruction: Instruction, _ base: Int, _ a: Int)
        throws(RenderFault)
        -> Flow
    {
        let wide = Int(instruction.wide)
        switch instruction.opcode {
        case .scriptFilter, .scriptTest: return try scriptFilter(instruction, base, a)
        case .call: return try call(instruction, a, method: nil)
        case .callMethod: return try call(instruction, a, method: Int(instruction.c))
        case .recurse: return try recurse(instruction, a)
        case .endRecursion:
            guard frames.last.kind == .recursion, frames.last.entry == pc - 1 + instruction.distance else {
                return .next
            }
            try pop()
            return .frameChanged
        case .export:
            ownContext()
            lht_set_name(
                lua, slot(base), origin + Int32(LHT_NAMES), Int32(truncatingIfNeeded: wide), &values.base[a],
                slot(a))
        case .setField: try setField(a, base + Int(instruction.b), Int(instruction.c))
        case .scope: makeScope(at: a)
        case .scopeSet:
            let b = base + Int(instruction.b)
            if values[b].type != .undefined {
                lht_set_name(
                    lua, slot(a), origin + Int32(LHT_NAMES), Int32(instruction.c), &values.base[b], slot(b))
            }
        case .macro: try makeMacro(unit: wide, to: a)
        case .block: return try enterBlock(UInt16(truncatingIfNeeded: wide), context: a)
        case .superBlock: return try enterSuper(instruction, a)
        case .selfBlock: return try enterSelf(instruction, a)
        case .requiredBlock:
            try requireOverride(UInt16(truncatingIfNeeded: wide))
        case .include: return try include(instruction, base)
        case .importModule: return try importModule(instruction, base, a)
        case .extends: try extend(instruction, base)
        case .autoescape:
            let old = frames.last.escapes
            frames.last.escapes = try isTrue(a)
            values[base + Int(instruction.b)] = .boolean(old)
        case .restoreEscape: frames.last.escapes = values[a].boolean
        case .end: return try end()
        default: throw RenderFault("corrupt bytecode")
        }
        return .next
    }

    private mutating func flush() throws(RenderFault) -> Stop {
        bytesWritten += output.count
        return .slice
    }

    /// What the handler passed, as JSON.
    private mutating func debug() throws(RenderFault) {
        let mark = scratch.count
        lht_read(lua, slot(Int(LHT_VARIABLES)), &values.base[Int(LHT_VARIABLES)])
        try appendJSON(Int(LHT_VARIABLES), style: .plain, depth: 0)
        let text = scratch.bytes[mark...]
        if frames.last.escapes {
            output.appendEscaped(scratch.base + mark, text.count)
        } else {
            output.append(UnsafeRawBufferPointer(rebasing: text))
        }
        scratch.count = mark
    }

    private mutating func append(_ list: Int, _ item: Int, spreads: Bool) throws(RenderFault) {
        var count = lht_length(lua, slot(list))
        guard spreads else { return setItem(list, count + 1, item) }
        let temporary = try reserve(2)
        defer { release(to: temporary) }
        let added = try listify(item, to: temporary)
        for position in 0..<added {
            self.item(temporary, position + 1, to: temporary + 1)
            count += 1
            setItem(list, count, temporary + 1)
        }
    }

    private mutating func put(_ map: Int, _ key: Int, _ value: Int, spreads: Bool) throws(RenderFault) {
        guard spreads else {
            try settle(key)
            guard lht_set(lua, slot(map), &values.base[key], slot(key), &values.base[value], slot(value))
            else {
                throw RenderFault("a value of type \(values[key].typeName) cannot be a key")
            }
            return
        }
        guard values[key].type == .table else { throw RenderFault("the argument after '**' must be a map") }
        let temporary = try reserve(3)
        defer { release(to: temporary) }
        let count = sortedKeys(key, to: temporary)
        for position in 0..<count {
            item(temporary, position + 1, to: temporary + 1)
            try get(key, temporary + 1, to: temporary + 2)
            try put(map, temporary + 1, temporary + 2, spreads: false)
        }
    }

    private mutating func setField(_ object: Int, _ value: Int, _ name: Int) throws(RenderFault) {
        guard values[object].type == .table, values[object].tableKind == .namespace else {
            if values[object].type == .undefined { throw undefinedFault(values[object]) }
            throw RenderFault("only attributes of namespace() can be set")
        }
        lht_set_name(
            lua, slot(object), origin + Int32(LHT_NAMES), Int32(truncatingIfNeeded: name),
            &values.base[value],
            slot(value))
    }

    // MARK: Filters and tests

    private mutating func filter(_ instruction: Instruction, _ a: Int) throws(RenderFault) {
        let call = Call(base: a, count: Int(instruction.c), hasKeywords: instruction.flags & 1 != 0)
        fuel &-= 10
        for index in a..<a + call.count { try settle(index) }
        try FilterTable.all[Int(instruction.b)].run(&self, call)
    }

    private mutating func test(_ instruction: Instruction, _ a: Int) throws(RenderFault) {
        let call = Call(base: a, count: Int(instruction.c), hasKeywords: false)
        if Int(instruction.b) != TestTable.awaitable {
            for index in a..<a + call.count { try settle(index) }
        }
        let answer = try TestTable.all[Int(instruction.b)].run(&self, call)
        values[a] = .boolean(answer != (instruction.flags & 2 != 0))
    }
}

/// A value and its arguments in consecutive places; the result of a filter replaces the value.
struct Call {
    var base: Int
    /// Arguments and the value itself.
    var count: Int
    /// The last argument is a map of keywords.
    var hasKeywords: Bool

    /// Index of argument `number` (from 1), or nil when it was not given.
    func index(_ number: Int) -> Int? { number < count ? base + number : nil }
}
