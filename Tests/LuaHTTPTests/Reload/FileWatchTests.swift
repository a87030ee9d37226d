// SPDX-License-Identifier: MIT

#if os(Linux)
import Foundation
import Testing

@testable import LuaHTTP

/// Looks at files that somebody is saving.
struct FileWatchTests {
    private let directory = TemporaryDirectory()
    private var page: String { directory.path + "/templates/page.html" }

    /// A watch that knows of a page with a text.
    private func start(patience: UInt64) throws -> (watch: FileWatch, set: DependencySet, known: FileSnapshot)
    {
        directory.makeDirectory("templates")
        directory.write("templates/page.html", "old")
        var set = DependencySet()
        set.insert(DependencySet.Tree(path: directory.path + "/templates", kind: .templates))
        let known = FileSweep.take(set, knowing: FileSnapshot())
        let watcher = FileWatcher(wakes: try WakePipe()) { Issue.record("\($0)") }
        return (FileWatch(watcher, knowing: known, patience: patience), set, known)
    }

    @Test func whatIsEmptyWhileItIsSavedIsNotBelieved() throws {
        let (watch, set, known) = try start(patience: 60_000)
        directory.write("templates/page.html", "")
        Thread.detachNewThread { [page] in
            usleep(50_000)
            try? Data("newer".utf8).write(to: URL(fileURLWithPath: page))
        }
        #expect(watch.look(at: set, unlike: known).inForce.entries[page]?.signature.size == 5)
    }

    @Test func whatStaysEmptyIsBelieved() throws {
        let (watch, set, known) = try start(patience: 20)
        directory.write("templates/page.html", "")
        let now = watch.look(at: set, unlike: known).inForce
        #expect(now.entries[page]?.signature.size == 0)
        #expect(now.changes(since: known).templates == [page])
    }
}
#endif
