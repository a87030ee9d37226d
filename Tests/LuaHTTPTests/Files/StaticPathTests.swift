// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct StaticPathTests {
    private func path(_ encoded: String) throws -> String {
        let path = try Array(encoded.utf8).withUnsafeBytes { try StaticPath(encoded: $0) }
        #expect(path.bytes.last == 0)
        return String(decoding: path.bytes.dropLast(), as: UTF8.self)
    }

    @Test(arguments: [
        ("a.css", "a.css"), ("a/b/c.js", "a/b/c.js"), ("a%20b.txt", "a b.txt"), ("%C3%A9.txt", "é.txt"),
        ("", "index.html"), ("docs/", "docs/index.html"), ("a%2Fb.txt", "a/b.txt"),
        ("a..b/..c.d..", "notServed"), ("a..b", "a..b"), ("x...", "x..."),
        (".well-known/security.txt", ".well-known/security.txt"),
        ("100%25.txt", "100%.txt"), ("%252e%252e/x", "%2e%2e/x"), ("..;/x", "notServed"), ("a;b", "a;b"),
        (".env", "notServed"), (".git/config", "notServed"), ("a/.hidden", "notServed"),
        ("%2eenv", "notServed"),
        ("a/.well-known/x", "notServed"), (".well-known/.env", "notServed"), (".well-known2/x", "notServed"),
        ("app.lua~", "notServed"), ("app.lua.bak", "notServed"), ("bak", "bak"), ("a~b", "a~b"),
        ("x~/y", "x~/y"),
        ("/etc/passwd", "notServed"), ("%2Fetc%2Fpasswd", "notServed"), ("a//b", "notServed"),
        ("/", "notServed"),
        ("a/b//", "notServed"), ("a%0Ab", "notServed"), ("a%7F", "notServed"),
        ("..", "malformed"), (".", "malformed"), ("../", "malformed"), ("a/../b", "malformed"),
        ("a/./b", "malformed"),
        ("%2e%2e/x", "malformed"), ("%2E./x", "malformed"), (".%2e/x", "malformed"), ("a/%2e", "malformed"),
        ("..%2f..%2fetc%2fpasswd", "malformed"), ("..%5c..%5cx", "malformed"), ("a\\b", "malformed"),
        ("a%00.txt", "malformed"), ("%00", "malformed"), ("a%", "malformed"), ("a%4", "malformed"),
        ("a%zz", "malformed"),
        ("C:/x", "C:/x"), ("%C0%AE%C0%AE/x", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}/x"),
    ])
    func requestPathIsMadeRelativeOrRefused(encoded: String, expected: String) {
        do {
            #expect(try path(encoded) == expected)
        } catch {
            #expect("\(error)" == expected)
        }
    }

    @Test func whatWasDecodedIsNotDecodedAgain() throws {
        #expect(try StaticPath(decoded: Array("%2e%2e/x".utf8)).bytes == Array("%2e%2e/x\0".utf8))
    }

    @Test func directoryNamesItsIndex() throws {
        for (text, isIndex, name) in [
            ("", true, "index.html"), ("a/", true, "index.html"), ("a/b.c", false, "b.c"), ("b", false, "b"),
        ] {
            let path = try StaticPath(decoded: Array(text.utf8))
            #expect(path.isIndex == isIndex)
            #expect(Array(path.fileName) == Array(name.utf8))
        }
    }

    @Test func lengthIsLimitedToWhatTheSystemTakes() throws {
        #expect(throws: StaticPath.Refusal.notServed) { try path(String(repeating: "a", count: 256)) }
        #expect(try path(String(repeating: "a", count: 255)).count == 255)
        let long = String(repeating: "abc/", count: 1023) + "ab"
        #expect(try path(long + "c") == long + "c")
        #expect(throws: StaticPath.Refusal.notServed) { try path(long + "cd") }
        #expect(throws: StaticPath.Refusal.notServed) { try path(String(repeating: "%61/", count: 10_000)) }
        #expect(throws: StaticPath.Refusal.malformed) {
            try path(String(repeating: "../", count: 500) + "etc/passwd")
        }
        #expect(try path(String(repeating: "a/", count: 500) + "b").count == 1001)
    }

    @Test func noBytesLeadOutOfTheRoot() {
        var generator = SeededNumbers(seed: 21)
        let pieces = ["..", ".", "/", "%2e", "%2f", "%5c", "%00", "a", "%25", "2e", "\\", "~", "é", "%", ";"]
        for _ in 0..<50_000 {
            let count = Int.random(in: 0...8, using: &generator)
            let text = (0..<count).map { _ in pieces.randomElement(using: &generator)! }.joined()
            guard let path = try? path(text) else { continue }
            let segments = path.split(separator: "/", omittingEmptySubsequences: false)
            #expect(!segments.contains("..") && !segments.contains(".") && !segments.contains(""), "\(text)")
            #expect(!path.contains("\0") && !path.contains("\\"), "\(text)")
        }
    }
}
