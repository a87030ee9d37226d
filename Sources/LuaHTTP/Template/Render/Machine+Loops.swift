// SPDX-License-Identifier: MIT

internal import CLua

/// `for`: sequences of every kind, and what `loop` knows. A loop is a record of numbers; there is no loop
/// object unless a template asks for one.
extension Machine {
    /// False when there is nothing to go over; of a function that is known only when it was called.
    mutating func beginLoop(_ index: Int, otherwise: Int) throws(RenderFault) -> Bool {
        try settle(index)
        guard try openSequence(index) else { return false }
        let value = values[index]
        var state = LoopState(kind: .list, sequence: index, count: 0)
        switch value.type {
        case .table where isIterator(index), .userdata where isIterator(index), .function:
            state.kind = .function
            state.count = -1
            state.otherwise = otherwise
        case .table:
            switch value.tableKind {
            case .list: state.count = lht_length(lua, slot(index))
            case .range:
                let range = rangeBounds(index)
                state.kind = .range
                (state.start, state.step, state.count) = (range.start, range.step, range.count)
            case .plain, .map, .namespace, .module, .loop:
                let length = value.tableKind == .plain ? lht_length(lua, slot(index)) : 0
                if length > 0 {
                    state.count = length
                } else {
                    state.kind = .map
                    state.count = sortedKeys(index, to: index + 1)
                }
            default: throw RenderFault("a \(value.typeName) cannot be iterated over")
            }
        case .string:
            state.kind = .string
            state.count = Int64(UTF8Text.count(value.bytes))
        case .undefined, .missing:
            if set.options.undefined == .strict { throw undefinedFault(value) }
            return false
        default: throw RenderFault("a value of type \(value.typeName) cannot be iterated over")
        }
        guard state.count != 0 else { return false }
        values[index + 2] = .missing
        if frames.last.kind == .recursion, loops.count == frames.last.loopFloor + frames.last.outerLoops {
            state.depth = frames.last.depth
        }
        loops.append(state)
        return true
    }

    /// False: the iterator, a script's function, is on the Lua stack to be called.
    @inline(__always)
    mutating func nextItem(_ instruction: Instruction, _ target: Int) throws(RenderFault) -> Bool {
        let loop = loops.count &- 1
        let position = loops.base[loop].position
        if loops.base[loop].kind == .list {
            if position >= loops.base[loop].count {
                loops.count = loop
                pc &+= instruction.distance &- 1
                return true
            }
            lht_item(
                lua, slot(loops.base[loop].sequence), position &+ 1, slot(target), &values.base[target])
            // An item that is waited for is unpacked when this instruction runs again.
            if instruction.flags == 2 { try unpack(target, to: target, count: 2) }
            loops.base[loop].position = position &+ 1
            return true
        }
        return try nextOther(instruction, target, loop)
    }

    @inline(never)
    private mutating func nextOther(_ instruction: Instruction, _ target: Int, _ loop: Int)
        throws(RenderFault) -> Bool
    {
        let state = loops[loop]
        if state.kind == .function {
            if state.ahead != .unknown { return takeAhead(instruction, target, loop) }
            loops[loop].position &+= 1
            fuel &-= 50  // about what a call costs
            lh_push_copy(lua, slot(state.sequence))
            pendingResult = target
            pendingIteration = true
            pc &-= 1
            return false
        }
        guard state.position < state.count else {
            loops.count = loop
            pc &+= instruction.distance &- 1
            return true
        }
        loops[loop].position &+= 1
        switch state.kind {
        case .map:
            let key = instruction.flags == 4 ? target + 1 : target
            item(state.sequence + 1, state.position + 1, to: key)
            if instruction.flags != 0 { try get(state.sequence, key, to: key + 1) }
            if instruction.flags == 4 { makePair(target) }
            return true
        case .range: values[target] = .integer(state.start &+ state.step &* state.position)
        case .string:
            let value = values[state.sequence]
            let offset = Int(state.start)
            let length = UTF8Text.length(value.bytes, at: offset)
            loops[loop].start &+= Int64(length)
            try setString(target, UnsafeRawBufferPointer(rebasing: value.bytes[offset..<offset + length]))
        case .list, .function: break
        }
        if instruction.flags == 2 { try unpack(target, to: target, count: 2) }
        return true
    }

    /// An iterator has returned `results` values; nil ends the loop.
    mutating func finishNext(_ instruction: Instruction, results: Int32) {
        let target = pendingResult
        if results == 0 || lh_type_of(lua, slot(top)) == LH_NIL {
            lh_set_top(lua, slot(top) - 1)
            let isEmpty = loops.last.position == 1
            pc = isEmpty ? loops.last.otherwise : pc + instruction.distance - 1
            loops.removeLast()
            return
        }
        let first = instruction.flags == 4 ? target + 1 : target
        if instruction.flags != 0 {
            lh_set_top(lua, slot(top) + 1)
            lht_take(lua, slot(first + 1), &values.base[first + 1])
        } else {
            lh_set_top(lua, slot(top))
        }
        lht_take(lua, slot(first), &values.base[first])
        if instruction.flags == 4 { makePair(target) }
    }

    /// A list of the two values behind `target`.
    mutating func makePair(_ target: Int) {
        setTable(target, .list, items: 2)
        for offset in 1...2 { setItem(target, Int64(offset), target + offset) }
    }

    // MARK: Unpacking

    /// `a, b = value`.
    mutating func unpack(_ source: Int, to first: Int, count: Int) throws(RenderFault) {
        let temporary = try reserve(2)
        defer { release(to: temporary) }
        try settle(source)
        if values[source].type == .undefined { throw undefinedFault(values[source]) }
        let found = try listify(source, to: temporary)
        guard found == Int64(count) else {
            throw RenderFault("cannot unpack \(found) values into \(count)")
        }
        for offset in 0..<count { item(temporary, Int64(offset) + 1, to: first + offset) }
    }

    // MARK: loop.x

    mutating func loopField(_ instruction: Instruction, _ target: Int) throws(RenderFault) {
        let loop = loops.count &- 1 &- Int(instruction.b)
        let state = loops[loop]
        let isKnown = state.count >= 0
        switch LoopField(rawValue: instruction.c) ?? .index {
        case .index: values[target] = .integer(state.position)
        case .index0: values[target] = .integer(state.position &- 1)
        case .revindex:
            values[target] = isKnown ? .integer(state.count &- state.position &+ 1) : undefinedHere
        case .revindex0: values[target] = isKnown ? .integer(state.count &- state.position) : undefinedHere
        case .first: values[target] = .boolean(state.position == 1)
        case .last where !isKnown: values[target] = .boolean(try !lookAhead(loop))
        case .last: values[target] = .boolean(state.position == state.count)
        case .length: values[target] = isKnown ? .integer(state.count) : undefinedHere
        case .depth: values[target] = .integer(Int64(state.depth) + 1)
        case .depth0: values[target] = .integer(Int64(state.depth))
        case .previtem: try loopItem(loop, state.position - 2, to: target)
        case .nextitem: try loopItem(loop, state.position, to: target)
        }
    }

    private mutating func loopItem(_ loop: Int, _ position: Int64, to target: Int) throws(RenderFault) {
        let state = loops[loop]
        if state.kind == .function, position == state.position {
            guard try lookAhead(loop) else { return values[target] = undefinedHere }
            return item(state.sequence + 1, 1, to: target)
        }
        guard position >= 0, position < state.count else {
            values[target] = undefinedHere
            return
        }
        switch state.kind {
        case .list: item(state.sequence, position + 1, to: target)
        case .map: item(state.sequence + 1, position + 1, to: target)
        case .range: values[target] = .integer(state.start &+ state.step &* position)
        case .string:
            let bytes = values[state.sequence].bytes
            let range = UTF8Text.range(bytes, from: Int(position), count: 1)
            try setString(target, UnsafeRawBufferPointer(rebasing: bytes[range]))
        case .function: values[target] = undefinedHere
        }
    }

    /// The values of this moment, for a macro or a variable.
    mutating func loopObject(_ source: Instruction, to target: Int) throws(RenderFault) {
        let temporary = try reserve(3)
        defer { release(to: temporary) }
        setTable(temporary, .loop, entries: LoopField.allCases.count)
        if source.c > 0 {
            // {frame, loop}: what `callLoop` needs to enter it again.
            let loop = loops.count - 1 - Int(source.b)
            loops[loop].entry = pc - 1 - Int(source.c)
            for (offset, number) in [frames.count, loop].enumerated() {
                values[temporary + 1] = .integer(Int64(number))
                setItem(temporary, Int64(offset) + 1, temporary + 1)
            }
        }
        let isKnown = loops[loops.count - 1 - Int(source.b)].count >= 0
        for field in LoopField.allCases where isKnown || field != .last && field != .nextitem {
            var instruction = Instruction(.loopField)
            instruction.b = source.b
            instruction.c = field.rawValue
            try loopField(instruction, temporary + 1)
            let name = "\(field)"
            scratch.count = 0
            scratch.append(name)
            try setScratch(temporary + 2)
            lht_set(
                lua, slot(temporary), &values.base[temporary + 2], slot(temporary + 2),
                &values.base[temporary + 1],
                slot(temporary + 1))
        }
        copy(temporary, target)
    }

    mutating func loopCycle(_ instruction: Instruction, _ target: Int) throws(RenderFault) {
        let count = Int64(instruction.c)
        guard count > 0 else { throw RenderFault("loop.cycle needs something to cycle through") }
        let position = loops[loops.count - 1 - Int(instruction.b)].position - 1
        guard instruction.flags & 1 != 0 else { return copy(target + 1 + Int(position % count), target) }
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        let fixed = count - 1
        let more = try listify(target + Int(count), to: temporary)
        guard fixed + more > 0 else { throw RenderFault("loop.cycle needs something to cycle through") }
        let chosen = position % (fixed + more)
        if chosen < fixed {
            copy(target + 1 + Int(chosen), target)
        } else {
            item(temporary, chosen - fixed + 1, to: target)
        }
    }

    /// Whether the arguments differ from those of the last call in this loop.
    mutating func loopChanged(_ instruction: Instruction, _ target: Int) throws(RenderFault) {
        let memory = loops[loops.count - 1 - Int(instruction.b)].sequence + 2
        let count = Int(instruction.c)
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        setTable(temporary, .list, items: count)
        for offset in 0..<count { setItem(temporary, Int64(offset) + 1, target + 1 + offset) }
        let changed = values[memory].type == .missing ? true : try !areEqual(memory, temporary)
        if changed { copy(temporary, memory) }
        values[target] = .boolean(changed)
    }
}
