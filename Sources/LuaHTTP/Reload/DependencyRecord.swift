// SPDX-License-Identifier: MIT

internal import Synchronization

/// Keeps what a loading app depends on, each file as it was just before it was read: whatever changes from then on
/// is noticed. Modules that a handler requires later are added to it as well, from any worker.
final class DependencyRecord: Sendable {
    struct Content: Sendable {
        var set = DependencySet()
        var snapshot = FileSnapshot()
    }

    private let state: Mutex<Content>
    /// Something was added after ``content`` was asked for the first time.
    private let onAddition: @Sendable () -> Void

    init(_ content: Content = Content(), onAddition: @escaping @Sendable () -> Void = {}) {
        state = Mutex(content)
        self.onAddition = onAddition
    }

    var content: Content { state.withLock { $0 } }

    /// Some of the files are no longer as they were when they were read.
    var hasChanged: Bool {
        let content = content
        return !FileSweep.take(content.set.withoutAssets, knowing: content.snapshot)
            .changes(since: content.snapshot).isEmpty
    }

    /// Call it before the file is read, or looked for.
    func add(file path: String) {
        guard !state.withLock({ $0.set.files.contains(path) }) else { return }
        let entry = FileSweep.entry(path)
        let isNew = state.withLock { content in
            guard !content.set.files.contains(path) else { return false }
            content.set.insert(file: path)
            content.snapshot.entries[path] = entry
            return true
        }
        if isNew { onAddition() }
    }

    /// Call it before what is in the directory is read. Static files are not looked at: no loading reads them.
    func add(_ tree: DependencySet.Tree) {
        if case .assets = tree.kind { return state.withLock { $0.set.insert(tree) } }
        var set = DependencySet()
        set.insert(tree)
        let snapshot = FileSweep.take(set, knowing: content.snapshot)
        state.withLock { content in
            content.set.insert(tree)
            content.snapshot.entries.merge(snapshot.entries) { old, new in old.role == .script ? old : new }
            content.snapshot.directories.merge(snapshot.directories) { $1 }
        }
    }
}
