// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// One recorded case: templates, data, and what another implementation made of them.
struct ConformanceCase {
    let json: JSONValue

    init(_ line: String) throws { json = try JSONValue(line) }

    var name: String { json["name"]?.string ?? "?" }
    var tags: Set<String> { Set((json["tags"]?.items ?? []).compactMap(\.string)) }

    /// What this engine does not have, by design.
    static let excluded: Set<String> = [
        "pymethod", "line-statements", "sandbox", "needs:get_args", "needs:one_shot_iterator", "debug-format",
    ]

    var exclusion: String? {
        if let tag = tags.intersection(Self.excluded).first { return tag }
        if let kind = json["settings"]?["undefined"]?.string,
            kind == "LoggingUndefined" || kind == "DebugUndefined"
        {
            return kind
        }
        if json["settings"]?["newline_sequence"] != nil { return "newline_sequence" }
        return nil
    }

    var options: TemplateOptions {
        var options = TemplateOptions()
        options.autoescape = json["autoescape"]?.boolean == true ? .always : .never
        let settings = json["settings"]
        switch settings?["undefined"]?.string {
        case "strict", "StrictUndefined": options.undefined = .strict
        case "chainable", "ChainableUndefined": options.undefined = .chainable
        default: break
        }
        options.syntax.trimBlocks = settings?["trim_blocks"]?.boolean == true
        options.syntax.stripsIndentation = settings?["lstrip_blocks"]?.boolean == true
        options.syntax.keepsTrailingNewline = settings?["keep_trailing_newline"]?.boolean == true
        func delimiter(_ name: String, _ path: WritableKeyPath<SyntaxOptions, [UInt8]>) {
            if let text = settings?[name]?.string { options.syntax[keyPath: path] = Array(text.utf8) }
        }
        delimiter("block_start_string", \.tagBegin)
        delimiter("block_end_string", \.tagEnd)
        delimiter("variable_start_string", \.outputBegin)
        delimiter("variable_end_string", \.outputEnd)
        delimiter("comment_start_string", \.commentBegin)
        delimiter("comment_end_string", \.commentEnd)
        return options
    }

    enum Outcome: Equatable {
        case text(String)
        case failure(phase: String, lines: [Int])
    }

    var expected: Outcome {
        if let error = json["error"] {
            return .failure(
                phase: error["phase"]?.string ?? "render", lines: error["line"]?.integer.map { [$0] } ?? [])
        }
        return .text((json["expected_lua"] ?? json["expected"])?.string ?? "")
    }

    func run(_ tester: RenderTester) throws -> (outcome: Outcome, message: String) {
        let sources = (json["templates"]?.entries ?? []).map {
            (name: $0.0, bytes: Array(($0.1.string ?? "").utf8))
        }
        let set: TemplateSet
        switch TemplateSet.build(sources, options: options) {
        case .built(let built): set = built
        case .failed(let errors):
            return (.failure(phase: "syntax", lines: errors.map(\.line)), errors[0].description)
        }
        var main = json["main"]?.string ?? ""
        if let block = json["render_block"]?.string { main += "#" + block }
        guard let page = set.page(main) else {
            return (.failure(phase: "render", lines: []), "no page \(main)")
        }
        let prelude = """
            (function()
              local NULL = LUAHTTPD_NULL
              local function LIST(t) return setmetatable(t, {__jinja = "list"}) end
              local function MAP(t) return setmetatable(t, {__jinja = "map"}) end
              return 
            """
        let data = prelude + (json["context"]?.lua ?? "{}") + " end)()"
        let environment = prelude + "{" + (json["globals"]?.lua ?? "{}") + "} end)()"
        do {
            return (.text(try tester.render(page, of: set, data: data, environment: environment)), "")
        } catch let error as TemplateError {
            return (
                .failure(phase: "render", lines: [error.line] + error.chain.map(\.line)), error.description
            )
        }
    }

    /// Errors may be found earlier than by the others, and know more places than they do.
    func agrees(_ outcome: Outcome) -> Bool {
        switch (outcome, expected) {
        case (.text(let text), .text(let wanted)):
            if json["compare"]?.string == "strip_newlines" { return same(strip(text), strip(wanted)) }
            return same(text[...], wanted[...])
        case (.failure(let phase, let lines), .failure(let wantedPhase, let wantedLines)):
            return (phase == wantedPhase || phase == "syntax")
                && (wantedLines.isEmpty || !Set(lines).isDisjoint(with: wantedLines))
        default: return false
        }
    }

    /// Lists, maps and constants are printed as JSON here and as Python there (D1, D2).
    private func same(_ text: Substring, _ wanted: Substring) -> Bool {
        guard text != wanted, !tags.isDisjoint(with: ["repr", "repr-container"]) else {
            return text == wanted
        }
        return withoutStyle(text) == withoutStyle(wanted)
    }

    private func withoutStyle(_ text: Substring) -> String {
        var text = String(text.filter { $0 != " " })
        let changes = [
            ("True", "true"), ("False", "false"), ("None", ""), ("null", ""), ("'", "\""), ("&#39;", "\""),
            ("&#34;", "\""), (",)", "]"), ("(", "["), (")", "]"), ("undefined", ""), ("{}", "[]"),
        ]
        for (from, to) in changes {
            text = text.split(separator: from, omittingEmptySubsequences: false).joined(separator: to)
        }
        return text
    }

    private func strip(_ text: String) -> Substring {
        var text = Substring(text)
        while text.first == "\n" { text = text.dropFirst() }
        while text.last == "\n" { text = text.dropLast() }
        return text
    }
}
