// SPDX-License-Identifier: MIT

/// Watching together with looking: waits until files have come to rest, and takes snapshots of them that miss
/// nothing. Confined to the reloader's thread.
final class FileWatch {
    /// Milliseconds without an event after which a save counts as done; a checkout of many files pauses longer.
    private static let quiet: Int32 = 10
    private static let longQuiet: Int32 = 100
    private static let manyEvents = 20
    private static let longestWait: UInt64 = 1000
    /// Milliseconds after which a file that has become empty is meant to be so.
    private let patience: UInt64

    let watcher: FileWatcher
    /// The last look at everything.
    private(set) var seen: FileSnapshot
    private var watched = DependencySet()

    init(_ watcher: FileWatcher, knowing known: FileSnapshot, patience: UInt64 = 500) {
        self.watcher = watcher
        self.patience = patience
        seen = known
    }

    func covers(_ set: DependencySet) -> Bool { watched.union(set) == watched }

    func watch(_ set: DependencySet) {
        watched = set
        watcher.watch(set, directories: seen.directories.keys)
    }

    func waitForQuiet() {
        let count = watcher.waitForQuiet(milliseconds: Self.quiet, limit: Self.longestWait)
        if count > Self.manyEvents {
            _ = watcher.waitForQuiet(milliseconds: Self.longQuiet, limit: Self.longestWait)
        }
    }

    /// How the files of `set` look, and those of `other` together with them. What differs from `known` is looked at
    /// until it stays the same for a moment: without an event nobody said that its writer was done. What is empty and
    /// was not is looked at for longer.
    func look(
        at set: DependencySet, besides other: DependencySet? = nil, unlike known: FileSnapshot
    ) -> (inForce: FileSnapshot, all: FileSnapshot) {
        let union = other.map(set.union) ?? set
        var now = sweep(union)
        for _ in 0..<20 {
            guard watcher.isPolling, !now.changes(since: known).isEmpty else { break }
            watcher.pause(milliseconds: Self.quiet)
            let before = now
            now = sweep(union)
            if now == before { break }
        }
        let end = Clock.milliseconds() &+ patience
        while now.hasEmptied(since: known), Clock.milliseconds() < end {
            waitForQuiet()
            now = sweep(union)
        }
        return (other == nil ? now : FileSweep.take(set, knowing: now), now)
    }

    /// Watches directories that turn up, and looks into them again: files may have come before the watch.
    private func sweep(_ set: DependencySet) -> FileSnapshot {
        for _ in 0..<5 {
            let before = Set(seen.directories.keys)
            seen = FileSweep.take(set, knowing: seen)
            if watched == set, before == Set(seen.directories.keys) { break }
            watch(set)
        }
        return seen
    }
}

@available(*, unavailable)
extension FileWatch: Sendable {}
