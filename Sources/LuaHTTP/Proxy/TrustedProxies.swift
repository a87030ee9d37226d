// SPDX-License-Identifier: MIT

internal import NIOCore

/// The proxies whose word about the client is believed: addresses, networks such as `10.0.0.0/8`, and `unix` for
/// whoever connects to a Unix-domain socket. Pure.
struct TrustedProxies: Sendable, Equatable {
    private struct Network: Sendable, Equatable {
        let address: IPAddress
        let bits: Int
    }

    /// What these proxies write, and therefore what is read: the other kind may be a client's.
    enum Fields: String, Sendable {
        case xForwarded = "x-forwarded"
        case forwarded

        static let help = "must be x-forwarded or forwarded"
    }

    let fields: Fields
    private var networks: [Network] = []
    private var trustsSockets = false

    struct Invalid: Error, Equatable { let text: String }

    static let help = "must be an address, a network such as 10.0.0.0/8, or unix"

    init(_ texts: [String], writing fields: Fields = .xForwarded) throws(Invalid) {
        self.fields = fields
        for text in texts {
            if text == "unix" {
                trustsSockets = true
            } else {
                guard let network = Self.network(text) else { throw Invalid(text: text) }
                networks.append(network)
            }
        }
    }

    private static func network(_ text: String) -> Network? {
        let parts = text.utf8.split(separator: ASCII.slash, maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let address = IPAddress(text: Array(first)) else { return nil }
        let most = address.isIPv4 ? 32 : 128
        guard parts.count == 2 else { return Network(address: address, bits: 128) }
        guard let bits = Int(String(decoding: Array(parts[1]), as: UTF8.self)), (0...most).contains(bits)
        else { return nil }
        return Network(address: address, bits: bits + 128 - most)
    }

    var isEmpty: Bool { networks.isEmpty && !trustsSockets }

    /// Who has connected.
    func trusts(peer: SocketAddress?) -> Bool {
        if let address = IPAddress(peer) { return trusts(address) }
        return trustsSockets
    }

    func trusts(_ address: IPAddress) -> Bool {
        networks.contains { $0.address.matches(address, bits: $0.bits) }
    }
}
