// SPDX-License-Identifier: MIT

/// Makes reports of failures: finds the source of each place, tells the author's files from others', and asks
/// the routes. Reads files; is only used in development.
struct FailureReporter {
    /// Directory of the main script.
    let root: String
    let editor: EditorLink?

    private static let mostCalls = 30
    private static let mostRoutes = 200

    /// - Parameters:
    ///   - templates: what was served when it failed.
    ///   - routing: what the routes say, when none served the request.
    func report(
        of failure: RequestTask.Failure, request: RequestSummary?, templates: TemplateSet,
        routing: FailureReport.Routing?
    ) -> FailureReport {
        let details = failure.details ?? FailureDetails()
        var report = FailureReport(
            status: failure.status, label: Self.label(of: failure),
            message: failure.message ?? StatusLine.text(failure.status), variables: details.variables,
            request: request, routing: routing, text: "")
        if let error = failure.templateError {
            report.message = error.message
            report.templates = frames(of: error, in: templates)
        }
        if let error = failure.error {
            if failure.templateError == nil { report.message = error.message }
            report.calls = frames(of: error)
        } else {
            report.calls = details.calls.prefix(Self.mostCalls).map { frame(of: $0) }
        }
        if let missing = details.missingFile {
            report.message = "No file \(missing.path) in \(missing.directory)"
            report.hint =
                "app:static at \(short(missing.origin)) serves this directory. Names that begin with a dot, and"
                + " what editors leave behind, are not served."
        } else if let request, routing != nil, failure.message == nil {
            report.message =
                failure.status == 405
                ? "No route answers \(request.method) on \(request.path)"
                : "No route matches \(request.path)"
        }
        report.text = ErrorPage.detail(of: failure) ?? Self.text(of: report)
        return report
    }

    /// Of a failure that the log keeps no details of.
    private static func text(of report: FailureReport) -> String {
        guard report.message != StatusLine.text(report.status) else { return "" }
        let end = report.calls.first.map { "Ended by app.abort at \($0.place)" }
        return [report.message, report.hint, end].compactMap { $0 }.joined(separator: "\n\n")
    }

    private static func label(of failure: RequestTask.Failure) -> String {
        if let error = failure.templateError {
            return "Template: " + error.kind.rawValue
        }
        if let error = failure.error {
            return switch error.kind {
            case .memory: "Lua ran out of memory"
            case .syntax: "Syntax error in Lua"
            case .time: "Ran too long"
            case .runtime: "Error in Lua"
            }
        }
        if failure.details?.calls.isEmpty == false { return "Ended by app.abort" }
        return StatusLine.text(failure.status)
    }

    // MARK: Lua

    /// The place of the error, then the calls that led there.
    private func frames(of error: ScriptError) -> [FailureReport.Frame] {
        var frames = error.frames.prefix(Self.mostCalls).map { frame(of: $0) }
        guard let file = error.file, let line = error.line else { return frames }
        // The message may blame another line than the innermost call is at: error(…, 2), a syntax error.
        if error.frames.first.map({ $0.file != file || $0.line != line }) ?? true,
            !error.frames.contains(where: { $0.file == file && $0.line == line })
        {
            frames.insert(frame(of: ScriptError.Frame(file: file, line: line, function: "")), at: 0)
        } else if let index = error.frames.prefix(Self.mostCalls).firstIndex(where: {
            $0.file == file && $0.line == line
        }), index > 0 {
            // error(…, 2): the caller is to blame, and what it called is its helper.
            frames = Array(frames[index...]) + frames[..<index]
        }
        return frames
    }

    private func frame(of frame: ScriptError.Frame) -> FailureReport.Frame {
        var role = frame.function.isEmpty ? "" : "in \(Self.name(frame.function))"
        if frame.omitted > 0 { role += ", and \(frame.omitted) more of the same" }
        return FailureReport.Frame(
            place: "\(short(frame.file)):\(frame.line)", role: role, language: .lua,
            excerpt: SourceExcerpt(file: frame.file, line: frame.line, context: 4),
            variables: frame.variables,
            isLibrary: isLibrary(frame.file), link: editor?.url(file: frame.file, line: frame.line))
    }

    /// How the caller found a function is Lua's concern, not the reader's.
    private static func name(_ function: String) -> String {
        for way in ["upvalue ", "local ", "global ", "field "] where function.hasPrefix(way) {
            return "function " + function.dropFirst(way.count)
        }
        return function
    }

    /// Modules of LuaRocks, and those of the system.
    private func isLibrary(_ file: String) -> Bool {
        file.contains("/lua_modules/")
            || (file.hasPrefix("/") && !file.hasPrefix(root + "/") && root.hasPrefix("/"))
            || file.hasPrefix("/usr/")
    }

    /// Relative to the script, where paths are absolute.
    private func short(_ file: String) -> String {
        if file.hasPrefix("./") { return String(file.dropFirst(2)) }
        return root.hasPrefix("/") && file.hasPrefix(root + "/")
            ? String(file.dropFirst(root.count + 1)) : file
    }

    // MARK: Templates

    private func frames(of error: TemplateError, in templates: TemplateSet) -> [FailureReport.Frame] {
        guard !error.template.isEmpty else { return [] }
        let carets = error.excerpt.split(separator: "\n").last?.count { $0 == "^" } ?? 0
        var first = frame(error.template, error.line, "", templates)
        if error.column > 0 {
            first.place += ":\(error.column)"
            first.blamed = (error.column - 1)..<(error.column - 1 + max(1, carets))
        }
        first.variables = error.variables.map { ScriptVariable(name: $0.name, value: $0.value) }
        return [first]
            + error.chain.prefix(Self.mostCalls).map { frame($0.template, $0.line, $0.action, templates) }
    }

    private func frame(
        _ template: String, _ line: Int, _ role: String, _ templates: TemplateSet
    ) -> FailureReport.Frame {
        let source = templates.templates.first { $0?.name == template }??.source
        return FailureReport.Frame(
            place: line > 0 ? "\(template):\(line)" : template, role: role, language: .template,
            excerpt: source.flatMap { SourceExcerpt(source: $0, line: line, context: 3) })
    }

    // MARK: Routes

    /// What the routes say of a request that none of them served.
    func routing(
        of table: RouteTable, _ method: RouteMethod, _ path: UnsafeRawBufferPointer
    ) -> FailureReport.Routing {
        var routing = FailureReport.Routing()
        routing.near = table.nearMisses(method, path).map { miss in
            var route = route(table.routes[miss.route], of: table)
            route.reasons = miss.differences.map(\.description)
            return route
        }
        routing.all = table.routes.prefix(Self.mostRoutes).map { route($0, of: table) }
        routing.unlisted = max(0, table.routes.count - Self.mostRoutes)
        return routing
    }

    func route(_ route: RouteBuilder.Definition, of table: RouteTable) -> FailureReport.Routing.Route {
        var link: String?
        if let editor, let colon = route.origin.lastIndex(of: ":"),
            let line = Int(route.origin[route.origin.index(after: colon)...])
        {
            link = editor.url(file: String(route.origin[..<colon]), line: line)
        }
        return FailureReport.Routing.Route(
            methods: table.methodList(route.methods), path: route.text, origin: short(route.origin),
            link: link)
    }
}
