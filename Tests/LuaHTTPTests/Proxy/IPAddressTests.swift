// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

struct IPAddressTests {
    private func address(_ text: String) -> IPAddress? { IPAddress(text: Array(text.utf8)) }

    @Test(arguments: ["1.2.3.4", "255.255.255.255", "0.0.0.0", "::1", "2001:db8::1", "fe80::1"])
    func textGoesBothWays(_ text: String) { #expect(address(text)?.description == text) }

    @Test(arguments: [
        "", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4x", "::g", ":::", "1.2.3.4:80", "[::1]",
        "fe80::1%eth0",
        "1.2.3.4\0", " 1.2.3.4", String(repeating: "1", count: 100),
    ])
    func whatIsNoAddressIsNone(_ text: String) { #expect(address(text) == nil) }

    @Test func bothFormsOfAnIPv4AddressAreOne() throws {
        #expect(address("::ffff:1.2.3.4") == address("1.2.3.4"))
        let socket = try SocketAddress(ipAddress: "1.2.3.4", port: 80)
        #expect(IPAddress(socket) == address("1.2.3.4"))
        #expect(try IPAddress(SocketAddress(ipAddress: "2001:db8::1", port: 80)) == address("2001:db8::1"))
        #expect(try IPAddress(SocketAddress(unixDomainSocketPath: "/a")) == nil)
    }

    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("10.1.2.3", "10.1.2.3", true),
        ("10.1.2.3", "10.1.2.4", false), ("0.0.0.0/0", "9.9.9.9", true), ("0.0.0.0/0", "::1", false),
        ("192.168.1.128/25", "192.168.1.127", false), ("192.168.1.128/25", "192.168.1.200", true),
        ("fd00::/8", "fd12::1", true), ("fd00::/8", "fe00::1", false), ("2001:db8::/65", "2001:db8::1", true),
        ("2001:db8::/65", "2001:db8:0:0:8000::1", false), ("::1", "::1", true),
        ("10.0.0.0/8", "::ffff:10.0.0.1", true),
    ])
    func networksHoldTheirAddresses(_ network: String, _ text: String, _ expected: Bool) throws {
        let proxies = try TrustedProxies([network])
        #expect(try proxies.trusts(#require(address(text))) == expected)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "::1/129", "example.com", "10.0.0.0/8/9", "/8",
    ])
    func whatIsNoNetworkIsRefused(_ text: String) {
        #expect(throws: TrustedProxies.Invalid(text: text)) { try TrustedProxies([text]) }
    }

    @Test func socketsAreTrustedOnlyByName() throws {
        let socket = try SocketAddress(unixDomainSocketPath: "/a")
        #expect(try TrustedProxies(["unix"]).trusts(peer: socket))
        #expect(try !TrustedProxies(["0.0.0.0/0"]).trusts(peer: socket))
        #expect(try !TrustedProxies(["unix"]).trusts(peer: SocketAddress(ipAddress: "127.0.0.1", port: 1)))
    }
}
