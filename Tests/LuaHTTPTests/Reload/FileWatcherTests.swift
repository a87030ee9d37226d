// SPDX-License-Identifier: MIT

#if os(Linux)
import Foundation
import Testing

@testable import LuaHTTP

/// Which events of the kernel count.
struct FileWatcherTests {
    private let directory = TemporaryDirectory()
    private let watcher: FileWatcher
    private var path: String { directory.path }

    init() throws {
        watcher = FileWatcher(wakes: try WakePipe()) { Issue.record("\($0)") }
        directory.makeDirectory("templates")
        directory.write("app.lua", "one")
        directory.write("templates/page.html", "page")
        var set = DependencySet()
        set.insert(file: path + "/app.lua")
        set.insert(file: path + "/later/module.lua")
        set.insert(DependencySet.Tree(path: path + "/templates", kind: .templates))
        set.insert(DependencySet.Tree(path: path + "/data", kind: .data))
        watcher.watch(set, directories: [path + "/templates"])
    }

    /// Whether what `change` does is an event that counts.
    private func isNoticed(_ change: () -> Void) -> Bool {
        _ = watcher.takeEvents()
        change()
        return watcher.takeEvents().isRelevant
    }

    @Test func waysOfSaving() {
        #expect(isNoticed { directory.write("app.lua", "two") })
        #expect(
            isNoticed {
                directory.write("app.lua.tmp", "three")
                rename(path + "/app.lua.tmp", path + "/app.lua")
            })
        #expect(
            isNoticed {
                unlink(path + "/app.lua")
                directory.write("app.lua", "four")
            })
        #expect(isNoticed { directory.write("templates/page.html", "five") })
        #expect(isNoticed { chmod(path + "/app.lua", 0o600) })
    }

    @Test func newFilesAndDirectories() {
        #expect(isNoticed { directory.write("templates/new.html") })
        #expect(isNoticed { directory.makeDirectory("templates/new") })
        #expect(isNoticed { directory.makeDirectory("later") })
        #expect(isNoticed { directory.makeDirectory("data") })
        #expect(isNoticed { unlink(path + "/templates/new.html") })
    }

    @Test func whatDoesNotCount() {
        #expect(!isNoticed { directory.write("other.lua") })
        #expect(!isNoticed { directory.write("app.db-wal") })
        #expect(!isNoticed { directory.write(".app.lua.swp") })
        for name in ["4913", ".page.html.swp", "page.html~", "#page.html#", ".#page.html", "page.html.tmp"] {
            #expect(!isNoticed { directory.write("templates/" + name) })
            #expect(!isNoticed { unlink(path + "/templates/" + name) })
        }
        #expect(!isNoticed { _ = try? String(contentsOfFile: path + "/app.lua", encoding: .utf8) })
    }

    @Test func aFileThatIsBeingWrittenCountsWhenItIsClosed() {
        let file = fopen(path + "/app.lua", "w")!
        #expect(
            !isNoticed {
                fputs("half", file)
                fflush(file)
            })
        #expect(isNoticed { fclose(file) })
    }

    @Test func aDirectoryThatWasReplacedIsWatchedAgain() throws {
        let other = TemporaryDirectory()
        other.write("page.html", "other")
        #expect(rename(path + "/templates", path + "/old") == 0)
        #expect(rename(other.path, path + "/templates") == 0)
        var set = DependencySet()
        set.insert(DependencySet.Tree(path: path + "/templates", kind: .templates))
        watcher.watch(set, directories: [path + "/templates"])
        #expect(isNoticed { directory.write("templates/page.html", "new") })
        #expect(!isNoticed { directory.write("old/page.html", "nobody looks") })
    }

    @Test func filesBehindLinksAreWatched() throws {
        let other = TemporaryDirectory()
        other.write("shared.lua", "one")
        directory.link("link.lua", to: other.path + "/shared.lua")
        var set = DependencySet()
        set.insert(file: path + "/link.lua")
        watcher.watch(set, directories: [])
        #expect(isNoticed { other.write("shared.lua", "two") })
        #expect(isNoticed { unlink(path + "/link.lua") })
        #expect(!isNoticed { directory.write("app.lua", "no longer in the set") })
    }

    /// Someone waits, and is woken before anything happens.
    @Test func aWakeIsNotLost() throws {
        let wakes = try WakePipe()
        let other = FileWatcher(wakes: wakes) { _ in }
        wakes.wake()
        other.wait()
        wakes.drain()
        #expect(!Readiness.hasInput(wakes.input))
    }
}
#endif
