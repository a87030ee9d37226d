// SPDX-License-Identifier: MIT

internal import NIOCore

/// What counts as one client: an IPv4 address, or the /64 that an IPv6 address is in, because whoever has one
/// address of it has them all. Nil for sockets that have no address.
struct AddressKey: Hashable, Sendable {
    private let word: UInt64
    private let kind: Kind

    private enum Kind: Hashable, Sendable { case ipv4, ipv6, loopback6 }

    init?(_ address: SocketAddress?) {
        // The address lies at the same place in the structures of Linux and of macOS.
        switch address {
        case .v4(let address):
            let bytes = withUnsafeBytes(of: address.address) { Array($0.dropFirst(4).prefix(4)) }
            self.init(ipv4: bytes.reduce(0) { $0 &<< 8 | UInt32($1) })
        case .v6(let address):
            self.init(ipv6: withUnsafeBytes(of: address.address) { Array($0.dropFirst(8).prefix(16)) })
        case .unixDomainSocket, nil:
            return nil
        }
    }

    init(ipv4 address: UInt32) { self.init(word: UInt64(address), kind: .ipv4) }

    /// Of 16 bytes; an IPv4 address inside (::ffff:a.b.c.d) counts as itself.
    init?(ipv6 bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 &<< 8 | UInt64($1) } }
        if word(0..<8) == 0, word(8..<12) == 0xFFFF {
            self.init(ipv4: UInt32(truncatingIfNeeded: word(12..<16)))
        } else if word(0..<8) == 0, word(8..<16) == 1 {
            self.init(word: 0, kind: .loopback6)
        } else {
            self.init(word: word(0..<8), kind: .ipv6)
        }
    }

    private init(word: UInt64, kind: Kind) {
        self.word = word
        self.kind = kind
    }

    /// 127.0.0.0/8 or ::1: this machine, and so perhaps a proxy that stands for all clients.
    var isLoopback: Bool { kind == .loopback6 || kind == .ipv4 && word &>> 24 == 127 }
}
