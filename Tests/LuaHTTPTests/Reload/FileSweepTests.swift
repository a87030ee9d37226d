// SPDX-License-Identifier: MIT

import Foundation
import Testing

@testable import LuaHTTP

/// What counts as a change of a file.
struct FileSweepTests {
    private let directory = TemporaryDirectory()
    private var path: String { directory.path }

    private func set() -> DependencySet {
        var set = DependencySet()
        set.insert(file: path + "/app.lua")
        set.insert(file: path + "/missing.lua")
        set.insert(DependencySet.Tree(path: path + "/templates", kind: .templates))
        set.insert(DependencySet.Tree(path: path + "/public", kind: .assets(prefix: "/static/")))
        return set
    }

    private func start() -> FileSnapshot {
        for name in ["templates", "templates/a", "public", "public/css"] { directory.makeDirectory(name) }
        directory.write("app.lua", "one")
        directory.write("templates/a/page.html", "page")
        directory.write("public/css/site.css", "css")
        directory.write("public/photo.jpg", "jpg")
        return FileSweep.take(set(), knowing: FileSnapshot())
    }

    private func changes(since old: FileSnapshot) -> FileChanges {
        FileSweep.take(set(), knowing: old).changes(since: old)
    }

    @Test func emptiedIsWhatHadContent() {
        let old = start()
        directory.write("templates/new.html")
        directory.write("public/css/site.css")
        #expect(!FileSweep.take(set(), knowing: old).hasEmptied(since: old))
        directory.write("templates/a/page.html")
        let emptied = FileSweep.take(set(), knowing: old)
        #expect(emptied.hasEmptied(since: old))
        #expect(!emptied.hasEmptied(since: emptied) && !old.hasEmptied(since: emptied))
    }

    @Test func contentDecides() {
        let old = start()
        #expect(old.entries.count == 4)
        #expect(changes(since: old).isEmpty)
        // The same again, and only touched.
        directory.write("app.lua", "one")
        #expect(utimes(path + "/templates/a/page.html", nil) == 0)
        #expect(utimes(path + "/public/css/site.css", nil) == 0)
        #expect(changes(since: old).isEmpty)
        directory.write("app.lua", "two")
        #expect(changes(since: old) == FileChanges(scripts: [path + "/app.lua"]))
        directory.write("templates/a/page.html", "PAGE")
        directory.write("public/css/site.css", "CSS")
        directory.write("public/photo.jpg", "jpeg")
        #expect(
            changes(since: old)
                == FileChanges(
                    scripts: [path + "/app.lua"], templates: [path + "/templates/a/page.html"],
                    stylesheets: ["/static/css/site.css"], assets: ["/static/photo.jpg"]))
    }

    @Test func comingAndGoingAreChanges() {
        let old = start()
        directory.write("missing.lua", "here")
        directory.makeDirectory("templates/new")
        directory.write("templates/new/b.html", "b")
        directory.write("other.lua", "nobody asked")
        #expect(unlink(path + "/public/photo.jpg") == 0)
        #expect(unlink(path + "/app.lua") == 0)
        #expect(
            changes(since: old)
                == FileChanges(
                    scripts: [path + "/app.lua", path + "/missing.lua"],
                    templates: [path + "/templates/new/b.html"],
                    assets: ["/static/photo.jpg"]))
    }

    @Test func leftoversAreNotSeen() {
        let old = start()
        for name in [".page.html.swp", "#page.html#", "page.html~", "4913", "page.html.tmp"] {
            directory.write("templates/" + name, "x")
            directory.write("public/" + name, "x")
        }
        #expect(changes(since: old).isEmpty)
    }

    /// Clocks of file systems tick every few milliseconds: two writes of the same size look alike.
    @Test func aSecondWriteWithinOneTickIsSeen() {
        _ = start()
        for number in 0..<50 {
            directory.write("app.lua", "\(number % 10)")
            let old = FileSweep.take(set(), knowing: FileSnapshot())
            directory.write("app.lua", "\((number + 1) % 10)")
            #expect(!changes(since: old).isEmpty)
        }
    }

    @Test func replacingByAnOlderFileOfTheSameSizeIsSeen() {
        directory.write("older.lua", "two")
        #expect(utimes(path + "/older.lua", [timeval(), timeval()]) == 0)
        let old = start()
        #expect(rename(path + "/older.lua", path + "/app.lua") == 0)
        #expect(changes(since: old).scripts == [path + "/app.lua"])
    }

    @Test func aFileIsRecordedAsItWasBeforeItWasRead() {
        _ = start()
        let record = DependencyRecord()
        record.add(file: path + "/app.lua")
        directory.write("app.lua", "two")
        record.add(file: path + "/app.lua")
        let content = record.content
        #expect(
            FileSweep.take(content.set, knowing: content.snapshot).changes(since: content.snapshot).scripts
                == [path + "/app.lua"])
    }

    @Test func onlyAdditionsAreTold() {
        _ = start()
        nonisolated(unsafe) var count = 0
        let record = DependencyRecord { count += 1 }
        record.add(file: path + "/app.lua")
        record.add(file: path + "/app.lua")
        record.add(DependencySet.Tree(path: path + "/public", kind: .assets(prefix: "/")))
        #expect(count == 1)
        #expect(record.content.snapshot.entries.count == 1)
    }
}
