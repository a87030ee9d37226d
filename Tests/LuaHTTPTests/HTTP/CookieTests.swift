// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("Cookies")
struct CookieTests {
    private func read(_ text: String, limit: Int = 128) -> [String] {
        Array(text.utf8).withUnsafeBytes { bytes in
            var reader = CookieReader(bytes, limit: limit)
            var cookies: [String] = []
            while let cookie = reader.next() {
                cookies.append(
                    String(decoding: cookie.name, as: UTF8.self) + "="
                        + String(decoding: cookie.value, as: UTF8.self))
            }
            return cookies
        }
    }

    @Test(arguments: [
        ("a=1", ["a=1"]), ("a=1; b=2", ["a=1", "b=2"]), ("a=1;b=2 ;  c = 3 ", ["a=1", "b=2", "c=3"]),
        ("a=1; a=2", ["a=1", "a=2"]), ("a=x=y", ["a=x=y"]), ("a=\"x y\"", ["a=\"x y\""]), ("a=", ["a="]),
        (
            "a=1; b=\"x y\"; ;; =v; novalue; a=2; $Version=1; c=%00%0d%0a",
            ["a=1", "b=\"x y\"", "a=2", "$Version=1", "c=%00%0d%0a"]
        ),
        ("", []), (";;;", []), ("a b=1; c=2", ["c=2"]),
    ])
    func reading(text: String, expected: [String]) { #expect(read(text) == expected) }

    @Test("after the limit nothing is read")
    func limit() { #expect(read("a=1; b=2; c=3", limit: 2) == ["a=1", "b=2"]) }

    private func line(
        _ name: String = "sid", _ value: String = "abc", secure: Bool = false,
        _ change: (inout SetCookie) -> Void = { _ in }
    ) throws(SetCookie.Refusal) -> String {
        var cookie = SetCookie(name: Array(name.utf8), value: Array(value.utf8), secure: secure)
        change(&cookie)
        return try cookie.fieldValue(now: 784_111_777).text
    }

    @Test("the defaults are the safe ones")
    func defaults() throws {
        #expect(try line() == "sid=abc; Path=/; HttpOnly; SameSite=Lax")
        #expect(try line(secure: true) == "sid=abc; Path=/; HttpOnly; Secure; SameSite=Lax")
    }

    @Test("every attribute in its place; Max-Age brings Expires")
    func attributes() throws {
        let text = try line(secure: true) {
            $0.path = Array("/x".utf8)
            $0.domain = Array("t.example".utf8)
            $0.maxAge = 3600
            $0.httpOnly = false
            $0.sameSite = .strict
        }
        #expect(
            text
                == "sid=abc; Path=/x; Domain=t.example; Max-Age=3600; Expires=Sun, 06 Nov 1994 09:49:37 GMT; "
                + "Secure; SameSite=Strict")
        #expect(try line { $0.maxAge = 0 }.contains("Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"))
        #expect(try line { $0.maxAge = .max }.contains("Expires=Fri, 31 Dec 9999 23:59:59 GMT"))
    }

    @Test("what a browser would drop or misread is refused")
    func refusals() {
        #expect(throws: SetCookie.Refusal.name) { try line("a b") }
        #expect(throws: SetCookie.Refusal.name) { try line("") }
        for value in ["a;b", "a,b", "a b", "a\r\nX: y", "a\"b", "a\\b", "\u{e9}", "\"a"] {
            #expect(throws: SetCookie.Refusal.value) { try line("a", value) }
        }
        #expect(throws: SetCookie.Refusal.path) { try line { $0.path = Array("/;Domain=x".utf8) } }
        #expect(throws: SetCookie.Refusal.path) { try line { $0.path = Array("x".utf8) } }
        #expect(throws: SetCookie.Refusal.domain) { try line { $0.domain = Array("a;b".utf8) } }
        #expect(throws: SetCookie.Refusal.domain) { try line { $0.domain = Array("a:80".utf8) } }
        #expect(throws: SetCookie.Refusal.maxAge) { try line { $0.maxAge = -1 } }
        #expect(throws: SetCookie.Refusal.needsSecure) { try line { $0.sameSite = .none } }
        #expect(throws: SetCookie.Refusal.needsSecure) { try line("__secure-a") }
        #expect(throws: SetCookie.Refusal.needsSecure) { try line("__Host-a") }
        #expect(throws: SetCookie.Refusal.hostPrefix) {
            try line("__Host-a", secure: true) { $0.path = Array("/x".utf8) }
        }
    }

    @Test("a quoted value and an empty one are fine")
    func values() throws {
        #expect(try line("a", "\"x\"").hasPrefix("a=\"x\";"))
        #expect(try line("a", "").hasPrefix("a=;"))
    }
}
