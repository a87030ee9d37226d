// SPDX-License-Identifier: MIT

/// Paths built from routes: the way back from a route and its parameters to the bytes of a URL.
/// What it builds, the table matches again with the same parameters, or it is refused here.
enum RouteURLError: Error, Equatable, CustomStringConvertible {
    case missingParameter(name: String, route: String)
    /// The value is not of the parameter's type, empty, or nothing that a path can hold.
    case badValue(name: String, type: String, route: String)

    var description: String {
        switch self {
        case .missingParameter(let name, let route):
            "route \"\(route)\": parameter '\(name)' is missing"
        case .badValue(let name, let type, let route):
            "route \"\(route)\": the value of '\(name)' is not a valid \(type)"
        }
    }
}

extension RouteTable {
    /// The path of `route` with these parameters, percent-encoded, and a query if there is one.
    /// Of optional parts, those are written whose parameters are all given.
    func url(
        for route: Int, _ parameters: [(name: String, value: [UInt8])] = [],
        query: [(name: [UInt8], value: [UInt8])] = []
    ) throws(RouteURLError) -> [UInt8] {
        let definition = routes[route]
        let values = Dictionary(parameters.map { ($0.name, $0.value) }) { $1 }
        let pattern = try variant(of: definition, given: values)
        var url: [UInt8] = []
        for segment in pattern.segments {
            url.append(ASCII.slash)
            switch segment {
            case .literal(let bytes):
                PercentCoding.encode(bytes, keeping: Keep.segment, into: &url)
            case .parameter(let name, let type):
                let value = values[name] ?? []
                guard isValid(value, type) else {
                    throw .badValue(name: name, type: type.name, route: definition.text)
                }
                // A slash straight after the first one would make the path the name of another host.
                let wholly = type != .path || (url.count == 1 && value.first == ASCII.slash)
                PercentCoding.encode(value, keeping: wholly ? Keep.segment : Keep.path, into: &url)
            }
        }
        for (index, pair) in query.enumerated() {
            url.append(UInt8(ascii: index == 0 ? "?" : "&"))
            PercentCoding.encode(pair.name, into: &url)
            url.append(UInt8(ascii: "="))
            PercentCoding.encode(pair.value, into: &url)
        }
        return url
    }

    /// The variant with the most parameters that are all given; among equals the longest.
    private func variant(
        of definition: RouteBuilder.Definition, given values: [String: [UInt8]]
    ) throws(RouteURLError) -> RoutePattern {
        let candidates = definition.variants.filter { $0.parameters.allSatisfy { values[$0.name] != nil } }
        let rank = { (pattern: RoutePattern) in (pattern.parameters.count, pattern.segments.count) }
        if let best = candidates.max(by: { rank($0) < rank($1) }) { return best }
        let shortest = definition.variants.min { rank($0) < rank($1) }
        let missing = shortest?.parameters.first { values[$0.name] == nil }
        throw .missingParameter(name: missing?.name ?? "", route: definition.text)
    }

    /// Whether a request with this value would match as `type`.
    private func isValid(_ value: [UInt8], _ type: RouteType) -> Bool {
        guard !value.contains(0), value.withUnsafeBytes({ type.value(of: $0) }) != nil else { return false }
        let separator = type == .path ? ASCII.slash : 0
        return !value.split(separator: separator).contains {
            $0.elementsEqual(".".utf8) || $0.elementsEqual("..".utf8)
        }
    }
}

/// Which bytes stay as they are, beside the unreserved ones: of pchar (RFC 3986 §3.3) those that mean
/// nothing to HTML or to form decoding.
private enum Keep {
    static let segment = ASCII.Set("!$*,:@;=")
    static let path = ASCII.Set("!$*,:@;=/")
}
