// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct RouteBuilderTests {
    private func failure(_ routes: [String]) -> String? {
        do {
            _ = try RouteTable(routes)
            return nil
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        (
            ["/users/:id<imt>"],
            "app.lua:1: route \"/users/:id<imt>\": unknown type 'imt' (did you mean 'int'?); types are"
                + " int, num, date, uuid, hex, alpha, slug, str, path"
        ),
        (
            ["/a", "/a"],
            "app.lua:2: route \"/a\": GET is already defined at app.lua:1; remove one of the two"
        ),
        (
            ["/a/:x", "/a/:y"],
            "app.lua:2: route \"/a/:y\": GET matches the same paths as \"/a/:x\" at app.lua:1;"
                + " remove one, or tell them apart by a type or a fixed segment"
        ),
        (
            ["/a(/:x)", "/a"],
            "app.lua:2: route \"/a\": GET matches the same paths as \"/a(/:x)\" at app.lua:1;"
                + " remove one, or tell them apart by a type or a fixed segment"
        ),
        (
            ["/:a<path>", "/*b"],
            "app.lua:2: route \"/*b\": GET matches the same paths as \"/:a<path>\" at app.lua:1;"
                + " remove one, or tell them apart by a type or a fixed segment"
        ),
        (
            ["/:a", "/:b<str>"],
            "app.lua:2: route \"/:b<str>\": GET matches the same paths as \"/:a\" at app.lua:1;"
                + " remove one, or tell them apart by a type or a fixed segment"
        ),
        (
            ["ANY /a", "ANY /a"],
            "app.lua:2: route \"/a\": ANY is already defined at app.lua:1; remove one of the two"
        ),
        (
            ["/x(/a)(/a)"],
            "app.lua:1: route \"/x(/a)(/a)\": two ways of leaving out its optional parts give the same path"
        ),
    ])
    func contradictionsNameBothPlaces(routes: [String], expected: String) {
        #expect(failure(routes) == expected)
    }

    @Test(arguments: [
        ["/a", "POST /a"], ["/a", "ANY /a"], ["/a", "/a/"], ["/a/:x", "/a/:x<int>"],
        ["/a/:x<int>", "/a/:x<num>"], ["/a/:x", "POST /a/:y"], ["/a/:x", "/a/:y/b"], ["HEAD /a", "/a"],
    ])
    func differentRoutesAreNoConflict(routes: [String]) {
        #expect(failure(routes) == nil)
    }

    @Test func nameIsUnique() throws {
        var builder = RouteBuilder()
        _ = try builder.add(RouteMethodSet(.get), "/a", name: "home", origin: "app.lua:1")
        #expect(
            throws: RouteError("app.lua:2: route \"/b\": the name 'home' is taken by \"/a\" at app.lua:1")
        ) {
            try builder.add(RouteMethodSet(.get), "/b", name: "home", origin: "app.lua:2")
        }
        #expect(try builder.freeze().route(named: "home") == 0)
        #expect(try builder.freeze().route(named: "away") == nil)
    }

    @Test func methodsBeyondTheStandardOnesAreLimitedTokens() throws {
        var builder = RouteBuilder()
        #expect(try builder.method(named: "PATCH") == .patch)
        let propfind = try builder.method(named: "PROPFIND")
        #expect(try builder.method(named: "PROPFIND") == propfind)
        #expect(throws: RouteError("'A B' is not a method name")) { try builder.method(named: "A B") }
        #expect(throws: RouteError("'' is not a method name")) { try builder.method(named: "") }
        for index in 0..<22 { _ = try builder.method(named: "M\(index)") }
        #expect(throws: RouteError.self) { try builder.method(named: "ONE-TOO-MANY") }
    }

    @Test func routeWithoutMethodIsRefused() {
        var builder = RouteBuilder()
        #expect(throws: RouteError("x:1: route \"/a\": no method")) {
            try builder.add([], "/a", origin: "x:1")
        }
    }
}
