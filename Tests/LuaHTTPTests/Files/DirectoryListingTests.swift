// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct DirectoryListingTests {
    private func page(_ entries: [DirectoryEntry], _ path: String = "/a/b/", isCut: Bool = false) -> String {
        String(
            decoding: DirectoryListing.page(entries, path: Array(path.utf8), isCut: isCut), as: UTF8.self)
    }

    private func entry(_ name: String, isDirectory: Bool = false, size: Int64 = 0) -> DirectoryEntry {
        DirectoryEntry(name: Array(name.utf8), isDirectory: isDirectory, size: size, modified: 784_111_777)
    }

    @Test func directoriesComeFirstThenNamesWithoutCase() {
        let names = ["b.txt", "A.txt", "a.txt", "Z", "z"]
        let sorted =
            (names.map { entry($0) } + [entry("y", isDirectory: true), entry("C", isDirectory: true)])
            .sorted(by: DirectoryListing.isBefore)
        #expect(
            sorted.map { String(decoding: $0.name, as: UTF8.self) }
                == ["C", "y", "A.txt", "a.txt", "b.txt", "Z", "z"])
    }

    @Test func namesAreEscapedInTextAndInLinks() {
        let text = page(
            [entry("<script>alert('1')</script>&\"é.txt"), entry("javascript:alert(1)")], "/<i>/")
        #expect(!text.contains("<script>") && !text.contains("<i>"))
        #expect(text.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;&#34;é.txt"))
        #expect(text.contains("href=\"./%3Cscript%3Ealert%28%271%27%29%3C%2Fscript%3E%26%22%C3%A9.txt\""))
        #expect(text.contains("href=\"./javascript%3Aalert%281%29\""))
        #expect(text.contains("<title>Index of /&lt;i&gt;/</title>"))
    }

    @Test func bytesThatAreNoTextStillMakeALink() {
        let text = page([DirectoryEntry(name: [0xFF, 0x61], isDirectory: false)])
        #expect(text.contains("href=\"./%FFa\">\u{FFFD}a</a>"))
    }

    @Test func theWayUpIsLinked() {
        let text = page([])
        #expect(text.contains("<a href=\"../../\">/</a><a href=\"../\">a/</a>b/</h1>"))
        #expect(text.contains("<a href=\"../\">../</a>") && text.contains("This directory is empty."))
        let root = page([entry("d", isDirectory: true)], "/")
        #expect(root.contains("<h1>/</h1>") && !root.contains("../"))
        #expect(root.contains("<a href=\"./d/\">d/</a>"))
        #expect(page([], isCut: true).contains("Only 10000 entries are shown."))
    }

    @Test(
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1440, "1.4 kB"), (9949, "9.9 kB"), (9950, "10 kB"),
            (99_999, "100 kB"), (999_499, "999 kB"), (999_500, "1.0 MB"), (1_500_000_000, "1.5 GB"),
            (-5, "0 B"),
            (.max, "9223 PB"),
        ] as [(Int64, String)])
    func sizes(bytes: Int64, text: String) { #expect(DirectoryListing.size(bytes) == text) }

    @Test func aDirectoryShowsWhatARequestWouldGet() throws {
        let directory = TemporaryDirectory()
        directory.makeDirectory("root")
        directory.makeDirectory("root/sub")
        directory.write("secret", "x")
        directory.write("root/a.txt", "12345")
        for hidden in [".env", "a.txt~", "a.bak"] { directory.write("root/" + hidden) }
        directory.link("root/inside", to: "a.txt")
        directory.link("root/outside", to: "../secret")
        directory.link("root/dangling", to: "nowhere")
        let root = try FileRoot(path: directory.path + "/root")
        guard case .entries(let entries, let isCut) = root.contents(of: [], most: 100) else {
            Issue.record("no entries")
            return
        }
        #expect(!isCut)
        #expect(
            entries.sorted(by: DirectoryListing.isBefore).map {
                "\(String(decoding: $0.name, as: UTF8.self)) \($0.isDirectory) \($0.isDirectory ? 0 : $0.size)"
            } == ["sub true 0", "a.txt false 5", "inside false 5"])
        guard case .entries(let some, true) = root.contents(of: [], most: 1) else {
            Issue.record("not cut")
            return
        }
        #expect(some.count == 1)
        guard case .entries(let none, false) = root.contents(of: Array("sub/".utf8), most: 5) else {
            Issue.record("no entries")
            return
        }
        #expect(none.isEmpty)
        guard case .outcome(.notFound) = root.contents(of: Array("missing/".utf8), most: 5) else {
            Issue.record("found")
            return
        }
    }
}
