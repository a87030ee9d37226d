// SPDX-License-Identifier: MIT

/// Filters about numbers, and about values as such.
enum NumberFilters {
    static let all: [Filter] = [
        Filter("abs", "", abs),
        Filter("int", "default? base?", int),
        Filter("float", "default?", float),
        Filter("round", "precision? method?", round),
        Filter("filesizeformat", "binary?", fileSize),
        Filter(
            "bool", "", { (m, c) throws(RenderFault) in m.values[c.base] = .boolean(try m.isTrue(c.base)) }),
        Filter("default", "default_value? boolean?", fallback),
        Filter("d", "default_value? boolean?", fallback),
        Filter(
            "attr", "name", { (m, c) throws(RenderFault) in try m.index(c.base, by: c.base + 1, to: c.base) }),
        Filter("date", "format?", date),
    ]

    private static func abs(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let value = m.values[call.base]
        switch value.type {
        case .integer:
            m.values[call.base] =
                value.integer == .min ? .float(9_223_372_036_854_775_808) : .integer(Swift.abs(value.integer))
        case .float: m.values[call.base] = .float(value.float.magnitude)
        case .boolean: m.values[call.base] = .integer((value.boolean ? 1 : 0))
        case .undefined: throw m.undefinedFault(value)
        default: throw RenderFault("abs needs a number, not \(value.typeName)")
        }
    }

    private static func int(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let base = Int(truncatingIfNeeded: try m.integer(call, 2, 10))
        let value = m.values[call.base]
        var result: Int64?
        switch value.type {
        case .integer: return
        case .boolean: result = (value.boolean ? 1 : 0)
        case .float: result = Int64(exactly: value.float.rounded(.towardZero))
        case .string:
            result = NumberText.integer(value.bytes, base: base)
            if result == nil, let number = NumberText.float(value.bytes) {
                result = Int64(exactly: number.rounded(.towardZero))
            }
        case .undefined where m.set.options.undefined == .strict: throw m.undefinedFault(value)
        default: break
        }
        if let result {
            m.values[call.base] = .integer(result)
        } else if let index = call.index(1), m.values[index].type != .missing {
            m.copy(index, call.base)
        } else {
            m.values[call.base] = .integer(0)
        }
    }

    private static func float(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let value = m.values[call.base]
        var result = value.number
        if value.type == .string { result = NumberText.float(value.bytes) }
        if value.type == .boolean { result = (value.boolean ? 1 : 0) }
        if let result {
            m.values[call.base] = .float(result)
        } else if let index = call.index(1), m.values[index].type != .missing {
            m.copy(index, call.base)
        } else {
            m.values[call.base] = .float(0)
        }
    }

    private static func round(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let precision = Int(truncatingIfNeeded: max(-400, min(400, try m.integer(call, 1, 0))))
        let method = try m.text(call, 2, "common")
        guard ["common", "ceil", "floor"].contains(method) else {
            throw RenderFault("the method of round must be 'common', 'ceil' or 'floor'")
        }
        var value = m.values[call.base]
        if value.type == .boolean {
            value = .integer(value.boolean ? 1 : 0)
            m.values[call.base] = value
        }
        guard let number = value.number else {
            if value.type == .undefined { throw m.undefinedFault(value) }
            throw RenderFault("round needs a number, not \(value.typeName)")
        }
        if method == "common" {
            if value.type == .integer, precision >= 0 { return }
            guard precision > -20, number.isFinite else {
                return m.values[call.base] =
                    value.type == .integer ? .integer(0) : .float(number.isFinite ? 0 : number)
            }
            if precision >= 0 {
                m.values[call.base] = .float(Double(PlatformText.fixed(number, precision)) ?? number)
            } else {
                let scale = PlatformMath.power(10, Double(-precision))
                let rounded = (number / scale).rounded(.toNearestOrEven) * scale
                m.values[call.base] =
                    value.type == .integer
                    ? Int64(exactly: rounded).map { .integer($0) } ?? .float(rounded) : .float(rounded)
            }
            return
        }
        let scale = PlatformMath.power(10, Double(precision))
        let scaled = number * scale
        let rounded = scaled.rounded(method == "ceil" ? .up : .down)
        m.values[call.base] = .float(scaled.isFinite && scale > 0 ? rounded / scale : number)
    }

    private static func fileSize(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let binary = try m.flag(call, 1)
        let value = m.values[call.base]
        let parsed = value.type == .string ? NumberText.float(value.bytes) : value.number
        guard let bytes = parsed else {
            if value.type == .undefined { throw m.undefinedFault(value) }
            throw RenderFault("filesizeformat needs a number, not \(value.typeName)")
        }
        let base: Double = binary ? 1024 : 1000
        if bytes == 1 { return try m.setText(call.base, "1 Byte") }
        if bytes < base, bytes.isFinite {
            return try m.setText(call.base, "\(Int64(exactly: bytes.rounded(.towardZero)) ?? 0) Bytes")
        }
        let prefixes =
            binary
            ? ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"]
            : ["kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"]
        var unit = base
        for (offset, prefix) in prefixes.enumerated() {
            unit *= base
            if bytes < unit || offset == prefixes.count - 1 {
                return try m.setText(call.base, PlatformText.fixed(base * bytes / unit, 1) + " " + prefix)
            }
        }
    }

    /// `default`: also for values that are false when `boolean` says so.
    private static func fallback(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let value = m.values[call.base]
        var isMissing = value.type == .undefined || value.type == .missing
        if !isMissing, try m.flag(call, 2) { isMissing = try !m.isTrue(call.base) }
        guard isMissing else { return }
        if let index = call.index(1), m.values[index].type != .missing {
            m.copy(index, call.base)
        } else {
            try m.setText(call.base, "")
        }
    }

    /// Seconds since 1970, in UTC.
    private static func date(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let value = m.values[call.base]
        guard let number = value.number, let seconds = Int64(exactly: number.rounded(.down)),
            seconds.magnitude < 1 << 45
        else {
            if value.type == .undefined { throw m.undefinedFault(value) }
            throw RenderFault("date needs a number of seconds since 1970, not \(value.typeName)")
        }
        let format = try m.text(call, 1, "%Y-%m-%d %H:%M")
        try m.setText(call.base, CalendarDate(seconds: seconds).formatted(format))
    }
}
