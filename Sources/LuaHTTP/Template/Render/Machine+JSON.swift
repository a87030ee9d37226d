// SPDX-License-Identifier: MIT

internal import CLua

/// Values as JSON in the scratch buffer: for `tojson`, and for printing a table.
extension Machine {
    struct JSONStyle {
        var itemSeparator: StaticString
        var keySeparator: StaticString
        /// ASCII only, and nothing that could end a script element or an attribute.
        var isForHTML: Bool
        var indent = 0

        static let plain = JSONStyle(itemSeparator: ",", keySeparator: ":", isForHTML: false)
        static let forHTML = JSONStyle(itemSeparator: ", ", keySeparator: ": ", isForHTML: true)
    }

    mutating func appendJSON(_ index: Int, style: JSONStyle, depth: Int) throws(RenderFault) {
        let value = values[index]
        switch value.type {
        case .none: scratch.append("null")
        case .undefined, .missing:
            if style.isForHTML { throw undefinedFault(value) }
            scratch.append("null")
        case .awaitable:
            try settle(index)
            try appendJSON(index, style: style, depth: depth)
        case .boolean: scratch.append(value.boolean ? "true" : "false")
        case .integer: scratch.append(integer: value.integer)
        case .float:
            if style.isForHTML, !value.float.isFinite {
                throw RenderFault("\(value.float) has no form in JSON")
            }
            scratch.append(float: value.float)
        case .string: appendJSONString(value.bytes, style)
        case .table:
            guard depth < Self.maximumNesting else {
                throw RenderFault("table is nested too deeply, or contains itself", kind: .limit)
            }
            try appendJSONTable(index, style, depth)
        case .function, .builtin, .userdata, .thread:
            if style.isForHTML { throw RenderFault("a \(value.typeName) has no form in JSON") }
            scratch.append("\"<")
            scratch.append(value.typeName)
            scratch.append(">\"")
        }
    }

    private mutating func appendJSONTable(_ index: Int, _ style: JSONStyle, _ depth: Int) throws(RenderFault)
    {
        let kind = values[index].tableKind
        if kind == .macro || kind == .cycler || kind == .joiner {
            return appendName(index, kind, quoted: true)
        }
        let temporary = try reserve(2)
        defer { release(to: temporary) }
        if try openObject(index, to: index) { return try appendJSONTable(index, style, depth) }
        try work()
        let isList = isList(index)
        let count = isList ? try listify(index, to: temporary) : sortedKeys(index, to: temporary)
        if count == 0 {
            return scratch.append(kind == .list ? "[]" : kind == .plain && !style.isForHTML ? "[]" : "{}")
        }
        let most = min(textLimit, set.options.maximumText)
        scratch.append(isList ? "[" : "{")
        for position in 0..<count {
            if scratch.count > most { throw RenderFault("text is too long", kind: .limit) }
            if position > 0 { scratch.append(style.indent > 0 ? "," : style.itemSeparator) }
            if style.indent > 0 { appendLine(style.indent * (depth + 1)) }
            item(temporary, position + 1, to: temporary + 1)
            if !isList {
                try appendJSONKey(temporary + 1, style)
                scratch.append(style.keySeparator)
                try get(index, temporary + 1, to: temporary + 1)
            }
            try appendJSON(temporary + 1, style: style, depth: depth + 1)
        }
        if style.indent > 0 { appendLine(style.indent * depth) }
        scratch.append(isList ? "]" : "}")
    }

    /// `<macro name>`, `<cycler>`.
    mutating func appendName(_ index: Int, _ kind: TableKind, quoted: Bool = false) {
        let name = kind == .macro ? macroName(index).map { " " + $0 } ?? "" : ""
        scratch.append(quoted ? "\"<\(kind)\(name)>\"" : "<\(kind)\(name)>")
    }

    private mutating func appendLine(_ blanks: Int) {
        scratch.append("\n")
        scratch.append(repeating: 0x20, count: blanks)
    }

    private mutating func appendJSONKey(_ index: Int, _ style: JSONStyle) throws(RenderFault) {
        if values[index].type == .string { return appendJSONString(values[index].bytes, style) }
        scratch.append("\"")
        if values[index].type == .none { scratch.append("null") } else { try appendText(index) }
        scratch.append("\"")
    }

    mutating func appendJSONString(_ bytes: UnsafeRawBufferPointer, _ style: JSONStyle) {
        scratch.append("\"")
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte >= 0x80, style.isForHTML {
                let (scalar, length) = UTF8Text.scalar(bytes, at: offset)
                for unit in String(Character(scalar ?? "\u{FFFD}")).utf16 { appendUnicodeEscape(unit) }
                offset += length
                continue
            }
            offset += 1
            switch byte {
            case 0x22: scratch.append("\\\"")
            case 0x5C: scratch.append("\\\\")
            case 0x0A: scratch.append("\\n")
            case 0x0D: scratch.append("\\r")
            case 0x09: scratch.append("\\t")
            case 0x08: scratch.append("\\b")
            case 0x0C: scratch.append("\\f")
            case 0x00..<0x20: appendUnicodeEscape(UInt16(byte))
            case 0x3C, 0x3E, 0x26, 0x27, 0x7F:
                if style.isForHTML { appendUnicodeEscape(UInt16(byte)) } else { scratch.append(byte) }
            default: scratch.append(byte)
            }
        }
        scratch.append("\"")
    }

    private mutating func appendUnicodeEscape(_ unit: UInt16) {
        scratch.append("\\u")
        for shift: UInt16 in [12, 8, 4, 0] {
            let digit = UInt8(truncatingIfNeeded: unit >> shift & 15)
            scratch.append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}
