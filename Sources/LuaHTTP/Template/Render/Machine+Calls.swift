// SPDX-License-Identifier: MIT

internal import CLua

/// Calling what templates can call: which kind of thing it is, and functions of scripts.
extension Machine {
    /// The callee and where its arguments are.
    struct CallSite {
        var callee: Int
        var first: Int
        var count: Int
        /// Index of the map of keywords, -1 for none.
        var keywords: Int
        var result: Int
        var emits: Bool
        /// `top` before arguments were spread.
        var floor: Int
    }

    mutating func call(_ instruction: Instruction, _ a: Int, method: Int?) throws(RenderFault) -> Flow {
        let flags = instruction.flags
        fuel &-= 10
        // Macros that call themselves twice need no loop to go on for ever.
        if fuel < -Self.fuelSlice { try spendFuel() }
        var site = CallSite(
            callee: a, first: a + 1, count: Int(instruction.b), keywords: -1, result: a,
            emits: flags & Instruction.CallFlag.emits != 0, floor: top)
        if flags & Instruction.CallFlag.hasKeywords != 0 { site.keywords = a + 1 + site.count }
        try settle(a)
        if let method, try callMethod(&site, method) { return .next }
        try settle(a)
        if let method, flags & Instruction.CallFlag.isNamed != 0, !isCallable(a) {
            throw RenderFault(
                "the method '\(set.names[method])' cannot be called: it is \(values[a].typeName)")
        }
        if flags & Instruction.CallFlag.spreads != 0 {
            let list = a + 1
            let count = try listify(list, to: list)
            guard count <= 1000 else { throw RenderFault("too many arguments", kind: .limit) }
            site.first = try reserve(Int(count))
            site.count = Int(count)
            for position in 0..<Int(count) { item(list, Int64(position) + 1, to: site.first + position) }
        }
        return try call(site)
    }

    private mutating func call(_ site: CallSite) throws(RenderFault) -> Flow {
        let callee = values[site.callee]
        switch callee.type {
        case .builtin:
            for index in site.first..<site.first + site.count { try settle(index) }
            try GlobalTable.all[Int(callee.bits)].run(&self, site)
            release(to: site.floor)
            return .next
        case .table where callee.tableKind == .macro: return try callMacro(site)
        case .table where callee.tableKind == .joiner:
            try callJoiner(site)
            return .next
        case .table where callee.tableKind == .loop: return try callLoop(site)
        case .function: return try callScript(site)
        case .table where callee.hasMetatable, .userdata: return try callScript(site)
        case .undefined, .missing: throw undefinedFault(callee)
        default: throw RenderFault("a value of type \(callee.typeName) cannot be called")
        }
    }

    func isCallable(_ index: Int) -> Bool {
        let value = values[index]
        return switch value.type {
        case .function, .builtin: true
        case .table where value.hasMetatable: hasMetamethod(index, ["__call"])
        case .table: value.tableKind == .macro || value.tableKind == .joiner
        case .userdata: hasMetamethod(index, ["__call"])
        default: false
        }
    }

    /// True when the method is one of our own and is done; otherwise the callee is in its place.
    private mutating func callMethod(_ site: inout CallSite, _ name: Int) throws(RenderFault) -> Bool {
        let object = values[site.callee]
        if object.type == .table, object.tableKind == .cycler {
            try callCycler(site, set.names[name])
            return true
        }
        if object.type == .table, object.tableKind == .loop, set.names[name] == "cycle" {
            try cycleLoopObject(site)
            return true
        }
        try field(of: site.callee, Int32(truncatingIfNeeded: name), to: site.callee)
        return false
    }

    /// Leaves the function and its arguments on the Lua stack: whoever runs the machine calls it.
    private mutating func callScript(_ site: CallSite) throws(RenderFault) -> Flow {
        var count = site.count
        guard lh_reserve(lua, Int32(truncatingIfNeeded: count + 40)) else {
            throw RenderFault("too many arguments", kind: .limit)
        }
        // The stack must end where the machine ends when the results come back.
        if site.floor < top {
            lh_set_top(lua, slot(top) - 1)
        }
        push(site.callee)
        for offset in 0..<count { push(site.first + offset) }
        if site.keywords >= 0 {
            push(site.keywords)
            count += 1
        }
        if site.floor < top { moveArguments(count + 1, floor: site.floor) }
        pendingResult = site.result
        pendingArguments = site.first == site.result + 1 ? site.count : 0
        return .stop(.call(Int32(truncatingIfNeeded: count)))
    }

    func push(_ index: Int) {
        lht_push(lua, &values.base[index], slot(index), false)
    }

    /// Drops the spread arguments below what was pushed.
    private mutating func moveArguments(_ count: Int, floor: Int) {
        for _ in 0..<(top - floor) { lh_remove(lua, slot(floor)) }
        top = floor
    }

    /// The function returned; its first result is the value of the call.
    mutating func finishCall(results: Int32) {
        if results == 0 {
            values[pendingResult] = undefinedHere
        } else {
            lh_set_top(lua, slot(top))
            let fresh = Int(LHT_SCRATCH)
            lht_take(lua, slot(fresh), &values.base[fresh])
            if values[fresh].type == .undefined { values[fresh] = undefinedHere }
            if isSafeArgument(fresh) { values[fresh].isSafe = true }
            copy(fresh, pendingResult)
        }
        if pendingTest != 0 {
            // The script's own truth: what it returned was meant as an answer.
            let value = values[pendingResult]
            let answer = value.type == .boolean ? value.boolean : value.type != .undefined
            values[pendingResult] = .boolean(answer != (pendingTest == 2))
            pendingTest = 0
        }
        pendingResult = -1
    }

    /// Scripts get safe text as strings. One that comes back as it was is as safe as it was.
    private func isSafeArgument(_ result: Int) -> Bool {
        guard values[result].type == .string, !values[result].isSafe else { return false }
        for index in pendingResult...pendingResult + pendingArguments
        where values[index].type == .string && values[index].isSafe {
            if Self.compare(values[index], values[result]) == 0 { return true }
        }
        return false
    }

    /// A filter or test that a script registered.
    mutating func scriptFilter(_ instruction: Instruction, _ base: Int, _ a: Int) throws(RenderFault) -> Flow
    {
        let isTest = instruction.opcode == .scriptTest
        for index in a..<a + Int(instruction.c) { try settle(index) }
        let table = origin + Int32(isTest ? LHT_TESTS : LHT_FILTERS)
        let name = Int(instruction.b)
        guard lh_reserve(lua, Int32(instruction.c) + 40) else {
            throw RenderFault("too many arguments", kind: .limit)
        }
        var isFunction = false
        if lh_type_of(lua, table) == LH_TABLE {
            lh_get_index(lua, origin + Int32(LHT_NAMES), Int64(name))
            isFunction = lh_get(lua, table) == LH_FUNCTION
        }
        guard isFunction else { throw RenderFault("'\(set.names[name])' is not registered in this worker") }
        for offset in 0..<Int(instruction.c) { push(a + offset) }
        pendingResult = a
        pendingArguments = Int(instruction.c) - 1
        if isTest { pendingTest = instruction.flags & 2 != 0 ? 2 : 1 }
        return .stop(.call(Int32(instruction.c)))
    }
}
