// SPDX-License-Identifier: MIT

/// The lines around a place in a source file, for error pages and terminals.
struct SourceExcerpt: Sendable, Equatable {
    /// Number and text, in order.
    var lines: [(number: Int, text: String)] { zip(first..., texts).map { ($0, $1) } }
    /// The line that the place is on.
    let marked: Int
    private let first: Int
    private let texts: [String]

    /// - Parameters:
    ///   - line: counted from 1.
    ///   - context: lines shown before and after.
    /// - Returns: nil when the file cannot be read or has no such line.
    init?(file: String, line: Int, context: Int = 3) {
        guard let source = SourceFile.read(file, limit: 4 << 20) else { return nil }
        self.init(source: source, line: line, context: context)
    }

    init?(source: [UInt8], line: Int, context: Int = 3) {
        let all = source.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard line >= 1, line <= all.count else { return nil }
        marked = line
        first = max(1, line - context)
        // A line of a generated file may be megabytes long.
        texts = all[(first - 1)..<min(all.count, line + context)].map {
            String(decoding: $0.prefix(400).filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
        }
    }

    /// As text: "  11 | local x", with ">" at the marked line.
    var text: String {
        let width = String(first + texts.count).utf8.count
        return lines.map { number, text in
            let label = String(number)
            let padding = String(repeating: " ", count: width - label.utf8.count + 2)
            return padding + label + (number == marked ? " > " : " | ") + text
        }.joined(separator: "\n")
    }

    static func == (a: SourceExcerpt, b: SourceExcerpt) -> Bool {
        a.marked == b.marked && a.first == b.first && a.texts == b.texts
    }
}
