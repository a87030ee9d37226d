// SPDX-License-Identifier: MIT

internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// An IPv4 or IPv6 address as 16 bytes; IPv4 as ::ffff:a.b.c.d, so that both forms of one are equal.
struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    let high: UInt64
    let low: UInt64

    var isIPv4: Bool { high == 0 && low &>> 32 == 0xFFFF }

    /// - Parameter bytes: 4 or 16, as they go over the network.
    init?(_ bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4:
            high = 0
            low = bytes.reduce(0xFFFF) { $0 &<< 8 | UInt64($1) }
        case 16:
            high = bytes.prefix(8).reduce(0) { $0 &<< 8 | UInt64($1) }
            low = bytes.dropFirst(8).reduce(0) { $0 &<< 8 | UInt64($1) }
        default: return nil
        }
    }

    /// As written, without port, brackets or zone.
    init?(text: some Collection<UInt8>) {
        guard (2...45).contains(text.count), !text.contains(0) else { return nil }
        let line = text.map { CChar(bitPattern: $0) } + [0]
        var bytes = [UInt8](repeating: 0, count: 16)
        let isIPv6 = text.contains(ASCII.colon)
        guard inet_pton(isIPv6 ? AF_INET6 : AF_INET, line, &bytes) == 1 else { return nil }
        self.init(bytes.prefix(isIPv6 ? 16 : 4))
    }

    init?(_ address: SocketAddress?) {
        switch address {
        case .v4(let address):
            // The address lies at the same place in the structures of Linux and of macOS.
            self.init(withUnsafeBytes(of: address.address) { Array($0.dropFirst(4).prefix(4)) })
        case .v6(let address):
            self.init(withUnsafeBytes(of: address.address) { Array($0.dropFirst(8).prefix(16)) })
        case .unixDomainSocket, nil: return nil
        }
    }

    private func byte(_ index: Int) -> UInt8 {
        let word = index < 8 ? high : low
        return UInt8(truncatingIfNeeded: word &>> UInt64((7 &- index & 7) &* 8))
    }

    /// 4 or 16.
    var bytes: [UInt8] { (isIPv4 ? 12..<16 : 0..<16).map(byte) }

    var description: String {
        let bytes = bytes
        var text = [CChar](repeating: 0, count: 64)
        guard inet_ntop(isIPv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else {
            return ""
        }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// True: the first so many of the 128 bits are the same.
    func matches(_ other: IPAddress, bits: Int) -> Bool {
        func mask(_ bits: Int) -> UInt64 {
            bits <= 0 ? 0 : bits >= 64 ? .max : ~(UInt64.max &>> UInt64(bits))
        }
        return (high ^ other.high) & mask(bits) == 0 && (low ^ other.low) & mask(bits &- 64) == 0
    }
}
