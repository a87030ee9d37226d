// SPDX-License-Identifier: MIT

/// The Cookie request field (RFC 6265 §5.4, read as §4.1.1 writes it): `name=value; name=value`.
/// Bytes in, slices out; knows nothing of sessions.
struct CookieReader {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private var count = 0
    private let limit: Int

    /// After `limit` cookies the rest is not read: nobody has so many, but an attacker may.
    init(_ bytes: UnsafeRawBufferPointer, limit: Int = 128) {
        self.bytes = bytes
        self.limit = limit
    }

    /// The next cookie with a valid name, as sent: quotes and percent signs are part of the value. Pieces
    /// without `=` or with a name that is no token are skipped. Of cookies with one name the first counts:
    /// browsers send the one with the longest path first.
    mutating func next() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        while index < bytes.count, count < limit {
            let start = index
            while index < bytes.count, bytes[index] != ASCII.semicolon { index &+= 1 }
            let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<index])
            index &+= 1
            guard let equals = piece.firstIndex(of: ASCII.equals) else { continue }
            let name = ASCII.trimmed(UnsafeRawBufferPointer(rebasing: piece[..<equals]))
            guard HeaderBlock.isName(name) else { continue }
            count &+= 1
            return (name, ASCII.trimmed(UnsafeRawBufferPointer(rebasing: piece[(equals &+ 1)...])))
        }
        return nil
    }
}

/// A Set-Cookie field under construction (RFC 6265 §4.1, RFC 6265bis for SameSite and prefixes). The defaults
/// are the safe ones; what a browser would drop or read otherwise is refused with a reason for the author.
struct SetCookie {
    enum SameSite: Equatable { case strict, lax, none }

    enum Refusal: Error, Equatable {
        case name, value, path, domain, maxAge
        /// SameSite=None and the prefixes `__Secure-` and `__Host-` require Secure; browsers drop the rest.
        case needsSecure
        /// `__Host-` requires Path=/ and no Domain.
        case hostPrefix
    }

    var name: [UInt8]
    var value: [UInt8]
    var path: [UInt8] = [0x2F]
    var domain: [UInt8] = []
    /// Seconds; 0 deletes the cookie. Nil: until the browser is closed.
    var maxAge: Int64?
    var httpOnly = true
    var sameSite = SameSite.lax
    /// Set it on TLS.
    var secure: Bool

    init(name: [UInt8], value: [UInt8], secure: Bool) {
        self.name = name
        self.value = value
        self.secure = secure
    }

    /// The field value. With Max-Age comes an Expires for old clients, reckoned from `now`.
    func fieldValue(now: Int64) throws(Refusal) -> [UInt8] {
        try check()
        var output = name
        output.append(ASCII.equals)
        output += value
        append("; Path=", path, to: &output)
        if !domain.isEmpty { append("; Domain=", domain, to: &output) }
        if let maxAge {
            append("; Max-Age=", [UInt8](String(maxAge).utf8), to: &output)
            let (expires, overflow) = now.addingReportingOverflow(maxAge)
            let end = maxAge == 0 ? 0 : overflow ? Int64.max : expires
            append("; Expires=", HTTPDate.bytes(end), to: &output)
        }
        if httpOnly { append("; HttpOnly", [], to: &output) }
        if secure { append("; Secure", [], to: &output) }
        switch sameSite {
        case .strict: append("; SameSite=Strict", [], to: &output)
        case .lax: append("; SameSite=Lax", [], to: &output)
        case .none: append("; SameSite=None", [], to: &output)
        }
        return output
    }

    private func check() throws(Refusal) {
        guard name.withUnsafeBytes(HeaderBlock.isName) else { throw .name }
        guard SetCookie.isValue(value) else { throw .value }
        guard path.first == ASCII.slash, path.allSatisfy(SetCookie.isAttribute) else { throw .path }
        // A host name as browsers know it: what RFC 3986 also allows (`;`, `,`) would start another
        // attribute.
        guard domain.allSatisfy({ ASCII.isAlpha($0) || ASCII.isDigit($0) || $0 == 0x2D || $0 == 0x2E }) else {
            throw .domain
        }
        if let maxAge, maxAge < 0 { throw .maxAge }
        let isHost = hasPrefix("__Host-")
        if !secure, sameSite == .none || isHost || hasPrefix("__Secure-") { throw .needsSecure }
        if isHost, path != [ASCII.slash] || !domain.isEmpty { throw .hostPrefix }
    }

    private func hasPrefix(_ prefix: StaticString) -> Bool {
        name.withUnsafeBytes { bytes in
            // Browsers compare the prefixes without case (RFC 6265bis §5.7).
            guard bytes.count >= prefix.utf8CodeUnitCount else { return false }
            for index in 0..<prefix.utf8CodeUnitCount
            where ASCII.lowercased(bytes[index]) != ASCII.lowercased(prefix.utf8Start[index]) {
                return false
            }
            return true
        }
    }

    /// `*cookie-octet` or the same in quotes: visible ASCII without quote, comma, semicolon and backslash.
    static func isValue(_ bytes: [UInt8]) -> Bool {
        var inner = bytes[...]
        if inner.count >= 2, inner.first == ASCII.quote, inner.last == ASCII.quote {
            inner = inner.dropFirst().dropLast()
        }
        return inner.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != ASCII.quote && byte != ASCII.comma
                && byte != ASCII.semicolon
                && byte != ASCII.backslash
        }
    }

    /// av-octet: anything but controls and `;`.
    private static func isAttribute(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte < 0x7F && byte != ASCII.semicolon
    }

    private func append(_ text: StaticString, _ bytes: [UInt8], to output: inout [UInt8]) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        output += bytes
    }
}
