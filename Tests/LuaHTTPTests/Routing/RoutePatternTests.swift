// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct RoutePatternTests {
    /// Patterns back in a form that can be read: `[int id]`.
    private func expanded(_ text: String) throws -> [String] {
        try RoutePattern.expand(text).map { pattern in
            pattern.segments.map {
                switch $0 {
                case .literal(let bytes): "/" + String(decoding: bytes, as: UTF8.self)
                case .parameter(let name, let type): "/[\(type) \(name)]"
                }
            }.joined()
        }
    }

    @Test(arguments: [
        ("/", ["/"]),
        ("/a/b/", ["/a/b/"]),
        ("/é/a b", ["/é/a b"]),
        ("/100%", ["/100%"]),
        ("/:id", ["/[str id]"]),
        ("/:a_1/:b<int>/x", ["/[str a_1]/[int b]/x"]),
        ("/f/*rest", ["/f/[path rest]"]),
        ("/f/*", ["/f/[path splat]"]),
        ("/:p<path>/edit", ["/[path p]/edit"]),
        ("/a(/:x)", ["/a/[str x]", "/a"]),
        ("/a(/:x)/b", ["/a/[str x]/b", "/a/b"]),
        ("/a(/)", ["/a/", "/a"]),
        ("/f/(*rest)", ["/f/[path rest]", "/f/"]),
        ("/:y(/:m(/:d))", ["/[str y]/[str m]/[str d]", "/[str y]/[str m]", "/[str y]"]),
        ("/a(/b)(/c)", ["/a/b/c", "/a/b", "/a/c", "/a"]),
    ])
    func patternsAreTakenApart(text: String, expected: [String]) throws {
        #expect(try expanded(text) == expected)
    }

    @Test(arguments: [
        ("", "a route begins with '/'"),
        ("users", "a route begins with '/'"),
        ("(/a)", "a route begins with '/'"),
        ("/a//b", "empty segment ('//'); requests are matched with their slashes as sent"),
        ("/a/./b", "'.' is no segment a request can have"),
        ("/..", "'..' is no segment a request can have"),
        ("/:", "':' needs a name after it, as ':id'"),
        ("/:<int>", "':' needs a name after it, as ':id'"),
        (
            "/:1a",
            "':1a': a parameter is a whole segment, and its name has only letters, digits and '_', not a digit first"
        ),
        (
            "/:a.:b",
            "':a.:b': a parameter is a whole segment, and its name has only letters, digits and '_', not a digit first"
        ),
        (
            "/file.:ext",
            "'file.:ext': a parameter is a whole segment; take ':name' and split it in the handler"
        ),
        ("/a*", "'a*': a parameter is a whole segment; take ':name' and split it in the handler"),
        (
            "/:id<imt>",
            "unknown type 'imt' (did you mean 'int'?); types are int, num, date, uuid, hex, alpha, slug, str, path"
        ),
        ("/:id<>", "unknown type ''; types are int, num, date, uuid, hex, alpha, slug, str, path"),
        ("/:id<zebra>", "unknown type 'zebra'; types are int, num, date, uuid, hex, alpha, slug, str, path"),
        ("/:id<int", "':id<int': '>' is missing after the type"),
        ("/:id<int>x", "':id<int>x': a parameter is a whole segment; nothing may follow '>'"),
        ("/:id[%d]", "':id[%d]': character classes are not supported; write a type, as ':id<int>'"),
        ("/a<int>", "'a<int>': '<type>' belongs after ':name'"),
        ("/*a/b", "'*a' must be the last segment; in the middle write ':name<path>'"),
        ("/:p<path>/*r", "only one parameter of a route may span segments ('*name' or '<path>')"),
        ("/:a/:a", "parameter 'a' appears twice; give each its own name"),
        ("/a?x=1", "a route is a path: '?' and what follows is not part of it"),
        ("/a#b", "a route is a path: '#' and what follows is not part of it"),
        ("/a%41", "'%41': routes are matched after decoding; write the character itself ('A')"),
        ("/a%2f", "'%2f': routes are matched after decoding; write the character itself ('/')"),
        ("/a%00", "'%00': routes are matched after decoding; write the character itself"),
        ("/a\nb", "control character in 'a\nb'"),
        ("/a(/b", "'(' without ')'"),
        ("/a/b)", "')' without '('"),
        ("/a()", "'()' is empty"),
        ("/a(b)(c)(d)(e)(f)(g)", "too many optional parts: more than 32 combinations"),
    ])
    func mistakesAreExplained(text: String, expected: String) {
        #expect(throws: RouteError(expected)) { try RoutePattern.expand(text) }
    }

    @Test func parametersAndSegmentsAreLimited() throws {
        let sixteen = (0..<16).map { "/:p\($0)" }.joined()
        #expect(try RoutePattern.expand(sixteen).count == 1)
        #expect(throws: RouteError("more than 16 parameters")) { try RoutePattern.expand(sixteen + "/:q") }
        let segments = String(repeating: "/a", count: 64)
        #expect(try RoutePattern.expand(segments).count == 1)
        #expect(throws: RouteError("more than 64 segments")) { try RoutePattern.expand(segments + "/a") }
    }

    @Test func noTextTrapsTheParser() {
        var generator = SeededNumbers(seed: 3)
        let pieces = [
            "/", ":", "*", "(", ")", "<", ">", "int", "a", "%", "41", ".", "é", "[", "?", "path", "_",
        ]
        var accepted = 0
        for _ in 0..<20_000 {
            let count = Int.random(in: 0...14, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator)! }.joined()
            if let patterns = try? RoutePattern.expand("/" + text) {
                accepted += 1
                #expect(!patterns.isEmpty && patterns.allSatisfy { !$0.segments.isEmpty }, "\(text)")
            }
        }
        #expect(accepted > 100)
    }
}
