// SPDX-License-Identifier: MIT

/// Names of files that editors, databases and downloads leave beside the real ones. Pure: a rule of names,
/// nothing is looked at.
enum LeftoverName {
    /// Of `.page.html.swp` (Vim), `.#page.html` and `#page.html#` (Emacs), `page.html~`, `4913` (Vim tries whether
    /// it may create files), `page.html___jb_tmp___` (IntelliJ), `app.db-wal` (SQLite) and the like. `name` is
    /// the last part of a path.
    static func matches(_ name: String) -> Bool {
        let name = name.utf8
        guard let first = name.first, let last = name.last else { return true }
        if first == UInt8(ascii: ".") || last == UInt8(ascii: "~") { return true }
        if first == UInt8(ascii: "#"), last == UInt8(ascii: "#") { return true }
        if name.elementsEqual("4913".utf8) { return true }
        return endings.contains { name.count > $0.count && name.suffix($0.count).elementsEqual($0) }
    }

    private static let endings: [String.UTF8View] = [
        ".swp", ".swo", ".swx", ".tmp", ".temp", ".bak", ".orig", ".rej", ".part", ".crdownload",
        "___jb_tmp___",
        "___jb_old___", "-wal", "-shm", "-journal",
    ].map(\.utf8)
}
