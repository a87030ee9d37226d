// SPDX-License-Identifier: MIT

/// An address to listen on and what is spoken there, as written: an address of its own, or with `http://`, `https://` or
/// `unix:` before it, and `+proxy` in that for a balancer that sends PROXY headers: `https+proxy://:443`. Pure.
struct ListenSetting: Sendable, Equatable, CustomStringConvertible {
    enum Speech: Sendable, Equatable {
        case http, https
        /// Every answer sends the client to HTTPS.
        case redirect
    }

    var address: ListenAddress
    var speech: Speech
    var expectsProxyHeader = false

    /// - Parameter isEncrypted: what an address without a word about it speaks; never a Unix-domain socket.
    init?(_ text: String, isEncrypted: Bool) {
        var rest = text[...]
        var scheme: Substring = ""
        if let end = text.range(of: "://") {
            scheme = text[..<end.lowerBound]
            guard !scheme.isEmpty, scheme.first != "+" else { return nil }
            rest = text[end.upperBound...]
            if rest.hasSuffix("/") { rest = rest.dropLast() }
        } else if text.hasPrefix("unix+proxy:") {
            scheme = "+proxy"
            rest = "unix:" + text.dropFirst("unix+proxy:".count)
        }
        if scheme.hasSuffix("+proxy") {
            expectsProxyHeader = true
            scheme = scheme.dropLast("+proxy".count)
        }
        guard let address = ListenAddress(String(rest)) else { return nil }
        self.address = address
        switch scheme {
        case "https": speech = .https
        case "http": speech = .http
        case "": if case .tcp = address { speech = isEncrypted ? .https : .http } else { speech = .http }
        default: return nil
        }
    }

    init(_ address: ListenAddress, _ speech: Speech) {
        self.address = address
        self.speech = speech
    }

    /// A socket that somebody else made, who may have named it for what is to be spoken there, as written before
    /// `://`, or `redirect`; other names say nothing.
    init(_ address: ListenAddress, named name: String, isEncrypted: Bool) {
        let isTCP = address.hostAndPort != nil
        self.address = address
        switch name {
        case "http", "http+proxy": speech = .http
        case "https", "https+proxy": speech = .https
        case "redirect": speech = .redirect
        default: speech = isTCP && isEncrypted ? .https : .http
        }
        expectsProxyHeader = name == "http+proxy" || name == "https+proxy"
    }

    static let help =
        "must be host:port, [ipv6]:port, :port or unix:/path, perhaps with http:// or https:// before it"

    var description: String {
        let text = address.description
        let end = text.firstIndex(of: ":") ?? text.endIndex
        let scheme = speech == .https && text.hasPrefix("http:") ? "https" : text[..<end]
        let proxy = expectsProxyHeader ? "+proxy" : ""
        return "\(scheme)\(proxy)\(text[end...])\(speech == .redirect ? " (redirect)" : "")"
    }
}

extension StringProtocol {
    /// Where `text` is first; the library does without Foundation.
    fileprivate func range(of text: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(text) {
                return index..<self.index(index, offsetBy: text.count)
            }
            index = self.index(after: index)
        }
        return nil
    }
}
