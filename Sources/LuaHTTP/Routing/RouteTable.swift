// SPDX-License-Identifier: MIT

/// The routes of one loaded application, frozen: flat arrays that many loops may read at once.
/// What a match costs depends on the path, not on how many routes there are. `RouteMatch.swift`
/// has the matching.
final class RouteTable: Sendable {
    struct Node: Sendable {
        var methods: RouteMethodSet = []
        /// Of the endpoints, one for each of `methods` in ascending order.
        var firstEndpoint: UInt32 = 0
        var firstParameter: UInt32 = 0
        var parameterCount: UInt8 = 0
        var hasLiterals = false

        var isLeaf: Bool { !hasLiterals && parameterCount == 0 }
    }

    struct Endpoint: Sendable {
        let route: Int
        /// Of `endpointNames`.
        let firstName: Int
    }

    let nodes: [Node]
    let parameters: [(type: RouteType, child: UInt32)]
    let endpoints: [Endpoint]
    let endpointNames: [Int32]
    let literals: LiteralTable
    /// Every name that some route gives a parameter, once.
    let parameterNames: [String]
    let routes: [RouteBuilder.Definition]
    let definedMethods: RouteMethodSet
    private let routesByName: [String: Int]
    private let methodNames: [String]

    init(_ builder: RouteBuilder) throws(RouteError) {
        guard builder.nodes.count < UInt32.max else { throw RouteError("too many routes") }
        var freezer = Freezer()
        for (index, node) in builder.nodes.enumerated() {
            freezer.add(node, index)
        }
        freezer.addWholePaths(builder.nodes)
        nodes = freezer.nodes
        parameters = freezer.parameters
        endpoints = freezer.endpoints
        endpointNames = freezer.endpointNames
        parameterNames = freezer.names
        literals = LiteralTable(freezer.literals)
        routes = builder.definitions
        routesByName = builder.routesByName
        methodNames = builder.methodNames
        definedMethods = builder.definitions.reduce(into: []) { $0.formUnion($1.methods) }
    }

    func route(named name: String) -> Int? {
        routesByName[name]
    }

    /// The method of that name if a route can tell it from others, else `unknown`.
    func method(named name: UnsafeRawBufferPointer) -> RouteMethod {
        for (index, known) in methodNames.enumerated() where index != RouteMethod.any.rawValue {
            if known.utf8.elementsEqual(name) { return RouteMethod(rawValue: UInt8(index)) }
        }
        return .unknown
    }

    /// Names of the methods, for people; "ANY" for all.
    func methodList(_ methods: RouteMethodSet) -> String {
        methods.methods.map { methodNames[Int($0.rawValue)] }.joined(separator: " ")
    }

    /// The value of the Allow field (RFC 9110 §10.2.1). HEAD comes with GET, and OPTIONS always.
    func allow(_ methods: RouteMethodSet) -> [UInt8] {
        var set = methods
        if set.contains(.any) {
            for method in UInt8(0)..<RouteMethod.any.rawValue {
                set.insert(RouteMethodSet(RouteMethod(rawValue: method)))
            }
        }
        if set.contains(.get) { set.insert(RouteMethodSet(.head)) }
        set.insert(RouteMethodSet(.options))
        set.remove(RouteMethodSet(.any))
        return Array(set.methods.map { methodNames[Int($0.rawValue)] }.joined(separator: ", ").utf8)
    }
}

/// Copies the builder's tree into flat arrays.
private struct Freezer {
    var nodes: [RouteTable.Node] = []
    var parameters: [(type: RouteType, child: UInt32)] = []
    var endpoints: [RouteTable.Endpoint] = []
    var endpointNames: [Int32] = []
    var literals: [LiteralTable.Entry] = []
    var names: [String] = []
    private var nameIndex: [String: Int32] = [:]

    mutating func add(_ node: RouteBuilder.Node, _ index: Int) {
        var flat = RouteTable.Node()
        flat.firstEndpoint = UInt32(endpoints.count)
        for endpoint in node.endpoints.sorted(by: { $0.method.rawValue < $1.method.rawValue }) {
            flat.methods.insert(RouteMethodSet(endpoint.method))
            endpoints.append(RouteTable.Endpoint(route: endpoint.route, firstName: endpointNames.count))
            endpointNames += endpoint.pattern.parameters.map { intern($0.name) }
        }
        flat.firstParameter = UInt32(parameters.count)
        flat.parameterCount = UInt8(node.parameters.count)
        for (type, child) in node.parameters.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            parameters.append((type, UInt32(child)))
        }
        flat.hasLiterals = !node.literals.isEmpty
        for (bytes, child) in node.literals {
            literals.append(LiteralTable.Entry(bytes: bytes, parent: UInt32(index), child: UInt32(child)))
        }
        nodes.append(flat)
    }

    /// Paths of literals only, as one key each. One with `%` in it is never sent like that.
    mutating func addWholePaths(_ nodes: [RouteBuilder.Node]) {
        var pending: [(node: Int, path: [UInt8])] = [(0, [])]
        while let (index, path) = pending.popLast() {
            for (bytes, child) in nodes[index].literals where !bytes.contains(ASCII.percent) {
                let longer = path + [ASCII.slash] + bytes
                pending.append((child, longer))
                guard !nodes[child].endpoints.isEmpty else { continue }
                literals.append(
                    LiteralTable.Entry(bytes: longer, parent: LiteralTable.wholePath, child: UInt32(child)))
            }
        }
    }

    private mutating func intern(_ name: String) -> Int32 {
        if let index = nameIndex[name] { return index }
        let index = Int32(names.count)
        names.append(name)
        nameIndex[name] = index
        return index
    }
}
