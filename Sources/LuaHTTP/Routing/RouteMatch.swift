// SPDX-License-Identifier: MIT

/// What a table says about a request.
enum RouteOutcome: Equatable, Sendable {
    /// The route of that number serves the request; its parameters are in the `RouteMatch`.
    case found(route: Int)
    /// No such path, but it exists with one slash more or less at its end: send the client there
    /// (308, or 301 for GET and HEAD). Never said of a path that begins with `//` or `/\`, which as
    /// a Location would name another host.
    case redirect(TrailingSlash)
    /// The path exists, but not for this method: 405 with `RouteTable.allow` of these.
    case methodNotAllowed(RouteMethodSet)
    /// OPTIONS that no route answers itself: 204 with `RouteTable.allow` of these.
    case options(RouteMethodSet)
    case notFound
    /// Not a path: a bad percent triplet, NUL, a `.` or `..` segment (however written), or no slash
    /// at the start.
    case badRequest

    enum TrailingSlash: Sendable {
        case add, remove
    }
}

/// The parameters of one match, in the order of the path. Made once and reused from request to
/// request: a match allocates nothing, apart from the growth of the buffer for decoded paths.
struct RouteMatch: ~Copyable {
    struct Parameter: Equatable, Sendable {
        /// Index into `RouteTable.parameterNames`.
        fileprivate(set) var name: Int32
        fileprivate(set) var type: RouteType
        fileprivate(set) var start: UInt32
        fileprivate(set) var count: UInt32
        fileprivate(set) var value: RouteType.Value
    }

    private static let none = Parameter(name: 0, type: .str, start: 0, count: 0, value: .bytes)
    /// As many as `RoutePattern.maximumParameters`.
    private var storage = InlineArray<16, Parameter>(repeating: none)
    private(set) var count = 0
    /// The decoded path, if the path had to be decoded.
    fileprivate var decoded: [UInt8] = []
    fileprivate var isDecoded = false

    init() {}

    /// An empty one where there is none: a mistake of ours costs a request its answer, not all connections the server.
    subscript(index: Int) -> Parameter {
        index >= 0 && index < count ? storage[index] : Self.none
    }

    /// The decoded bytes of a parameter; `path` is the path that was matched.
    func withBytes<R>(
        of parameter: Parameter, in path: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> R
    ) -> R {
        let range = Int(parameter.start)..<Int(parameter.start) + Int(parameter.count)
        if isDecoded {
            return decoded.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
        return body(UnsafeRawBufferPointer(rebasing: path[range]))
    }

    fileprivate mutating func clear() {
        count = 0
        isDecoded = false
    }
}

// MARK: - Matching

/// The state of one walk through the nodes.
private struct Search {
    /// The path, its segments ended by `separator`.
    let text: UnsafeRawBufferPointer
    /// `/` in a path as sent. NUL in a decoded one, where a `/` came from `%2F` and does not split.
    let separator: UInt8
    let method: RouteMethod
    /// What the paths answer that fit but for the method.
    var allowed: RouteMethodSet = []
    var endpoint = 0
}

extension RouteTable {
    /// Which route serves `method` on `path`, the raw bytes of the request's path without query.
    ///
    /// Segments are compared in the order literal, typed (in the order of `RouteType`), untyped,
    /// spanning; the first route in this order that serves the method wins, so the order of
    /// definition is without meaning. A spanning parameter in the middle takes as little as it can.
    /// Percent-triplets are decoded once, here; empty segments count like any other.
    func match(_ method: RouteMethod, _ path: UnsafeRawBufferPointer, into match: inout RouteMatch)
        -> RouteOutcome
    {
        match.clear()
        if let endpoint = exact(path, method) { return .found(route: endpoints[endpoint].route) }
        switch PathForm(of: path) {
        case .malformed:
            return isAsterisk(path, method) ? .options(definedMethods) : .badRequest
        case .plain:
            let outcome = find(Search(text: path, separator: ASCII.slash, method: method), &match)
            return outcome == .notFound ? trailingSlash(path, method, &match) : outcome
        case .encoded:
            // The buffer is taken out of `match` so that its bytes can be read while `match` changes.
            var decoded: [UInt8] = []
            swap(&decoded, &match.decoded)
            defer { swap(&decoded, &match.decoded) }
            guard PathForm.decode(path, into: &decoded) else { return .badRequest }
            let outcome = decoded.withUnsafeBytes {
                find(Search(text: $0, separator: 0, method: method), &match)
            }
            guard outcome != .notFound else { return trailingSlash(path, method, &match) }
            match.isDecoded = true
            match.restoreSlashes(&decoded)
            return outcome
        }
    }

    /// A path without parameters is found by one look-up, if it serves the method.
    private func exact(_ path: UnsafeRawBufferPointer, _ method: RouteMethod) -> Int? {
        guard let node = literals.find(path, under: LiteralTable.wholePath) else { return nil }
        return endpoint(of: nodes[Int(node)], method)
    }

    private func endpoint(of node: Node, _ method: RouteMethod) -> Int? {
        guard let serving = node.methods.serving(method) else { return nil }
        let before = node.methods.rawValue & (RouteMethodSet(serving).rawValue &- 1)
        return Int(node.firstEndpoint) + before.nonzeroBitCount
    }

    private func find(_ search: consuming Search, _ match: inout RouteMatch) -> RouteOutcome {
        guard descend(0, from: 1, &search, &match) else {
            match.clear()
            if search.allowed.isEmpty { return .notFound }
            return search.method == .options ? .options(search.allowed) : .methodNotAllowed(search.allowed)
        }
        let endpoint = endpoints[search.endpoint]
        match.name(from: endpoint, in: self)
        return .found(route: endpoint.route)
    }

    /// Tries the children of `index` on the segment at `start`. As deep as the longest pattern.
    private func descend(_ index: Int, from start: Int, _ search: inout Search, _ match: inout RouteMatch)
        -> Bool
    {
        let node = nodes[index]
        let end = search.text.end(ofSegmentAt: start, search.separator)
        let segment = UnsafeRawBufferPointer(rebasing: search.text[start..<end])
        if node.hasLiterals, let child = literals.find(segment, under: UInt32(index)),
            proceed(Int(child), after: end, &search, &match)
        {
            return true
        }
        let firstType = Int(node.firstParameter)
        for parameter in firstType..<firstType + Int(node.parameterCount) {
            let (type, child) = parameters[parameter]
            if type == .path { return span(Int(child), from: start, &search, &match) }
            guard let value = type.value(of: segment) else { continue }
            match.push(type, start, end, value)
            if proceed(Int(child), after: end, &search, &match) { return true }
            match.pop()
        }
        return false
    }

    private func proceed(_ node: Int, after end: Int, _ search: inout Search, _ match: inout RouteMatch)
        -> Bool
    {
        if end < search.text.count { return descend(node, from: end + 1, &search, &match) }
        return accept(node, &search)
    }

    private func accept(_ index: Int, _ search: inout Search) -> Bool {
        let node = nodes[index]
        if let endpoint = endpoint(of: node, search.method) {
            search.endpoint = endpoint
            return true
        }
        search.allowed.formUnion(node.methods)
        return false
    }

    /// A parameter over one or more segments: the shortest stretch after which the rest fits.
    private func span(_ node: Int, from start: Int, _ search: inout Search, _ match: inout RouteMatch) -> Bool
    {
        guard start < search.text.count else { return false }
        var end = search.text.end(ofSegmentAt: start, search.separator)
        if !nodes[node].isLeaf {
            while end < search.text.count {
                if end > start {
                    match.push(.path, start, end, .bytes)
                    if descend(node, from: end + 1, &search, &match) { return true }
                    match.pop()
                }
                end = search.text.end(ofSegmentAt: end + 1, search.separator)
            }
        }
        guard accept(node, &search) else { return false }
        match.push(.path, start, search.text.count, .bytes)
        return true
    }

    private func isAsterisk(_ path: UnsafeRawBufferPointer, _ method: RouteMethod) -> Bool {
        method == .options && path.count == 1 && path[0] == UInt8(ascii: "*")
    }
}

// MARK: - Trailing slash

extension RouteTable {
    /// Looks for the path with one slash more or less at its end.
    @inline(never)
    private func trailingSlash(
        _ path: UnsafeRawBufferPointer, _ method: RouteMethod, _ match: inout RouteMatch
    ) -> RouteOutcome {
        let leads = path.count > 1 && (path[1] == ASCII.slash || path[1] == ASCII.backslash)
        guard !leads, path.count > 1 else { return .notFound }
        var other = Array(path)
        let removes = other.last == ASCII.slash
        if removes { other.removeLast() } else { other.append(ASCII.slash) }
        defer { match.clear() }
        let exists = other.withUnsafeBytes { text in
            if exact(text, method) != nil { return true }
            var decoded: [UInt8] = []
            guard PathForm.decode(text, into: &decoded) else { return false }
            return decoded.withUnsafeBytes {
                if case .found = find(Search(text: $0, separator: 0, method: method), &match) {
                    true
                } else {
                    false
                }
            }
        }
        return exists ? .redirect(removes ? .remove : .add) : .notFound
    }
}

// MARK: - Parameters

extension RouteMatch {
    fileprivate mutating func push(_ type: RouteType, _ start: Int, _ end: Int, _ value: RouteType.Value) {
        storage[count] = Parameter(
            name: 0, type: type, start: UInt32(truncatingIfNeeded: start),
            count: UInt32(truncatingIfNeeded: end - start), value: value)
        count += 1
    }

    fileprivate mutating func pop() {
        count -= 1
    }

    /// The routes of one node may name its parameters differently.
    fileprivate mutating func name(from endpoint: RouteTable.Endpoint, in table: RouteTable) {
        for index in 0..<count {
            storage[index].name = table.endpointNames[endpoint.firstName + index]
        }
    }

    /// Where a parameter spans segments, the NULs between them become slashes again.
    fileprivate func restoreSlashes(_ decoded: inout [UInt8]) {
        for index in 0..<count where storage[index].type == .path {
            let start = Int(storage[index].start)
            for at in start..<start + Int(storage[index].count) where decoded[at] == 0 {
                decoded[at] = ASCII.slash
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func end(ofSegmentAt start: Int, _ separator: UInt8) -> Int {
        var end = start
        while end < count, self[end] != separator { end += 1 }
        return end
    }
}
