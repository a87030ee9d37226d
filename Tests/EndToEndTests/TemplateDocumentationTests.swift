// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// docs/templates.md shows templates that compile and lines that give what it says.
///
/// - a block after `<!-- file: NAME -->` is that file: the main script, or a template that others name
/// - any other `jinja` block is `page.html`, which the main script renders; a line that ends in `{# → text #}`
///   prints that text
/// - a `lua` block without `require "luahttpd"` is a part of an app
@Suite("docs/templates.md")
struct TemplateDocumentationTests {
    struct Snippet: CustomTestStringConvertible {
        let language: String
        let file: String?
        let line: Int
        var text = ""

        var testDescription: String { "line \(line)" }

        /// What lines print, by their number in the snippet.
        var promises: [(offset: Int, text: String)] {
            text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().compactMap {
                offset, line in
                line.firstMatch(of: /\{# → (.*) #\}$/).map { (offset, String($0.1)) }
            }
        }
    }

    private static let snippets: [Snippet] = {
        guard let document = try? Project.text("docs/templates.md") else { return [] }
        var found: [Snippet] = []
        var isOpen = false
        var file: String?
        for (index, line) in document.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                isOpen.toggle()
                guard isOpen else { continue }
                found.append(Snippet(language: String(line.dropFirst(3)), file: file, line: index + 1))
                file = nil
            } else if isOpen {
                found[found.count - 1].text += line + "\n"
            } else if let match = line.wholeMatch(of: /<!-- file: (\S+) -->/) {
                file = String(match.1)
            }
        }
        return found
    }()

    private static let pages = snippets.filter { $0.language == "jinja" && $0.file == nil }

    /// The main script and the templates that have names; `page` is the one that the script renders.
    private static func site(page: String, _ body: (AppDirectory) throws -> Void) throws {
        var files = ["templates/page.html": page]
        for snippet in snippets {
            guard let file = snippet.file else { continue }
            files[snippet.language == "jinja" ? "templates/" + file : file] = snippet.text
        }
        try AppDirectory.with(files, body)
    }

    @Test("it has snippets of templates, and lines that say what they give")
    func kinds() {
        #expect(Self.pages.count >= 10)
        #expect(Self.pages.reduce(0) { $0 + $1.promises.count } >= 30)
        #expect(Self.snippets.contains { $0.file == "app.lua" })
    }

    @Test("each template compiles, together with those that it names", arguments: pages)
    func compiles(snippet: Snippet) throws {
        try Self.site(page: snippet.text) { directory in
            let run = try Command.run("check", "app.lua", directory: directory.url)
            #expect(run.code == 0, "\(run.errors)")
        }
    }

    @Test("each line gives what is written beside it", arguments: pages.filter { !$0.promises.isEmpty })
    func gives(snippet: Snippet) throws {
        try Self.site(page: snippet.text) { directory in
            try RunningServer.with("app.lua", directory: directory.url) { server in
                let answer = try server.get("/")
                #expect(answer.status == 200, "\(answer.text)")
                let lines = answer.text.split(separator: "\n", omittingEmptySubsequences: false)
                for promise in snippet.promises {
                    let line = promise.offset < lines.count ? String(lines[promise.offset]) : ""
                    let found = line.trimmingCharacters(in: .whitespaces)
                    #expect(found == promise.text, "line \(snippet.line + 1 + promise.offset)")
                }
            }
        }
    }

    @Test("each snippet of Lua loads", arguments: snippets.filter { $0.language == "lua" })
    func loads(snippet: Snippet) throws {
        try Self.site(page: "") { directory in
            let isWhole = snippet.text.contains("require \"luahttpd\"")
            try directory.write(
                "snippet.lua", (isWhole ? "" : "local app = require \"luahttpd\"\n") + snippet.text)
            let run = try Command.run("check", "snippet.lua", directory: directory.url)
            #expect(run.code == 0, "\(run.errors)")
        }
    }
}
