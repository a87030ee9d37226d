// SPDX-License-Identifier: MIT

internal import NIOCore

/// The header of the PROXY protocol, versions 1 and 2, with which a balancer says whom it speaks for
/// (haproxy.org/download/2.9/doc/proxy-protocol.txt). Pure: looks at the first bytes of a connection.
enum ProxyHeader {
    struct Sender: Equatable {
        /// Nil: the balancer itself (LOCAL, UNKNOWN, or a family that we do not know).
        var address: IPAddress?
        var port = 0
        /// The client has TLS with the balancer.
        var isSecure = false

        var socketAddress: SocketAddress? {
            address.flatMap { try? SocketAddress(ipAddress: $0.description, port: port) }
        }
    }

    enum Outcome: Equatable {
        case needsMore
        case invalid
        /// The connection's own bytes begin after `length`.
        case complete(Sender, length: Int)
    }

    private static let signature: [UInt8] = [
        0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A,
    ]
    private static let word = Array("PROXY ".utf8)
    /// §2.1: "a 108-byte buffer is always enough", CRLF included.
    private static let longestLine = 107
    /// Addresses and TLVs; what proxies send is a tenth of it.
    private static let longest = 4096

    static func parse(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard let first = bytes.first else { return .needsMore }
        let known = first == signature[0] ? signature : word
        guard zip(bytes, known).allSatisfy({ $0 == $1 }) else { return .invalid }
        guard bytes.count >= known.count else { return .needsMore }
        return first == signature[0] ? binary(bytes) : text(bytes)
    }

    // MARK: Version 1

    private static func text(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        let line = bytes.prefix(longestLine)
        guard let end = line.firstIndex(of: ASCII.lf) else {
            return bytes.count >= longestLine ? .invalid : .needsMore
        }
        guard line[end &- 1] == ASCII.cr else { return .invalid }
        let words = line[word.count..<(end &- 1)].split(
            separator: ASCII.space, omittingEmptySubsequences: false)
        let length = end &+ 1
        if words.first?.elementsEqual("UNKNOWN".utf8) == true { return .complete(Sender(), length: length) }
        let isIPv4 = words.first?.elementsEqual("TCP4".utf8) == true
        guard words.count == 5, isIPv4 || words[0].elementsEqual("TCP6".utf8),
            let address = IPAddress(text: words[1]), IPAddress(text: words[2]) != nil,
            isIPv4 == !words[1].contains(ASCII.colon), isIPv4 == !words[2].contains(ASCII.colon),
            let port = port(words[3]), self.port(words[4]) != nil
        else { return .invalid }
        return .complete(Sender(address: address, port: port), length: length)
    }

    private static func port(_ digits: UnsafeRawBufferPointer.SubSequence) -> Int? {
        guard case .value(let port) = ASCII.decimal(UnsafeRawBufferPointer(rebasing: digits)), port <= 65535
        else { return nil }
        return port
    }

    // MARK: Version 2

    private static func binary(_ bytes: UnsafeRawBufferPointer) -> Outcome {
        guard bytes.count >= 16 else {
            // The version is wrong already, perhaps.
            return bytes.count > 12 && bytes[12] &>> 4 != 2 ? .invalid : .needsMore
        }
        let command = bytes[12]
        let payload = Int(bytes[14]) &<< 8 | Int(bytes[15])
        guard command == 0x20 || command == 0x21, payload <= longest else { return .invalid }
        let length = 16 &+ payload
        guard bytes.count >= length else { return .needsMore }
        if command == 0x20 { return .complete(Sender(), length: length) }
        let rest = UnsafeRawBufferPointer(rebasing: bytes[16..<length])
        var sender = Sender()
        let size: Int
        switch bytes[13] {
        case 0x11: (size, sender.address) = (12, IPAddress(rest.prefix(4)))
        case 0x21: (size, sender.address) = (36, IPAddress(rest.prefix(16)))
        case 0x31: size = 216  // Unix-domain sockets have no address to speak of
        default: return .complete(sender, length: length)
        }
        guard rest.count >= size else { return .invalid }
        if sender.address != nil {
            let port = size &- 4
            sender.port = Int(rest[port]) &<< 8 | Int(rest[port &+ 1])
        }
        guard let isSecure = isSecure(UnsafeRawBufferPointer(rebasing: rest[size...])) else {
            return .invalid
        }
        sender.isSecure = isSecure
        return .complete(sender, length: length)
    }

    /// Whether a PP2_TYPE_SSL says that the client uses TLS; nil if the TLVs do not add up.
    private static func isSecure(_ values: UnsafeRawBufferPointer) -> Bool? {
        var index = 0
        var isSecure = false
        while index < values.count {
            guard index &+ 3 <= values.count else { return nil }
            let length = Int(values[index &+ 1]) &<< 8 | Int(values[index &+ 2])
            guard index &+ 3 &+ length <= values.count else { return nil }
            if values[index] == 0x20, length >= 5 { isSecure = values[index &+ 3] & 1 != 0 }
            index &+= 3 &+ length
        }
        return isSecure
    }
}
