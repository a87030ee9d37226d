// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

struct ForwardedClientTests {
    /// Address, scheme and host as one text.
    private func read(_ fields: [String], _ kind: TrustedProxies.Fields = .xForwarded) throws -> String {
        var head = RequestHead()
        var parser = RequestParser(limits: Limits())
        var input = ByteBuffer(
            string: "GET / HTTP/1.1\r\nHost: own\r\n" + fields.map { $0 + "\r\n" }.joined() + "\r\n")
        let isComplete = try parser.parse(&input, into: &head)
        #expect(isComplete)
        let client = try ForwardedClient(head, trusting: TrustedProxies(["10.0.0.0/8"], writing: kind))
        let host = client.host.map { String(decoding: head.slice($0), as: UTF8.self) }
        return
            "\(client.address?.description ?? "-") \(client.isSecure.map { $0 ? "https" : "http" } ?? "-") \(host ?? "-")"
    }

    @Test(
        arguments: [
            (["X-Forwarded-For: 1.2.3.4"], "1.2.3.4 - -"),
            (
                ["X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https", "X-Forwarded-Host: a.test:8443"],
                "1.2.3.4 https a.test:8443"
            ),
            (["X-Forwarded-For: 6.6.6.6, 1.2.3.4"], "1.2.3.4 - -"),
            (["X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.2"], "1.2.3.4 - -"),
            (["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 1.2.3.4, 10.0.0.2"], "1.2.3.4 - -"),
            (["X-Forwarded-For: 10.0.0.3, 10.0.0.2"], "10.0.0.3 - -"),
            (["X-Forwarded-For: 1.2.3.4:5678"], "1.2.3.4 - -"),
            (["X-Forwarded-For: [2001:db8::1]:5678"], "2001:db8::1 - -"),
            (["X-Forwarded-For: 2001:db8::1"], "2001:db8::1 - -"),
            // Quotes mean nothing here.
            (["X-Forwarded-For: \", 1.2.3.4"], "1.2.3.4 - -"),
            (["X-Forwarded-For: \"6.6.6.6, 1.2.3.4"], "1.2.3.4 - -"),
            (["X-Forwarded-For: \"", "X-Forwarded-For: 1.2.3.4"], "1.2.3.4 - -"),
            (["X-Forwarded-For: unknown, 10.0.0.2"], "10.0.0.2 - -"),
            (["X-Forwarded-For: unknown"], "- - -"),
            (["X-Forwarded-For: "], "- - -"),
            (["X-Forwarded-Proto: https"], "- https -"),
            (["X-Forwarded-Proto: HTTP"], "- http -"),
            (["X-Forwarded-Proto: gopher"], "- - -"),
            (["X-Forwarded-Host: a/b"], "- - -"),
            // One value for each proxy: that of the one which saw the client.
            (["X-Forwarded-For: 1.2.3.4, 10.0.0.2", "X-Forwarded-Proto: https, http"], "1.2.3.4 https -"),
            (["X-Forwarded-For: 6.6.6.6, 1.2.3.4", "X-Forwarded-Proto: https, http"], "1.2.3.4 http -"),
            // The client has written one, too.
            (["X-Forwarded-For: 1.2.3.4", "X-Forwarded-Proto: https, http"], "1.2.3.4 http -"),
        ] as [([String], String)])
    func others(_ fields: [String], _ expected: String) throws { #expect(try read(fields) == expected) }

    @Test(arguments: [
        ("for=1.2.3.4;proto=https;host=a.test", "1.2.3.4 https a.test"),
        ("For=\"[2001:db8::1]:4711\" ; Proto=HTTPS", "2001:db8::1 https -"),
        ("for=1.2.3.4:80", "1.2.3.4 - -"),
        ("for=6.6.6.6;proto=https, for=1.2.3.4;proto=http", "1.2.3.4 http -"),
        ("for=1.2.3.4;proto=https;host=a.test, for=10.0.0.2;proto=http;host=inner", "1.2.3.4 https a.test"),
        ("for=6.6.6.6;host=evil, for=1.2.3.4, for=10.0.0.2", "1.2.3.4 - -"),
        ("for=_hidden;proto=https", "- https -"),
        ("for=unknown", "- - -"),
        ("for=\"_a,b\";proto=https", "- https -"),
        ("proto=https", "- https -"),
        // What the client has left open does not reach what the proxy has added.
        ("for=\"abc, for=1.2.3.4", "1.2.3.4 - -"),
        ("for=\"a\\\"b\", for=1.2.3.4", "1.2.3.4 - -"),
        ("for=\"a\\, for=\"[2001:db8::1]:80\";proto=https", "2001:db8::1 https -"),
        ("\", for=1.2.3.4;host=\"a.test\", for=\"10.0.0.2:80\"", "1.2.3.4 - a.test"),
        ("for=6.6.6.6, for=\"_a\\\", for=7.7.7.7\";proto=http", "- - -"),
        ("for=\"1.2.3.4", "- - -"), ("for", "- - -"), ("=", "- - -"), ("", "- - -"), (";;;", "- - -"),
        (",,,", "- - -"),
        ("for=1.2.3.4;host=\"a b\"", "1.2.3.4 - -"),
    ])
    func standard(_ value: String, _ expected: String) throws {
        #expect(try read(["Forwarded: " + value], .forwarded) == expected)
    }

    @Test func onlyTheKindThatTheProxyWritesIsRead() throws {
        let fields = [
            "Forwarded: for=6.6.6.6;proto=https;host=evil.test", "X-Forwarded-For: 1.2.3.4",
            "X-Forwarded-Proto: http",
        ]
        #expect(try read(fields) == "1.2.3.4 http -")
        #expect(try read(fields, .forwarded) == "6.6.6.6 https evil.test")
        #expect(try read([fields[0]]) == "- - -")
        #expect(try read([fields[1]], .forwarded) == "- - -")
    }

    @Test(arguments: ["Forwarded: for=", "X-Forwarded-For: "])
    func forgedEntriesDoNotHideTheProxysOwn(_ field: String) throws {
        let forged = Array(repeating: field + "6.6.6.6", count: 80)
        let list = field + Array(repeating: "6.6.6.6, ", count: 500).joined()
        let last = field.hasPrefix("F") ? "for=1.2.3.4" : "1.2.3.4"
        let kind: TrustedProxies.Fields = field.hasPrefix("F") ? .forwarded : .xForwarded
        #expect(try read(forged + [field + "1.2.3.4"], kind) == "1.2.3.4 - -")
        #expect(try read([list + last], kind) == "1.2.3.4 - -")
    }

    @Test func withoutFieldsNothingIsSaid() throws { #expect(try read([]) == "- - -") }

    @Test func longListsAreRead() throws {
        let list = Array(repeating: "10.0.0.9", count: 500).joined(separator: ", ")
        #expect(try read(["X-Forwarded-For: 1.1.1.1, " + list]) == "10.0.0.9 - -")
    }

    @Test func randomChangesNeverTrap() throws {
        var numbers = SeededNumbers(seed: 20_261_123)
        let alphabet = Array("for=1.2.3.4;proto=https,host=\"[::1]:80\" \\:".utf8)
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0...60, using: &numbers)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &numbers)]
            }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try read(["Forwarded: " + text], .forwarded)
            _ = try read([
                "X-Forwarded-For: " + text, "X-Forwarded-Proto: " + text, "X-Forwarded-Host: " + text,
            ])
        }
    }
}
