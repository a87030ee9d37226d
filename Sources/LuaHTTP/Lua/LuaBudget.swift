// SPDX-License-Identifier: MIT

internal import CLua

/// What a task may use of its VM: processor time from one wait to the next, and memory. Knows nothing of
/// requests; what happens to one that uses more is told by ``LuaStatus``.
struct LuaBudget {
    fileprivate var values: lh_budget

    /// - Parameters:
    ///   - cpu: milliseconds of one turn; 0 stands for no limit.
    ///   - memory: bytes by which the task may let the VM grow.
    ///   - place: whose it is, for the log of stalls; stays in place as long as the budget is used.
    init(cpu: Int, memory: Int, place: UnsafePointer<CChar>? = nil) {
        values = lh_budget(
            cpu: UInt32(clamping: cpu), memory: max(0, memory), held: 0, place: place)
    }

    static var unlimited: LuaBudget { LuaBudget(cpu: 0, memory: .max) }

    /// Milliseconds of one turn.
    var cpu: Int { Int(values.cpu) }
}

/// One turn of a task, from one wait to the next, between ``LuaVM/beginTurn(_:)`` and
/// ``LuaVM/endTurn(_:_:)``. Turns nest; only the outermost has a clock.
struct LuaTurn {
    fileprivate let values: lh_turn
}

extension LuaVM {
    func beginTurn(_ budget: LuaBudget) -> LuaTurn {
        withUnsafePointer(to: budget.values) { LuaTurn(values: lh_turn_begin(vm, $0)) }
    }

    /// - Parameter budget: learns what the task holds.
    func endTurn(_ turn: LuaTurn, _ budget: inout LuaBudget) { lh_turn_end(vm, turn.values, &budget.values) }

    /// What the VM has left is less than what the budget has: who fails for want of memory fails for others.
    func hasLess(than budget: LuaBudget) -> Bool {
        let (used, _, limit) = memory
        // The last sixteenth is for those who need little (lh_watchdog.c).
        let left = limit - limit / 16 - used
        let (own, overflow) = Int(clamping: budget.values.memory)
            .subtractingReportingOverflow(Int(clamping: budget.values.held))
        return !overflow && left < max(own, 0)
    }

    /// The time of the turn is used up.
    var isTurnOver: Bool { lh_turn_is_over(vm) }

    /// The app is loaded: what the VM holds now is not a request's. `cpu` is for what runs outside of turns,
    /// such as `<close>` variables of a request that was cancelled.
    func settle(cpu: Int) {
        lh_vm_set_cpu_limit(vm, UInt32(clamping: cpu))
        lh_vm_settle(vm)
    }
}
