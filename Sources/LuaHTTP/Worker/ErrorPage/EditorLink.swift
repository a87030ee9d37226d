// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// A URL that opens a line of a file in the author's editor: `LUAHTTPD_EDITOR` says in which.
/// Makes the text; that the editor has registered itself for such URLs is the author's business.
struct EditorLink: Sendable, Equatable {
    /// As it was given.
    let name: String
    private let pattern: String

    private static let known = [
        "vscode": "vscode://file{file}:{line}:{column}",
        "vscodium": "vscodium://file{file}:{line}:{column}",
        "cursor": "cursor://file{file}:{line}:{column}",
        "zed": "zed://file{file}:{line}:{column}",
        "idea": "idea://open?file={file}&line={line}&column={column}",
        "sublime": "subl://open?url=file://{file}&line={line}&column={column}",
        "textmate": "txmt://open?url=file://{file}&line={line}&column={column}",
    ]

    /// Names that ``init(_:)`` knows, for messages.
    static var names: [String] { known.keys.sorted() }

    /// - Parameter text: the name of an editor, or a URL with `{file}` and `{line}` in it; else nil.
    init?(_ text: String) {
        name = text
        if let pattern = Self.known[text] {
            self.pattern = pattern
        } else if text.contains("{file}"), Self.hasScheme(text), !text.utf8.contains(where: { $0 <= 0x20 }) {
            pattern = text
        } else {
            return nil
        }
    }

    /// A script in the place of an editor would run on the page.
    private static func hasScheme(_ text: String) -> Bool {
        guard let colon = text.firstIndex(of: ":") else { return false }
        let scheme = text[..<colon].lowercased()
        return !scheme.isEmpty && !["javascript", "data", "vbscript"].contains(scheme)
            && scheme.utf8.allSatisfy { ASCII.isAlpha($0) || ASCII.isDigit($0) || "+-.".utf8.contains($0) }
    }

    /// Nil for a file that is not there.
    func url(file: String, line: Int, column: Int = 1) -> String? {
        guard let path = realpath(file, nil) else { return nil }
        defer { free(path) }
        var encoded: [UInt8] = []
        PercentCoding.encode(String(cString: path).utf8, keeping: ASCII.Set("/"), into: &encoded)
        return pattern.replacing("{file}", with: String(decoding: encoded, as: UTF8.self))
            .replacing("{line}", with: String(line)).replacing("{column}", with: String(column))
    }
}
