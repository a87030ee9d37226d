// SPDX-License-Identifier: MIT

internal import CLua

/// Macros as values: making them, calling them with arguments by position and by name, and their fields.
extension Machine {
    /// A macro is a table: {template, unit, context, captures…}; with `super()` also {…, lineage, block, level}.
    mutating func makeMacro(unit number: Int, to index: Int) throws(RenderFault) {
        let unit = images[Int(frames.last.template)].units[number]
        if frames.last.kind != .block, frames.last.kind != .macro { ownContext() }
        let base = frames.last.base
        let temporary = try reserve(1)
        defer { release(to: temporary) }
        setTable(temporary, .macro, items: 3 + unit.captureCount)
        lh_push_integer(lua, Int64(frames.last.template))
        lh_set_index(lua, slot(temporary), 1)
        lh_push_integer(lua, Int64(number))
        lh_set_index(lua, slot(temporary), 2)
        setItem(temporary, 3, base)
        for offset in 0..<unit.captureCount {
            setItem(temporary, Int64(offset) + 4, base + unit.capture(offset).from)
        }
        if unit.usesSuper { keepBlock(temporary, after: unit.captureCount) }
        copy(temporary, index)
    }

    private func macroParts(_ index: Int) -> (template: Int32, unit: Int)? {
        lh_get_index(lua, slot(index), 1)
        lh_get_index(lua, slot(index), 2)
        let parts = (lh_integer(lua, -2), lh_integer(lua, -1))
        lh_set_top(lua, slot(top) - 1)
        guard let number = Int32(exactly: parts.0), number >= 0, Int(number) < set.templates.count,
            parts.1 >= 0, parts.1 < Int64(images[Int(number)].unitCount)
        else { return nil }
        return (number, Int(parts.1))
    }

    func macroName(_ index: Int) -> String? {
        macroParts(index).map { set.names[Int(images[Int($0.template)].units[$0.unit].name)] }
    }

    mutating func callMacro(_ site: CallSite) throws(RenderFault) -> Flow {
        guard let (number, unitNumber) = macroParts(site.callee) else {
            throw RenderFault("this macro belongs to another set of templates")
        }
        let unit = images[Int(number)].units[unitNumber]
        // A macro that prints itself skips the instruction that would print its result.
        if site.emits { pc += 1 }
        try push(.macro, template: number, unit: unitNumber, result: site.emits ? -1 : site.result)
        frames.last.floor = site.floor
        let base = frames.last.base
        item(site.callee, 3, to: base)
        for offset in 0..<unit.captureCount {
            item(site.callee, Int64(offset) + 4, to: base + unit.capture(offset).to)
        }
        if unit.itself > 0 { copy(site.callee, base + unit.itself) }
        if unit.usesSuper { restoreBlock(site.callee, after: unit.captureCount) }
        do throws(RenderFault) {
            try bind(site, unit, base)
        } catch {
            // The caller is to blame, and its line is what the error shows.
            try pop()
            throw error
        }
        return .frameChanged
    }

    private mutating func bind(_ site: CallSite, _ unit: UnitImage, _ base: Int) throws(RenderFault) {
        for offset in 0..<unit.parameterCount {
            let register = unit.parameter(offset)
            if offset < site.count {
                copy(site.first + offset, base + register)
            } else {
                values[base + register] = .missing
            }
        }
        if unit.varargs > 0 {
            let rest = base + unit.varargs
            setTable(rest, .list)
            for offset in min(unit.parameterCount, site.count)..<site.count {
                setItem(rest, Int64(offset - unit.parameterCount) + 1, site.first + offset)
            }
        } else if site.count > unit.parameterCount {
            throw RenderFault(
                "macro '\(set.names[Int(unit.name)])' takes at most \(unit.parameterCount) arguments")
        }
        if unit.kwargs > 0 { setTable(base + unit.kwargs, .map) }
        if site.keywords >= 0 { try bindKeywords(site, unit, base) }
    }

    private mutating func bindKeywords(_ site: CallSite, _ unit: UnitImage, _ base: Int)
        throws(RenderFault)
    {
        let temporary = try reserve(3)
        defer { release(to: temporary) }
        let count = sortedKeys(site.keywords, to: temporary)
        for position in 0..<count {
            item(temporary, position + 1, to: temporary + 1)
            try get(site.keywords, temporary + 1, to: temporary + 2)
            let keyword = String(decoding: values[temporary + 1].bytes, as: UTF8.self)
            let parameter = (0..<unit.parameterCount).first { set.names[unit.parameterName($0)] == keyword }
            if let parameter {
                let register = base + unit.parameter(parameter)
                guard values[register].type == .missing else {
                    throw RenderFault("macro '\(set.names[Int(unit.name)])' got two values for '\(keyword)'")
                }
                copy(temporary + 2, register)
            } else if keyword == "caller", unit.usesCaller {
                copy(temporary + 2, base + unit.caller)
            } else if unit.kwargs > 0 {
                lht_set(
                    lua, slot(base + unit.kwargs), &values.base[temporary + 1], slot(temporary + 1),
                    &values.base[temporary + 2], slot(temporary + 2))
            } else {
                throw RenderFault("macro '\(set.names[Int(unit.name)])' has no parameter '\(keyword)'")
            }
        }
    }

    /// `m.name`, `m.arguments` and the like.
    mutating func macroField(_ object: Int, _ name: String, to index: Int) throws(RenderFault) {
        guard let (number, unitNumber) = macroParts(object) else {
            values[index] = undefinedHere
            return
        }
        let unit = images[Int(number)].units[unitNumber]
        switch name {
        case "name":
            scratch.count = 0
            scratch.append(set.names[Int(unit.name)])
            try setScratch(index)
        case "arguments":
            let temporary = try reserve(2)
            defer { release(to: temporary) }
            setTable(temporary, .list)
            for offset in 0..<unit.parameterCount {
                scratch.count = 0
                scratch.append(set.names[unit.parameterName(offset)])
                try setScratch(temporary + 1)
                setItem(temporary, Int64(offset) + 1, temporary + 1)
            }
            copy(temporary, index)
        case "catch_kwargs": values[index] = .boolean(unit.kwargs > 0)
        case "catch_varargs": values[index] = .boolean(unit.varargs > 0)
        case "caller": values[index] = .boolean(unit.usesCaller)
        default: values[index] = undefinedHere
        }
    }
}
