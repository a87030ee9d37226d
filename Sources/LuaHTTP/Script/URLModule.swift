// SPDX-License-Identifier: MIT

/// `app:url_for`: from a route's pattern and parameters to a path.
enum URLModule {
    /// url(pattern, params, query) → path, or nil and a message
    static func url() -> HostFunction {
        // Patterns are parsed once for each VM.
        var tables: [String: RouteTable] = [:]
        return HostFunction("app:url_for") { stack throws(HostError) in
            guard let pattern = stack.string(at: 1) else { throw .message("route pattern expected") }
            do {
                let table = try tables[pattern] ?? parse(pattern)
                tables[pattern] = table
                let url = try table.url(
                    for: 0, parameters(stack, at: 2), query: query(stack, at: 3))
                url.withUnsafeBytes { _ = stack.push($0) }
                return .results(1)
            } catch {
                stack.pushNil()
                stack.push("\(error)")
                return .results(2)
            }
        }
    }

    private static func parse(_ pattern: String) throws -> RouteTable {
        var builder = RouteBuilder()
        _ = try builder.add(RouteMethodSet(.get), pattern, origin: "url_for")
        return try builder.freeze()
    }

    /// name → value; values that are no text are as `tostring` gives them.
    private static func parameters(_ stack: LuaStack, at table: Int32) -> [(name: String, value: [UInt8])] {
        var found: [(name: String, value: [UInt8])] = []
        stack.pushNil()
        while stack.next(in: table) {
            if let name = stack.string(at: -2), let value = stack.text(at: -1) { found.append((name, value)) }
            stack.pop()
        }
        return found
    }

    /// Pairs sorted by name, so that a URL is the same each time; a list gives one pair for each element.
    private static func query(_ stack: LuaStack, at table: Int32) -> [(name: [UInt8], value: [UInt8])] {
        var found: [(name: [UInt8], value: [UInt8])] = []
        stack.pushNil()
        while stack.next(in: table) {
            if let name = stack.text(at: -2) {
                if stack.type(at: -1) == .table {
                    stack.forEachElement(of: -1) {
                        if let value = stack.text(at: -1) { found.append((name, value)) }
                    }
                } else if let value = stack.text(at: -1) {
                    found.append((name, value))
                }
            }
            stack.pop()
        }
        return found.enumerated().sorted {
            $0.element.name == $1.element.name
                ? $0.offset < $1.offset : $0.element.name.lexicographicallyPrecedes($1.element.name)
        }.map(\.element)
    }
}
