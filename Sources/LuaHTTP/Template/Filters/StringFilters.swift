// SPDX-License-Identifier: MIT

/// Filters that turn text into text.
enum StringFilters {
    static let all: [Filter] = [
        Filter(
            "upper", "",
            { (m, c) throws(RenderFault) in
                try m.rewrite(c.base) { CaseMapping.append($0, .upper, to: &$1) }
            }),
        Filter(
            "lower", "",
            { (m, c) throws(RenderFault) in
                try m.rewrite(c.base) { CaseMapping.append($0, .lower, to: &$1) }
            }),
        Filter(
            "capitalize", "",
            { (m, c) throws(RenderFault) in
                try m.rewrite(c.base) { CaseMapping.appendCapitalized($0, to: &$1) }
            }),
        Filter("title", "", { (m, c) throws(RenderFault) in try m.rewrite(c.base, title) }),
        Filter("string", "", { (m, c) throws(RenderFault) in try m.textify(c.base) }),
        Filter("trim", "chars?", trim),
        Filter("center", "width?", center),
        Filter("indent", "width? first? blank?", indent),
        Filter("replace", "old new count?", replace),
        Filter("truncate", "length? killwords? end? leeway?", truncate),
        Filter("wordcount", "", wordCount),
        Filter("split", "sep? maxsplit?", split),
        Filter("lines", "", lines),
        Filter("slug", "", { (m, c) throws(RenderFault) in try m.rewrite(c.base, slug) }),
    ]

    /// After blanks and opening brackets a word begins.
    private static func title(_ bytes: UnsafeRawBufferPointer, _ output: inout ByteStorage) {
        var start = 0
        var offset = 0
        while offset <= bytes.count {
            let isEnd = offset == bytes.count
            let (scalar, length) = isEnd ? (nil, 1) : UTF8Text.scalar(bytes, at: offset)
            if isEnd || scalar.map({ "-({[<".unicodeScalars.contains($0) }) == true
                || CharacterClass.isSpace(scalar)
            {
                CaseMapping.appendCapitalized(
                    UnsafeRawBufferPointer(rebasing: bytes[start..<offset]), first: .upper, to: &output)
                if !isEnd { output.append(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])) }
                start = offset + length
            }
            offset += length
        }
    }

    private static func slug(_ bytes: UnsafeRawBufferPointer, _ output: inout ByteStorage) {
        var offset = 0
        var needsDash = false
        while offset < bytes.count {
            let (scalar, length) = UTF8Text.scalar(bytes, at: offset)
            let part = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            if let scalar, CharacterClass.isWord(scalar), scalar != "_" {
                if needsDash, output.count > 0 { output.append(UInt8(ascii: "-")) }
                needsDash = false
                CaseMapping.append(part, .lower, to: &output)
            } else {
                needsDash = true
            }
            offset += length
        }
    }

    private static func trim(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.textify(call.base)
        var isTrimmed: (Unicode.Scalar?) -> Bool = CharacterClass.isSpace
        if m.given(call, 1) != nil {
            let characters = Set(try m.text(call, 1, "").unicodeScalars)
            isTrimmed = { $0.map { characters.contains($0) } ?? false }
        }
        let value = m.values[call.base]
        let bytes = value.bytes
        var start = 0
        while start < bytes.count {
            let (scalar, length) = UTF8Text.scalar(bytes, at: start)
            guard isTrimmed(scalar) else { break }
            start += length
        }
        var end = start
        var offset = start
        while offset < bytes.count {
            let (scalar, length) = UTF8Text.scalar(bytes, at: offset)
            offset += length
            if !isTrimmed(scalar) { end = offset }
        }
        try m.setString(call.base, UnsafeRawBufferPointer(rebasing: bytes[start..<end]), safe: value.isSafe)
    }

    private static func center(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let width = try m.size(call, 1, 80)
        try m.rewrite(call.base) { bytes, output in
            let padding = max(0, width - UTF8Text.count(bytes))
            let left = padding / 2 + (padding & width & 1)
            output.append(repeating: 0x20, count: left)
            output.append(bytes)
            output.append(repeating: 0x20, count: padding - left)
        }
    }

    private static func indent(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let indentation: String
        if let index = m.given(call, 1), m.values[index].type == .string {
            indentation = try m.text(call, 1, "")
        } else {
            indentation = String(repeating: " ", count: max(0, try m.size(call, 1, 4, limit: 10_000)))
        }
        let first = try m.flag(call, 2)
        let blank = try m.flag(call, 3)
        try m.rewrite(call.base) { bytes, output in
            var isFirst = true
            for var line in bytes.split(separator: 0x0A, omittingEmptySubsequences: false) {
                if line.last == 0x0D { line.removeLast() }
                if !isFirst { output.append("\n") }
                if isFirst ? first : blank || !line.isEmpty { output.append(indentation) }
                output.append(UnsafeRawBufferPointer(rebasing: line))
                isFirst = false
            }
        }
    }

    /// As in MarkupSafe 3: what comes into safe text is escaped, what is looked for is not.
    private static func replace(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        for index in call.base...call.base + 2 { try m.textify(index) }
        if m.escapes {
            let hasSafe = m.values[call.base + 1].isSafe || m.values[call.base + 2].isSafe
            if hasSafe { try HTMLFilters.escape(&m, call.base) }
            if m.values[call.base].isSafe { try HTMLFilters.escape(&m, call.base + 2) }
        }
        // As in Python, a negative count is no limit.
        let most = try m.integer(call, 3, -1)
        var left = most < 0 ? Int64.max : most
        let old = m.values[call.base + 1].bytes
        let new = m.values[call.base + 2].bytes
        let bytes = m.values[call.base].bytes
        m.scratch.count = 0
        var offset = 0
        while left != 0 {
            guard m.scratch.count <= m.set.options.maximumText else {
                throw RenderFault("text is too long", kind: .limit)
            }
            if old.isEmpty {
                m.scratch.append(new)
                left -= 1
                guard offset < bytes.count else { break }
                let length = UTF8Text.length(bytes, at: offset)
                m.scratch.append(UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length]))
                offset += length
                continue
            }
            guard let hit = Machine.find(old, in: bytes, from: offset) else { break }
            m.scratch.append(UnsafeRawBufferPointer(rebasing: bytes[offset..<hit]))
            m.scratch.append(new)
            offset = hit + old.count
            left -= 1
        }
        m.scratch.append(UnsafeRawBufferPointer(rebasing: bytes[offset...]))
        try m.setScratch(call.base, safe: m.escapes && m.values[call.base].isSafe)
    }

    private static func truncate(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let length = try m.size(call, 1, 255, limit: 1 << 40)
        let killsWords = try m.flag(call, 2)
        let end = try m.text(call, 3, "...")
        let leeway = try m.size(call, 4, 5)
        let kept = length - end.unicodeScalars.count
        guard kept >= 0, leeway >= 0 else {
            throw RenderFault(
                "truncate needs a length of at least \(end.unicodeScalars.count), and a leeway of at least 0")
        }
        try m.textify(call.base)
        guard UTF8Text.count(m.values[call.base].bytes) > length + leeway else { return }
        let isSafe = m.values[call.base].isSafe
        let endIsSafe = m.given(call, 3).map { m.values[$0].isSafe } ?? false
        try m.rewrite(call.base) { bytes, output in
            var range = UTF8Text.range(bytes, from: 0, count: kept)
            if !killsWords, let blank = bytes[range].lastIndex(of: 0x20) { range = 0..<blank }
            output.append(
                UnsafeRawBufferPointer(rebasing: bytes[range]), escaped: endIsSafe && !isSafe)
            Array(end.utf8).withUnsafeBytes { output.append($0, escaped: isSafe && !endIsSafe) }
        }
        m.values[call.base].isSafe = isSafe || endIsSafe
    }

    private static func wordCount(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.textify(call.base)
        let bytes = m.values[call.base].bytes
        var (count, offset, isInside) = (Int64(0), 0, false)
        while offset < bytes.count {
            let (scalar, length) = UTF8Text.scalar(bytes, at: offset)
            let isWord = CharacterClass.isWord(scalar)
            if isWord, !isInside { count += 1 }
            isInside = isWord
            offset += length
        }
        m.values[call.base] = .integer(count)
    }

    private static func split(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.textify(call.base)
        let most = try m.integer(call, 2, -1)
        let separator = m.given(call, 1) != nil ? try m.text(call, 1, "") : nil
        if separator == "" { throw RenderFault("split needs a separator") }
        let temporary = try m.reserve(2)
        defer { m.release(to: temporary) }
        var list = m.startList(temporary)
        let bytes = m.values[call.base].bytes
        var offset = 0
        let wanted = Array((separator ?? "").utf8)
        while true {
            if separator == nil { while offset < bytes.count, Lexer.isSpace(bytes[offset]) { offset += 1 } }
            if separator == nil, offset >= bytes.count { break }
            var end = bytes.count
            var next = bytes.count + 1
            if most < 0 || list.count < most {
                if separator == nil {
                    if let blank = bytes[offset...].firstIndex(where: Lexer.isSpace) {
                        (end, next) = (blank, blank)
                    }
                } else if let hit = wanted.withUnsafeBytes({ Machine.find($0, in: bytes, from: offset) }) {
                    (end, next) = (hit, hit + wanted.count)
                }
            }
            try m.setString(temporary + 1, UnsafeRawBufferPointer(rebasing: bytes[offset..<end]))
            m.add(temporary + 1, to: &list)
            try m.work()
            guard next <= bytes.count else { break }
            offset = next
        }
        m.copy(temporary, call.base)
    }

    private static func lines(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.textify(call.base)
        let temporary = try m.reserve(2)
        defer { m.release(to: temporary) }
        var list = m.startList(temporary)
        let bytes = m.values[call.base].bytes
        var start = 0
        while start < bytes.count {
            var end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
            try m.setString(temporary + 1, UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
            m.add(temporary + 1, to: &list)
            try m.work()
            if end + 1 < bytes.count, bytes[end] == 0x0D, bytes[end + 1] == 0x0A { end += 1 }
            start = end + 1
        }
        m.copy(temporary, call.base)
    }
}
