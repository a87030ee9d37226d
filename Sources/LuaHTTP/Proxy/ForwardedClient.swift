// SPDX-License-Identifier: MIT

/// What trusted proxies say of the client: Forwarded (RFC 7239), or X-Forwarded-For, -Proto and -Host, whichever of them
/// they write. Each proxy adds at the end, so the list is read from there, as long as the addresses in it are proxies that
/// are trusted, too: what comes before anybody may have written. Pure; the peer must have been found trustworthy.
struct ForwardedClient: Equatable {
    var address: IPAddress?
    var isSecure: Bool?
    /// In the head's memory.
    var host: HeadSlice?

    /// So many from the end are read: no chain of proxies is so long.
    private static let most = 64

    init() {}

    init(_ head: borrowing RequestHead, trusting proxies: TrustedProxies) {
        // Never both: a proxy that writes the one lets a client's other pass.
        switch proxies.fields {
        case .forwarded: readStandard(head, proxies)
        case .xForwarded: readOthers(head, proxies)
        }
    }

    // MARK: Forwarded

    private mutating func readStandard(_ head: borrowing RequestHead, _ proxies: TrustedProxies) {
        for element in Self.elements(.forwarded, of: head, hasQuotes: true) {
            var pairs = ForwardedPairs(element)
            var node: UnsafeRawBufferPointer?
            // What this proxy does not say stays unsaid; an earlier one is believed only if this one vouches for it.
            isSecure = nil
            host = nil
            while let (name, value) = pairs.next() {
                if ASCII.equalsIgnoringCase(name, "for") {
                    node = value
                } else if ASCII.equalsIgnoringCase(name, "proto") {
                    isSecure = Self.scheme(value)
                } else if ASCII.equalsIgnoringCase(name, "host") {
                    host = Self.slice(value, of: head)
                }
            }
            guard pairs.isValid else {
                isSecure = nil
                host = nil
                return
            }
            guard let node, let address = Self.address(node) else { return }
            self.address = address
            guard proxies.trusts(address) else { return }
        }
    }

    // MARK: X-Forwarded-…

    private mutating func readOthers(_ head: borrowing RequestHead, _ proxies: TrustedProxies) {
        let nodes = Self.elements(.xForwardedFor, of: head, hasQuotes: false)
        var index = -1
        while index &+ 1 < nodes.count, let address = Self.address(nodes[index &+ 1]) {
            index &+= 1
            self.address = address
            guard proxies.trusts(address) else { break }
        }
        func value(_ name: HeaderName) -> UnsafeRawBufferPointer? {
            let values = Self.elements(name, of: head, hasQuotes: false)
            // One for each proxy: that of the same one. Otherwise the nearest has the last word.
            return values.count == nodes.count && index >= 0 ? values[index] : values.first
        }
        isSecure = value(.xForwardedProto).flatMap(Self.scheme)
        host = value(.xForwardedHost).flatMap { Self.slice($0, of: head) }
    }

    // MARK: Parts

    /// The elements of all lines of a list, the last one first.
    private static func elements(
        _ name: HeaderName, of head: borrowing RequestHead, hasQuotes: Bool
    ) -> [UnsafeRawBufferPointer] {
        var lines: [Int] = []
        var line = head.headers.firstIndex(name)
        while let index = line {
            lines.append(index)
            line = head.headers.nextIndex(name, after: index)
        }
        var found: [UnsafeRawBufferPointer] = []
        for line in lines.reversed() {
            var list = ReversedList(head.value(line), hasQuotes: hasQuotes)
            while found.count < most, let element = list.next() { found.append(element) }
        }
        return found
    }

    /// `1.2.3.4`, `1.2.3.4:80`, `[::1]`, `[::1]:80`, `::1`. Names that hide an address are none.
    static func address(_ node: UnsafeRawBufferPointer) -> IPAddress? {
        if node.first == 0x5B {
            guard let end = node.firstIndex(of: 0x5D) else { return nil }
            let rest = node[(end &+ 1)...]
            guard rest.isEmpty || rest.first == ASCII.colon && rest.dropFirst().allSatisfy(ASCII.isDigit)
            else { return nil }
            return IPAddress(text: node[1..<end])
        }
        let colons = node.reduce(0) { $1 == ASCII.colon ? $0 &+ 1 : $0 }
        guard colons == 1, let colon = node.firstIndex(of: ASCII.colon) else { return IPAddress(text: node) }
        guard node[(colon &+ 1)...].allSatisfy(ASCII.isDigit) else { return nil }
        return IPAddress(text: node[..<colon])
    }

    private static func scheme(_ value: UnsafeRawBufferPointer) -> Bool? {
        if ASCII.equalsIgnoringCase(value, "https") { return true }
        return ASCII.equalsIgnoringCase(value, "http") ? false : nil
    }

    private static func slice(_ host: UnsafeRawBufferPointer, of head: borrowing RequestHead) -> HeadSlice? {
        guard HostGrammar.isValid(host, allowsEmpty: false), let start = host.baseAddress else { return nil }
        let offset = start - UnsafeRawPointer(head.base)
        guard offset >= 0, offset &+ host.count <= head.slab.count else { return nil }
        return HeadSlice(offset, offset &+ host.count)
    }
}
