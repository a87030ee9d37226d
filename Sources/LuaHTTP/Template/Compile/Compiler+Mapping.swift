// SPDX-License-Identifier: MIT

/// `map`, `select` and their relatives with a filter or test of a script: a loop of its own, because a script may
/// wait between two items. With those of the language they are filters like any other.
extension Compiler {
    private enum Mapping {
        case filter(String)
        /// `call`: a method of each item.
        case method(Expression)
        case test(String, attribute: [UInt8]?, wanted: Bool)

        /// Arguments of `map` or `select` before those of the filter or test.
        var ownArguments: Int {
            if case .test(_, .some, _) = self { 2 } else if case .method = self { 2 } else { 1 }
        }
    }

    /// True when the value in `base` has been replaced by the list.
    mutating func compileMapping(_ name: String, _ arguments: Arguments, base: Int, _ span: Span)
        throws(SyntaxFault) -> Bool
    {
        guard let mapping = mapping(name, arguments) else { return false }
        let mark = builder.nextRegister
        defer { builder.release(to: mark) }
        let sequence = builder.allocate(3)
        emit(.move, a: sequence, b: base, span)
        emit(.list, a: base, wide: 0, span)
        let isEmpty = builder.emit(Instruction(.jumpIfFalse, a: sequence), span)
        var extra: [Int] = []
        for value in arguments.positional.dropFirst(mapping.ownArguments) {
            extra.append(builder.allocate())
            try compile(value, into: extra[extra.count - 1])
        }
        var key = 0
        if case .method(let method) = mapping {
            key = builder.allocate()
            try compile(method, into: key)
        }
        if !arguments.keywords.isEmpty {
            try compileKeywords(arguments.keywords, span)
            extra.append(builder.nextRegister - 1)
        }
        let begin = builder.emit(Instruction(.beginLoop, a: sequence), span)
        builder.loops.append(
            .init(
                begin: 0, next: 0, escapeDepth: builder.savedEscapes.count,
                captureDepth: builder.captureDepth, isRecursive: false, isVisible: false))
        let item = builder.allocate()
        let next = builder.emit(Instruction(.nextItem, a: item), span)
        try compileMappedItem(
            mapping, item: item, key: key, extra: extra, hasKeywords: !arguments.keywords.isEmpty, list: base,
            next: next, span)
        builder.jump(back: next, span)
        builder.patch(next)
        builder.patch(begin)
        builder.patch(isEmpty)
        builder.loops.removeLast()
        return true
    }

    /// One round: the item, or what the script makes of it, is added to the list.
    private mutating func compileMappedItem(
        _ mapping: Mapping, item: Int, key: Int, extra: [Int], hasKeywords: Bool, list: Int, next: Int,
        _ span: Span
    ) throws(SyntaxFault) {
        let work = builder.allocate(1)
        var first = work + 1
        switch mapping {
        case .filter: emit(.move, a: work, b: item, span)
        case .method(let method):
            if case .string = method.kind {
                emit(.move, a: work, b: item, span)
            } else {
                emit(.index, a: work, b: item, c: key, span)
            }
            emit(.move, a: builder.allocate(), b: item, span)
            first += 1
        case .test(_, let attribute, _):
            emit(.move, a: work, b: item, span)
            if let attribute { try compilePath(attribute, of: work, span) }
        }
        for (offset, register) in extra.enumerated() {
            _ = builder.allocate()
            emit(.move, a: first + offset, b: register, span)
        }
        let count = extra.count + 1
        switch mapping {
        case .filter(let name):
            emit(
                .scriptFilter, flags: hasKeywords ? 1 : 0, a: work, b: try number(of: name, span), c: count,
                span)
        case .method(let method):
            let flags = hasKeywords ? Instruction.CallFlag.hasKeywords : 0
            let given = count - (hasKeywords ? 1 : 0)
            if case .string(let bytes) = method.kind {
                let name = try number(of: String(decoding: bytes, as: UTF8.self), span)
                emit(
                    .callMethod, flags: flags | Instruction.CallFlag.isNamed, a: work, b: given, c: name, span
                )
            } else {
                emit(.call, flags: flags, a: work, b: given, span)
            }
        case .test(let name, _, let wanted):
            emit(.scriptTest, a: work, b: try number(of: name, span), c: count, span)
            let skips = builder.emit(Instruction(wanted ? .jumpIfFalse : .jumpIfTrue, a: work), span)
            builder.patch(skips, to: next)
        }
        if case .test = mapping {
            emit(.append, a: list, b: item, span)
        } else {
            emit(.append, a: list, b: work, span)
        }
    }

    /// `a.b.0`
    private mutating func compilePath(_ path: [UInt8], of register: Int, _ span: Span) throws(SyntaxFault) {
        for part in path.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            let name = String(decoding: part, as: UTF8.self)
            if let index = Int32(name) {
                let mark = builder.nextRegister
                let key = builder.allocate()
                emit(.loadInteger, a: key, wide: Int(index), span)
                emit(.index, a: register, b: register, c: key, span)
                builder.release(to: mark)
            } else {
                emit(.field, a: register, b: register, c: try number(of: name, span), span)
            }
        }
    }

    private func mapping(_ name: String, _ arguments: Arguments) -> Mapping? {
        func literal(_ position: Int) -> [UInt8]? {
            guard position < arguments.positional.count,
                case .string(let bytes) = arguments.positional[position].kind
            else { return nil }
            return bytes
        }
        guard arguments.list == nil, arguments.map == nil else { return nil }
        let options = symbols.options
        switch name {
        case "map":
            guard let filter = literal(0).map({ String(decoding: $0, as: UTF8.self) }) else { return nil }
            if options.scriptFilters.contains(filter) { return .filter(filter) }
            return filter == "call" && arguments.positional.count > 1 ? .method(arguments.positional[1]) : nil
        case "select", "reject":
            guard let test = literal(0).map({ String(decoding: $0, as: UTF8.self) }),
                options.scriptTests.contains(test)
            else { return nil }
            return .test(test, attribute: nil, wanted: name == "select")
        case "selectattr", "rejectattr":
            guard let attribute = literal(0),
                let test = literal(1).map({ String(decoding: $0, as: UTF8.self) }),
                options.scriptTests.contains(test)
            else { return nil }
            return .test(test, attribute: attribute, wanted: name == "selectattr")
        default: return nil
        }
    }
}
