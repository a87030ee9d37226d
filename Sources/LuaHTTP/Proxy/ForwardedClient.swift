// SPDX-License-Identifier: MIT

/// What trusted proxies say of the client: Forwarded (RFC 7239), else X-Forwarded-For, -Proto and -Host. Each proxy adds
/// at the end, so the list is read from there, as long as the addresses in it are proxies that are trusted, too: what
/// comes before them anybody may have written. Pure; the peer itself must have been found trustworthy.
struct ForwardedClient: Equatable {
    var address: IPAddress?
    var isSecure: Bool?
    /// In the head's memory.
    var host: HeadSlice?

    /// Of longer lists the end counts: no chain of proxies is so long.
    private static let most = 64

    init() {}

    init(_ head: borrowing RequestHead, trusting proxies: TrustedProxies) {
        if head.headers.contains(.forwarded) {
            readStandard(head, proxies)
        } else {
            readOthers(head, proxies)
        }
    }

    // MARK: Forwarded

    private mutating func readStandard(_ head: borrowing RequestHead, _ proxies: TrustedProxies) {
        for element in Self.elements(.forwarded, of: head).reversed() {
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
            guard pairs.isValid, let node, let address = Self.address(node) else { return }
            self.address = address
            guard proxies.trusts(address) else { return }
        }
    }

    // MARK: X-Forwarded-…

    private mutating func readOthers(_ head: borrowing RequestHead, _ proxies: TrustedProxies) {
        let nodes = Self.elements(.xForwardedFor, of: head)
        var index = nodes.count
        while index > 0, let address = Self.address(nodes[index &- 1]) {
            index &-= 1
            self.address = address
            guard proxies.trusts(address) else { break }
        }
        func value(_ name: HeaderName) -> UnsafeRawBufferPointer? {
            let values = Self.elements(name, of: head)
            // One for each proxy: that of the same one. Otherwise the nearest has the last word.
            return values.count == nodes.count && index < values.count ? values[index] : values.last
        }
        isSecure = value(.xForwardedProto).flatMap(Self.scheme)
        host = value(.xForwardedHost).flatMap { Self.slice($0, of: head) }
    }

    // MARK: Parts

    /// The last elements of all lines of a list. In Forwarded, commas in quotes are left alone; the others know no
    /// quotes, and one that a client sends must not swallow what a proxy adds.
    private static func elements(
        _ name: HeaderName, of head: borrowing RequestHead
    ) -> [UnsafeRawBufferPointer] {
        var found: [UnsafeRawBufferPointer] = []
        var line = head.headers.firstIndex(name)
        func add(_ element: Slice<UnsafeRawBufferPointer>) {
            if found.count == 2 * most { found.removeFirst(most) }
            found.append(ASCII.trimmed(UnsafeRawBufferPointer(rebasing: element)))
        }
        while let index = line {
            let value = head.value(index)
            var start = 0
            var isQuoted = false
            for (position, byte) in value.enumerated() {
                if byte == 0x22, name == .forwarded { isQuoted.toggle() }
                guard byte == ASCII.comma, !isQuoted else { continue }
                add(value[start..<position])
                start = position &+ 1
            }
            add(value[start...])
            line = head.headers.nextIndex(name, after: index)
        }
        return found.suffix(most)
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

/// `name=value;name="value"` of one element of Forwarded. Quoted values with escapes are not read: nothing that is
/// asked for needs any.
struct ForwardedPairs {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private(set) var isValid = true

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        skipBlanks()
        guard index < bytes.count, isValid else { return nil }
        let name = token()
        guard !name.isEmpty, index < bytes.count, bytes[index] == 0x3D else { return fail() }
        index &+= 1
        var value: UnsafeRawBufferPointer
        if index < bytes.count, bytes[index] == 0x22 {
            let start = index &+ 1
            guard let end = bytes[start...].firstIndex(of: 0x22),
                !bytes[start..<end].contains(ASCII.backslash)
            else { return fail() }
            value = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            index = end &+ 1
        } else {
            value = token()
        }
        skipBlanks()
        if index < bytes.count {
            guard bytes[index] == 0x3B else { return fail() }
            index &+= 1
        }
        return (name, value)
    }

    private mutating func fail() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        isValid = false
        return nil
    }

    private mutating func skipBlanks() {
        while index < bytes.count, ASCII.isBlank(bytes[index]) { index &+= 1 }
    }

    /// Colons as well: `for=1.2.3.4:80` without quotes is wrong, and common.
    private mutating func token() -> UnsafeRawBufferPointer {
        let start = index
        while index < bytes.count, ASCII.isToken(bytes[index]) || bytes[index] == ASCII.colon { index &+= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
    }
}
