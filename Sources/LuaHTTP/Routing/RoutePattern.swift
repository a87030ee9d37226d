// SPDX-License-Identifier: MIT

/// `/users/:id<int>/*rest` taken apart into segments, or refused with a message for its author.
/// Works on one pattern without optional groups; `expand` makes those of a pattern with groups.
/// Knows nothing of other routes.
///
/// - `text` matches itself, byte by byte, after percent-decoding of the request
/// - `:name`, `:name<type>` matches one non-empty segment
/// - `:name<path>`, and `*name` at the end, match one or more segments, slashes included, not empty
/// - `(/…)` may be left out: it stands for two patterns
/// - a slash at the end is part of the pattern: `/a` and `/a/` are two paths
struct RoutePattern: Hashable, Sendable {
    enum Segment: Hashable, Sendable {
        /// Empty only as the last segment: the trailing slash.
        case literal([UInt8])
        case parameter(name: String, type: RouteType)
    }

    static let maximumParameters = 16
    /// Bounds the recursion of the matcher.
    static let maximumSegments = 64
    static let maximumVariants = 32

    let segments: [Segment]

    var parameters: [(name: String, type: RouteType)] {
        segments.compactMap {
            if case .parameter(let name, let type) = $0 { (name, type) } else { nil }
        }
    }

    /// The patterns that `text` stands for, the one with every optional part first.
    static func expand(_ text: String) throws(RouteError) -> [RoutePattern] {
        var variants: [RoutePattern] = []
        for variant in try expandGroups(Array(text.utf8)) {
            variants.append(try RoutePattern(bytes: variant))
        }
        return variants
    }

    private init(bytes: [UInt8]) throws(RouteError) {
        guard bytes.first == ASCII.slash else {
            throw RouteError("a route begins with '/'")
        }
        let parts = bytes.dropFirst().split(separator: ASCII.slash, omittingEmptySubsequences: false)
        guard parts.count <= Self.maximumSegments else {
            throw RouteError("more than \(Self.maximumSegments) segments")
        }
        var segments: [Segment] = []
        for (index, part) in parts.enumerated() {
            segments.append(try Self.segment(part, isLast: index == parts.count - 1))
        }
        self.segments = segments
        try checkParameters()
    }

    private func checkParameters() throws(RouteError) {
        let parameters = parameters
        guard parameters.count <= Self.maximumParameters else {
            throw RouteError("more than \(Self.maximumParameters) parameters")
        }
        var seen: Set<String> = []
        for (name, _) in parameters where !seen.insert(name).inserted {
            throw RouteError("parameter '\(name)' appears twice; give each its own name")
        }
        // Two of them could share the slashes between them in many ways.
        guard parameters.count(where: { $0.type == .path }) <= 1 else {
            throw RouteError("only one parameter of a route may span segments ('*name' or '<path>')")
        }
    }
}

// MARK: - One segment

extension RoutePattern {
    private static func segment(_ bytes: ArraySlice<UInt8>, isLast: Bool) throws(RouteError) -> Segment {
        switch bytes.first {
        case UInt8(ascii: ":"): return try parameter(bytes.dropFirst())
        case UInt8(ascii: "*"):
            guard isLast else {
                throw RouteError(
                    "'\(text(bytes))' must be the last segment; in the middle write ':name<path>'")
            }
            let name = bytes.count == 1 ? "splat" : try parameterName(bytes.dropFirst(), after: "*")
            return .parameter(name: name, type: .path)
        case nil where !isLast:
            throw RouteError("empty segment ('//'); requests are matched with their slashes as sent")
        default:
            try checkLiteral(bytes)
            return .literal(Array(bytes))
        }
    }

    private static func parameter(_ bytes: ArraySlice<UInt8>) throws(RouteError) -> Segment {
        if bytes.contains(UInt8(ascii: "[")) {
            throw RouteError(
                "':\(text(bytes))': character classes are not supported; write a type, as ':id<int>'")
        }
        guard let open = bytes.firstIndex(of: UInt8(ascii: "<")) else {
            return .parameter(name: try parameterName(bytes, after: ":"), type: .str)
        }
        let name = try parameterName(bytes[..<open], after: ":")
        guard let close = bytes.firstIndex(of: UInt8(ascii: ">")) else {
            throw RouteError("':\(text(bytes))': '>' is missing after the type")
        }
        guard close == bytes.endIndex - 1 else {
            throw RouteError("':\(text(bytes))': a parameter is a whole segment; nothing may follow '>'")
        }
        let typeName = text(bytes[(open + 1)..<close])
        guard let type = RouteType(name: typeName) else {
            throw RouteError(unknownType(typeName))
        }
        return .parameter(name: name, type: type)
    }

    private static func parameterName(_ bytes: ArraySlice<UInt8>, after mark: String) throws(RouteError)
        -> String
    {
        guard !bytes.isEmpty else { throw RouteError("'\(mark)' needs a name after it, as '\(mark)id'") }
        let isName = bytes.enumerated().allSatisfy { index, byte in
            let isLetter = (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
            return isLetter || (index > 0 && byte &- UInt8(ascii: "0") < 10)
        }
        guard isName else {
            throw RouteError(
                "'\(mark)\(text(bytes))': a parameter is a whole segment, and its name has only"
                    + " letters, digits and '_', not a digit first")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func checkLiteral(_ bytes: ArraySlice<UInt8>) throws(RouteError) {
        if bytes.elementsEqual(".".utf8) || bytes.elementsEqual("..".utf8) {
            throw RouteError("'\(text(bytes))' is no segment a request can have")
        }
        for (index, byte) in zip(bytes.indices, bytes) {
            switch byte {
            case 0..<0x20, 0x7F:
                throw RouteError("control character in '\(text(bytes))'")
            case UInt8(ascii: "?"), UInt8(ascii: "#"):
                throw RouteError("a route is a path: '\(text([byte]))' and what follows is not part of it")
            case UInt8(ascii: ":"), UInt8(ascii: "*"):
                throw RouteError(
                    "'\(text(bytes))': a parameter is a whole segment;"
                        + " take ':name' and split it in the handler")
            case UInt8(ascii: "<"), UInt8(ascii: ">"):
                throw RouteError("'\(text(bytes))': '<type>' belongs after ':name'")
            case ASCII.percent:
                let digits = bytes[(index + 1)...].prefix(2)
                guard digits.count == 2, let byte = UInt8(text(digits), radix: 16) else { continue }
                throw RouteError(
                    "'%\(text(digits))': routes are matched after decoding; write the character itself"
                        + (byte > 0x20 && byte < 0x7F ? " ('\(text([byte]))')" : ""))
            default: continue
            }
        }
    }

    private static func text(_ bytes: some Collection<UInt8>) -> String {
        String(decoding: bytes, as: UTF8.self)
    }

    private static func unknownType(_ name: String) -> String {
        let names = RouteType.allCases.map(\.name)
        let closest = names.map { ($0, distance(name, $0)) }.min { $0.1 < $1.1 }
        let hint =
            closest.flatMap { $0.1 <= 2 && $0.1 < $0.0.count ? " (did you mean '\($0.0)'?)" : nil } ?? ""
        return "unknown type '\(name)'\(hint); types are \(names.joined(separator: ", "))"
    }

    /// How many letters differ, two swapped ones counted once.
    static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.utf8.prefix(64)), Array(b.utf8.prefix(64)))
        var before: [Int] = []
        var last = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                var least = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { least = min(least, before[j - 1] + 1) }
                row.append(least)
            }
            (before, last) = (last, row)
        }
        return last[b.count]
    }
}

// MARK: - Optional groups

extension RoutePattern {
    /// Each `(…)` with and without its content, the longer one first.
    private static func expandGroups(_ bytes: [UInt8]) throws(RouteError) -> [[UInt8]] {
        var pending = [bytes]
        var finished: [[UInt8]] = []
        while let text = pending.popLast() {
            guard let group = try firstGroup(text) else {
                finished.append(text)
                continue
            }
            guard finished.count + pending.count + 2 <= maximumVariants else {
                throw RouteError("too many optional parts: more than \(maximumVariants) combinations")
            }
            let head = text[..<group.lowerBound]
            let tail = text[(group.upperBound + 1)...]
            pending.append(Array(head + tail))
            pending.append(Array(head + text[(group.lowerBound + 1)..<group.upperBound] + tail))
        }
        return finished
    }

    /// The positions of the first `(` and of the `)` that closes it.
    private static func firstGroup(_ text: [UInt8]) throws(RouteError) -> Range<Int>? {
        var depth = 0
        var start = 0
        for (index, byte) in text.enumerated() {
            if byte == UInt8(ascii: "(") {
                if depth == 0 { start = index }
                depth += 1
            } else if byte == UInt8(ascii: ")") {
                guard depth > 0 else { throw RouteError("')' without '('") }
                depth -= 1
                if depth == 0 {
                    guard index > start + 1 else { throw RouteError("'()' is empty") }
                    return start..<index
                }
            }
        }
        guard depth == 0 else { throw RouteError("'(' without ')'") }
        return nil
    }
}

/// Why a route cannot be loaded, in words for the author of the script.
struct RouteError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
