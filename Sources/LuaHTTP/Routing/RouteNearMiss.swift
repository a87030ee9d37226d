// SPDX-License-Identifier: MIT

/// A route that almost serves a request, and what keeps it from it. Pure: for the not-found page of development,
/// never on the way of a request that is served. Knows nothing of pages.
struct RouteNearMiss: Equatable, Sendable {
    /// One difference between a path and a route, in the order of the path.
    enum Difference: Equatable, Sendable {
        /// The path fits; the route answers these methods.
        case method(String)
        /// `found` stands where the route says `expected`.
        case literal(expected: String, found: String)
        /// `value` is not of the parameter's type.
        case type(name: String, type: String, value: String)
        /// A parameter takes one character at least.
        case empty(name: String)
        /// The path lacks a segment of the route.
        case missing(String)
        /// The path has a segment that the route lacks.
        case extra(String)
        /// The route ends with a slash and the path does not, or the other way round.
        case slash(missing: Bool)
    }

    /// Number of the route.
    let route: Int
    let differences: [Difference]
    /// 0 would be a match.
    let cost: Int
}

extension RouteNearMiss.Difference: CustomStringConvertible {
    /// For the author: what to look at.
    var description: String {
        switch self {
        case .method(let methods): "the path fits, but the route answers \(methods)"
        case .literal(let expected, let found) where expected.lowercased() == found.lowercased():
            "'\(found)' must be written '\(expected)': paths are matched letter by letter"
        case .literal(let expected, let found): "'\(found)' is not '\(expected)'"
        case .type(let name, let type, let value): "'\(value)' is not of the type \(type) of ':\(name)'"
        case .empty(let name): "':\(name)' takes one character at least"
        case .missing(let segment): "'/\(segment)' is missing"
        case .extra(let segment): "'/\(segment)' is too much"
        case .slash(missing: true): "the route ends with a slash, this path does not"
        case .slash(missing: false): "this path ends with a slash, the route does not"
        }
    }

    fileprivate var cost: Int {
        switch self {
        case .method, .slash: 1
        case .literal(let expected, let found):
            // A letter or two are a slip; a word that is another word says little.
            min(2 + 2 * RoutePattern.distance(found.lowercased(), expected.lowercased()), 10)
        case .type, .empty: 3
        case .missing, .extra: 6
        }
    }
}

extension RouteTable {
    /// The routes nearest to a request that none of them serves, the nearest first.
    ///
    /// - Parameter path: as sent, without query.
    func nearMisses(_ method: RouteMethod, _ path: UnsafeRawBufferPointer, most: Int = 5) -> [RouteNearMiss] {
        var decoded: [UInt8] = []
        guard path.first == ASCII.slash, PathForm.decode(path, into: &decoded) else { return [] }
        let segments = decoded.dropFirst().split(separator: 0, omittingEmptySubsequences: false).map {
            [UInt8]($0)
        }
        guard segments.count <= Alignment.mostSegments else { return [] }
        let misses = routes.enumerated().compactMap { number, route in
            route.variants.compactMap { nearMiss(number, route, $0, method, segments) }.min {
                $0.cost < $1.cost
            }
        }
        let limit = 5 + 3 * segments.count
        let near = misses.filter { $0.cost <= limit }.sorted { ($0.cost, $0.route) < ($1.cost, $1.route) }
        return Array(near.prefix(most))
    }

    private func nearMiss(
        _ number: Int, _ route: RouteBuilder.Definition, _ pattern: RoutePattern, _ method: RouteMethod,
        _ segments: [[UInt8]]
    ) -> RouteNearMiss? {
        guard pattern.segments.count <= Alignment.mostSegments else { return nil }
        let alignment = Alignment(of: segments, with: pattern.segments)
        guard alignment.hasCommonWord else { return nil }
        var differences = alignment.differences
        if route.methods.serving(method) == nil {
            // Of a route that fits neither way, the path is what matters.
            if differences.isEmpty { differences = [.method(methodList(route.methods))] }
        }
        guard !differences.isEmpty else { return nil }
        let cost = differences.reduce(0) { $0 + $1.cost }
        return RouteNearMiss(route: number, differences: Array(differences.prefix(3)), cost: cost)
    }
}

/// The cheapest way to make a path of a pattern, segment by segment: an edit distance whose steps are kept.
private struct Alignment {
    /// Bounds the work, which grows with the square of it.
    static let mostSegments = 24

    private enum Step { case both, onlyPattern, onlyPath, spans }

    private let path: [[UInt8]]
    private let pattern: [RoutePattern.Segment]
    private var costs: [[Int]]
    private var steps: [[Step]]

    init(of path: [[UInt8]], with pattern: [RoutePattern.Segment]) {
        (self.path, self.pattern) = (path, pattern)
        costs = Array(repeating: Array(repeating: 0, count: path.count + 1), count: pattern.count + 1)
        steps = Array(repeating: Array(repeating: .both, count: path.count + 1), count: pattern.count + 1)
        for i in 0...pattern.count {
            for j in 0...path.count where i + j > 0 { fill(i, j) }
        }
    }

    /// What aligning the first `i` segments of the pattern with the first `j` of the path costs.
    private mutating func fill(_ i: Int, _ j: Int) {
        var best = (cost: Int.max, step: Step.both)
        func consider(_ cost: Int, _ step: Step) {
            if cost < best.cost { best = (cost, step) }
        }
        // Of ways that cost the same the one that differs later, as people read it.
        if i > 0 { consider(costs[i - 1][j] + onlyPattern(i).cost, .onlyPattern) }
        if j > 0 { consider(costs[i][j - 1] + onlyPath(j).cost, .onlyPath) }
        if i > 0, j > 0 { consider(costs[i - 1][j - 1] + (both(i, j)?.cost ?? 0), .both) }
        // A spanning parameter that has one segment takes another for nothing.
        if i > 0, j > 1, isSpanning(i), steps[i][j - 1] == .both || steps[i][j - 1] == .spans {
            consider(costs[i][j - 1], .spans)
        }
        costs[i][j] = best.cost
        steps[i][j] = best.step
    }

    /// In the order of the path.
    var differences: [RouteNearMiss.Difference] {
        var found: [RouteNearMiss.Difference] = []
        var (i, j) = (pattern.count, path.count)
        while i > 0 || j > 0 {
            switch steps[i][j] {
            case .both:
                if let difference = both(i, j) { found.append(difference) }
                (i, j) = (i - 1, j - 1)
            case .onlyPattern:
                found.append(onlyPattern(i))
                i -= 1
            case .onlyPath:
                found.append(onlyPath(j))
                j -= 1
            case .spans: j -= 1
            }
        }
        return found.reversed()
    }

    /// Some fixed word of the pattern stands in the path, or nearly. Parameters alone fit anything: of them the
    /// number must be right.
    var hasCommonWord: Bool {
        var hasWords = false
        for case .literal(let bytes) in pattern where !bytes.isEmpty {
            hasWords = true
            let word = String(decoding: bytes, as: UTF8.self).lowercased()
            let most = max(1, bytes.count / 3)
            for segment in path where abs(segment.count - bytes.count) <= most {
                let text = String(decoding: segment, as: UTF8.self).lowercased()
                if RoutePattern.distance(text, word) <= most { return true }
            }
        }
        return !hasWords && path.count == pattern.count
    }

    private func isSpanning(_ i: Int) -> Bool {
        if case .parameter(_, .path) = pattern[i - 1] { true } else { false }
    }

    private func both(_ i: Int, _ j: Int) -> RouteNearMiss.Difference? {
        let segment = path[j - 1]
        switch pattern[i - 1] {
        case .literal(let bytes):
            return bytes == segment ? nil : .literal(expected: Self.text(bytes), found: Self.text(segment))
        case .parameter(let name, let type):
            // A spanning one takes empty segments too, unless there is nothing else.
            if segment.isEmpty { return type == .path && path.count > j ? nil : .empty(name: name) }
            let fits = segment.withUnsafeBytes { type.value(of: $0) } != nil
            return fits ? nil : .type(name: name, type: type.name, value: Self.text(segment))
        }
    }

    private func onlyPattern(_ i: Int) -> RouteNearMiss.Difference {
        switch pattern[i - 1] {
        case .literal(let bytes): bytes.isEmpty ? .slash(missing: true) : .missing(Self.text(bytes))
        case .parameter(let name, .path): .missing("*" + name)
        case .parameter(let name, .str): .missing(":" + name)
        case .parameter(let name, let type): .missing(":\(name)<\(type.name)>")
        }
    }

    private func onlyPath(_ j: Int) -> RouteNearMiss.Difference {
        path[j - 1].isEmpty && j == path.count ? .slash(missing: false) : .extra(Self.text(path[j - 1]))
    }

    /// For people: what a client sent may be long.
    private static func text(_ bytes: [UInt8]) -> String {
        bytes.count <= 60
            ? String(decoding: bytes, as: UTF8.self) : String(decoding: bytes.prefix(60), as: UTF8.self) + "…"
    }
}
