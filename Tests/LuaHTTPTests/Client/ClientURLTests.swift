// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct ClientURLTests {
    @Test(arguments: [
        ("http://example.org", "http://example.org/"),
        ("HTTP://Example.ORG/A", "http://example.org/A"),
        ("https://example.org:8443/a?b=c", "https://example.org:8443/a?b=c"),
        ("http://example.org:80/", "http://example.org/"),
        ("https://example.org:443/", "https://example.org/"),
        ("http://example.org?a=1", "http://example.org/?a=1"),
        ("http://example.org/a#part", "http://example.org/a"),
        ("http://example.org#part", "http://example.org/"),
        ("http://[::1]:8080/", "http://[::1]:8080/"),
        ("http://127.0.0.1/a b", "http://127.0.0.1/a%20b"),
        ("http://h/é?ü", "http://h/%C3%A9?%C3%BC"),
        ("http://h/100%&%41%4", "http://h/100%25&%41%254"),
        ("http://h/<\"{|}\\^`>", "http://h/%3C%22%7B%7C%7D%5C%5E%60%3E"),
        ("http://h:/", "http://h/"),
        ("http://h\\@evil/", "http://h/%5C@evil/"),
    ])
    func aURL_IsPutIntoTheFormOfTheWire(_ text: String, _ form: String) throws {
        #expect(try ClientURL(text.utf8).text == form)
    }

    @Test(arguments: [
        ("", "the URL must begin with http:// or https://"),
        ("example.org", "the URL must begin with http:// or https://"),
        ("ftp://example.org", "the URL must begin with http:// or https://"),
        ("http:/example.org", "the URL must begin with http:// or https://"),
        ("http://", "the URL has no valid host"),
        ("http:///path", "the URL has no valid host"),
        ("http://a b/", "the URL has no valid host"),
        ("http://a\r\nHost/", "the URL has no valid host"),
        ("http://[::1", "the URL has no valid host"),
        ("http://[zz]/", "the URL has no valid host"),
        ("http://ü.example/", "the URL has no valid host"),
        ("http://user:secret@h/", "the URL has a user name in it: send an Authorization header instead"),
        ("http://h:0/", "the port of the URL must be a number from 1 to 65535"),
        ("http://h:65536/", "the port of the URL must be a number from 1 to 65535"),
        ("http://h:99999999999999999999/", "the port of the URL must be a number from 1 to 65535"),
        ("http://h:+1/", "the port of the URL must be a number from 1 to 65535"),
        ("http://h/a\r\nX: y", "the URL has control characters"),
        ("http://h/\0", "the URL has control characters"),
    ])
    func whatIsNoURL_IsRefused(_ text: String, _ reason: String) {
        #expect(throws: ClientURL.Mistake(reason)) { try ClientURL(text.utf8) }
    }

    /// RFC 3986 §5.4, as far as it is http.
    @Test(arguments: [
        ("g", "/b/c/g"), ("./g", "/b/c/g"), ("g/", "/b/c/g/"), ("/g", "/g"), ("?y", "/b/c/d;p?y"),
        ("g?y", "/b/c/g?y"), ("#s", "/b/c/d;p?q"), ("g#s", "/b/c/g"), (";x", "/b/c/;x"),
        ("", "/b/c/d;p?q"), (".", "/b/c/"), ("./", "/b/c/"), ("..", "/b/"), ("../", "/b/"), ("../g", "/b/g"),
        ("../..", "/"), ("../../g", "/g"), ("../../../g", "/g"), ("/./g", "/g"), ("/../g", "/g"),
        ("g.", "/b/c/g."), ("..g", "/b/c/..g"), ("./../g", "/b/g"), ("g/./h", "/b/c/g/h"),
        ("g/../h", "/b/c/h"), ("g?y/../x", "/b/c/g?y/../x"),
    ])
    func aReference_IsRelativeToItsPage(_ reference: String, _ target: String) throws {
        let base = try ClientURL("http://a/b/c/d;p?q".utf8)
        #expect(try base.resolving(reference.utf8).text == "http://a" + target)
    }

    @Test func aReferenceMayNameAnotherHost() throws {
        let base = try ClientURL("https://a/b".utf8)
        let other = try base.resolving("//g:81/x".utf8)
        #expect(other.text == "https://g:81/x")
        #expect(!other.hasSameOrigin(as: base))
        #expect(try base.resolving("http://a/b".utf8).hasSameOrigin(as: base) == false)
        #expect(try base.resolving("https://A:443/c".utf8).hasSameOrigin(as: base))
        #expect(throws: ClientURL.Mistake.self) { try base.resolving("javascript:alert(1)".utf8) }
        #expect(throws: ClientURL.Mistake.self) { try base.resolving("/a\r\nb".utf8) }
    }

    @Test func randomBytes_AreRefusedOrHarmless() {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("http://[]@:?#/..%\\ab0\r\n\0é ".utf8)
        for _ in 0..<20_000 {
            let tail = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
                alphabet.randomElement(using: &random) ?? 0
            }
            let bytes = (Bool.random(using: &random) ? Array("http://".utf8) : []) + tail
            guard let url = try? ClientURL(bytes) else { continue }
            #expect(url.target.first == UInt8(ascii: "/"))
            #expect((url.host + url.target).allSatisfy { $0 > 0x20 && $0 < 0x7F })
            #expect((try? ClientURL(url.text.utf8)) == url)
            _ = try? url.resolving(tail)
        }
    }
}
