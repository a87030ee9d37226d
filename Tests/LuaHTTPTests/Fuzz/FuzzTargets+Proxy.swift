// SPDX-License-Identifier: MIT
import NIOCore

@testable import LuaHTTP

/// What proxies say of their clients.
extension FuzzTarget {
    /// However much of it has come: nothing is decided before its end, and nothing behind that matters.
    static let proxyHeader = FuzzTarget(
        "proxy",
        seeds: [
            "PROXY TCP4 1.2.3.4 10.0.0.1 1234 443\r\nGET / HTTP/1.1\r\n", "PROXY UNKNOWN a b c\r\n",
            "PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 65535 0\r\n",
            "\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{0C}\u{1}\u{2}\u{3}\u{4}\u{A}\0\0\u{1}\u{4}\u{50}\u{1}\u{3B}GET",
            "\r\n\r\n\0\r\nQUIT\n\u{21}\u{11}\0\u{17}\u{1}\u{2}\u{3}\u{4}\u{A}\0\0\u{1}\u{4}\u{50}\u{1}\u{3B}"
                + "\u{20}\0\u{8}\u{1}\0\0\0\0\0\0\0",
            "\r\n\r\n\0\r\nQUIT\n\u{20}\0\0\0PING",
            "\r\n\r\n\0\r\nQUIT\n\u{21}\u{21}\0\u{24}" + String(repeating: "\u{1}", count: 36),
        ],
        alphabet: "PROXY TCP46.:0159af\r\n\0\u{11}\u{20}\u{21}\u{0C}"
    ) { bytes, numbers in
        let whole = bytes.withUnsafeBytes { ProxyHeader.parse($0) }
        let cut = Int.random(in: 0...bytes.count, using: &numbers)
        let part = bytes[..<cut].withUnsafeBytes { ProxyHeader.parse($0) }
        switch whole {
        case .complete(let sender, let length):
            guard (1...bytes.count).contains(length) else { return "\(length) of \(bytes.count) bytes" }
            if !(0...65535).contains(sender.port) { return "port \(sender.port)" }
            _ = sender.socketAddress
            return part == (cut < length ? .needsMore : whole) ? nil : "\(whole), after \(cut) bytes \(part)"
        case .needsMore: return part == .needsMore ? nil : "more is needed, after \(cut) bytes \(part)"
        case .invalid:
            if case .complete = part { return "invalid, after \(cut) bytes \(part)" }
            return nil
        }
    }

    private static let trusted = ["10.0.0.0/8", "2001:db8::/32"]
    private static let standardProxies = try? TrustedProxies(trusted, writing: .forwarded)
    private static let otherProxies = try? TrustedProxies(trusted)

    /// Header lines. Who writes before an address that is not trusted changes nothing of it.
    static let forwarded = FuzzTarget(
        "forwarded",
        seeds: [
            "Forwarded: for=1.2.3.4;proto=https;host=a.example, For=\"[2001:db8::1]:80\" ; by=_x\r\n",
            "Forwarded: for=\"_hidden, x\";host=\"h:1\"\r\nForwarded: for=10.0.0.1;proto=http\r\n",
            "X-Forwarded-For: 6.6.6.6, 1.2.3.4:80,10.0.0.2\r\nX-Forwarded-Proto: http, https\r\n",
            "X-Forwarded-For: [2001:db8::2]:1\r\nX-Forwarded-For: 10.0.0.3\r\nX-Forwarded-Host: a.test:8443, b\r\n",
        ],
        alphabet: ",;=\"\\[]:. \t10af\r\n"
    ) { bytes, numbers in
        let isStandard = Bool.random(using: &numbers)
        guard let proxies = isStandard ? standardProxies : otherProxies else { return "no proxies" }
        func read(_ lines: String) -> (client: ForwardedClient, host: [UInt8]?)? {
            var input = ByteBuffer(string: "GET / HTTP/1.1\r\nHost: own\r\n" + lines)
            input.writeBytes(bytes)
            input.writeString("\r\n\r\n")
            var parser = RequestParser(limits: Limits())
            var head = RequestHead()
            guard (try? parser.parse(&input, into: &head)) == true else { return nil }
            let client = ForwardedClient(head, trusting: proxies)
            return (client, client.host.map { Array(head.slice($0)) })
        }
        guard let (client, host) = read("") else { return nil }
        if let host, host.isEmpty || host.contains(where: { $0 <= 0x20 || $0 >= 0x7F || $0 == ASCII.slash }) {
            return "host \(host.text)"
        }
        guard let address = client.address else { return nil }
        if IPAddress(text: Array(address.description.utf8)) != address { return "address \(address)" }
        guard !proxies.trusts(address) else { return nil }
        let before = isStandard ? "Forwarded: for=6.6.6.6\r\n" : "X-Forwarded-For: 6.6.6.6\r\n"
        guard let again = read(before) else { return nil }
        return again.client.address == address ? nil : "\(address) becomes \(again.client.address as Any)"
    }
}
