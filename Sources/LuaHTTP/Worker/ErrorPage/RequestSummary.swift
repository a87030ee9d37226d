// SPDX-License-Identifier: MIT

internal import NIOCore

/// A request as its author sees it on an error page: what was sent, decoded, shortened, secrets hidden.
/// Reads the exchange; the report keeps none of its memory.
struct RequestSummary: Sendable {
    struct Section: Sendable {
        var title: String
        var rows: [ScriptVariable]
    }

    var method: String
    /// As sent.
    var path: String
    /// "GET /users/7?tab=2".
    var line: String
    /// The one that matched.
    var route: FailureReport.Routing.Route?
    /// Params, query, form, cookies; empty ones are left out.
    var sections: [Section]
    var headers: [ScriptVariable]

    private static let longestValue = 300
    private static let mostRows = 60

    init(_ exchange: HTTPExchange, parameters: [ScriptVariable], route: FailureReport.Routing.Route? = nil) {
        self.route = route
        let head = exchange.head.bytes
        let query = Self.pairs(exchange.head.slice(exchange.head.query))
        method = Self.text(exchange.head.slice(exchange.head.methodName))
        path = Self.text(exchange.head.slice(exchange.head.path))
        line = Self.line(exchange, query)
        sections = [
            Section(title: "Parameters of the path", rows: parameters), Section(title: "Query", rows: query),
            Section(title: "Form", rows: Self.form(exchange)),
            Section(title: "Cookies", rows: Self.cookies(exchange)),
        ].filter { !$0.rows.isEmpty }
        headers = []
        guard !head.isEmpty else { return }
        for index in 0..<min(exchange.head.headers.count, Self.mostRows) {
            headers.append(Self.row(exchange.head.name(index), exchange.head.value(index)))
        }
    }

    /// The request line; of a query with secrets, the decoded and hidden one.
    private static func line(_ exchange: HTTPExchange, _ query: [ScriptVariable]) -> String {
        let method = text(exchange.head.slice(exchange.head.methodName))
        guard query.contains(where: { $0.value == SecretName.mask }) else {
            return method + " " + text(exchange.head.slice(exchange.head.target))
        }
        return method + " " + text(exchange.head.slice(exchange.head.path)) + "?"
            + query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    }

    private static func form(_ exchange: HTTPExchange) -> [ScriptVariable] {
        let type = exchange.head.value(.contentType).flatMap { MediaType($0) }
        guard type?.is("application/x-www-form-urlencoded") == true else { return [] }
        return exchange.body.withUnsafeReadableBytes { pairs($0) }
    }

    private static func pairs(_ bytes: UnsafeRawBufferPointer) -> [ScriptVariable] {
        // Beyond that it is an attack, and the author sees as much in the first ones.
        let bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(64 << 10))
        guard let pairs = try? FormBody.parse(bytes, percent: .literal) else { return [] }
        return pairs.prefix(mostRows).map { pair in
            pair.name.withUnsafeBytes { name in pair.value.withUnsafeBytes { row(name, $0) } }
        }
    }

    /// Names only: a cookie's value is a key to somebody's session.
    private static func cookies(_ exchange: HTTPExchange) -> [ScriptVariable] {
        var rows: [ScriptVariable] = []
        var line = exchange.head.headers.firstIndex(.cookie)
        while let index = line {
            var cookies = CookieReader(exchange.head.value(index))
            while rows.count < mostRows, let cookie = cookies.next() {
                rows.append(ScriptVariable(name: text(cookie.name), value: SecretName.mask))
            }
            line = exchange.head.headers.nextIndex(.cookie, after: index)
        }
        return rows
    }

    private static func row(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> ScriptVariable
    {
        let name = text(name)
        return ScriptVariable(name: name, value: SecretName.isSecret(name) ? SecretName.mask : text(value))
    }

    static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        let text = String(decoding: bytes.prefix(longestValue), as: UTF8.self)
        return bytes.count > longestValue ? text + "… (\(bytes.count) bytes)" : text
    }
}
