// SPDX-License-Identifier: MIT

/// An absolute URL of http or https in the form that goes on the wire, and references relative to it
/// (RFC 3986). What a URL must not hold is encoded, as browsers do; what could change the request is refused.
struct ClientURL: Equatable {
    struct Mistake: Error, Equatable {
        let description: String
        init(_ description: String) { self.description = description }
    }

    var isSecure = false
    /// Lower case; an IPv6 address with its brackets.
    var host: [UInt8] = []
    /// Nil: that of the scheme.
    var port: Int?
    /// Path and query; begins with a slash.
    var target: [UInt8] = []

    /// - Throws: ``Mistake``, for the author or the log.
    init(_ text: some Sequence<UInt8>) throws(Mistake) {
        let bytes = Array(text)
        guard let end = Self.endOfScheme(bytes) else {
            throw Mistake("the URL must begin with http:// or https://")
        }
        switch String(decoding: bytes[..<end], as: UTF8.self).lowercased() {
        case "http": isSecure = false
        case "https": isSecure = true
        default: throw Mistake("the URL must begin with http:// or https://")
        }
        guard bytes[(end + 1)...].starts(with: "//".utf8) else {
            throw Mistake("the URL must begin with http:// or https://")
        }
        let rest = bytes[(end + 3)...]
        let authorityEnd = rest.firstIndex { "/?#\\".utf8.contains($0) } ?? rest.endIndex
        try readAuthority(rest[..<authorityEnd])
        target = try Self.encoded(rest[authorityEnd...])
    }

    /// The URL that a reference means here: of a Location field, for instance.
    func resolving(_ reference: some Sequence<UInt8>) throws(Mistake) -> ClientURL {
        let reference = Array(reference)
        if Self.endOfScheme(reference) != nil { return try ClientURL(reference) }
        if reference.starts(with: "//".utf8) {
            return try ClientURL(Array(isSecure ? "https:".utf8 : "http:".utf8) + reference)
        }
        var url = self
        let path = target.prefix { $0 != UInt8(ascii: "?") }
        switch reference.first {
        case nil, UInt8(ascii: "#"): return self
        case UInt8(ascii: "/"): url.target = Self.withoutDots(try Self.encoded(reference[...]))
        case UInt8(ascii: "?"): url.target = try Self.encoded((path + reference)[...])
        default:
            let directory = path[...(path.lastIndex(of: UInt8(ascii: "/")) ?? 0)]
            url.target = Self.withoutDots(try Self.encoded((directory + reference)[...]))
        }
        return url
    }

    var text: String {
        let authority = String(decoding: host, as: UTF8.self) + (port.map { ":\($0)" } ?? "")
        return (isSecure ? "https://" : "http://") + authority + String(decoding: target, as: UTF8.self)
    }

    /// "host:port".
    var peer: String { "\(String(decoding: host, as: UTF8.self)):\(port ?? defaultPort)" }

    /// Credentials for one are not for another.
    func hasSameOrigin(as other: ClientURL) -> Bool {
        isSecure == other.isSecure && host == other.host
            && port ?? defaultPort == other.port ?? other.defaultPort
    }

    private var defaultPort: Int { isSecure ? 443 : 80 }

    // MARK: Parts

    /// Index of the colon after a scheme, if there is one.
    private static func endOfScheme(_ bytes: [UInt8]) -> Int? {
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon > 0, isLetter(bytes[0]),
            bytes[..<colon].allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) })
        else { return nil }
        return colon
    }

    private mutating func readAuthority(_ authority: ArraySlice<UInt8>) throws(Mistake) {
        guard !authority.contains(UInt8(ascii: "@")) else {
            throw Mistake("the URL has a user name in it: send an Authorization header instead")
        }
        var name = authority
        if let colon = authority.lastIndex(of: UInt8(ascii: ":")), authority.last != UInt8(ascii: "]") {
            name = authority[..<colon]
            let digits = authority[(colon + 1)...]
            let number = digits.count <= 5 ? Int(String(decoding: digits, as: UTF8.self)) : nil
            guard digits.isEmpty || digits.allSatisfy(Self.isDigit) && (1...65535).contains(number ?? 0)
            else {
                throw Mistake("the port of the URL must be a number from 1 to 65535")
            }
            port = number == (isSecure ? 443 : 80) ? nil : number
        }
        host = name.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        guard Self.isHost(host) else { throw Mistake("the URL has no valid host") }
    }

    private static func isHost(_ host: [UInt8]) -> Bool {
        if host.first == UInt8(ascii: "[") {
            let address = host.dropFirst().dropLast()
            return host.last == UInt8(ascii: "]") && address.count >= 2
                && address.allSatisfy { ASCII.hexValue($0) != nil || ":.".utf8.contains($0) }
        }
        return !host.isEmpty && host.count <= 255
            && host.allSatisfy { isLetter($0) || isDigit($0) || "-._".utf8.contains($0) }
    }

    /// Path and query without the fragment; bytes that must not stand in a URL as triplets.
    private static func encoded(_ bytes: ArraySlice<UInt8>) throws(Mistake) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 1)
        if bytes.first != UInt8(ascii: "/") { output.append(UInt8(ascii: "/")) }
        var index = bytes.startIndex
        while index < bytes.endIndex, bytes[index] != UInt8(ascii: "#") {
            let byte = bytes[index]
            guard byte >= 0x20, byte != 0x7F else { throw Mistake("the URL has control characters") }
            let isBad: Bool
            switch byte {
            case UInt8(ascii: "%"): isBad = !isTriplet(bytes, at: index)
            case 0x80..., 0x20, UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"),
                UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
                isBad = true
            default: isBad = false
            }
            if isBad {
                let digits = Array("0123456789ABCDEF".utf8)
                output += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            } else {
                output.append(byte)
            }
            index += 1
        }
        return output
    }

    private static func isTriplet(_ bytes: ArraySlice<UInt8>, at index: Int) -> Bool {
        bytes.endIndex - index >= 3 && ASCII.hexValue(bytes[index + 1]) != nil
            && ASCII.hexValue(bytes[index + 2]) != nil
    }

    /// Removes "." and ".." segments (RFC 3986 §5.2.4).
    private static func withoutDots(_ target: [UInt8]) -> [UInt8] {
        let end = target.firstIndex(of: UInt8(ascii: "?")) ?? target.endIndex
        var segments: [ArraySlice<UInt8>] = []
        let parts = target[..<end].dropFirst().split(
            separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        for (number, part) in parts.enumerated() {
            let isLast = number == parts.count - 1
            if part.elementsEqual("..".utf8) {
                _ = segments.popLast()
            } else if !part.elementsEqual(".".utf8) {
                segments.append(part)
                continue
            }
            if isLast { segments.append([]) }
        }
        return [UInt8(ascii: "/")] + Array(segments.joined(separator: "/".utf8)) + target[end...]
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
