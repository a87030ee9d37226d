// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// A directory that is gone after the test.
private final class TemplateDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/luahttpd-templates-XXXXXX".utf8CString)
        path = try #require(mkdtemp(&template).map { String(cString: $0) })
    }

    deinit { remove(path) }

    func write(_ name: String, _ text: String) throws {
        if let slash = name.lastIndex(of: "/") { mkdir(path + "/" + name[..<slash], 0o755) }
        let file = try #require(fopen(path + "/" + name, "wb"))
        fputs(text, file)
        fclose(file)
    }

    private func remove(_ path: String) {
        if let stream = opendir(path), readlinkFails(path) {
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { remove(path + "/" + name) }
            }
            closedir(stream)
            rmdir(path)
        } else {
            unlink(path)
        }
    }

    private func readlinkFails(_ path: String) -> Bool {
        var buffer = [CChar](repeating: 0, count: 1)
        return readlink(path, &buffer, 1) < 0
    }
}

struct TemplateLoaderTests {
    @Test func `files below the root are templates by their path`() throws {
        let directory = try TemplateDirectory()
        try directory.write("b.html", "B")
        try directory.write("a/x.html", "X")
        try directory.write(".hidden", "H")
        try directory.write("b.html~", "old")
        let (sources, errors) = TemplateLoader.load(root: directory.path)
        #expect(sources.map(\.name) == ["a/x.html", "b.html"] && errors.isEmpty)
        #expect(String(decoding: sources[0].bytes, as: UTF8.self) == "X")
    }

    @Test func `pictures and fonts beside them are no templates`() throws {
        let directory = try TemplateDirectory()
        for name in ["logo.png", "PHOTO.JPG", "f.woff2", "favicon.ico", "png", "a.png.html", "b.svg"] {
            try directory.write(name, "x")
        }
        let (sources, errors) = TemplateLoader.load(root: directory.path)
        #expect(sources.map(\.name) == ["a.png.html", "b.svg", "png"] && errors.isEmpty)
    }

    @Test func `links must stay below the root`() throws {
        let directory = try TemplateDirectory()
        try directory.write("a.html", "A")
        #expect(symlink("a.html", directory.path + "/inside.html") == 0)
        #expect(symlink("/etc/passwd", directory.path + "/outside.html") == 0)
        let (sources, errors) = TemplateLoader.load(root: directory.path)
        #expect(sources.map(\.name) == ["a.html", "inside.html"])
        #expect(errors.map(\.template) == ["outside.html"])
    }

    @Test func `a link to a directory around it does not go on for ever`() throws {
        let directory = try TemplateDirectory()
        try directory.write("a/x.html", "X")
        #expect(symlink("..", directory.path + "/a/up") == 0)
        #expect(!TemplateLoader.load(root: directory.path).errors.isEmpty)
    }

    @Test func `a file that is too large is an error`() throws {
        let directory = try TemplateDirectory()
        try directory.write("big.html", String(repeating: "x", count: (4 << 20) + 1))
        #expect(TemplateLoader.load(root: directory.path).errors.map(\.template) == ["big.html"])
    }

    @Test func `a root that is missing is an error`() {
        #expect(TemplateLoader.load(root: "/nonexistent/templates").errors.count == 1)
    }
}
