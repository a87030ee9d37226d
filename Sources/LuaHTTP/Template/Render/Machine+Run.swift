// SPDX-License-Identifier: MIT

internal import CLua

/// The loop. Frequent instructions are here; the others are in `execute`, by topic.
extension Machine {
    mutating func run() throws(RenderFault) -> Stop {
        if pendingPage >= 0 { try enterPage() }
        var base = frames.last.base
        var image = images[Int(frames.last.template)]
        while true {
            // SAFETY: the compiler ends every unit with `end` and jumps only inside it.
            let instruction = image.code[pc]
            pc &+= 1
            let a = base &+ Int(instruction.a)
            switch instruction.opcode {
            case .text:
                output.append(image.literals + Int(instruction.wide), Int(instruction.a))
                if output.count >= outputLimit, let stop = try limitReached() { return stop }
            case .emit:
                try emit(a, raw: instruction.flags != 0)
                if output.count >= outputLimit, let stop = try limitReached() { return stop }
            case .emitField:
                let scratch = Int(LHT_SCRATCH)
                try field(of: base &+ Int(instruction.b), Int32(instruction.c), to: scratch)
                try emit(scratch)
                if output.count >= outputLimit, let stop = try limitReached() { return stop }
            case .emitName:
                let scratch = Int(LHT_SCRATCH)
                name(Int32(truncatingIfNeeded: instruction.wide), to: scratch)
                try emit(scratch)
                if output.count >= outputLimit, let stop = try limitReached() { return stop }
            case .name:
                name(Int32(truncatingIfNeeded: instruction.wide), to: a)
            case .field:
                try field(of: base &+ Int(instruction.b), Int32(instruction.c), to: a)
            case .move:
                copy(base &+ Int(instruction.b), a)
            case .jump:
                pc &+= instruction.distance &- 1
            case .jumpIfFalse:
                if try !isTrue(a) { pc &+= instruction.distance &- 1 }
            case .jumpIfTrue:
                if try isTrue(a) { pc &+= instruction.distance &- 1 }
            case .nextItem:
                fuel &-= 1
                if fuel < 0 || output.count >= outputLimit {
                    if let stop = try checkpoint() {
                        pc &-= 1
                        return stop
                    }
                }
                if try !nextItem(instruction, a) { return .call(0) }
            case .loadInteger:
                values[a] = .integer(Int64(instruction.distance))
            case .loadString:
                let span = image.strings[Int(instruction.wide)]
                values[a] = Value(
                    external: image.literals + Int(span.start), count: Int(span.end &- span.start))
            case .loadConstant:
                switch image.constants[Int(instruction.wide)] {
                case .integer(let number): values[a] = .integer(number)
                case .float(let number): values[a] = .float(number)
                }
            case .loopField:
                try loopField(instruction, a)
            default:
                switch try execute(instruction, base, a) {
                case .next: break
                case .frameChanged:
                    base = frames.last.base
                    image = images[Int(frames.last.template)]
                case .stop(let stop): return stop
                }
            }
        }
    }

    private mutating func enterPage() throws(RenderFault) {
        let page = pendingPage
        pendingPage = -1
        try push(.page, template: page, unit: 0, result: -1)
        startLineage(page)
        if fragment >= 0 {
            frames.last.discards = true
            beginCapture()
        }
    }

    enum Flow {
        case next, frameChanged
        case stop(Stop)
    }

    // MARK: Limits

    /// There is a slice to write, or a text set aside has become too long.
    @inline(never)
    private mutating func limitReached() throws(RenderFault) -> Stop? {
        guard captures.count == 0 else { throw RenderFault("text is too long", kind: .limit) }
        bytesWritten += output.count
        // Others have their turn also while a client takes all that comes.
        fuel &-= output.count &>> 5
        guard bytesWritten <= set.options.maximumOutput else {
            throw RenderFault(
                "page is larger than \(set.options.maximumOutput) bytes (limits.page)", limit: .bytes)
        }
        return .slice
    }

    /// Once in a while, at a place where stopping is cheap.
    @inline(never)
    mutating func checkpoint() throws(RenderFault) -> Stop? {
        if output.count >= outputLimit, let stop = try limitReached() { return stop }
        guard fuel < 0 else { return nil }
        try spendFuel()
        return .yielded
    }

    mutating func spendFuel() throws(RenderFault) {
        stepsLeft -= Self.fuelSlice - fuel
        fuel = Self.fuelSlice
        guard stepsLeft > 0 else {
            throw RenderFault("page takes too many steps (limit \(set.options.maximumSteps))", limit: .steps)
        }
        let now = lh_thread_time()
        if cpuSince != 0 { cpuSpent &+= now &- cpuSince }
        cpuSince = now
        guard cpuSpent < cpuLimit, !lh_turn_is_over(lh_vm_of(lua)) else {
            throw RenderFault("page takes too long (limits = { cpu = … })", limit: .time)
        }
        guard !lh_vm_over_limit(lh_vm_of(lua)) else { throw RenderFault("not enough memory", limit: .memory) }
    }

    // MARK: Names and fields

    @inline(__always)
    mutating func name(_ name: Int32, to index: Int) {
        lht_name(lua, slot(frames.last.base), origin, name, slot(index), &values.base[index])
        if values[index].tag == 0 { missingName(name, to: index) }
    }

    @inline(never)
    private mutating func missingName(_ name: Int32, to index: Int) {
        if let global = set.globals[Int(name)] {
            values[index] = .builtin(global)
        } else {
            values[index] = .undefined(template: Int(frames.last.template), pc: pc - 1)
        }
    }

    @inline(__always)
    mutating func field(of object: Int, _ name: Int32, to index: Int) throws(RenderFault) {
        let value = values[object]
        if value.type == .table, value.kind <= TableKind.map.rawValue {
            let found = lht_field(
                lua, slot(object), origin &+ Int32(LHT_NAMES), name, slot(index), &values.base[index])
            if !found { throw scriptFault(index) }
            if values[index].tag == 0 {
                values[index] = .undefined(template: Int(frames.last.template), pc: pc &- 1)
            }
        } else {
            try fieldOfOther(object, name, to: index)
        }
    }
}
