// SPDX-License-Identifier: MIT

internal import CLua

/// Filters about markup: what is safe, and how text and values become it.
enum HTMLFilters {
    static let all: [Filter] = [
        Filter("safe", "", mark),
        Filter("escape", "", { (m, c) throws(RenderFault) in try escape(&m, c.base) }),
        Filter("e", "", { (m, c) throws(RenderFault) in try escape(&m, c.base) }),
        Filter("forceescape", "", forceEscape),
        Filter("striptags", "", stripTags),
        Filter("nl2br", "", lineBreaks),
        Filter("xmlattr", "autospace?", attributes),
        Filter("tojson", "indent?", json),
        Filter("pprint", "verbose?", prettyPrint),
        Filter("base64", "", { (m, c) throws(RenderFault) in try m.rewrite(c.base, base64) }),
    ]

    private static func mark(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.textify(call.base)
        m.values[call.base].isSafe = true
    }

    static func escape(_ m: inout Machine, _ index: Int) throws(RenderFault) {
        try m.textify(index)
        let value = m.values[index]
        guard !value.isSafe else { return }
        m.scratch.count = 0
        m.scratch.appendEscaped(value.bytePointer, value.byteCount)
        try m.setScratch(index, safe: true)
    }

    private static func forceEscape(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.textify(call.base)
        m.values[call.base].isSafe = false
        try escape(&m, call.base)
    }

    private static func lineBreaks(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try escape(&m, call.base)
        try m.rewrite(call.base) { bytes, output in
            for byte in bytes {
                if byte == 0x0A { output.append("<br>") }
                output.append(byte)
            }
        }
    }

    // MARK: striptags

    /// Without comments and tags, blanks folded, entities as characters.
    private static func stripTags(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.rewrite(call.base) { bytes, output in
            var (offset, needsBlank) = (0, false)
            while offset < bytes.count {
                let byte = bytes[offset]
                if byte == UInt8(ascii: "<"), let end = endOfTag(bytes, offset) {
                    offset = end
                } else if Lexer.isSpace(byte) {
                    needsBlank = true
                    offset += 1
                } else {
                    if needsBlank, output.count > 0 { output.append(0x20) }
                    needsBlank = false
                    offset += appendCharacter(bytes, offset, &output)
                }
            }
        }
        m.values[call.base].isSafe = false
    }

    private static func endOfTag(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Int? {
        if bytes[start...].starts(with: "<!--".utf8) {
            let rest = UnsafeRawBufferPointer(rebasing: bytes[(start + 4)...])
            return Array("-->".utf8).withUnsafeBytes { Machine.find($0, in: rest) }.map { start + 4 + $0 + 3 }
        }
        return bytes[start...].firstIndex(of: UInt8(ascii: ">")).map { $0 + 1 }
    }

    private static let entities = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}",
    ]

    /// One byte, or the character of an entity; returns how many bytes it took.
    private static func appendCharacter(
        _ bytes: UnsafeRawBufferPointer, _ offset: Int, _ output: inout ByteStorage
    ) -> Int {
        if bytes[offset] == UInt8(ascii: "&"),
            let end = bytes[offset..<min(bytes.count, offset + 12)].firstIndex(of: UInt8(ascii: ";"))
        {
            let name = String(decoding: bytes[(offset + 1)..<end], as: UTF8.self)
            if let text = entities[name] ?? numericEntity(name) {
                output.append(text)
                return end - offset + 1
            }
        }
        output.append(bytes[offset])
        return 1
    }

    private static func numericEntity(_ name: String) -> String? {
        guard name.hasPrefix("#") else { return nil }
        let digits = name.dropFirst()
        let value =
            digits.hasPrefix("x") || digits.hasPrefix("X")
            ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return value.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
    }

    // MARK: xmlattr

    private static func attributes(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        _ = try m.openObject(call.base, to: call.base)
        let value = m.values[call.base]
        let autospace = try m.flag(call, 1, true)
        guard value.type == .table, !m.isList(call.base) else {
            if value.type == .undefined { throw m.undefinedFault(value) }
            throw RenderFault("xmlattr needs a map, not \(value.typeName)")
        }
        let temporary = try m.reserve(3)
        defer { m.release(to: temporary) }
        let count = m.sortedKeys(call.base, to: temporary)
        let mark = m.scratch.count
        for position in 0..<count {
            m.item(temporary, position + 1, to: temporary + 1)
            try m.get(call.base, temporary + 1, to: temporary + 2)
            guard m.values[temporary + 2].type != .none, m.values[temporary + 2].type != .undefined else {
                continue
            }
            let key = m.values[temporary + 1].bytes
            if let bad = key.first(where: { Lexer.isSpace($0) || $0 == 0x2F || $0 == 0x3E || $0 == 0x3D }) {
                throw RenderFault("'\(Character(Unicode.Scalar(bad)))' cannot be in the name of an attribute")
            }
            if m.scratch.count > mark || autospace { m.scratch.append(0x20) }
            try m.appendText(temporary + 1, escaped: true)
            m.scratch.append("=\"")
            try m.appendText(temporary + 2, escaped: true)
            m.scratch.append("\"")
        }
        try m.setScratch(call.base, from: mark, safe: m.escapes)
    }

    // MARK: JSON

    private static func json(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        var style = Machine.JSONStyle.forHTML
        style.indent = max(0, try m.size(call, 1, 0, limit: 100))
        let mark = m.scratch.count
        try m.appendJSON(call.base, style: style, depth: 0)
        try m.setScratch(call.base, from: mark, safe: true)
    }

    private static func prettyPrint(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let mark = m.scratch.count
        try m.appendJSON(call.base, style: .plain, depth: 0)
        try m.setScratch(call.base, from: mark)
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// RFC 4648, section 4.
    private static func base64(_ bytes: UnsafeRawBufferPointer, _ output: inout ByteStorage) {
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let count = min(3, bytes.count - start)
            var group = UInt32(bytes[start]) &<< 16
            if count > 1 { group |= UInt32(bytes[start + 1]) &<< 8 }
            if count > 2 { group |= UInt32(bytes[start + 2]) }
            for (position, shift) in [18, 12, 6, 0].enumerated() {
                output.append(position <= count ? alphabet[Int(group >> shift & 63)] : UInt8(ascii: "="))
            }
        }
    }
}
