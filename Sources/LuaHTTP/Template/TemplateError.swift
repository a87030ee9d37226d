// SPDX-License-Identifier: MIT

/// What a template author reads when a template does not compile or a page cannot be rendered.
/// Does not know how it is shown: `description` is plain text for a log or a terminal.
public struct TemplateError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Kind: String, Sendable {
        case syntax = "syntax error"
        case undefined = "undefined value"
        case invalidOperation = "invalid operation"
        case templateNotFound = "template not found"
        case script = "error in script"
        case limit = "limit exceeded"
        case unsafeOutput = "unsafe output"
    }

    /// A place that led to the one that failed: an include, a macro call, a block.
    public struct Origin: Equatable, Sendable {
        public var action: String
        public var template: String
        public var line: Int
    }

    /// What of a page is bounded by settings.
    enum Limit: Sendable { case bytes, steps, time, memory }

    public var kind: Kind
    public var message: String
    public var template: String
    /// Line and column from 1; the column counts characters.
    public var line: Int
    public var column: Int
    /// The line before, the line itself and the carets, ready to print; empty where there is no source.
    public var excerpt: String
    public var chain: [Origin] = []
    /// What the line mentions, in development.
    public var variables: [Variable] = []
    /// Nil: another limit than those that can be set, or none.
    var limit: Limit?

    /// A variable when rendering stopped, with the beginning of its value as JSON.
    public struct Variable: Equatable, Sendable {
        public var name: String
        public var value: String
    }

    public var description: String {
        var text = "\(kind.rawValue): \(message)" + (template.isEmpty ? "" : " (in \(place))")
        if !excerpt.isEmpty { text += "\n" + excerpt }
        for variable in variables { text += "\n       \(variable.name) = \(variable.value)" }
        return text
    }

    /// Where it happened and how it came there; of a long way, the ends.
    private var place: String {
        var parts = [line > 0 ? "\(template):\(line):\(column)" : template]
        parts += chain.map { "\($0.action) \($0.template):\($0.line)" }
        let omitted = chain.count - 9
        if omitted > 1 { parts.replaceSubrange(7..<7 + omitted, with: ["… \(omitted) more …"]) }
        return parts.joined(separator: ", ")
    }
}

extension TemplateError {
    init(_ fault: SyntaxFault, template: String, source: [UInt8]) {
        self.init(
            kind: fault.kind, message: fault.message, template: template, source: source, span: fault.span)
    }

    init(kind: Kind, message: String, template: String, source: [UInt8], span: Span) {
        let position = SourcePosition(of: span, in: source)
        self.init(
            kind: kind, message: message, template: template, line: position.line, column: position.column,
            excerpt: position.excerpt(of: span, in: source))
    }
}

/// Where a span begins, for people.
struct SourcePosition: Equatable {
    var line: Int
    var column: Int
    private var lineStart: Int

    init(of span: Span, in source: [UInt8]) {
        let offset = min(Int(span.start), source.count)
        var line = 1
        var lineStart = 0
        for index in 0..<offset where source[index] == 0x0A {
            line += 1
            lineStart = index + 1
        }
        self.line = line
        self.lineStart = lineStart
        column = Self.width(source[lineStart..<offset]) + 1
    }

    /// Up to one line before, the line, and carets under the part of the span that is on it.
    func excerpt(of span: Span, in source: [UInt8]) -> String {
        guard !source.isEmpty else { return "" }
        let digits = max(String(line).utf8.count, 4)
        var text = ""
        if line > 1 {
            let previousEnd = lineStart - 1
            let previous = source[..<previousEnd].lastIndex(of: 0x0A).map { $0 + 1 } ?? 0
            text += Self.numbered(line - 1, digits, "|", source[previous..<previousEnd])
        }
        let lineEnd = source[lineStart...].firstIndex(of: 0x0A) ?? source.count
        text += Self.numbered(line, digits, ">", source[lineStart..<lineEnd])
        let start = min(Int(span.start), lineEnd)
        let end = max(start, min(Int(span.end), lineEnd))
        let carets = String(repeating: "^", count: max(1, Self.width(source[start..<end])))
        text += String(repeating: " ", count: digits) + " | "
        text += String(repeating: " ", count: min(column - 1, 200)) + carets.prefix(200)
        return text
    }

    private static func numbered(_ number: Int, _ digits: Int, _ mark: String, _ line: ArraySlice<UInt8>)
        -> String
    {
        let label = String(number)
        let padding = String(repeating: " ", count: max(0, digits - label.utf8.count))
        // A minified page has lines of megabytes; an excerpt is for reading.
        var shown = ""
        for scalar in String(decoding: line.prefix(400), as: UTF8.self).unicodeScalars {
            shown.unicodeScalars.append(visible(scalar))
        }
        return padding + label + " " + mark + " " + shown + "\n"
    }

    /// Control characters drive a terminal: their pictures (U+2400 …) stand for them, one character each, so
    /// that the carets stay in place.
    private static func visible(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar.value {
        case 0x09: " "
        case 0x00..<0x20: Unicode.Scalar(0x2400 + scalar.value) ?? "\u{FFFD}"
        case 0x7F: "\u{2421}"
        case 0x80..<0xA0: "\u{FFFD}"
        default: scalar
        }
    }

    /// Characters, counted as bytes that do not continue a UTF-8 sequence.
    private static func width(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) }
    }
}
