// SPDX-License-Identifier: MIT

internal import CLua

/// Values as text: what `{{ }}` prints. Numbers and bytes go straight into the output.
extension Machine {
    @inline(__always)
    mutating func emit(_ index: Int, raw: Bool = false) throws(RenderFault) {
        let value = values[index]
        switch value.type {
        case .string:
            if raw || value.isSafe || !frames.last.escapes {
                output.append(value.bytePointer, value.byteCount)
            } else {
                output.appendEscaped(value.bytePointer, value.byteCount)
            }
        case .integer:
            output.append(integer: value.integer)
        default: try emitOther(index)
        }
    }

    @inline(never)
    private mutating func emitOther(_ index: Int) throws(RenderFault) {
        let value = values[index]
        switch value.type {
        case .undefined:
            // What `a if b` is without `else` prints as nothing even so.
            if set.options.undefined == .strict, value.bits != 0 { throw undefinedFault(value) }
        case .none, .missing: break
        case .boolean: output.append(value.boolean ? "true" : "false")
        case .float: output.append(float: value.float)
        case .awaitable:
            try settle(index)
            try emit(index)
        default:
            let mark = scratch.count
            try appendText(index, escaped: frames.last.escapes)
            output.append(UnsafeRawBufferPointer(rebasing: scratch.bytes[mark...]))
            scratch.count = mark
        }
    }

    /// Adds the text of a value to the scratch buffer.
    mutating func appendText(_ index: Int, escaped: Bool = false) throws(RenderFault) {
        let value = values[index]
        switch value.type {
        case .undefined, .missing, .none: break
        case .boolean: scratch.append(value.boolean ? "true" : "false")
        case .integer: scratch.append(integer: value.integer)
        case .float: scratch.append(float: value.float)
        case .string:
            if escaped, !value.isSafe {
                scratch.appendEscaped(value.bytePointer, value.byteCount)
            } else {
                scratch.append(value.bytes)
            }
        case .function, .builtin: scratch.append(escaped ? "&lt;function&gt;" : "<function>")
        case .thread: scratch.append(escaped ? "&lt;coroutine&gt;" : "<coroutine>")
        case .awaitable:
            try settle(index)
            try appendText(index, escaped: escaped)
        case .table, .userdata: try appendObject(index, escaped: escaped)
        }
    }

    private mutating func appendObject(_ index: Int, escaped: Bool) throws(RenderFault) {
        let value = values[index]
        var isText = value.type == .userdata
        if value.type == .table, value.hasMetatable { isText = hasMetamethod(index, Self.textMethods) }
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        if value.type == .table, value.tableKind == .module {
            // What the imported template printed.
            item(index, 2, to: temporary)
        } else if isText {
            guard lht_text(lua, slot(index), slot(temporary), &values.base[temporary]) else {
                throw scriptFault(temporary)
            }
        } else {
            let mark = scratch.count
            switch value.tableKind {
            case .macro, .cycler, .joiner: appendName(index, value.tableKind)
            default: try appendJSON(index, style: .plain, depth: 0)
            }
            try setScratch(temporary, from: mark)
        }
        if values[temporary].type == .string { try appendText(temporary, escaped: escaped) }
    }

    private static let textMethods = ["__html", "__tostring"]

    func hasMetamethod(_ index: Int, _ names: [String]) -> Bool {
        guard values[index].needsSlot, lh_get_metatable(lua, slot(index)) else { return false }
        defer { lh_set_top(lua, slot(top) - 1) }
        for name in names {
            let type = name.withCString { lh_get_field(lua, slot(top), $0, name.utf8.count) }
            if type != LH_NIL { return true }
        }
        return false
    }

    /// The text of any value as a string value in its place; a string stays what it is.
    mutating func textify(_ index: Int) throws(RenderFault) {
        // Most filters begin here: whatever they do with a long text, they pay for it.
        guard values[index].type != .string else { return try work(values[index].byteCount &>> 6) }
        try settle(index)
        if values[index].type == .undefined, set.options.undefined == .strict {
            throw undefinedFault(values[index])
        }
        let isSafe =
            values[index].type == .userdata || values[index].type == .table && values[index].hasMetatable
        let mark = scratch.count
        if isSafe {
            // An object with __html is safe, and says so only when asked for its text.
            let temporary = try reserve(1)
            defer { release(to: temporary) }
            if values[index].type == .userdata || hasMetamethod(index, Self.textMethods) {
                guard lht_text(lua, slot(index), slot(temporary), &values.base[temporary]) else {
                    throw scriptFault(temporary)
                }
                if values[temporary].type == .string { return copy(temporary, index) }
            }
        }
        try appendText(index)
        try setScratch(index, from: mark)
    }

    // MARK: Undefined

    func undefinedFault(_ value: Value) -> RenderFault {
        guard value.bits >> 63 == 1,
            let template = template(Int32(truncatingIfNeeded: value.bits >> 32 & 0x7FFF_FFFF))
        else { return RenderFault("value is undefined", kind: .undefined) }
        let pc = Int(value.bits & 0xFFFF_FFFF)
        guard pc < template.spans.count else { return RenderFault("value is undefined", kind: .undefined) }
        let name = String(decoding: template.source[template.spans[pc].range].prefix(80), as: UTF8.self)
        let hint = suggestion(template, pc).map { " (did you mean '\($0)'?)" } ?? Self.blockHint(name)
        var fault = RenderFault("'\(name)' is undefined\(hint)", kind: .undefined)
        if frames.count > 0, self.template(frames.last.template) === template { fault.pc = pc }
        return fault
    }

    private static func blockHint(_ name: String) -> String {
        switch name {
        case "self": " (self.name() prints a block)"
        case "super": " (super() prints what a block overrides, inside of it)"
        default: ""
        }
    }

    /// The closest name in what the undefined one was looked up in, if that is still there.
    private func suggestion(_ template: CompiledTemplate, _ pc: Int) -> String? {
        let frame = frames.last
        let instruction = template.image.code[pc]
        guard set.templates[Int(frame.template)] === template else { return nil }
        switch instruction.opcode {
        case .name, .emitName:
            let known = keys(of: origin) + set.globals.keys.map { set.names[$0] }
            return Suggestion.closest(to: set.names[Int(instruction.wide)], among: known)
        case .field, .emitField:
            // An undefined value leaves its slot alone, so a table that it replaced is still in it.
            let known = keys(of: slot(frame.base + Int(instruction.b)))
            return Suggestion.closest(to: set.names[Int(instruction.c)], among: known)
        default: return nil
        }
    }

    private func keys(of table: Int32) -> [String] {
        guard lh_type_of(lua, table) == LH_TABLE, lh_reserve(lua, 8) else { return [] }
        lh_push_nil(lua)
        let list = slot(top)
        let count = min(lht_sorted_keys(lua, table, list), 200)
        var names: [String] = []
        for position in 0..<count {
            lh_get_index(lua, list, position + 1)
            var size = 0
            if let bytes = lh_bytes(lua, -1, &size) {
                names.append(
                    String(
                        decoding: UnsafeRawBufferPointer(start: bytes, count: min(size, 60)), as: UTF8.self))
            }
            lh_set_top(lua, list)
        }
        lh_set_top(lua, list - 1)
        return names
    }
}
