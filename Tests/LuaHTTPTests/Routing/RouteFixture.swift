// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// What a match says, in a form that tests compare and print.
enum Matched: Equatable, CustomStringConvertible {
    case route(String, [String: String])
    case other(RouteOutcome)

    var description: String {
        switch self {
        case .route(let text, let parameters):
            "\(text) \(parameters.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" })"
        case .other(let outcome): "\(outcome)"
        }
    }
}

extension RouteTable {
    /// A table of routes written as `GET /path`, or `/path` for GET.
    convenience init(_ routes: [String]) throws {
        var builder = RouteBuilder()
        for (index, route) in routes.enumerated() {
            let words = route.split(separator: " ", maxSplits: 1).map(String.init)
            let (method, path) = words.count == 2 ? (words[0], words[1]) : ("GET", route)
            let methods = RouteMethodSet(try builder.method(named: method))
            _ = try builder.add(methods, path, origin: "app.lua:\(index + 1)")
        }
        try self.init(builder)
    }

    /// Matches `GET /path`, or `/path` for GET.
    func matching(_ request: String) -> Matched {
        let words = request.split(separator: " ", maxSplits: 1).map(String.init)
        let (method, path) = words.count == 2 ? (words[0], words[1]) : ("GET", request)
        return matching(method, Array(path.utf8))
    }

    func matching(_ method: String, _ path: [UInt8]) -> Matched {
        let method = Array(method.utf8).withUnsafeBytes { self.method(named: $0) }
        var match = RouteMatch()
        return path.withUnsafeBytes { bytes in
            let outcome = self.match(method, bytes, into: &match)
            guard case .found(let route) = outcome else { return .other(outcome) }
            var values: [String: String] = [:]
            for index in 0..<match.count {
                let parameter = match[index]
                let text = match.withBytes(of: parameter, in: bytes) { String(decoding: $0, as: UTF8.self) }
                let name = parameterNames[Int(parameter.name)]
                values[name] =
                    switch parameter.value {
                    case .bytes: text
                    case .integer(let value): "int \(value)"
                    case .number(let value): "num \(value)"
                    }
            }
            return .route(routes[route].text, values)
        }
    }
}
