// SPDX-License-Identifier: MIT

/// How template source is cut into text and tags: delimiters and whitespace rules of one environment.
struct SyntaxOptions: Sendable, Equatable {
    var tagBegin = Array("{%".utf8)
    var tagEnd = Array("%}".utf8)
    var outputBegin = Array("{{".utf8)
    var outputEnd = Array("}}".utf8)
    var commentBegin = Array("{#".utf8)
    var commentEnd = Array("#}".utf8)

    /// Removes the first newline after a tag or comment.
    var trimBlocks = false
    /// Removes blanks before a tag or comment that is the first thing on its line.
    var stripsIndentation = false
    var keepsTrailingNewline = false
}

/// What went wrong between reading source and having bytecode, before it is dressed up for people.
struct SyntaxFault: Error, Sendable {
    var message: String
    var span: Span
    var kind = TemplateError.Kind.syntax
}
