// SPDX-License-Identifier: MIT

internal import NIOCore

/// One event for open pages, as Sources/CAssets/live.js reads it: JSON in a server-sent event (HTML Standard §9.2).
struct LiveMessage {
    private let json: JSONText

    /// The first one: a page of another state loads itself again.
    static func hello(page: String, failure: ReloadFailure?, _ reporter: FailureReporter) -> Self {
        Self(
            "hello", ("page", .string(page)),
            ("failure", failure.map { Self.failure($0, reporter) } ?? .null))
    }

    static func reloaded(page: String) -> Self { Self("reloaded", ("page", .string(page))) }

    static func files(page: String) -> Self { Self("files", ("page", .string(page))) }

    static func stylesheets(page: String, _ paths: [String]) -> Self {
        Self("styles", ("page", .string(page)), ("paths", .list(paths.map { .string($0) })))
    }

    static func failed(_ failure: ReloadFailure, _ reporter: FailureReporter) -> Self {
        Self("failed", ("failure", Self.failure(failure, reporter)))
    }

    static let mended = Self("mended")

    private init(_ type: String, _ members: (String, JSONText)...) {
        json = .object([("type", .string(type))] + members)
    }

    /// JSON has no line breaks of its own, so one `data:` line holds it.
    var bytes: ByteBuffer { ByteBuffer(string: "data: \(json.text)\n\n") }

    // MARK: Failures

    private static let mostProblems = 8

    private static func failure(_ failure: ReloadFailure, _ reporter: FailureReporter) -> JSONText {
        let problems: [JSONText] =
            switch failure {
            case .script(let error): [problem(error, reporter)]
            case .templates(let errors): errors.prefix(mostProblems).map(problem)
            }
        return .object([("problems", .list(problems))])
    }

    private static func problem(_ error: ScriptError, _ reporter: FailureReporter) -> JSONText {
        var members: [(String, JSONText)] = [("message", .string(error.message))]
        if let file = error.file, let line = error.line {
            members.append(("place", .string("\(file):\(line)")))
            if let link = reporter.editor?.url(file: file, line: line) {
                members.append(("link", .string(link)))
            }
            if let excerpt = SourceExcerpt(file: file, line: line) {
                members.append(("source", .string(excerpt.text)))
            }
        }
        return .object(members)
    }

    private static func problem(_ error: TemplateError) -> JSONText {
        var place = error.template
        if error.line > 0 { place += ":\(error.line):\(error.column)" }
        var members: [(String, JSONText)] = [("message", .string("\(error.kind.rawValue): \(error.message)"))]
        if !place.isEmpty { members.append(("place", .string(place))) }
        if !error.excerpt.isEmpty { members.append(("source", .string(error.excerpt))) }
        return .object(members)
    }
}
