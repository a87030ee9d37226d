// SPDX-License-Identifier: MIT

/// How the files of an app looked at one moment. Pure: made by `FileSweep`, compared here.
struct FileSnapshot: Sendable, Equatable {
    /// What tells that a file was written to without reading it.
    struct Signature: Sendable, Equatable {
        var inode: UInt64
        var size: Int64
        /// Nanoseconds since 1970.
        var modified: Int64
        /// Of the last change of content, owner or mode.
        var changed: Int64
    }

    struct Entry: Sendable {
        var signature: Signature
        /// Of the content; nil for a file too large to be read.
        var hash: Int?
        var role: DependencySet.Role
        /// Written to so shortly before it was read that a later write may have left the signature the same:
        /// clocks of file systems tick every few milliseconds.
        var isRacy: Bool

        /// The same content: touching a file, or writing again what was in it, changes nothing.
        func isSame(as other: Self) -> Bool {
            guard role == other.role else { return false }
            if let hash, let other = other.hash { return hash == other }
            return signature == other.signature
        }
    }

    struct Directory: Sendable {
        var signature: Signature
        var isOfAssets: Bool
    }

    /// By path.
    var entries: [String: Entry] = [:]
    /// Directories in which a new file would count.
    var directories: [String: Directory] = [:]

    func changes(since old: Self) -> FileChanges {
        var changes = FileChanges()
        for (path, entry) in entries {
            if let before = old.entries[path], before.isSame(as: entry) { continue }
            changes.add(path, entry.role)
        }
        for (path, entry) in old.entries where entries[path] == nil { changes.add(path, entry.role) }
        changes.scripts.sort()
        changes.templates.sort()
        changes.stylesheets.sort()
        changes.assets.sort()
        return changes
    }

    /// A file of the app that had content in `old` has none. Editors that save in place empty a file before they
    /// write to it, so that this is to be believed only when it stays so.
    func hasEmptied(since old: Self) -> Bool {
        entries.contains { path, entry in
            entry.signature.size == 0 && !entry.isAsset
                && old.entries[path].map { $0.signature.size > 0 } ?? false
        }
    }

    /// Takes over static files from `other`: they need no loading.
    mutating func takeAssets(of other: Self) {
        entries = entries.filter { !$0.value.isAsset }
        entries.merge(other.entries.lazy.filter { $0.value.isAsset }) { $1 }
    }

    static func == (a: Self, b: Self) -> Bool {
        a.entries.count == b.entries.count
            && a.entries.allSatisfy { path, entry in b.entries[path].map(entry.isSame) ?? false }
    }
}

extension FileSnapshot.Entry {
    var isAsset: Bool {
        if case .asset = role { true } else { false }
    }
}
