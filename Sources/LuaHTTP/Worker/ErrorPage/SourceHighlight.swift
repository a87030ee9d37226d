// SPDX-License-Identifier: MIT

/// Colours for one line of an excerpt: what of it is a keyword, a string, a comment, a number, a template tag.
/// Sees one line at a time, so a string over several lines is coloured wrong: it is a help to the eye, no more.
struct SourceHighlight {
    enum Class: UInt8, Sendable { case plain, keyword, string, number, comment, tag }

    enum Language: Sendable {
        case lua, template, other

        init(file: String) {
            self = file.hasSuffix(".lua") ? .lua : .other
        }
    }

    /// One class for each scalar of `line`.
    static func classes(of line: [Unicode.Scalar], in language: Language) -> [Class] {
        switch language {
        case .lua: lua(line)
        case .template: template(line)
        case .other: Array(repeating: .plain, count: line.count)
        }
    }

    private static let keywords: Set<String> = [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in",
        "local", "nil",
        "not", "or", "repeat", "return", "then", "true", "until", "while",
    ]

    private static func lua(_ line: [Unicode.Scalar]) -> [Class] {
        var classes = [Class](repeating: .plain, count: line.count)
        var index = 0
        while index < line.count {
            let start = index
            let found: Class
            switch line[index] {
            case "-" where index + 1 < line.count && line[index + 1] == "-":
                index = line.count
                found = .comment
            case "\"", "'":
                index = endOfString(line, from: index)
                found = .string
            case "[" where index + 1 < line.count && line[index + 1] == "[":
                index = end(of: ["]", "]"], in: line, from: index + 2)
                found = .string
            case "0"..."9":
                while index < line.count, isWord(line[index]) || line[index] == "." { index += 1 }
                found = .number
            case let scalar where isWord(scalar):
                while index < line.count, isWord(line[index]) { index += 1 }
                found = keywords.contains(word(line[start..<index])) ? .keyword : .plain
            default:
                index += 1
                found = .plain
            }
            for position in start..<index { classes[position] = found }
        }
        return classes
    }

    private static func template(_ line: [Unicode.Scalar]) -> [Class] {
        var classes = [Class](repeating: .plain, count: line.count)
        let closing: [Unicode.Scalar: Unicode.Scalar] = ["{": "}", "%": "%", "#": "#"]
        var index = 0
        while index + 1 < line.count {
            guard line[index] == "{", let close = closing[line[index + 1]] else {
                index += 1
                continue
            }
            let end = end(of: [close, "}"], in: line, from: index + 2)
            let found: Class = line[index + 1] == "#" ? .comment : .tag
            for position in index..<end { classes[position] = found }
            index = end
        }
        return classes
    }

    private static func endOfString(_ line: [Unicode.Scalar], from start: Int) -> Int {
        var index = start + 1
        while index < line.count, line[index] != line[start] { index += line[index] == "\\" ? 2 : 1 }
        return min(index + 1, line.count)
    }

    private static func end(of mark: [Unicode.Scalar], in line: [Unicode.Scalar], from start: Int) -> Int {
        var index = start
        while index < line.count {
            if line[index...].starts(with: mark) { return min(index + mark.count, line.count) }
            index += 1
        }
        return line.count
    }

    private static func isWord(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "_" || ("0"..."9").contains(scalar) || ("a"..."z").contains(scalar)
            || ("A"..."Z").contains(scalar)
    }

    private static func word(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }
}
