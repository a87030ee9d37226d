// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct RouteTableTests {
    // MARK: Paths

    @Test(arguments: [
        ("/", "/ []"),
        ("/users/me", "/users/me []"),
        ("/users/42", "/users/:id<int> [\"id=int 42\"]"),
        ("/users/4.5", "/users/:n<num> [\"n=num 4.5\"]"),
        ("/users/2024-02-29", "/users/:d<date> [\"d=2024-02-29\"]"),
        ("/users/2023-02-29", "/users/:s<slug> [\"s=2023-02-29\"]"),
        ("/users/ff", "/users/:h<hex> [\"h=ff\"]"),
        ("/users/zoe", "/users/:w<alpha> [\"w=zoe\"]"),
        ("/users/a-b", "/users/:s<slug> [\"s=a-b\"]"),
        ("/users/a.b", "/users/:name [\"name=a.b\"]"),
        ("/users/a.b/c", "/users/*rest [\"rest=a.b/c\"]"),
        ("/users/a//c/", "/users/*rest [\"rest=a//c/\"]"),
        ("/users/99999999999999999999", "/users/:n<num> [\"n=num 1e+20\"]"),
        ("/users/", "notFound"),
        ("/users", "notFound"),
        ("//", "notFound"),
    ])
    func mostSpecificRouteWins(path: String, expected: String) throws {
        let table = try RouteTable([
            "/users/*rest", "/users/:name", "/users/:s<slug>", "/users/:w<alpha>", "/users/:h<hex>",
            "/users/:d<date>", "/users/:n<num>", "/users/:id<int>", "/users/me", "/",
        ])
        #expect(table.matching(path).description == expected)
    }

    @Test func searchGoesBackWhenAMoreSpecificSegmentLeadsNowhere() throws {
        let table = try RouteTable(["/a/b/c", "/a/:x/d", "/a/:x<alpha>/:y/e", "/*rest"])
        #expect(table.matching("/a/b/c") == .route("/a/b/c", [:]))
        #expect(table.matching("/a/b/d") == .route("/a/:x/d", ["x": "b"]))
        #expect(table.matching("/a/b/c/e") == .route("/a/:x<alpha>/:y/e", ["x": "b", "y": "c"]))
        #expect(table.matching("/a/b/c/f") == .route("/*rest", ["rest": "a/b/c/f"]))
    }

    @Test func spanningParameterTakesAsLittleAsItCan() throws {
        let table = try RouteTable(["/f/:p<path>", "/f/:p<path>/edit", "/f/:p<path>/:x/raw"])
        #expect(table.matching("/f/a") == .route("/f/:p<path>", ["p": "a"]))
        #expect(table.matching("/f/a/edit") == .route("/f/:p<path>/edit", ["p": "a"]))
        #expect(table.matching("/f/a/b/edit") == .route("/f/:p<path>/edit", ["p": "a/b"]))
        #expect(table.matching("/f/edit/edit") == .route("/f/:p<path>/edit", ["p": "edit"]))
        #expect(table.matching("/f/a/b/c/raw") == .route("/f/:p<path>/:x/raw", ["p": "a/b", "x": "c"]))
        #expect(table.matching("/f/edit") == .route("/f/:p<path>", ["p": "edit"]))
        #expect(table.matching("/f//edit") == .route("/f/:p<path>", ["p": "/edit"]))
        #expect(table.matching("/f/") == .other(.notFound))
    }

    @Test func optionalPartMayBeLeftOut() throws {
        let table = try RouteTable(["/posts(/:year<int>(/:month<int>))", "/files/(*rest)"])
        #expect(table.matching("/posts") == .route("/posts(/:year<int>(/:month<int>))", [:]))
        #expect(
            table.matching("/posts/2024/5")
                == .route("/posts(/:year<int>(/:month<int>))", ["year": "int 2024", "month": "int 5"]))
        #expect(table.matching("/files/") == .route("/files/(*rest)", [:]))
        #expect(table.matching("/files/a/b") == .route("/files/(*rest)", ["rest": "a/b"]))
    }

    @Test func parametersAreNamedByTheRouteThatMatched() throws {
        let table = try RouteTable(["/a/:x", "POST /a/:y", "/a/:z/b"])
        #expect(table.matching("/a/1") == .route("/a/:x", ["x": "1"]))
        #expect(table.matching("POST /a/1") == .route("/a/:y", ["y": "1"]))
        #expect(table.matching("/a/1/b") == .route("/a/:z/b", ["z": "1"]))
    }

    @Test func sixteenParametersAreKept() throws {
        let pattern = (0..<16).map { "/:p\($0)" }.joined()
        let table = try RouteTable([pattern])
        let values = Dictionary(uniqueKeysWithValues: (0..<16).map { ("p\($0)", "v\($0)") })
        #expect(table.matching((0..<16).map { "/v\($0)" }.joined()) == .route(pattern, values))
    }

    // MARK: Percent-coding and dot segments

    @Test(arguments: [
        ("/caf%C3%A9", "/café []"),
        ("/caf%c3%a9/x%20y", "/café/:x [\"x=x y\"]"),
        ("/café", "/café []"),
        ("/%75sers/1", "/users/:id [\"id=1\"]"),
        ("/users/a%2Fb", "/users/:id [\"id=a/b\"]"),
        ("/users%2F1", "notFound"),
        ("/users/%2525", "/users/:id [\"id=%25\"]"),
        ("/users/a+b", "/users/:id [\"id=a+b\"]"),
        ("/f/a%2Fb/c%20d/", "/f/*rest [\"rest=a/b/c d/\"]"),
        ("/int/%34%32", "/int/:n<int> [\"n=int 42\"]"),
        ("/100%25", "/100% []"),
        ("/100%", "badRequest"),
        ("/users/%", "badRequest"), ("/users/%4", "badRequest"), ("/users/%4g", "badRequest"),
        ("/users/%00", "badRequest"), ("/users/a%00b", "badRequest"), ("/nowhere/%zz", "badRequest"),
        ("/users/..", "badRequest"), ("/users/.", "badRequest"), ("/../users/1", "badRequest"),
        ("/users/%2e%2e", "badRequest"), ("/users/.%2E", "badRequest"), ("/users/%2e", "badRequest"),
        ("/users/%2e%2e/x", "badRequest"), ("/f/a/%2e./b", "badRequest"),
        ("/users/...", "/users/:id [\"id=...\"]"), ("/users/..a", "/users/:id [\"id=..a\"]"),
        ("/users/..;", "/users/:id [\"id=..;\"]"), ("/users/.%20", "/users/:id [\"id=. \"]"),
        ("/users/..%2f..", "/users/:id [\"id=../..\"]"),
        ("/users/%5c..", "/users/:id [\"id=\\\\..\"]"),
        ("", "badRequest"), ("users", "badRequest"), ("*", "badRequest"),
    ])
    func pathIsDecodedOnceBySegment(path: String, expected: String) throws {
        let table = try RouteTable(["/café", "/café/:x", "/users/:id", "/f/*rest", "/int/:n<int>", "/100%"])
        #expect(table.matching(path).description == expected)
    }

    @Test func rawNULIsRefusedAndInvalidUTF8IsKept() throws {
        let table = try RouteTable(["/:x"])
        #expect(table.matching("GET", [0x2F, 0x61, 0x00]) == .other(.badRequest))
        #expect(table.matching("GET", [0x2F, 0x00, 0x25, 0x34, 0x31]) == .other(.badRequest))
        for path in [[0x2F, 0xFF, 0xC0], Array("/%FF%C0".utf8)] as [[UInt8]] {
            var match = RouteMatch()
            let bytes = path.withUnsafeBytes { raw in
                #expect(table.match(.get, raw, into: &match) == .found(route: 0))
                return match.withBytes(of: match[0], in: raw) { Array($0) }
            }
            #expect(bytes == [0xFF, 0xC0])
        }
    }

    // MARK: Methods

    @Test(arguments: [
        ("GET /a", "GET /a"), ("HEAD /a", "GET /a"), ("POST /a", "POST /a"), ("PROPFIND /a", "PROPFIND /a"),
        ("PUT /a", "405 GET, HEAD, POST, OPTIONS, PROPFIND"),
        ("OPTIONS /a", "204 GET, HEAD, POST, OPTIONS, PROPFIND"),
        ("BREW /a", "405 GET, HEAD, POST, OPTIONS, PROPFIND"),
        ("get /a", "405 GET, HEAD, POST, OPTIONS, PROPFIND"),
        ("GET /b", "ANY /b"), ("BREW /b", "ANY /b"), ("OPTIONS /b", "ANY /b"), ("ANY /b", "ANY /b"),
        ("DELETE /b", "DELETE /b"), ("HEAD /b", "ANY /b"),
        ("HEAD /c", "HEAD /c"), ("OPTIONS /c", "OPTIONS /c"), ("GET /c", "GET /c"),
        ("POST /m/x", "POST /m/:id"), ("GET /m/x", "GET /m/x"), ("PUT /m/x", "405 GET, HEAD, POST, OPTIONS"),
        ("PUT /m/y", "405 POST, OPTIONS"), ("OPTIONS /nowhere", "404"),
        ("ANY /a", "405 GET, HEAD, POST, OPTIONS, PROPFIND"),
    ])
    func methodsAreAnsweredOrListed(request: String, expected: String) throws {
        let routes = [
            "GET /a", "POST /a", "PROPFIND /a", "ANY /b", "DELETE /b", "GET /c", "HEAD /c", "OPTIONS /c",
            "GET /m/x", "POST /m/:id",
        ]
        let table = try RouteTable(routes)
        let words = request.split(separator: " ")
        let method = Array(words[0].utf8).withUnsafeBytes { table.method(named: $0) }
        var match = RouteMatch()
        let outcome = Array(words[1].utf8).withUnsafeBytes { table.match(method, $0, into: &match) }
        let text =
            switch outcome {
            case .found(let route): routes[route]
            case .methodNotAllowed(let set): "405 " + String(decoding: table.allow(set), as: UTF8.self)
            case .options(let set): "204 " + String(decoding: table.allow(set), as: UTF8.self)
            case .notFound: "404"
            default: "\(outcome)"
            }
        #expect(text == expected)
        if case .found = outcome {} else { #expect(match.count == 0) }
    }

    @Test func asteriskAsksForTheWholeServer() throws {
        let table = try RouteTable(["/a", "POST /b"])
        guard case .other(.options(let methods)) = table.matching("OPTIONS *") else {
            Issue.record("not answered")
            return
        }
        #expect(String(decoding: table.allow(methods), as: UTF8.self) == "GET, HEAD, POST, OPTIONS")
        let any = try RouteTable(["ANY /a"])
        #expect(
            String(decoding: any.allow(any.definedMethods), as: UTF8.self)
                == "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
    }

    // MARK: Trailing slash

    @Test(arguments: [
        ("/a/", "redirect(LuaHTTP.RouteOutcome.TrailingSlash.remove)"),
        ("/b", "redirect(LuaHTTP.RouteOutcome.TrailingSlash.add)"),
        ("HEAD /b", "redirect(LuaHTTP.RouteOutcome.TrailingSlash.add)"),
        ("POST /b", "notFound"),
        ("POST /p/", "redirect(LuaHTTP.RouteOutcome.TrailingSlash.remove)"),
        ("/users/5/", "redirect(LuaHTTP.RouteOutcome.TrailingSlash.remove)"),
        ("/users/a%2Fb/", "redirect(LuaHTTP.RouteOutcome.TrailingSlash.remove)"),
        ("/%62", "redirect(LuaHTTP.RouteOutcome.TrailingSlash.add)"),
        ("/users/5//", "notFound"), ("/users/", "notFound"), ("/x/", "notFound"), ("/", "notFound"),
        ("/both", "/both []"), ("/both/", "/both/ []"),
        ("//a/", "notFound"), ("/\\a/", "notFound"),
    ])
    func otherFormOfThePathIsPointedOut(request: String, expected: String) throws {
        let table = try RouteTable([
            "/a", "/b/", "POST /p", "/users/:id", "/both", "/both/", "/:x/a", "/:y/z",
        ])
        #expect(table.matching(request).description == expected)
    }

    // MARK: The table as a whole

    @Test func orderOfDefinitionIsWithoutMeaning() throws {
        let routes = [
            "/", "/a", "/a/", "/a/:x", "/a/:x<int>", "/a/:x<hex>", "/a/:x<slug>/b", "/a/:x/c", "/a/*rest",
            "/:x/b",
            "/:x<alpha>/:y", "/:p<path>/end", "/*all", "POST /a/:x", "POST /a/b", "ANY /any", "/any",
            "/a(/o)/q",
        ]
        let requests = [
            "/", "/a", "/a/", "/a/1", "/a/ff", "/a/x", "/a/x-y/b", "/a/x.y/b", "/a/1/c", "/a/1/d", "/q/b",
            "/q/z", "/q/1/end",
            "/1/2", "POST /a/b", "POST /a/1", "PUT /a/1", "PUT /any", "/any", "/a/q", "/a/o/q", "/a/%31",
            "POST /zz", "/a/1/",
        ]
        let expected = try requests.map(RouteTable(routes).matching)
        var generator = SeededNumbers(seed: 11)
        for _ in 0..<200 {
            let table = try RouteTable(routes.shuffled(using: &generator))
            #expect(requests.map(table.matching) == expected)
        }
    }

    @Test func tenThousandRoutesAreAllFound() throws {
        var routes: [String] = []
        for index in 0..<2500 {
            routes += [
                "/s\(index)", "/s\(index)/:id<int>", "POST /s\(index)/:id<int>", "/deep/:x/s\(index)/*rest",
            ]
        }
        let table = try RouteTable(routes)
        for index in stride(from: 0, to: 2500, by: 7) {
            #expect(table.matching("/s\(index)") == .route("/s\(index)", [:]))
            #expect(
                table.matching("/s\(index)/\(index)") == .route("/s\(index)/:id<int>", ["id": "int \(index)"])
            )
            #expect(
                table.matching("/deep/q/s\(index)/r/t")
                    == .route("/deep/:x/s\(index)/*rest", ["x": "q", "rest": "r/t"]))
            #expect(table.matching("/s\(index)x") == .other(.notFound))
        }
    }

    @Test func emptyTableFindsNothing() throws {
        let table = try RouteTable([])
        #expect(table.matching("/") == .other(.notFound))
        #expect(table.matching("/a%20/") == .other(.notFound))
    }

    @Test func manySlashesAreOnlyLong() throws {
        let table = try RouteTable(["/:p<path>/x/:y/z", "/:a/*rest"])
        let path = String(repeating: "/", count: 16_000)
        #expect(table.matching(path) == .other(.notFound))
        #expect(
            table.matching("/a" + path) == .route("/:a/*rest", ["a": "a", "rest": String(path.dropFirst())]))
    }
}
