// SPDX-License-Identifier: MIT

/// The routes of an application while its script defines them: a tree that grows, and that says
/// which two definitions contradict each other. `freeze` turns it into the table that serves.
/// Knows routes only by their number; what a route does is the caller's.
struct RouteBuilder {
    /// One route as its author wrote it.
    struct Definition: Sendable {
        let text: String
        let methods: RouteMethodSet
        /// For `url(for:)`.
        let name: String?
        /// Where it was written, as `app.lua:12`.
        let origin: String
        let variants: [RoutePattern]
    }

    struct Endpoint {
        let method: RouteMethod
        let route: Int
        let pattern: RoutePattern
    }

    struct Node {
        var literals: [[UInt8]: Int] = [:]
        var parameters: [RouteType: Int] = [:]
        var endpoints: [Endpoint] = []
    }

    private(set) var nodes = [Node()]
    private(set) var definitions: [Definition] = []
    private(set) var routesByName: [String: Int] = [:]
    private(set) var methodNames = RouteMethod.standardNames

    /// The method of that name, which becomes known if it was not.
    mutating func method(named name: String) throws(RouteError) -> RouteMethod {
        if let index = methodNames.firstIndex(of: name) { return RouteMethod(rawValue: UInt8(index)) }
        let isToken = name.utf8.allSatisfy {
            $0 > 0x20 && $0 < 0x7F && !"\"(),/:;<=>?@[\\]{}".utf8.contains($0)
        }
        guard isToken, !name.isEmpty else { throw RouteError("'\(name)' is not a method name") }
        guard methodNames.count <= Int(RouteMethod.highestExtension) else {
            throw RouteError("too many methods: no more than \(RouteMethod.highestExtension) kinds")
        }
        methodNames.append(name)
        return RouteMethod(rawValue: UInt8(methodNames.count - 1))
    }

    /// Adds a route and returns its number, counted from 0. After an error the builder still holds
    /// the routes before it, and perhaps a part of this one: it must not be frozen.
    mutating func add(
        _ methods: RouteMethodSet, _ text: String, name: String? = nil, origin: String
    ) throws(RouteError) -> Int {
        let route = definitions.count
        do throws(RouteError) {
            guard !methods.isEmpty else { throw RouteError("no method") }
            let variants = try RoutePattern.expand(text)
            if let name, let other = routesByName[name] {
                let place = definitions[other]
                throw RouteError("the name '\(name)' is taken by \"\(place.text)\" at \(place.origin)")
            }
            definitions.append(
                Definition(text: text, methods: methods, name: name, origin: origin, variants: variants))
            for variant in variants {
                try insert(variant, methods, route)
            }
        } catch {
            throw RouteError("\(origin): route \"\(text)\": \(error.description)")
        }
        if let name { routesByName[name] = route }
        return route
    }

    func freeze() throws(RouteError) -> RouteTable {
        try RouteTable(self)
    }

    private mutating func insert(_ pattern: RoutePattern, _ methods: RouteMethodSet, _ route: Int)
        throws(RouteError)
    {
        var node = 0
        for segment in pattern.segments {
            switch segment {
            case .literal(let bytes):
                node = nodes[node].literals[bytes] ?? grow(node, \.literals[bytes])
            case .parameter(_, let type):
                node = nodes[node].parameters[type] ?? grow(node, \.parameters[type])
            }
        }
        for method in methods.methods {
            if let other = nodes[node].endpoints.first(where: { $0.method == method }) {
                throw conflict(of: route, with: other)
            }
            nodes[node].endpoints.append(Endpoint(method: method, route: route, pattern: pattern))
        }
    }

    private mutating func grow(_ parent: Int, _ link: WritableKeyPath<Node, Int?>) -> Int {
        nodes[parent][keyPath: link] = nodes.count
        nodes.append(Node())
        return nodes.count - 1
    }

    private func conflict(of route: Int, with other: Endpoint) -> RouteError {
        if route == other.route {
            return RouteError("two ways of leaving out its optional parts give the same path")
        }
        let (new, old) = (definitions[route], definitions[other.route])
        let method = methodNames[Int(other.method.rawValue)]
        if new.text == old.text {
            return RouteError("\(method) is already defined at \(old.origin); remove one of the two")
        }
        return RouteError(
            "\(method) matches the same paths as \"\(old.text)\" at \(old.origin);"
                + " remove one, or tell them apart by a type or a fixed segment")
    }
}
