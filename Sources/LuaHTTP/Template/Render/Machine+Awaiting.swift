// SPDX-License-Identifier: MIT

internal import CLua

/// Tasks: values that are still being computed. Whoever uses one asks `settle` for its result; when that is
/// not known, the instruction is given up, a script waits for the task, and the instruction runs again.
/// Knows nothing of what runs tasks.
extension Machine {
    /// A task becomes its result; any other value stays what it is.
    @inline(__always)
    mutating func settle(_ index: Int) throws(RenderFault) {
        if values[index].tag == ValueType.awaitable.rawValue { try settleTask(index) }
    }

    /// The same for two operands; true when one was a task.
    @discardableResult
    mutating func settle(_ left: Int, _ right: Int) throws(RenderFault) -> Bool {
        guard values[left].type == .awaitable || values[right].type == .awaitable else { return false }
        try settle(left)
        try settle(right)
        return true
    }

    @inline(never)
    private mutating func settleTask(_ index: Int) throws(RenderFault) {
        if lht_result(lua, origin + Int32(LHT_RESULTS), slot(index), &values.base[index]) {
            if values[index].type == .undefined { values[index] = undefinedHere }
            return
        }
        copy(index, Int(LHT_SCRATCH_3))
        throw RenderFault(.task)
    }

    /// Whether a loop over a function has another item after this one.
    mutating func lookAhead(_ loop: Int) throws(RenderFault) -> Bool {
        switch loops[loop].ahead {
        case .item: return true
        case .end: return false
        case .unknown: throw RenderFault(.lookAhead(loop: loop))
        }
    }

    /// The next round of a loop whose item was asked for already.
    mutating func takeAhead(_ instruction: Instruction, _ target: Int, _ loop: Int) -> Bool {
        guard loops[loop].ahead == .item else {
            loops.count = loop
            pc &+= instruction.distance &- 1
            return true
        }
        loops[loop].ahead = .unknown
        loops[loop].position &+= 1
        let first = instruction.flags == 4 ? target + 1 : target
        item(loops[loop].sequence + 1, 1, to: first)
        if instruction.flags != 0 { item(loops[loop].sequence + 1, 2, to: first + 1) }
        if instruction.flags == 4 { makePair(target) }
        return true
    }

    // MARK: Running the script

    /// Leaves a function and its arguments on the Lua stack; the instruction that was interrupted is the next.
    mutating func begin(_ interrupt: RenderFault.Interrupt) throws(RenderFault) -> Int32 {
        pc -= 1
        // What the instruction had written of a text is written again.
        scratch.count = 0
        pendingInterrupt = interrupt
        switch interrupt {
        case .task:
            guard pushAwait() else {
                pendingInterrupt = nil
                throw RenderFault("this task cannot be waited for")
            }
            push(Int(LHT_SCRATCH_3))
            return 1
        case .lookAhead(let loop):
            lh_push_copy(lua, slot(loops[loop].sequence))
            return 0
        }
    }

    /// Pushes the field `await` of the task's metatable.
    private func pushAwait() -> Bool {
        guard lh_get_metatable(lua, slot(Int(LHT_SCRATCH_3))) else { return false }
        let type = lh_get_field(lua, slot(top), "await", 5)
        lh_remove(lua, slot(top))
        guard type != LH_FUNCTION else { return true }
        lh_set_top(lua, slot(top) - 1)
        return false
    }

    /// The script has returned `results` values, which lie on top.
    mutating func finish(_ interrupt: RenderFault.Interrupt, results: Int32) {
        switch interrupt {
        case .task:
            lh_set_top(lua, slot(top))
            lht_set_result(lua, origin + Int32(LHT_RESULTS), slot(Int(LHT_SCRATCH_3)))
        case .lookAhead(let loop):
            if results == 0 || lh_type_of(lua, slot(top)) == LH_NIL {
                lh_set_top(lua, slot(top) - 1)
                loops[loop].ahead = .end
                return
            }
            lh_set_top(lua, slot(top) + 1)
            let (first, second) = (Int(LHT_SCRATCH), Int(LHT_SCRATCH_2))
            lht_take(lua, slot(second), &values.base[second])
            lht_take(lua, slot(first), &values.base[first])
            let pair = loops[loop].sequence + 1
            setTable(pair, .list, items: 2)
            setItem(pair, 1, first)
            setItem(pair, 2, second)
            loops[loop].ahead = .item
        }
    }
}
