// SPDX-License-Identifier: MIT

internal import CLua

/// The variables that a failed line mentions, for its author. Only while the coroutine is alive: what failed in a
/// script left its stack.
extension Machine {
    private static var mostVariables: Int { 8 }
    private static var longestValue: Int { 200 }

    mutating func variables(at fault: RenderFault) -> [TemplateError.Variable] {
        guard frames.count > 0, let template = template(frames.last.template), lh_reserve(lua, 60) else {
            return []
        }
        let position = fault.pc ?? max(0, min(pc - 1, template.spans.count - 1))
        var found: [TemplateError.Variable] = []
        textLimit = Self.longestValue
        defer { textLimit = .max }
        for name in Self.names(on: template.spans[position], of: template.source) {
            guard found.count < Self.mostVariables, !found.contains(where: { $0.name == name }),
                let value = value(of: name, at: position, template)
            else { continue }
            found.append(.init(name: name, value: value))
        }
        return found
    }

    /// Names on the lines of a span that are not fields or filters.
    private static func names(on span: Span, of source: [UInt8]) -> [String] {
        let start = source[..<min(Int(span.start), source.count)].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
        let from = min(Int(span.end), source.count)
        let end = min(source[from...].firstIndex(of: 0x0A) ?? source.count, start + 1000)
        var names: [String] = []
        var offset = start
        while offset < end {
            var stop = offset
            while stop < end, Lexer.isNamePart(source[stop]) { stop += 1 }
            if stop > offset {
                let before = source[start..<offset].last { !Lexer.isSpace($0) }
                if before != UInt8(ascii: "."), before != UInt8(ascii: "|") {
                    names.append(String(decoding: source[offset..<stop], as: UTF8.self))
                }
            }
            offset = max(stop, offset + 1)
        }
        return names
    }

    /// Nil for what is no variable here, or has no value.
    private mutating func value(of name: String, at position: Int, _ template: CompiledTemplate) -> String? {
        let index = Int(LHT_SCRATCH)
        let local = template.locals.last { $0.name == name && $0.start <= position && position < $0.end }
        if let local {
            copy(frames.last.base + local.register, index)
        } else if let number = set.names.firstIndex(of: name) {
            self.name(Int32(number), to: index)
        }
        let type = values[index].type
        guard local != nil || set.names.contains(name), type != .undefined, type != .missing, type != .builtin
        else { return nil }
        if SecretName.isSecret(name) { return SecretName.mask }
        // Fields of tables may be secrets too.
        if type == .table, let text = ownKind(of: index) { return text }
        if type == .table { return ValuePreview.text(of: slot(index), named: name, on: LuaStack(state: lua)) }
        scratch.count = 0
        do throws(RenderFault) {
            if type == .awaitable { return "<task>" }
            try appendJSON(index, style: .plain, depth: 0)
        } catch {
            scratch.append("…")
        }
        var text = String(decoding: scratch.bytes.prefix(Self.longestValue), as: UTF8.self)
        if scratch.count > Self.longestValue { text += "…" }
        scratch.count = 0
        return text
    }

    /// What the engine makes for itself is called by its name: its insides say nothing.
    private func ownKind(of index: Int) -> String? {
        let kind = values[index].tableKind
        switch kind {
        case .macro: return "macro" + (macroName(index).map { " " + $0 } ?? "")
        case .cycler, .joiner, .loop, .module, .range: return "\(kind)"
        default: return nil
        }
    }
}
