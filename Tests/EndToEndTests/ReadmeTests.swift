// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// README.md does what it says: each snippet of Lua loads, each command runs. So does what docs/lua-api.md and docs/operations.md show.
///
/// - a block after `<!-- file: NAME -->` is that file of the site that the others belong to
/// - a `lua` block without `require "luahttpd"` is a part of an app, and gets that line before it
/// - a line of an `sh` block is a call of `make` or of `luahttpd`
@Suite("README.md")
struct ReadmeTests {
    struct Snippet: CustomTestStringConvertible {
        let language: String
        let file: String?
        let line: Int
        var text: String

        var testDescription: String { "line \(line)" }
    }

    private static let snippets = snippets(of: "README.md")

    private static func snippets(of document: String) -> [Snippet] {
        guard let text = try? Project.text(document) else { return [] }
        var found: [Snippet] = []
        var open: Snippet?
        var file: String?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                if let snippet = open {
                    found.append(snippet)
                    (open, file) = (nil, nil)
                } else {
                    open = Snippet(language: String(line.dropFirst(3)), file: file, line: index + 1, text: "")
                }
            } else if open != nil {
                open?.text += line + "\n"
            } else if let match = line.wholeMatch(of: /<!-- file: (\S+) -->/) {
                file = String(match.1)
            }
        }
        return found
    }

    /// The files of the site, an empty directory `public`, and `app.lua`.
    private static func site(_ body: (AppDirectory) throws -> Void) throws {
        var files = ["public/app.css": "body {}\n"]
        for snippet in snippets { if let file = snippet.file { files[file] = snippet.text } }
        try AppDirectory.with(files, body)
    }

    @Test("it has snippets, and each is of a kind that is checked here")
    func kinds() {
        #expect(Self.snippets.count { $0.language == "lua" } >= 5)
        #expect(Self.snippets.count { $0.language == "sh" } >= 1)
        for snippet in Self.snippets where snippet.file == nil {
            // A console shows what was said; ReloadTests look at that.
            #expect(["lua", "sh", "console"].contains(snippet.language), "line \(snippet.line)")
        }
    }

    @Test(
        "each snippet of Lua loads",
        arguments: (snippets + snippets(of: "docs/lua-api.md") + snippets(of: "docs/operations.md")).filter {
            $0.language == "lua"
        })
    func lua(snippet: Snippet) throws {
        try Self.site { directory in
            let isWhole = snippet.text.contains("require \"luahttpd\"")
            try directory.write(
                "snippet.lua", (isWhole ? "" : "local app = require \"luahttpd\"\n") + snippet.text)
            let run = try Command.run("check", "snippet.lua", directory: directory.url)
            #expect(run.code == 0, "\(run.errors)")
        }
    }

    @Test("the first example serves its page")
    func firstExample() throws {
        try Self.site { directory in
            try RunningServer.with("app.lua", directory: directory.url) { server in
                let page = try server.get("/hello/%3CAda%3E")
                #expect(page.status == 200)
                #expect(page.text.contains("Hello, &lt;Ada&gt;!"))
                try #expect(server.get("/api/time").text.hasPrefix("{\"now\":"))
            }
        }
    }

    @Test(
        "each command runs",
        arguments: (snippets + snippets(of: "docs/operations.md")).filter { $0.language == "sh" })
    func shell(snippet: Snippet) throws {
        for line in snippet.text.split(separator: "\n") {
            let words = line.split(separator: "#")[0].split(separator: " ").map(String.init)
            switch words.first {
            case "make": try checkTarget(words.dropFirst())
            case "luahttpd": try runCommand(Array(words.dropFirst()))
            case nil: continue
            default: Issue.record("line \(snippet.line): nothing runs '\(line)'")
            }
        }
    }

    /// `make` itself runs these tests: here it only says what it would do.
    private func checkTarget(_ words: ArraySlice<String>) throws {
        let make = Process()
        make.executableURL = URL(filePath: "/usr/bin/env")
        make.arguments = ["make", "--dry-run", "--directory", Project.root.path] + words
        make.standardOutput = FileHandle.nullDevice
        make.standardError = FileHandle.nullDevice
        try make.run()
        make.waitUntilExit()
        #expect(make.terminationStatus == 0, "make \(words.joined(separator: " "))")
    }

    private func runCommand(_ words: [String]) throws {
        try Self.site { directory in
            if words.first?.hasSuffix(".lua") == true {
                // Its port may be taken here: another one, and else what it says.
                var flags = Array(words.dropFirst())
                if let port = flags.firstIndex(of: "--port") { flags[port + 1] = "0" }
                if let host = flags.firstIndex(of: "--host") { flags[host + 1] = "127.0.0.1" }
                if let metrics = flags.firstIndex(of: "--metrics") { flags[metrics + 1] = "127.0.0.1:0" }
                try RunningServer.with(words[0], flags, directory: directory.url) { server in
                    // What is said over TLS is for TLSTests.
                    if flags.contains("--tls-self-signed") { return }
                    try #expect(server.get("/hello/you").status == 200)
                }
            } else if words.first == "public" {
                try RunningServer.with("public", Array(words.dropFirst()), directory: directory.url) {
                    server in
                    try #expect(server.get("/").text.contains("app.css"))
                }
            } else {
                let run = try Command(words, directory: directory.url)
                try #expect(run.exitCode() == 0, "luahttpd \(words.joined(separator: " ")): \(run.errors)")
            }
        }
    }
}
