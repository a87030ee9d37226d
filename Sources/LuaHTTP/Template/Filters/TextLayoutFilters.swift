// SPDX-License-Identifier: MIT

/// Filters that lay text out: printf formats and line breaking.
enum TextLayoutFilters {
    static let all: [Filter] = [
        Filter("format", "* **", format),
        Filter("wordwrap", "width? break_long_words? wrapstring? break_on_hyphens?", wrap),
    ]

    // MARK: printf

    /// One `%` item of a format.
    private struct Directive {
        var flags: Set<Character> = []
        var width = 0
        var precision = -1
        var key: String?
        var conversion: Character = "s"
    }

    private static func format(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        try m.textify(call.base)
        let isSafe = m.values[call.base].isSafe
        let text = Array(String(decoding: m.values[call.base].bytes, as: UTF8.self))
        let temporary = try m.reserve(2)
        defer { m.release(to: temporary) }
        var next = 1
        var position = 0
        var result = ""
        let last = call.hasKeywords ? call.count - 1 : call.count
        while position < text.count {
            guard text[position] == "%" else {
                result.append(text[position])
                position += 1
                continue
            }
            let directive = try parse(text, &position)
            if directive.conversion == "%" {
                result += "%"
                continue
            }
            if let key = directive.key {
                let source = call.hasKeywords ? call.base + call.count - 1 : call.base + 1
                guard source < call.base + call.count else {
                    throw RenderFault("format needs a value for '\(key)'")
                }
                try m.setText(temporary, key)
                try m.index(source, by: temporary, to: temporary + 1)
            } else {
                guard next < last else { throw RenderFault("format has not enough arguments") }
                m.copy(call.base + next, temporary + 1)
                next += 1
            }
            result += try formatted(&m, temporary + 1, directive, escaped: isSafe)
            guard result.utf8.count <= 10_000_000 else { throw RenderFault("text is too long", kind: .limit) }
        }
        guard next == 1 || next == last else {
            throw RenderFault("format has arguments that it does not use")
        }
        try m.setText(call.base, result, safe: isSafe)
    }

    private static func parse(_ text: [Character], _ position: inout Int) throws(RenderFault) -> Directive {
        var directive = Directive()
        position += 1
        func number() throws(RenderFault) -> Int {
            var value = 0
            while position < text.count, let digit = text[position].wholeNumberValue, text[position].isASCII {
                value = value * 10 + digit
                guard value <= 10_000 else { throw RenderFault("width in format is too large", kind: .limit) }
                position += 1
            }
            return value
        }
        if position < text.count, text[position] == "(" {
            let end = text[position...].firstIndex(of: ")") ?? text.count
            guard end < text.count else { throw RenderFault("format has an incomplete key") }
            directive.key = String(text[(position + 1)..<end])
            position = end + 1
        }
        while position < text.count, "-+ 0#".contains(text[position]) {
            directive.flags.insert(text[position])
            position += 1
        }
        directive.width = try number()
        if position < text.count, text[position] == "." {
            position += 1
            directive.precision = try number()
        }
        while position < text.count, "hlL".contains(text[position]) { position += 1 }
        guard position < text.count else { throw RenderFault("format is incomplete") }
        directive.conversion = text[position]
        position += 1
        return directive
    }

    private static func formatted(_ m: inout Machine, _ index: Int, _ directive: Directive, escaped: Bool)
        throws(RenderFault) -> String
    {
        let value = m.values[index]
        switch directive.conversion {
        case "s", "r", "a":
            m.scratch.count = 0
            if value.type == .undefined, m.set.options.undefined == .strict { throw m.undefinedFault(value) }
            try m.appendText(index, escaped: escaped)
            var text = String(decoding: m.scratch.bytes, as: UTF8.self)
            if directive.precision >= 0 { text = String(text.prefix(directive.precision)) }
            return padded(text, "", directive)
        case "c":
            if value.type == .integer,
                let scalar = UInt32(exactly: value.integer).flatMap(Unicode.Scalar.init)
            {
                return padded(String(Character(scalar)), "", directive)
            }
            return padded(String(decoding: value.bytes, as: UTF8.self), "", directive)
        case "d", "i", "u", "x", "X", "o": return try formattedInteger(m, value, directive)
        case "f", "F", "e", "E", "g", "G": return try formattedFloat(m, value, directive)
        default: throw RenderFault("format does not know '%\(directive.conversion)'")
        }
    }

    private static func formattedInteger(_ m: borrowing Machine, _ value: Value, _ directive: Directive)
        throws(RenderFault) -> String
    {
        var whole: Int64?
        if value.type == .boolean { whole = value.boolean ? 1 : 0 }
        if value.type == .integer { whole = value.integer }
        if value.type == .float, "diu".contains(directive.conversion) {
            whole = Int64(exactly: value.float.rounded(.towardZero))
        }
        guard let whole else {
            if value.type == .undefined { throw m.undefinedFault(value) }
            throw RenderFault("'%\(directive.conversion)' needs an integer, not \(value.typeName)")
        }
        var digits: String
        var prefix =
            whole < 0 ? "-" : directive.flags.contains("+") ? "+" : directive.flags.contains(" ") ? " " : ""
        switch directive.conversion {
        case "x": digits = String(whole.magnitude, radix: 16)
        case "X": digits = String(whole.magnitude, radix: 16, uppercase: true)
        case "o": digits = String(whole.magnitude, radix: 8)
        default: digits = String(whole.magnitude)
        }
        if directive.flags.contains("#"), let mark = ["x": "0x", "X": "0X", "o": "0o"][directive.conversion] {
            prefix += mark
        }
        if directive.precision > digits.count {
            digits = String(repeating: "0", count: directive.precision - digits.count) + digits
        }
        return padded(digits, prefix, directive)
    }

    private static func formattedFloat(_ m: borrowing Machine, _ value: Value, _ directive: Directive)
        throws(RenderFault) -> String
    {
        guard let number = value.type == .boolean ? (value.boolean ? 1 : 0) : value.number else {
            if value.type == .undefined { throw m.undefinedFault(value) }
            throw RenderFault("'%\(directive.conversion)' needs a number, not \(value.typeName)")
        }
        let precision = min(directive.precision < 0 ? 6 : directive.precision, 300)
        var digits: String
        switch directive.conversion {
        case "e", "E": digits = PlatformText.exponential(number.magnitude, precision)
        case "g", "G": digits = PlatformText.general(number.magnitude, max(1, precision))
        default: digits = PlatformText.fixed(number.magnitude, precision)
        }
        if "EGF".contains(directive.conversion) { digits = digits.uppercased() }
        let sign =
            number.sign == .minus
            ? "-" : directive.flags.contains("+") ? "+" : directive.flags.contains(" ") ? " " : ""
        return padded(digits, sign, directive)
    }

    private static func padded(_ text: String, _ prefix: String, _ directive: Directive) -> String {
        let missing = directive.width - text.unicodeScalars.count - prefix.unicodeScalars.count
        guard missing > 0 else { return prefix + text }
        if directive.flags.contains("-") { return prefix + text + String(repeating: " ", count: missing) }
        if directive.flags.contains("0"), !"sracC".contains(directive.conversion) {
            return prefix + String(repeating: "0", count: missing) + text
        }
        return String(repeating: " ", count: missing) + prefix + text
    }

    // MARK: Line breaking

    private static func wrap(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        let width = try m.size(call, 1, 79)
        let options = LineBreaker(
            width: width, breaksLongWords: try m.flag(call, 2, true),
            breaksOnHyphens: try m.flag(call, 4, true))
        guard width > 0 else { throw RenderFault("wordwrap needs a width of at least 1") }
        let separator = Array(try m.text(call, 3, "\n").utf8)
        try m.textify(call.base)
        let isSafe = m.values[call.base].isSafe
        let separatorIsSafe = m.given(call, 3).map { m.values[$0].isSafe } ?? false
        try m.rewrite(call.base) { bytes, output in
            let text = String(decoding: bytes, as: UTF8.self)
            var isFirst = true
            var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            if lines.last == "" { lines.removeLast() }
            for line in lines {
                let parts = options.lines(of: Array(line.unicodeScalars))
                for part in parts.isEmpty ? [[]] : parts {
                    if !isFirst {
                        separator.withUnsafeBytes { output.append($0, escaped: isSafe && !separatorIsSafe) }
                    }
                    isFirst = false
                    var text = String.UnicodeScalarView()
                    text.append(contentsOf: part)
                    Array(String(text).utf8).withUnsafeBytes {
                        output.append($0, escaped: separatorIsSafe && !isSafe)
                    }
                }
            }
        }
        m.values[call.base].isSafe = isSafe || separatorIsSafe
    }
}

/// Breaks one line into lines of limited width, by the rules of Python's textwrap.
struct LineBreaker {
    typealias Text = [Unicode.Scalar]

    var width: Int
    var breaksLongWords: Bool
    var breaksOnHyphens: Bool

    func lines(of text: Text) -> [Text] {
        var chunks = Array(chunks(of: text).reversed())
        var lines: [Text] = []
        while !chunks.isEmpty {
            var line: [Text] = []
            var length = 0
            if !lines.isEmpty, let chunk = chunks.last, isBlank(chunk) { chunks.removeLast() }
            while let chunk = chunks.last, length + chunk.count <= width {
                line.append(chunk)
                length += chunk.count
                chunks.removeLast()
            }
            if let chunk = chunks.last, chunk.count > width {
                chunks.removeLast()
                let rest = breakLong(chunk, into: &line, length)
                if !rest.isEmpty { chunks.append(rest) }
            }
            if let last = line.last, isBlank(last) { line.removeLast() }
            if !line.isEmpty { lines.append(Array(line.joined())) }
        }
        return lines
    }

    private func isBlank(_ text: Text) -> Bool { text.allSatisfy { CharacterClass.isSpace($0) } }

    /// Returns what is left of the chunk.
    private func breakLong(_ chunk: Text, into line: inout [Text], _ length: Int) -> Text {
        let space = max(1, width - length)
        if breaksLongWords {
            var end = min(space, chunk.count)
            if breaksOnHyphens, chunk.count > space, let hyphen = chunk[..<space].lastIndex(of: "-"),
                hyphen > 0,
                chunk[..<hyphen].contains(where: { $0 != "-" })
            {
                end = hyphen + 1
            }
            // Nothing fits on a full line; the empty piece keeps the blank before it, as in Python.
            if width - length <= 0 { end = 0 }
            line.append(Array(chunk[..<end]))
            return Array(chunk[end...])
        }
        guard line.isEmpty else { return chunk }
        line.append(chunk)
        return []
    }

    /// Runs of blanks and of others; words also end after a hyphen between letters.
    private func chunks(of text: Text) -> [Text] {
        var chunks: [Text] = []
        var start = 0
        for index in text.indices {
            guard index > start else { continue }
            let isBreak = CharacterClass.isSpace(text[index]) != CharacterClass.isSpace(text[index - 1])
            if isBreak || breaksOnHyphens && endsWord(text, index) {
                chunks.append(Array(text[start..<index]))
                start = index
            }
        }
        if start < text.count { chunks.append(Array(text[start...])) }
        return chunks
    }

    private func isLetter(_ text: Text, _ index: Int) -> Bool {
        index >= 0 && index < text.count && CharacterClass.isWord(text[index])
            && text[index].properties.numericType == nil
    }

    private func endsWord(_ text: Text, _ index: Int) -> Bool {
        guard text[index - 1] == "-" else { return false }
        let before =
            isLetter(text, index - 2)
            && (isLetter(text, index - 3)
                || index >= 4 && text[index - 3] == "-" && isLetter(text, index - 4))
        let after =
            isLetter(text, index)
            && (isLetter(text, index + 1)
                || index + 2 < text.count && text[index + 1] == "-" && isLetter(text, index + 2))
        return before && after
    }
}
