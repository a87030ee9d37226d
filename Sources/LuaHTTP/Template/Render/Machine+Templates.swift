// SPDX-License-Identifier: MIT

internal import CLua

/// Blocks, inheritance, includes, imports, and loops that are entered again.
extension Machine {
    // MARK: Blocks

    mutating func enterBlock(_ name: UInt16, context: Int) throws(RenderFault) -> Flow {
        guard !frames.last.discards else { return .next }
        guard let (level, unit) = findBlock(name, from: 0) else {
            throw RenderFault("block '\(set.names[Int(name)])' does not exist")
        }
        return try enterBlock(name, level, unit, context: context, result: -1)
    }

    /// Level above the page's own template, and the unit there.
    private func findBlock(_ name: UInt16, from start: Int) -> (level: Int, unit: Int)? {
        let first = frames.last.lineageStart
        var level = start
        while first + level < lineage.count {
            if let unit = images[Int(lineage[first + level])].unit(ofBlock: name) { return (level, unit) }
            level += 1
        }
        return nil
    }

    /// The closest name of a block of this page.
    private func blockHint(_ name: UInt16) -> String {
        var known: [String] = []
        for level in frames.last.lineageStart..<max(frames.last.lineageStart, lineage.count) {
            known += images[Int(lineage[level])].blockNames.map { set.names[$0] }
        }
        let closest = Suggestion.closest(to: set.names[Int(name)], among: known)
        return closest.map { " (did you mean '\($0)'?)" } ?? ""
    }

    /// A required block needs a template that fills it.
    func requireOverride(_ name: UInt16) throws(RenderFault) {
        guard let first = findBlock(name, from: 0), findBlock(name, from: first.level + 1) == nil else {
            return
        }
        throw RenderFault("block '\(set.names[Int(name)])' is required and must be overridden")
    }

    private mutating func enterBlock(_ name: UInt16, _ level: Int, _ unit: Int, context: Int, result: Int)
        throws(RenderFault) -> Flow
    {
        let number = lineage[frames.last.lineageStart + level]
        try push(.block, template: number, unit: unit, result: result)
        frames.last.block = name
        frames.last.level = level
        copy(context, frames.last.base)
        return .frameChanged
    }

    mutating func enterSuper(_ instruction: Instruction, _ a: Int) throws(RenderFault) -> Flow {
        let frame = frames.last
        var level = frame.level
        var unit = 0
        for _ in 0..<max(1, Int(instruction.b)) {
            guard let found = findBlock(frame.block, from: level + 1) else {
                throw RenderFault(
                    "there is no parent block called '\(set.names[Int(frame.block)])'", kind: .undefined)
            }
            (level, unit) = found
        }
        let emits = instruction.flags & Instruction.CallFlag.emits != 0
        if emits { pc += 1 }
        return try enterBlock(frame.block, level, unit, context: frame.base, result: emits ? -1 : a)
    }

    /// The block around a macro, whose `super()` is that block's wherever the macro is called.
    func keepBlock(_ macro: Int, after captures: Int) {
        let frame = frames.last
        let parts = (frame.lineageStart, Int(frame.block), frame.level)
        lh_push_integer(lua, Int64(parts.0))
        lh_set_index(lua, slot(macro), Int64(captures) + 4)
        lh_push_integer(lua, Int64(parts.1))
        lh_set_index(lua, slot(macro), Int64(captures) + 5)
        lh_push_integer(lua, Int64(parts.2))
        lh_set_index(lua, slot(macro), Int64(captures) + 6)
    }

    /// The frame on top, a macro's, is in the block that was kept; if its page is over, in one without a parent.
    func restoreBlock(_ macro: Int, after captures: Int) {
        for offset in 4...6 { lh_get_index(lua, slot(macro), Int64(captures + offset)) }
        let parts = (lh_integer(lua, -3), lh_integer(lua, -2), lh_integer(lua, -1))
        lh_set_top(lua, slot(top) - 1)
        frames.last.level = lineage.count
        guard let start = Int(exactly: parts.0), let block = UInt16(exactly: parts.1),
            let level = Int(exactly: parts.2), block < set.names.count
        else { return }
        frames.last.block = block
        guard start >= 0, start < lineage.count, level >= 0, level < lineage.count - start,
            lineage[start + level] == frames.last.template
        else { return }
        frames.last.lineageStart = start
        frames.last.level = level
    }

    mutating func enterSelf(_ instruction: Instruction, _ a: Int) throws(RenderFault) -> Flow {
        let name = UInt16(truncatingIfNeeded: instruction.wide)
        guard let (level, unit) = findBlock(name, from: 0) else {
            throw RenderFault(
                "'self.\(set.names[Int(name)])' is undefined\(blockHint(name))", kind: .undefined)
        }
        let emits = instruction.flags & Instruction.CallFlag.emits != 0
        if emits { pc += 1 }
        return try enterBlock(name, level, unit, context: frames.last.base, result: emits ? -1 : a)
    }

    // MARK: Recursion

    mutating func recurse(_ instruction: Instruction, _ a: Int) throws(RenderFault) -> Flow {
        let loop = loops.count - 1 - Int(instruction.flags >> 3)
        let emits = instruction.flags & Instruction.CallFlag.emits != 0
        return try enterLoop(loop, at: pc - 1 + instruction.distance, over: a, result: a, emits: emits)
    }

    /// `loop` under another name, from an inner loop.
    mutating func callLoop(_ site: CallSite) throws(RenderFault) -> Flow {
        let temporary = try reserve(2)
        for offset in 0..<2 { item(site.callee, Int64(offset) + 1, to: temporary + offset) }
        let (frame, loop) = (values[temporary], values[temporary + 1])
        release(to: temporary)
        guard frame.type == .integer, frame.integer == Int64(frames.count), loop.type == .integer,
            loop.integer >= Int64(frames.last.loopFloor), loop.integer < Int64(loops.count),
            loops[Int(loop.integer)].entry >= 0, site.count == 1, site.keywords < 0
        else { throw RenderFault("this loop cannot be entered again from here") }
        let number = Int(loop.integer)
        return try enterLoop(
            number, at: loops[number].entry, over: site.first, result: site.result, emits: site.emits)
    }

    private mutating func enterLoop(_ loop: Int, at entry: Int, over sequence: Int, result: Int, emits: Bool)
        throws(RenderFault) -> Flow
    {
        let caller = frames.last
        let state = loops[loop]
        guard frames.count < Self.maximumDepth else {
            // The loop that has no end is to blame, not the place that it is entered from.
            var fault = RenderFault(
                "the loop is entered again too deeply (limit \(Self.maximumDepth))", kind: .limit)
            fault.pc = entry
            throw fault
        }
        if emits { pc += 1 }
        try push(.recursion, template: caller.template, unit: Int(caller.unit), result: emits ? -1 : result)
        let base = frames.last.base
        frames.last.escapes = caller.escapes
        frames.last.block = caller.block
        frames.last.level = caller.level
        frames.last.entry = entry
        frames.last.depth = state.depth + 1
        // What lies around the loop is visible in it, as it is now.
        let registers = state.sequence - caller.base
        for register in 0..<max(0, registers) { copy(caller.base + register, base + register) }
        copy(sequence, base + registers)
        frames.last.outerLoops = loop - caller.loopFloor
        for index in caller.loopFloor..<max(loop, caller.loopFloor) { loops.append(loops[index]) }
        pc = entry
        return .frameChanged
    }

    // MARK: Other templates

    /// Number of the template an instruction names; nil when it does not exist and need not.
    private mutating func resolve(_ instruction: Instruction, _ base: Int) throws(RenderFault) -> Int32? {
        var missing = "the template"
        if instruction.flags & 1 == 0 {
            if set.templates[Int(instruction.b)] != nil { return Int32(instruction.b) }
            missing = "'\(set.templateNames[Int(instruction.b)])'"
        } else {
            let operand = base + Int(instruction.b)
            try settle(operand)
            let value = values[operand]
            switch value.type {
            case .string:
                if let number = set.number(of: value.bytes) { return number }
                missing = "'\(String(decoding: value.bytes.prefix(200), as: UTF8.self))'"
            case .table where isList(operand):
                if let number = try firstTemplate(operand) { return number }
                guard instruction.flags & 2 == 0 else { return nil }
                throw RenderFault("none of the templates exists", kind: .templateNotFound)
            case .undefined: throw undefinedFault(value)
            default: throw RenderFault("the name of a template must be a string, not \(value.typeName)")
            }
        }
        guard instruction.flags & 2 == 0 else { return nil }
        throw RenderFault("\(missing) does not exist", kind: .templateNotFound)
    }

    private mutating func firstTemplate(_ list: Int) throws(RenderFault) -> Int32? {
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        for position in 0..<lht_length(lua, slot(list)) {
            item(list, position + 1, to: temporary)
            if values[temporary].type == .string, let number = set.number(of: values[temporary].bytes) {
                return number
            }
        }
        return nil
    }

    mutating func include(_ instruction: Instruction, _ base: Int) throws(RenderFault) -> Flow {
        guard let number = try resolve(instruction, base) else { return .next }
        try push(.include, template: number, unit: 0, result: -1)
        startLineage(number)
        setContext(instruction.flags & 4 != 0 ? -1 : base + Int(instruction.c))
        return .frameChanged
    }

    mutating func importModule(_ instruction: Instruction, _ base: Int, _ a: Int) throws(RenderFault) -> Flow
    {
        guard let number = try resolve(instruction, base) else { return .next }
        try push(.module, template: number, unit: 0, result: a)
        startLineage(number)
        setContext(instruction.flags & 4 != 0 ? -1 : base + Int(instruction.c))
        ownContext()
        return .frameChanged
    }

    mutating func startLineage(_ number: Int32) {
        frames.last.lineageStart = lineage.count
        lineage.append(number)
    }

    mutating func extend(_ instruction: Instruction, _ base: Int) throws(RenderFault) {
        guard frames.last.parent < 0 else { throw RenderFault("a template cannot extend two others") }
        guard let number = try resolve(instruction, base) else { return }
        guard lineage.count - frames.last.lineageStart < Self.maximumDepth else {
            throw RenderFault("templates extend each other without end", kind: .limit)
        }
        frames.last.parent = number
        if !frames.last.discards {
            frames.last.discards = true
            beginCapture()
        }
    }

    // MARK: End of a unit

    mutating func end() throws(RenderFault) -> Flow {
        let frame = frames.last
        if frame.parent >= 0 {
            try continueInParent(frame.parent)
            return .frameChanged
        }
        switch frame.kind {
        case .page:
            guard fragment >= 0 else { return .stop(.done) }
            return try enterFragment()
        case .include:
            lineage.count = frame.lineageStart
            try pop()
        case .module:
            lineage.count = frame.lineageStart
            frames.last.captures = false
            let text = try reserve(1)
            try endCapture(text, safe: true)
            setItem(frame.base, 2, text)
            copy(frame.base, frame.result)
            try pop()
        case .block, .macro, .recursion: try pop()
        }
        return .frameChanged
    }

    /// The parent runs in the same frame, with the names that the child has set.
    private mutating func continueInParent(_ number: Int32) throws(RenderFault) {
        let unit = images[Int(number)].units[0]
        if fragment < 0 {
            try endCapture(-1, safe: false)
            frames.last.discards = false
        }
        let base = frames.last.base
        release(to: base + 1)
        _ = try reserve(max(0, unit.registerCount - 1))
        lineage.append(number)
        frames.last.parent = -1
        frames.last.template = number
        frames.last.unit = 0
        frames.last.escapes = unit.escapes
        pc = unit.entry
    }

    /// The page has run without output for its assignments; now the block that was asked for.
    private mutating func enterFragment() throws(RenderFault) -> Flow {
        try endCapture(-1, safe: false)
        frames.last.discards = false
        let name = UInt16(truncatingIfNeeded: fragment)
        fragment = -1
        // `end` runs again when the block is done.
        pc -= 1
        guard findBlock(name, from: 0) != nil else {
            throw RenderFault(
                "block '\(set.names[Int(name)])' does not exist\(blockHint(name))", kind: .templateNotFound)
        }
        return try enterBlock(name, context: frames.last.base)
    }
}
