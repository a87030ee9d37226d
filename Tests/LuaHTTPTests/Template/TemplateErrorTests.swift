// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// What an author reads.
struct TemplateErrorTests {
    private let tester = RenderTester()

    private func error(_ source: String, data: String = "{}", strict: Bool = false) throws -> TemplateError {
        var options = TemplateOptions()
        if strict { options.undefined = .strict }
        return try #require(throws: TemplateError.self) {
            try tester.render(source, data: data, options: options)
        }
    }

    @Test(arguments: [
        ("{{ xx|items }}", "'xx' is undefined"),
        ("{{ xx|dictsort }}", "'xx' is undefined"),
        ("{% include ['nope'] %}", "none of the templates exists"),
        ("{{ 1|center(2, 3) }}", "'center' takes at most 1 argument"),
        ("{{ 1|upper(2) }}", "'upper' takes no arguments"),
        ("{{ y }}", "'y' is undefined"),
        ("{{ 1|q }}", "unknown filter 'q'"),
        ("{{ xy }}", "'xy' is undefined"),
        ("{{ naem }}", "'naem' is undefined (did you mean 'name'?)"),
    ])
    func `messages say what is wrong`(_ source: String, _ message: String) throws {
        #expect(try error(source, data: "{x = 1, name = 2}", strict: true).message == message)
    }

    @Test(arguments: FilterTable.all.filter { $0.signature.required == 0 }.map(\.name))
    func `a filter names the undefined value that it refuses`(_ filter: String) throws {
        var options = TemplateOptions()
        options.undefined = .strict
        do {
            _ = try tester.render("{{ [xx|\(filter)] is defined }}", options: options)
        } catch let error as TemplateError {
            #expect(error.message == "'xx' is undefined" || error.message.contains("map needs"))
        }
    }

    @Test func `what the engine makes for itself is shown by its name`() throws {
        var options = TemplateOptions()
        options.showsDebug = true
        let error = try #require(throws: TemplateError.self) {
            try tester.render(
                "{% macro f() %}{% endmacro %}{% set c = cycler(1, 2) %}\n{{ c }}{{ f.nope.x }}",
                options: options)
        }
        #expect(error.variables.map(\.name).sorted() == ["c", "f"])
        #expect(error.variables.map(\.value).sorted() == ["cycler", "macro f"])
    }

    @Test func `a long way is shortened`() throws {
        let message = try error("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}").description
        #expect(message.ranges(of: "called from").count < 12 && message.contains("… "))
        let short = try error(
            "{% macro m(n) %}{{ m(n - 1) if n else 1 // 0 }}{% endmacro %}{{ m(8) }}")
        #expect(short.chain.count == 9 && !short.description.contains("…"))
    }

    @Test func `control characters of a broken file are not printed`() throws {
        let bytes: [UInt8] = [0x7B, 0x7B, 0x1B, 0x5B, 0x32, 0x4A, 0x00, 0x7F, 0xC2, 0x9B, 0xFF, 0x0A]
        for end in [0, 1] {
            guard case .failed(let errors) = TemplateSet.build([("x.html", bytes.dropLast(end + 1) + [0x0A])])
            else {
                Issue.record("accepted")
                return
            }
            let shown = errors[0].description
            #expect(
                shown.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
            #expect(errors[0].excerpt.contains("\u{241B}[2J\u{2400}\u{2421}\u{FFFD}"))
        }
    }

    @Test func `an error without a source has no place in it`() {
        var error = TemplateError(
            kind: .templateNotFound, message: "the link leads out", template: "link", line: 0, column: 0,
            excerpt: "")
        #expect(error.description == "template not found: the link leads out (in link)")
        error.template = ""
        #expect(error.description == "template not found: the link leads out")
    }
}
