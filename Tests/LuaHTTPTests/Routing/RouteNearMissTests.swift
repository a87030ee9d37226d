// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// What the not-found page says about the routes that almost matched.
@Suite struct RouteNearMissTests {
    private static let routes = [
        "/", "/users", "/users/:id<int>", "POST /users/:id<int>/edit", "/docs/*page", "/api/v1/items/:name",
        "/archive/",
    ]

    private func nearest(_ request: String, _ routes: [String] = Self.routes) throws -> [String] {
        let table = try RouteTable(routes)
        let words = request.split(separator: " ").map(String.init)
        let method = Array(words[0].utf8).withUnsafeBytes { table.method(named: $0) }
        return Array(words[1].utf8).withUnsafeBytes { table.nearMisses(method, $0) }.map { miss in
            "\(table.routes[miss.route].text): "
                + miss.differences.map(\.description).joined(separator: "; ")
        }
    }

    @Test(arguments: [
        ("GET /user", "/users: 'user' is not 'users'"),
        ("GET /Users", "/users: 'Users' must be written 'users': paths are matched letter by letter"),
        ("POST /users", "/users: the path fits, but the route answers GET"),
        ("GET /users/ada", "/users/:id<int>: 'ada' is not of the type int of ':id'"),
        ("GET /users/", "/users: this path ends with a slash, the route does not"),
        ("GET /archive", "/archive/: the route ends with a slash, this path does not"),
        ("GET /users/1/edit", "/users/:id<int>/edit: the path fits, but the route answers POST"),
        ("POST /users/x/edit", "/users/:id<int>/edit: 'x' is not of the type int of ':id'"),
        ("GET /users/1/2", "/users/:id<int>: '/2' is too much"),
        ("GET /docs/", "/docs/*page: ':page' takes one character at least"),
        ("GET /doc/a/b/c", "/docs/*page: 'doc' is not 'docs'"),
        ("GET /api/items/tea", "/api/v1/items/:name: '/v1' is missing"),
        ("GET /api/v1/items", "/api/v1/items/:name: '/:name' is missing"),
        ("GET /usres/7", "/users/:id<int>: 'usres' is not 'users'"),
        ("GET /us%65rz", "/users: 'userz' is not 'users'"),
    ])
    func theNearestRouteComesFirstAndSaysWhyItDoesNotMatch(request: String, expected: String) throws {
        #expect(try nearest(request).first == expected)
    }

    @Test func aPathThatIsLikeNoneHasNoNeighbours() throws {
        #expect(try nearest("GET /completely/different/thing", ["/users", "/docs/*page"]).isEmpty)
        #expect(try nearest("GET /user", ["/assets/*path", "/a/:b", "/users"]).count == 1)
        #expect(try nearest("GET /nowhere/1", ["/", "/:a", "/:a/:b/:c"]).isEmpty)
    }

    @Test func aRouteThatMatchesIsNoMiss() throws {
        #expect(try nearest("GET /docs/a/b", ["/docs/*page"]).isEmpty)
        #expect(try nearest("HEAD /users", ["/users"]).isEmpty)
    }

    @Test(arguments: ["GET *", "GET /%zz", "GET /../etc", "GET /a%00b", "GET x"])
    func whatIsNoPathHasNoNeighbours(request: String) throws {
        #expect(try nearest(request).isEmpty)
    }

    @Test func ofOptionalPartsTheNearestVariantSpeaks() throws {
        #expect(
            try nearest("GET /posts/2026/x", ["/posts(/:year<int>(/:month<int>))"])
                == ["/posts(/:year<int>(/:month<int>)): 'x' is not of the type int of ':month'"])
    }

    @Test func longPathsAndManyRoutesAreBounded() throws {
        let deep = "GET /" + Array(repeating: "a", count: 5000).joined(separator: "/")
        #expect(try nearest(deep).isEmpty)
        let long = "GET /" + String(repeating: "u", count: 5000)
        #expect(try nearest(long).count <= 5)
        #expect(try nearest("GET /item149b", (0..<500).map { "/item\($0)a" }).count == 5)
    }

    /// Random paths: never a trap, and each difference names something.
    @Test func anyPathGivesAnAnswer() throws {
        let table = try RouteTable(Self.routes)
        let letters = Array("/%a2eusr.\u{0}-".utf8)
        for length in 0..<2000 {
            let path =
                Array("/".utf8) + (0..<length % 24).map { _ in letters[Int.random(in: letters.indices)] }
            for miss in path.withUnsafeBytes({ table.nearMisses(.get, $0) }) {
                #expect(!miss.differences.isEmpty && miss.cost > 0)
            }
        }
    }
}
