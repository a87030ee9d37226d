// SPDX-License-Identifier: MIT

/// Filters, tests and calls: arguments go to the registers after the value, in the order of the parameters.
extension Compiler {
    // MARK: Filters and tests

    mutating func compileFilter(
        _ name: String, _ arguments: Arguments, into target: Int, _ span: Span,
        _ value: (inout Compiler, Int) throws(SyntaxFault) -> Void
    ) throws(SyntaxFault) {
        let base = builder.isLast(target) ? target : builder.allocate()
        if name == "call", !symbols.options.scriptFilters.contains(name) {
            try compileMethodFilter(arguments, into: base, span, value)
            if base != target { emit(.move, a: target, b: base, span) }
            return
        }
        try value(&self, base)
        // A script may put its own in the place of one of the language.
        if let number = FilterTable.number(of: name), !symbols.options.scriptFilters.contains(name) {
            let signature = FilterTable.all[number].signature
            try checkNames(in: arguments, of: name, span)
            if try compileMapping(name, arguments, base: base, span) {
                if base != target { emit(.move, a: target, b: base, span) }
                return
            }
            let (count, hasMap) = try compileArguments(arguments, signature, of: name, span)
            emit(.filter, flags: hasMap ? 1 : 0, a: base, b: number, c: count + 1, span)
        } else if symbols.options.scriptFilters.contains(name) {
            let (count, hasMap) = try compileArguments(arguments, .any, of: name, span)
            emit(
                .scriptFilter, flags: hasMap ? 1 : 0, a: base, b: try number(of: name, span), c: count + 1,
                span)
        } else {
            throw unknown(
                "filter", name, FilterTable.names + symbols.options.scriptFilters, span)
        }
        if base != target { emit(.move, a: target, b: base, span) }
    }

    /// `object|call("method", x)`: the method gets the object itself first, as with Lua's colon.
    private mutating func compileMethodFilter(
        _ arguments: Arguments, into base: Int, _ span: Span,
        _ value: (inout Compiler, Int) throws(SyntaxFault) -> Void
    ) throws(SyntaxFault) {
        guard let method = arguments.positional.first, arguments.list == nil, arguments.map == nil else {
            throw SyntaxFault(message: "'call' needs the name of a method", span: span)
        }
        let object = builder.allocate()
        try value(&self, object)
        let key = builder.allocate()
        try compile(method, into: key)
        emit(.index, a: base, b: object, c: key, span)
        builder.release(to: key)
        for item in arguments.positional.dropFirst() { try compile(item, into: builder.allocate()) }
        var flags: UInt8 = 0
        if !arguments.keywords.isEmpty {
            try compileKeywords(arguments.keywords, span)
            flags = Instruction.CallFlag.hasKeywords
        }
        emit(.call, flags: flags, a: base, b: arguments.positional.count, span)
    }

    mutating func compileTest(
        _ name: String, _ value: Expression, _ arguments: Arguments, _ negated: Bool, into target: Int,
        _ span: Span
    ) throws(SyntaxFault) {
        let base = builder.isLast(target) ? target : builder.allocate()
        try compile(value, into: base)
        var flags: UInt8 = negated ? 2 : 0
        if let number = TestTable.number(of: name), !symbols.options.scriptTests.contains(name) {
            let (count, _) = try compileArguments(arguments, TestTable.all[number].signature, of: name, span)
            emit(.test, flags: flags, a: base, b: number, c: count + 1, span)
        } else if symbols.options.scriptTests.contains(name) {
            let (count, hasMap) = try compileArguments(arguments, .any, of: name, span)
            if hasMap { flags |= 1 }
            emit(.scriptTest, flags: flags, a: base, b: try number(of: name, span), c: count + 1, span)
        } else {
            throw unknown("test", name, TestTable.numbers.keys.map { $0 } + symbols.options.scriptTests, span)
        }
        if base != target { emit(.move, a: target, b: base, span) }
    }

    /// `map("upper")`, `select("odd")`: a misspelt name is found before the page is rendered.
    private func checkNames(in arguments: Arguments, of filter: String, _ span: Span) throws(SyntaxFault) {
        if filter == "map" { try checkKeywords(ofMap: arguments, span) }
        let position = filter == "selectattr" || filter == "rejectattr" ? 1 : 0
        guard position < arguments.positional.count,
            case .string(let bytes) = arguments.positional[position].kind
        else { return }
        let name = String(decoding: bytes, as: UTF8.self)
        switch filter {
        case "map":
            guard !FilterTable.isKnown(name), !symbols.options.scriptFilters.contains(name) else {
                return
            }
            throw unknown(
                "filter", name, FilterTable.names + symbols.options.scriptFilters,
                arguments.positional[position].span)
        case "select", "reject", "selectattr", "rejectattr":
            guard TestTable.number(of: name) == nil, !symbols.options.scriptTests.contains(name) else {
                return
            }
            throw unknown(
                "test", name, TestTable.numbers.keys.map { $0 } + symbols.options.scriptTests,
                arguments.positional[position].span)
        default: return
        }
    }

    /// `map(attribute=…, default=…)`, or those of the filter that it applies.
    private func checkKeywords(ofMap arguments: Arguments, _ span: Span) throws(SyntaxFault) {
        var (name, known) = ("map", ["attribute", "default"])
        if let first = arguments.positional.first {
            guard case .string(let bytes) = first.kind else { return }
            name = String(decoding: bytes, as: UTF8.self)
            guard !symbols.options.scriptFilters.contains(name), let number = FilterTable.number(of: name)
            else { return }
            let signature = FilterTable.all[number].signature
            if signature.takesKeywords { return }
            known = signature.parameters
        }
        for (keyword, _) in arguments.keywords where !known.contains(keyword) {
            throw SyntaxFault(message: "'\(name)' has no parameter '\(keyword)'", span: span)
        }
    }

    private func unknown(_ what: String, _ name: String, _ known: [String], _ span: Span) -> SyntaxFault {
        let hint = Suggestion.closest(to: name, among: known).map { " (did you mean '\($0)'?)" } ?? ""
        return SyntaxFault(message: "unknown \(what) '\(name)'\(hint)", span: span)
    }

    private mutating func compileArguments(
        _ arguments: Arguments, _ signature: Signature, of name: String, _ span: Span
    ) throws(SyntaxFault) -> (count: Int, hasMap: Bool) {
        let binding = try signature.bind(arguments, of: name, at: span)
        for value in binding.values {
            let register = builder.allocate()
            if let value {
                try compile(value, into: register)
            } else {
                emit(.loadMissing, a: register, span)
            }
        }
        guard !binding.keywords.isEmpty else { return (binding.values.count, false) }
        try compileKeywords(binding.keywords, span)
        return (binding.values.count + 1, true)
    }

    /// A map of keyword arguments in the next register.
    mutating func compileKeywords(_ keywords: [(name: String, value: Expression)], _ span: Span)
        throws(SyntaxFault)
    {
        let map = builder.allocate()
        emit(.map, a: map, wide: keywords.count, span)
        for (name, value) in keywords {
            let mark = builder.nextRegister
            let key = builder.allocate()
            emit(.loadString, a: key, wide: string(Array(name.utf8)), value.span)
            emit(.put, a: map, b: key, c: try operand(value), value.span)
            builder.release(to: mark)
        }
    }

    // MARK: Calls

    /// True when the call may have printed itself, so that the next instruction must print the result.
    mutating func compileCall(
        _ callee: Expression, _ arguments: Arguments, into target: Int, _ span: Span, emits: Bool,
        callerUnit: Int? = nil
    ) throws(SyntaxFault) -> Bool {
        let flags: UInt8 = emits ? Instruction.CallFlag.emits : 0
        if callerUnit == nil, try compileSpecialCall(callee, arguments, into: target, span, flags) {
            return true
        }
        let base = builder.isLast(target) ? target : builder.allocate()
        var method: Int?
        if case .field(let object, let name) = callee.kind, !isLoopObject(object) {
            try compile(object, into: base)
            method = try number(of: name, span)
        } else {
            try compile(callee, into: base)
        }
        try compileCallArguments(
            arguments, base: base, method: method, span, flags: flags, callerUnit: callerUnit)
        if base != target { emit(.move, a: target, b: base, span) }
        return true
    }

    private mutating func compileCallArguments(
        _ arguments: Arguments, base: Int, method: Int?, _ span: Span, flags: UInt8, callerUnit: Int?
    ) throws(SyntaxFault) {
        var flags = flags
        var count = arguments.positional.count
        if let list = arguments.list {
            flags |= Instruction.CallFlag.spreads
            count = 1
            let all = builder.allocate()
            emit(.list, a: all, wide: arguments.positional.count, span)
            for item in arguments.positional {
                let mark = builder.nextRegister
                emit(.append, a: all, b: try operand(item), item.span)
                builder.release(to: mark)
            }
            let mark = builder.nextRegister
            emit(.append, flags: 1, a: all, b: try operand(list), list.span)
            builder.release(to: mark)
        } else {
            for item in arguments.positional { try compile(item, into: builder.allocate()) }
        }
        if !arguments.keywords.isEmpty || arguments.map != nil || callerUnit != nil {
            flags |= Instruction.CallFlag.hasKeywords
            try compileKeywords(arguments.keywords, span)
            let map = builder.nextRegister - 1
            if let extra = arguments.map {
                let mark = builder.nextRegister
                emit(.put, flags: 1, a: map, b: try operand(extra), extra.span)
                builder.release(to: mark)
            }
            if let callerUnit { try addCaller(callerUnit, to: map, span) }
        }
        if let method {
            emit(.callMethod, flags: flags, a: base, b: count, c: method, span)
        } else {
            emit(.call, flags: flags, a: base, b: count, span)
        }
    }

    private func isLoopObject(_ expression: Expression) -> Bool {
        guard case .name("loop") = expression.kind else { return false }
        return loopLevel != nil && builder.register(of: "loop") == nil
    }

    private mutating func addCaller(_ unit: Int, to map: Int, _ span: Span) throws(SyntaxFault) {
        let mark = builder.nextRegister
        let key = builder.allocate()
        let caller = builder.allocate()
        emit(.loadString, a: key, wide: string(Array("caller".utf8)), span)
        emit(.macro, a: caller, wide: unit, span)
        emit(.put, a: map, b: key, c: caller, span)
        builder.release(to: mark)
    }

    /// `loop(…)`, `loop.cycle(…)`, `super()`, `self.x()`: calls that are no values.
    private mutating func compileSpecialCall(
        _ callee: Expression, _ arguments: Arguments, into target: Int, _ span: Span, _ flags: UInt8
    ) throws(SyntaxFault) -> Bool {
        switch callee.kind {
        case .name("loop") where try resolve("loop", span) == nil && loopLevel != nil:
            return try compileRecursion(arguments, into: target, span, flags)
        case .name("super") where takesSuper():
            emit(.superBlock, flags: flags, a: target, b: 1, span)
            return true
        case .field(let object, let method):
            if case .name("loop") = object.kind, try resolve("loop", span) == nil, let level = loopLevel,
                method == "cycle" || method == "changed"
            {
                let base = builder.isLast(target) ? target : builder.allocate()
                for item in arguments.positional { try compile(item, into: builder.allocate()) }
                if let list = arguments.list { try compile(list, into: builder.allocate()) }
                let opcode: Opcode = method == "cycle" ? .loopCycle : .loopChanged
                let count = arguments.positional.count + (arguments.list == nil ? 0 : 1)
                emit(opcode, flags: arguments.list == nil ? 0 : 1, a: base, b: level, c: count, span)
                if base != target { emit(.move, a: target, b: base, span) }
                return true
            }
            if case .name("self") = object.kind, try resolve("self", span) == nil {
                emit(.selfBlock, flags: flags, a: target, wide: try number(of: method, span), span)
                return true
            }
            if let levels = Self.superLevels(callee), takesSuper() {
                emit(.superBlock, flags: flags, a: target, b: levels, span)
                return true
            }
            return false
        default: return false
        }
    }

    private mutating func compileRecursion(
        _ arguments: Arguments, into target: Int, _ span: Span, _ flags: UInt8
    ) throws(SyntaxFault) -> Bool {
        guard let level = loopLevel, builder.loops[builder.loops.count - 1 - level].isRecursive else {
            throw SyntaxFault(message: "the loop is not marked 'recursive'", span: span)
        }
        guard arguments.positional.count == 1, arguments.keywords.isEmpty else {
            throw SyntaxFault(message: "'loop' takes one argument", span: span)
        }
        guard level < 32 else { throw SyntaxFault(message: "too many nested loops", span: span) }
        try compile(arguments.positional[0], into: target)
        let begin = builder.loops[builder.loops.count - 1 - level].begin
        emit(.recurse, flags: flags | UInt8(level) << 3, a: target, wide: begin - builder.code.count, span)
        return true
    }
}
