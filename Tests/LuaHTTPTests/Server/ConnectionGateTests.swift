// SPDX-License-Identifier: MIT

import NIOCore
import Testing

@testable import LuaHTTP

struct ConnectionGateTests {
    private func key(_ address: String) throws -> AddressKey? {
        AddressKey(try SocketAddress(ipAddress: address, port: 1))
    }

    @Test func connectionsBeyondTheTotalAreFull() throws {
        let gate = ConnectionGate(total: 2, perAddress: 10)
        #expect(gate.enter(nil) == .admitted)
        #expect(try gate.enter(key("192.0.2.1")) == .admitted)
        #expect(gate.enter(nil) == .full(.connections))
        gate.leave(nil)
        gate.leave(nil)
        #expect(gate.enter(nil) == .admitted)
    }

    @Test func eachAddressHasItsShare() throws {
        let gate = ConnectionGate(total: 100, perAddress: 2)
        for _ in 0..<2 { #expect(try gate.enter(key("192.0.2.1")) == .admitted) }
        #expect(try gate.enter(key("192.0.2.1")) == .full(.connectionsPerAddress))
        #expect(try gate.enter(key("192.0.2.2")) == .admitted)
        gate.leave(try key("192.0.2.1"))
        gate.leave(try key("192.0.2.1"))
        #expect(try gate.enter(key("192.0.2.1")) == .admitted)
    }

    /// A proxy on this machine stands for all clients.
    @Test func thisMachineIsCountedOnlyIfAsked() throws {
        let lenient = ConnectionGate(total: 100, perAddress: 1)
        let strict = ConnectionGate(total: 100, perAddress: 1, countsLoopback: true)
        for address in ["127.0.0.1", "127.9.9.9", "::1"] {
            for _ in 0..<3 { #expect(try lenient.enter(key(address)) == .admitted) }
            #expect(try strict.enter(key(address)) == .admitted)
            #expect(try strict.enter(key(address)) == .full(.connectionsPerAddress))
        }
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.2", false),
        ("192.0.2.1", "::ffff:192.0.2.1", true), ("127.0.0.1", "::1", false),
        ("2001:db8::1", "2001:db8::ffff:1", true), ("2001:db8::1", "2001:db8:0:1::1", false),
        ("::2", "::1", false), ("0.0.0.0", "::", false),
    ])
    func whatCountsAsOneClient(first: String, second: String, isSame: Bool) throws {
        #expect(try (key(first) == key(second)) == isSame)
    }

    @Test func socketsWithoutAddressHaveNoKey() throws {
        #expect(AddressKey(nil) == nil)
        #expect(try AddressKey(SocketAddress(unixDomainSocketPath: "/x")) == nil)
        #expect(AddressKey(ipv6: []) == nil)
        #expect(try key("10.0.0.1")?.isLoopback == false)
        #expect(try key("::2")?.isLoopback == false)
    }
}
