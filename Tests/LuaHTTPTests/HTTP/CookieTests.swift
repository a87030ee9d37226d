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

@Suite("FormBody")
struct FormBodyTests {
    private func parse(
        _ text: String, _ percent: FormBody.Percent = .literal, limit: Int = 512
    ) throws(FormBody.Failure) -> [String] {
        let bytes = Array(text.utf8)
        let result = bytes.withUnsafeBytes { raw -> Result<[FormBody.Pair], FormBody.Failure> in
            do throws(FormBody.Failure) {
                return .success(try FormBody.parse(raw, percent: percent, limit: limit))
            } catch {
                return .failure(error)
            }
        }
        return try result.get().map { $0.name.text + "|" + $0.value.text }
    }

    @Test(arguments: [
        ("", []), ("a=b", ["a|b"]), ("a=b&c=d", ["a|b", "c|d"]), ("a=1&a=2", ["a|1", "a|2"]), ("a", ["a|"]),
        ("a=", ["a|"]), ("=b", ["|b"]), ("&&=&", ["|"]), ("a=b=c", ["a|b=c"]),
        ("q=a+b%20c%26d%3D", ["q|a b c&d="]),
        ("%61=%C3%A9", ["a|\u{e9}"]), ("a=2;c", ["a|2;c"]),
    ])
    func pairs(text: String, expected: [String]) throws {
        #expect(try parse(text) == expected)
        #expect(try parse(text, .strict) == expected)
    }

    @Test("a percent sign that is no triplet: itself in a query, an error in a body")
    func malformed() throws {
        for text in ["a=%", "a=%4", "a=%zz", "%g=1"] {
            #expect(throws: FormBody.Failure.malformedPercent) { try parse(text, .strict) }
        }
        #expect(try parse("a=%zz&b=%4&c=%") == ["a|%zz", "b|%4", "c|%"])
    }

    @Test("the number of fields is limited, at limit + 1 and not before")
    func limit() throws {
        #expect(try parse("a&b&c", limit: 3).count == 3)
        #expect(throws: FormBody.Failure.tooManyFields) { try parse("a&b&c&d", limit: 3) }
    }
}

@Suite("MediaType")
struct MediaTypeTests {
    private func with<T>(_ text: String, _ body: (MediaType?) -> T) -> T {
        Array(text.utf8).withUnsafeBytes { body(MediaType($0)) }
    }

    @Test("type and parameters, quoted or not")
    func parameters() {
        with("Multipart/Form-Data; x=y ;boundary=\"a b\\\"c\"") { type in
            #expect(type?.is("multipart/form-data") == true)
            #expect(type?.parameter("boundary")?.text == "a b\"c")
            #expect(type?.parameter("x")?.text == "y")
            #expect(type?.parameter("z") == nil)
        }
        with("text/html;charset=utf-8") { #expect($0?.parameter("charset")?.text == "utf-8") }
    }

    @Test(arguments: ["", "text", "text/", "/html", "text html", "text/html x", "te xt/html", "\u{0}/a"])
    func refused(text: String) { with(text) { #expect($0 == nil) } }

    @Test(arguments: [
        ("application/json", true), ("application/problem+json; charset=utf-8", true), ("text/json", false),
        ("application/jsonx", false), ("APPLICATION/JSON", true),
    ])
    func json(text: String, isJSON: Bool) { with(text) { #expect($0?.isJSON == isJSON) } }

    @Test(arguments: [
        "a/b; boundary", "a/b; boundary=", "a/b; boundary=\"x", "a/b; ;=x", "a/b; boundary=\"x\\",
    ])
    func malformedParameters(text: String) { with(text) { #expect($0?.parameter("boundary") == nil) } }
}
