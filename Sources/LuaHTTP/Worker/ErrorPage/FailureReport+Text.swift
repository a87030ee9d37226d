// SPDX-License-Identifier: MIT

/// A report for terminals and for programs: the same as the page, as text and as JSON.
extension FailureReport {
    var plainText: String {
        var parts = ["\(status) \(StatusLine.text(status))"]
        if !text.isEmpty { parts.append(text) }
        for frame in calls.prefix(1) { append(frame.variables, "Local variables", to: &parts) }
        append(variables, "Variables of the page", to: &parts)
        if let routing, !routing.near.isEmpty {
            let lines = routing.near.map { route in
                "  \(route.methods) \(route.path)  (\(route.origin))\n    "
                    + route.reasons.joined(separator: "\n    ")
            }
            parts.append("Nearest routes:\n" + lines.joined(separator: "\n"))
        }
        return parts.joined(separator: "\n\n") + "\n"
    }

    private func append(_ variables: [ScriptVariable], _ title: String, to parts: inout [String]) {
        guard !variables.isEmpty else { return }
        parts.append(title + ":\n" + variables.map { "  \($0.name) = \($0.value)" }.joined(separator: "\n"))
    }

    var json: JSONText {
        var members: [(String, JSONText)] = [
            ("status", .number(status)), ("error", .string(StatusLine.text(status))),
            ("kind", .string(label)),
            ("message", .string(message)),
        ]
        if let origin { members.append(("place", .string(origin.place))) }
        if let hint { members.append(("hint", .string(hint))) }
        if !templates.isEmpty { members.append(("templates", .list(templates.map(\.json)))) }
        if !calls.isEmpty { members.append(("calls", .list(calls.map(\.json)))) }
        if !variables.isEmpty { members.append(("variables", Self.json(variables))) }
        if let request {
            var fields: [(String, JSONText)] = [("line", .string(request.line))]
            if let route = request.route {
                fields.append(("route", .string("\(route.path) (\(route.origin))")))
            }
            for section in request.sections { fields.append((section.title, Self.json(section.rows))) }
            fields.append(("Headers", Self.json(request.headers)))
            members.append(("request", .object(fields)))
        }
        if let routing {
            members.append(
                (
                    "nearest_routes",
                    .list(
                        routing.near.map { route in
                            .object([
                                ("methods", .string(route.methods)), ("path", .string(route.path)),
                                ("place", .string(route.origin)),
                                ("reasons", .list(route.reasons.map { .string($0) })),
                            ])
                        })
                ))
        }
        return .object(members)
    }

    fileprivate static func json(_ variables: [ScriptVariable]) -> JSONText {
        .object(variables.map { ($0.name, .string($0.value)) })
    }
}

extension FailureReport.Frame {
    fileprivate var json: JSONText {
        var members: [(String, JSONText)] = [("place", .string(place))]
        if !role.isEmpty { members.append(("role", .string(role))) }
        if let excerpt { members.append(("source", .string(excerpt.text))) }
        if !variables.isEmpty { members.append(("variables", FailureReport.json(variables))) }
        return .object(members)
    }
}
