// SPDX-License-Identifier: MIT

internal import CLua

/// Entering and leaving units; text that is set aside.
extension Machine {
    mutating func push(_ kind: Frame.Kind, template: Int32, unit: Int, result: Int) throws(RenderFault) {
        guard frames.count < Self.maximumDepth else {
            throw RenderFault(
                "templates and macros call each other too deeply (limit \(Self.maximumDepth))", kind: .limit)
        }
        if frames.count > 0 { frames.last.pc = pc }
        let image = images[Int(template)].units[unit]
        let floor = top
        let base = try reserve(image.registerCount)
        let lineageStart = frames.count > 0 ? frames.last.lineageStart : lineage.count
        frames.append(
            Frame(
                kind: kind, escapes: image.escapes, captures: result >= 0, template: template,
                unit: Int32(truncatingIfNeeded: unit), base: base, floor: floor, result: result,
                loopFloor: loops.count, captureFloor: captures.count, lineageStart: lineageStart))
        if result >= 0 { beginCapture() }
        pc = image.entry
    }

    /// Leaves the topmost frame; its text becomes its result.
    mutating func pop() throws(RenderFault) {
        let frame = frames.last
        loops.count = frame.loopFloor
        if frame.captures { try endCapture(frame.result, safe: frame.escapes) }
        frames.removeLast()
        release(to: frame.floor)
        if frames.count > 0 { pc = frames.last.pc }
    }

    // MARK: Text set aside

    mutating func beginCapture() {
        if captures.count == 0 {
            swap(&output, &aside)
            outputLimit = set.options.maximumText
        }
        captures.append(output.count)
    }

    mutating func endCapture(_ index: Int, safe: Bool) throws(RenderFault) {
        let mark = captures.last
        if index >= 0 {
            try setString(index, UnsafeRawBufferPointer(rebasing: output.bytes[mark...]), safe: safe)
        }
        output.count = mark
        captures.removeLast()
        if captures.count == 0 {
            swap(&output, &aside)
            outputLimit = pageLimit
        }
    }

    // MARK: Context

    /// Register 0 becomes a table of the frame's own, on top of the names it had.
    func ownContext() {
        guard !frames.last.ownsContext else { return }
        makeScope(at: frames.last.base)
        frames.last.ownsContext = true
    }

    /// A table of names on top of the frame's context.
    func makeScope(at index: Int) {
        let context = frames.last.base
        let parent = values[context]
        lh_push_copy(lua, slot(context))
        lht_table(lua, slot(index), Int32(LHT_MODULE), 1, 4, &values.base[index])
        // {[1] = parent}: names are strings, so the number is free.
        if parent.type == .undefined {
            lh_set_top(lua, slot(top) - 1)
        } else {
            lh_set_index(lua, slot(index), 1)
        }
    }

    /// The frame on top sees the names of `context`, an index; -1: none, not even the handler's variables.
    func setContext(_ context: Int) {
        let base = frames.last.base
        if context >= 0 {
            copy(context, base)
        } else {
            lht_table(lua, slot(base), Int32(LHT_MODULE), 1, 4, &values.base[base])
            lh_push_boolean(lua, false)
            lh_set_index(lua, slot(base), 1)
            frames.last.ownsContext = true
        }
    }
}
