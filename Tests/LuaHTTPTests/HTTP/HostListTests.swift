// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct HostListTests {
    private func allows(_ names: [String], _ host: String) throws -> Bool {
        let list = try HostList(names)
        return Array(host.utf8).withUnsafeBytes { list.allows($0) }
    }

    @Test(arguments: [
        ("example.com", true), ("EXAMPLE.com:8080", true), ("example.com.", true), ("example.com:", true),
        ("www.example.com", false), ("example.org", false), ("", false), (".", false), (":80", false),
        ("a.shop.example", true), ("a.b.shop.example:1", true), ("shop.example", false),
        (".shop.example", false),
        ("evilshop.example", false), ("[::1]", true), ("[::1]:80", true), ("[::2]", false),
        ("example.com.evil", false),
    ])
    func whoIsServed(host: String, isOurs: Bool) throws {
        #expect(try allows(["example.com", "*.Shop.example", "[::1]"], host) == isOurs)
    }

    @Test(arguments: [
        "", "*", "*.", "a b", "example.com:80", "http://example.com", "a/b", "[::1", "*.[::1]:1",
    ])
    func whatIsNoHostNameIsRefused(name: String) {
        #expect(throws: HostList.Invalid(name: name)) { try HostList([name]) }
    }
}
