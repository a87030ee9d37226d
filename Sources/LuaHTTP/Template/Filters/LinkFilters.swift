// SPDX-License-Identifier: MIT

internal import CLua

/// Filters about addresses: percent coding, and links in plain text.
enum LinkFilters {
    static let all: [Filter] = [
        Filter("urlencode", "", urlEncode),
        Filter("urlize", "trim_url_limit? nofollow? target? rel? extra_schemes?", urlize),
    ]

    // MARK: urlencode

    /// Text keeps its slashes; a map or a list of pairs becomes a query.
    private static func urlEncode(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        _ = try m.openObject(call.base, to: call.base)
        guard m.values[call.base].type == .table else {
            try m.textify(call.base)
            try m.rewrite(call.base) { encode($0, isQuery: false, to: &$1) }
            return
        }
        let temporary = try m.reserve(4)
        defer { m.release(to: temporary) }
        let isList = m.isList(call.base)
        let count = try m.listify(call.base, to: temporary)
        let mark = m.scratch.count
        for position in 0..<count {
            try m.work()
            m.item(temporary, position + 1, to: temporary + 1)
            if isList {
                let pair = temporary + 1
                guard m.values[pair].type == .table, try m.count(pair) == 2 else {
                    throw RenderFault("urlencode needs a string, a map or a list of pairs")
                }
                m.item(pair, 2, to: temporary + 2)
                m.item(pair, 1, to: temporary + 1)
            } else {
                try m.get(call.base, temporary + 1, to: temporary + 2)
            }
            if position > 0 { m.scratch.append("&") }
            try appendEncoded(&m, temporary + 1)
            m.scratch.append("=")
            try appendEncoded(&m, temporary + 2)
        }
        try m.setScratch(call.base, from: mark)
    }

    private static func appendEncoded(_ m: inout Machine, _ index: Int) throws(RenderFault) {
        try m.textify(index)
        encode(m.values[index].bytes, isQuery: true, to: &m.scratch)
    }

    /// RFC 3986, section 2.3: only unreserved characters stay; in queries a blank becomes `+` (WHATWG URL,
    /// 5.2).
    private static func encode(_ bytes: UnsafeRawBufferPointer, isQuery: Bool, to output: inout ByteStorage) {
        for byte in bytes {
            let isUnreserved =
                byte < 0x80 && (Lexer.isNamePart(byte) || byte == 0x2D || byte == 0x2E || byte == 0x7E)
            if isUnreserved || byte == 0x2F && !isQuery {
                output.append(byte)
            } else if byte == 0x20, isQuery {
                output.append(0x2B)
            } else {
                output.append(0x25)
                for digit in [byte >> 4, byte & 15] {
                    output.append(digit < 10 ? 0x30 + digit : 0x37 + digit)
                }
            }
        }
    }

    // MARK: urlize

    private struct LinkStyle {
        var limit: Int?
        var attributes: String
        var schemes: [String]
    }

    private static func urlize(_ m: inout Machine, _ call: Call) throws(RenderFault) {
        var rel = Set(try m.text(call, 4, "").split(separator: " ").map(String.init))
        if try m.flag(call, 2) { rel.insert("nofollow") }
        rel.insert("noopener")
        var attributes = " rel=\"" + escaped(rel.sorted().joined(separator: " ")) + "\""
        if m.given(call, 3) != nil { attributes += " target=\"" + escaped(try m.text(call, 3, "")) + "\"" }
        let limit = m.given(call, 1) != nil ? max(0, try m.size(call, 1, 0)) : nil
        var schemes: [String] = []
        if let list = m.given(call, 5) {
            let temporary = try m.reserve(2)
            defer { m.release(to: temporary) }
            let count = try m.listify(list, to: temporary)
            for position in 0..<min(count, 100) {
                m.item(temporary, position + 1, to: temporary + 1)
                schemes.append(String(decoding: m.values[temporary + 1].bytes, as: UTF8.self))
            }
        }
        let style = LinkStyle(limit: limit, attributes: attributes, schemes: schemes)
        try HTMLFilters.escape(&m, call.base)
        let text = String(decoding: m.values[call.base].bytes, as: UTF8.self)
        var result = ""
        var word = ""
        for character in text {
            if character.isWhitespace {
                result += linked(word, style)
                word = ""
                result.append(character)
            } else {
                word.append(character)
            }
        }
        result += linked(word, style)
        try m.setText(call.base, result, safe: m.escapes)
    }

    private static func escaped(_ text: String) -> String {
        var output = ByteStorage(capacity: text.utf8.count + 32)
        var text = text
        text.withUTF8 { bytes in
            if let start = bytes.baseAddress { output.appendEscaped(start, bytes.count) }
        }
        return String(decoding: output.bytes, as: UTF8.self)
    }

    /// Brackets before and punctuation after an address are not part of it.
    private static func linked(_ word: String, _ style: LinkStyle) -> String {
        guard word.utf8.count > 3, word.utf8.count < 10_000 else { return word }
        var (head, middle, tail) = ("", Substring(word), "")
        while let opening = ["(", "<", "&lt;"].first(where: { middle.hasPrefix($0) }) {
            head += opening
            middle = middle.dropFirst(opening.count)
        }
        while let closing = ["&gt;", ")", ">", ".", ","].first(where: { middle.hasSuffix($0) }) {
            tail = closing + tail
            middle = middle.dropLast(closing.count)
        }
        for (opening, closing) in [("(", ")"), ("<", ">"), ("&lt;", "&gt;")] {
            var missing = count(opening, middle) - count(closing, middle)
            guard missing > 0 else { continue }
            missing = min(count(opening, middle), count(closing, tail[...]))
            for _ in 0..<missing {
                guard let range = find(closing, tail) else { break }
                middle += tail[..<range]
                tail = String(tail[range...])
            }
        }
        return head + link(String(middle), style) + tail
    }

    private static func count(_ part: String, _ text: Substring) -> Int {
        var (count, rest) = (0, text)
        while let end = find(part, String(rest)) {
            count += 1
            rest = Substring(String(rest)[end...])
        }
        return count
    }

    /// Where the first occurrence ends.
    private static func find(_ part: String, _ text: String) -> String.Index? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(part) { return text.index(index, offsetBy: part.count) }
            index = text.index(after: index)
        }
        return nil
    }

    private static func link(_ text: String, _ style: LinkStyle) -> String {
        let lower = text.lowercased()
        if LinkSyntax.isWebAddress(lower) {
            let hasScheme = text.hasPrefix("https://") || text.hasPrefix("http://")
            return
                "<a href=\"\(hasScheme ? "" : "https://")\(text)\"\(style.attributes)>\(trimmed(text, style))</a>"
        }
        if text.hasPrefix("mailto:"), LinkSyntax.isMailAddress(String(text.dropFirst(7))) {
            return "<a href=\"\(text)\">\(text.dropFirst(7))</a>"
        }
        if text.contains("@"), !text.hasPrefix("www."), !text.contains(":"), LinkSyntax.isMailAddress(text) {
            return "<a href=\"mailto:\(text)\">\(text)</a>"
        }
        for scheme in style.schemes where text != scheme && text.hasPrefix(scheme) {
            return "<a href=\"\(text)\"\(style.attributes)>\(text)</a>"
        }
        return text
    }

    private static func trimmed(_ text: String, _ style: LinkStyle) -> String {
        guard let limit = style.limit, text.unicodeScalars.count > limit else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(limit))) + "..."
    }
}

/// What looks enough like an address to be made a link, by Jinja's patterns.
enum LinkSyntax {
    private static let bareDomains: Set<String> = ["com", "net", "int", "edu", "gov", "org", "info", "mil"]

    /// Lower-case text: `https://host…`, `www.host…`, or `name.org…`.
    static func isWebAddress(_ text: String) -> Bool {
        var rest = Substring(text)
        var hasScheme = false
        for prefix in ["https://", "http://", "www."] where rest.hasPrefix(prefix) {
            rest = rest.dropFirst(prefix.count)
            hasScheme = true
            break
        }
        let hostEnd = rest.firstIndex { "/?#:".contains($0) && !rest.hasPrefix("[") } ?? rest.endIndex
        let host = rest[..<hostEnd]
        var tail = rest[hostEnd...]
        if tail.first == ":" {
            let digits = tail.dropFirst().prefix { $0.isASCII && $0.isNumber }
            guard (1...5).contains(digits.count) else { return false }
            tail = tail.dropFirst(1 + digits.count)
        }
        guard tail.isEmpty || "/?#".contains(tail.first ?? " ") else { return false }
        return isHost(host, hasScheme: hasScheme, text)
    }

    private static func isHost(_ host: Substring, hasScheme: Bool, _ text: String) -> Bool {
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard !labels.isEmpty, labels.allSatisfy({ isLabel($0) }), let last = labels.last else {
            return false
        }
        if hasScheme {
            if labels.count == 4, !text.hasPrefix("www."),
                labels.allSatisfy({ $0.count <= 3 && $0.allSatisfy { $0.isASCII && $0.isNumber } })
            {
                return true
            }
            let isName = (2...63).contains(last.count) && last.allSatisfy { $0.isASCII && $0.isLetter }
            return isName || last.hasPrefix("xn--")
        }
        return labels.count > 1 && bareDomains.contains(String(last))
            && labels.dropLast().allSatisfy { $0.count >= 2 }
    }

    private static func isLabel(_ label: Substring) -> Bool {
        !label.isEmpty
            && label.unicodeScalars.allSatisfy { CharacterClass.isWord($0) || $0 == "%" || $0 == "-" }
    }

    /// Something, `@`, and a host with a dot.
    static func isMailAddress(_ text: String) -> Bool {
        guard let at = text.lastIndex(of: "@"), at > text.startIndex else { return false }
        let host = text[text.index(after: at)...].unicodeScalars
        guard let first = host.first, CharacterClass.isWord(first), let dot = host.lastIndex(of: "."),
            dot > host.startIndex
        else { return false }
        let end = host[host.index(after: dot)...]
        return !end.isEmpty && end.allSatisfy { CharacterClass.isWord($0) }
            && host.allSatisfy { CharacterClass.isWord($0) || $0 == "." || $0 == "-" }
    }
}
