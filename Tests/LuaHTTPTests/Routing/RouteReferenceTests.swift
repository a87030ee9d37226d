// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Compares the table with a matcher that tries every pattern in every way and takes the best:
/// the one whose segments are the most specific, read from left to right.
struct RouteReferenceTests {
    private struct Candidate {
        /// Of each segment of the request: 0 for a literal, else the type's place.
        var rank: [UInt8] = []
        var values: [String: String] = [:]
    }

    private func decoded(_ path: [UInt8]) -> [[UInt8]]? {
        var segments: [[UInt8]] = []
        for raw in path.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            var segment: [UInt8] = []
            var rest = raw
            while let byte = rest.popFirst() {
                guard byte == UInt8(ascii: "%") else {
                    segment.append(byte)
                    continue
                }
                let digits = String(decoding: rest.prefix(2), as: UTF8.self)
                guard digits.count == 2, let value = UInt8(digits, radix: 16), value != 0 else { return nil }
                segment.append(value)
                rest = rest.dropFirst(2)
            }
            if segment.elementsEqual(".".utf8) || segment.elementsEqual("..".utf8) { return nil }
            segments.append(segment)
        }
        return segments
    }

    private func candidates(
        _ pattern: ArraySlice<RoutePattern.Segment>, _ path: ArraySlice<[UInt8]>, _ sofar: Candidate
    ) -> [Candidate] {
        guard let first = pattern.first else { return path.isEmpty ? [sofar] : [] }
        guard let segment = path.first else { return [] }
        switch first {
        case .literal(let bytes):
            guard bytes == segment else { return [] }
            var next = sofar
            next.rank.append(0)
            return candidates(pattern.dropFirst(), path.dropFirst(), next)
        case .parameter(let name, .path):
            var all: [Candidate] = []
            for taken in path.indices {
                let text = Array(path[...taken].joined(separator: "/".utf8))
                if text.isEmpty { continue }
                let spanned = path[...taken].count
                var next = sofar
                next.rank += Array(repeating: 1 + RouteType.path.rawValue, count: spanned)
                next.values[name] = String(decoding: text, as: UTF8.self)
                all += candidates(pattern.dropFirst(), path[(taken + 1)...], next)
            }
            return all
        case .parameter(let name, let type):
            var next = sofar
            switch segment.withUnsafeBytes({ type.value(of: $0) }) {
            case nil: return []
            case .bytes: next.values[name] = String(decoding: segment, as: UTF8.self)
            case .integer(let value): next.values[name] = "int \(value)"
            case .number(let value): next.values[name] = "num \(value)"
            }
            next.rank.append(1 + type.rawValue)
            return candidates(pattern.dropFirst(), path.dropFirst(), next)
        }
    }

    private func reference(_ table: RouteTable, _ method: RouteMethod, _ path: [UInt8]) -> Matched {
        guard let segments = decoded(path) else { return .other(.badRequest) }
        var best: (rank: [UInt8], result: Matched)?
        var methods: [[UInt8]: RouteMethodSet] = [:]
        var all: [(route: RouteBuilder.Definition, candidate: Candidate)] = []
        for route in table.routes {
            for pattern in route.variants {
                for candidate in candidates(pattern.segments[...], segments[...], Candidate()) {
                    all.append((route, candidate))
                    methods[candidate.rank, default: []].formUnion(route.methods)
                }
            }
        }
        for (route, candidate) in all {
            // At one place the method's own route comes before `any`.
            guard let serving = methods[candidate.rank]?.serving(method), route.methods.contains(serving)
            else { continue }
            if let best, !candidate.rank.lexicographicallyPrecedes(best.rank) { continue }
            best = (candidate.rank, .route(route.text, candidate.values))
        }
        if let best { return best.result }
        let allowed = methods.values.reduce(into: RouteMethodSet()) { $0.formUnion($1) }
        return .other(allowed.isEmpty ? .notFound : .methodNotAllowed(allowed))
    }

    private func randomTable(_ generator: inout SeededNumbers) -> RouteTable {
        let pieces = [
            "a", "b", "1", "ab", ":x", ":x<int>", ":x<hex>", ":x<num>", ":x<alpha>", ":x<slug>", ":x<path>",
            "*x",
        ]
        var builder = RouteBuilder()
        for index in 0..<Int.random(in: 1...25, using: &generator) {
            let depth = Int.random(in: 1...4, using: &generator)
            var text = (0..<depth).map { depth in
                "/" + pieces.randomElement(using: &generator)!.replacing("x", with: "x\(depth)")
            }.joined()
            if Int.random(in: 0...5, using: &generator) == 0 { text += "/" }
            if Int.random(in: 0...5, using: &generator) == 0 { text += "(/:o)" }
            let method: RouteMethod = [.get, .get, .post, .any].randomElement(using: &generator)!
            var attempt = builder
            // Contradictory and malformed routes are left out: other tests see to them.
            if (try? attempt.add(RouteMethodSet(method), text, origin: "\(index)")) != nil {
                builder = attempt
            }
        }
        return try! builder.freeze()
    }

    @Test func tableAgreesWithTryingEveryPattern() {
        var generator = SeededNumbers(seed: 2024)
        let pieces = [
            "a", "b", "1", "ab", "12", "-3", "f", "x-y", "x.y", "", "%61", "a%2Fb", "1.5", "zz", "..", "%zz",
        ]
        var found = 0
        for _ in 0..<600 {
            let table = randomTable(&generator)
            for _ in 0..<40 {
                let depth = Int.random(in: 1...5, using: &generator)
                // The last three pieces are rare, or most paths would be refused.
                let path = (0..<depth).map { _ in
                    "/"
                        + pieces[
                            Int.random(
                                in: 0..<(Int.random(in: 0...9, using: &generator) == 0 ? 16 : 14),
                                using: &generator)]
                }.joined()
                let method: RouteMethod = [.get, .post, .head, .put].randomElement(using: &generator)!
                let name = RouteMethod.standardNames[Int(method.rawValue)]
                let expected = reference(table, method, Array(path.utf8))
                var actual = table.matching(name, Array(path.utf8))
                if case .other(.redirect) = actual { actual = .other(.notFound) }
                #expect(actual == expected, "\(name) \(path) in \(table.routes.map(\.text))")
                if case .route = actual { found += 1 }
            }
        }
        #expect(found > 3000)
    }

    @Test func arbitraryBytesAreAnsweredAndNeverTrap() throws {
        var generator = SeededNumbers(seed: 5)
        let alphabet = Array("/%.a1:0FfeE-+\\;\0\u{e9}".utf8)
        for _ in 0..<100 {
            let table = randomTable(&generator)
            for _ in 0..<200 {
                let count = Int.random(in: 0...24, using: &generator)
                let path =
                    [UInt8(ascii: "/")] + (0..<count).map { _ in alphabet.randomElement(using: &generator)! }
                let result = table.matching("GET", path)
                if path.contains(0) { #expect(result == .other(.badRequest)) }
            }
        }
    }
}
