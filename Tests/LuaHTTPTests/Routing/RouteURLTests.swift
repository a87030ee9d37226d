// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct RouteURLTests {
    private func url(_ route: String, _ parameters: [String: String] = [:], query: [(String, String)] = [])
        throws -> String
    {
        let url = try RouteTable([route]).url(
            for: 0, parameters.map { (name: $0.key, value: Array($0.value.utf8)) },
            query: query.map { (name: Array($0.0.utf8), value: Array($0.1.utf8)) })
        return String(decoding: url, as: UTF8.self)
    }

    @Test(arguments: [
        ("/", [:], "/"),
        ("/a/b/", [:], "/a/b/"),
        ("/café/100%/@x", [:], "/caf%C3%A9/100%25/@x"),
        ("/users/:id<int>", ["id": "42"], "/users/42"),
        ("/users/:id", ["id": "a b/ü?&#'\"<"], "/users/a%20b%2F%C3%BC%3F%26%23%27%22%3C"),
        ("/users/:id", ["id": "x", "unused": "y"], "/users/x"),
        ("/f/*rest", ["rest": "a b/c/"], "/f/a%20b/c/"),
        ("/*rest", ["rest": "/evil.example/x"], "/%2Fevil.example%2Fx"),
        ("/posts(/:year<int>(/:month<int>))", [:], "/posts"),
        ("/posts(/:year<int>(/:month<int>))", ["year": "2024"], "/posts/2024"),
        ("/posts(/:year<int>(/:month<int>))", ["year": "2024", "month": "5"], "/posts/2024/5"),
        ("/a(/b)", [:], "/a/b"),
    ])
    func pathIsBuiltFromTheRoute(route: String, parameters: [String: String], expected: String) throws {
        #expect(try url(route, parameters) == expected)
    }

    @Test func queryIsEncoded() throws {
        #expect(try url("/s", query: [("q", "a b&c=d+e"), ("ü", "")]) == "/s?q=a%20b%26c%3Dd%2Be&%C3%BC=")
    }

    @Test(arguments: [
        ("/a/:x/:y", ["x": "1"], "route \"/a/:x/:y\": parameter 'y' is missing"),
        ("/a/:x(/:y)", ["y": "1"], "route \"/a/:x(/:y)\": parameter 'x' is missing"),
        ("/a/:x<int>", ["x": "one"], "route \"/a/:x<int>\": the value of 'x' is not a valid int"),
        ("/a/:x", ["x": ""], "route \"/a/:x\": the value of 'x' is not a valid str"),
        ("/a/:x", ["x": ".."], "route \"/a/:x\": the value of 'x' is not a valid str"),
        ("/a/:x", ["x": "\0"], "route \"/a/:x\": the value of 'x' is not a valid str"),
        ("/a/*x", ["x": "b/../c"], "route \"/a/*x\": the value of 'x' is not a valid path"),
    ])
    func whatCannotBeBuiltIsNamed(route: String, parameters: [String: String], expected: String) {
        #expect { try url(route, parameters) } throws: { "\($0)" == expected }
    }

    @Test func whatIsBuiltMatchesAgain() throws {
        let table = try RouteTable(["/a/:x/b/:y", "/f/:p<path>/edit", "/*rest", "/n/:n<num>"])
        var generator = SeededNumbers(seed: 9)
        let alphabet = Array("ab/%.? é+&\\:@".utf8)
        var built = 0
        for _ in 0..<5000 {
            let route = [0, 1, 2].randomElement(using: &generator)!
            var values: [String: String] = [:]
            for (name, _) in table.routes[route].variants[0].parameters {
                let count = Int.random(in: 1...6, using: &generator)
                let bytes = (0..<count).map { _ in alphabet.randomElement(using: &generator)! }
                values[name] = String(decoding: bytes, as: UTF8.self)
            }
            let given = values.map { (name: $0.key, value: Array($0.value.utf8)) }
            guard let url = try? table.url(for: route, given) else { continue }
            built += 1
            #expect(!url.starts(with: "//".utf8))
            #expect(table.matching("GET", url) == .route(table.routes[route].text, values))
        }
        #expect(built > 3000)
    }
}
