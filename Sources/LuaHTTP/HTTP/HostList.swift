// SPDX-License-Identifier: MIT

/// The host names that a site answers to: `example.com`, `*.example.com` for all below it, without ports. Pure.
/// Links and mails made of `req.host` then cannot name a host that a client made up.
struct HostList: Sendable, Equatable {
    private var names: [[UInt8]] = []
    /// ".example.com"
    private var suffixes: [[UInt8]] = []

    struct Invalid: Error, Equatable { let name: String }

    init(_ names: [String]) throws(Invalid) {
        for name in names {
            var bytes = name.utf8.map(ASCII.lowercased)
            let isWildcard = bytes.starts(with: Array("*.".utf8))
            if isWildcard { bytes.removeFirst() }
            let host = isWildcard ? Array(bytes.dropFirst()) : bytes
            let isValid = host.withUnsafeBytes { HostGrammar.isValid($0, allowsEmpty: false) }
            guard isValid, !host.contains(0x2A), Self.withoutPort(host[...]).count == host.count else {
                throw Invalid(name: name)
            }
            if isWildcard { suffixes.append(bytes) } else { self.names.append(bytes) }
        }
    }

    /// What names this machine; development allows it always.
    static let loopback = ["localhost", "*.localhost", "127.0.0.1", "[::1]"]

    /// `authority`: `host[:port]` as the client sent it, already known to be of that form.
    func allows(_ authority: UnsafeRawBufferPointer) -> Bool {
        var host = Self.withoutPort(authority[...])
        // RFC 3986 §3.2.2: a dot at the end of a name is its root, the name is the same.
        if host.count > 1, host.last == 0x2E { host = host.dropLast() }
        return names.contains { Self.equal($0, host) }
            || suffixes.contains { $0.count < host.count && Self.equal($0, host.suffix($0.count)) }
    }

    private static func equal(
        _ name: [UInt8], _ host: some RandomAccessCollection<UInt8>
    ) -> Bool { name.count == host.count && name.elementsEqual(host.lazy.map(ASCII.lowercased)) }

    /// The colons of an IPv6 address are inside its brackets.
    private static func withoutPort<Bytes: BidirectionalCollection<UInt8>>(
        _ authority: Bytes
    ) -> Bytes.SubSequence {
        guard let colon = authority.lastIndex(of: ASCII.colon), !authority[colon...].contains(0x5D) else {
            return authority[...]
        }
        return authority[..<colon]
    }
}
