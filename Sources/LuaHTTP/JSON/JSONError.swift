// SPDX-License-Identifier: MIT

/// Why a text is no JSON, or why a value cannot be written as JSON; in words for the author of a script.
enum JSONError: Error, Equatable, CustomStringConvertible {
    /// Lines and columns count from 1, columns in characters; the offset counts bytes from 0.
    case unreadable(reason: String, line: Int, column: Int, offset: Int)
    /// `path` leads to the value, as in `user.tags[3]`; it is empty for the value itself.
    case unwritable(reason: String, path: String)

    var description: String {
        switch self {
        case .unreadable(let reason, let line, let column, _):
            "line \(line), column \(column): \(reason)"
        case .unwritable(let reason, let path):
            "cannot write \(path.isEmpty ? "the value" : path) as JSON: \(reason)"
        }
    }
}

/// What readers and writers agree on.
enum JSONLimits {
    /// Arrays and objects in each other. Bounds the recursion of both directions.
    static let depth = 128
}
