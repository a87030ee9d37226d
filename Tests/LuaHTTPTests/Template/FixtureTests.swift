// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The cases of Tests/Fixtures/templates. A file has a line of JSON (`data`, `settings`), then templates,
/// each after a line `--- name`, and the output after `--- output` or the error after `--- error`.
struct FixtureTests {
    static let directory =
        "\(#filePath)".split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(
            separator: "/") + "/Fixtures/templates"

    static let names: [String] = names(in: directory)

    private static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".txt") { names.append(name) }
        }
        return names.sorted()
    }

    @Test func `there are fixtures`() { #expect(Self.names.count > 10) }

    /// Files of Tests/Fixtures/templates/cases: many cases each, after a line `=== name`.
    static let caseFiles: [String] = names(in: directory + "/cases")

    @Test(arguments: FixtureTests.caseFiles)
    func `cases render as written`(_ file: String) throws {
        let text = try Self.read(Self.directory + "/cases/" + file)
        var count = 0
        for part in text.split(separator: "=== ") where !part.isEmpty {
            let lines = part.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
            let fixture = try Fixture(String(lines[1]))
            #expect(try output(of: fixture) == fixture.expected, "\(file): \(lines[0])")
            count += 1
        }
        #expect(count > 1)
    }

    @Test func `there are as many cases of errors as of pages`() throws {
        let files = Self.caseFiles
        let sizes = try files.map { file in
            (
                file.hasPrefix("err_"),
                try Self.read(Self.directory + "/cases/" + file).split(separator: "\n--- main.html\n").count
                    - 1
            )
        }
        let errors = sizes.filter(\.0).map(\.1).reduce(Self.names.count { $0.hasPrefix("err_") }, +)
        let pages = sizes.filter { !$0.0 }.map(\.1).reduce(Self.names.count { !$0.hasPrefix("err_") }, +)
        #expect(errors + pages >= 250 && errors >= pages, "\(errors) \(pages)")
    }

    @Test(arguments: FixtureTests.names)
    func `a fixture renders as written`(_ name: String) throws {
        let fixture = try Fixture(try Self.read(Self.directory + "/" + name))
        #expect(try output(of: fixture) == fixture.expected)
    }

    private func output(of fixture: Fixture) throws -> String {
        let prelude = """
            (function()
              local NULL = LUAHTTPD_NULL
              local function LIST(t) return setmetatable(t, {__jinja = "list"}) end
              local function MAP(t) return setmetatable(t, {__jinja = "map"}) end
              return 
            """
        let data = prelude + (fixture.head["data"]?.lua ?? "{}") + " end)()"
        var options = TemplateOptions()
        options.autoescape = .always
        let settings = fixture.head["settings"]
        options.syntax.trimBlocks = settings?["trim_blocks"]?.boolean == true
        options.syntax.stripsIndentation = settings?["lstrip_blocks"]?.boolean == true
        options.undefined = settings?["undefined"]?.string == "strict" ? .strict : .lenient
        do {
            return try RenderTester().render(fixture.templates, "main.html", data: data, options: options)
        } catch let error as TemplateError {
            return error.description
        }
    }

    struct Fixture {
        var head: JSONValue
        var templates: [String: String] = [:]
        var expected = ""

        init(_ text: String) throws {
            var sections: [(name: String, lines: [Substring])] = [("", [])]
            for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
                if line.hasPrefix("--- ") {
                    sections.append((String(line.dropFirst(4)), []))
                } else {
                    sections[sections.count - 1].lines.append(line)
                }
            }
            head = try JSONValue(sections[0].lines.joined(separator: "\n"))
            for (name, lines) in sections.dropFirst() {
                let text = lines.joined(separator: "\n")
                if name == "output" || name == "error" {
                    expected = text.hasSuffix("\n") ? String(text.dropLast()) : text
                } else {
                    templates[name] = text
                }
            }
        }
    }

    private static func read(_ path: String) throws -> String {
        let file = try #require(fopen(path, "rb"))
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(truncatingIfNeeded: byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }
}
