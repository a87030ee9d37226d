// SPDX-License-Identifier: MIT

internal import NIOHPACK

/// A decoded header block → the same RequestHead that HTTP/1.1 fills: its bytes are written as a request line and field
/// lines into the slab, under the same limits. That it is well-formed was checked before (HTTP2FieldRules); knows no
/// stream.
enum HTTP2RequestHead {
    /// - Parameter endsStream: no body follows.
    static func fill(
        _ head: inout RequestHead, from block: HPACKHeaders, endsStream: Bool, limits: Limits
    ) throws(HTTPError) {
        head.version = .http2
        let pseudo = PseudoFields(block)
        try requestLine(&head, pseudo, limits)
        guard isScheme(pseudo.scheme) else { throw HTTPError(400, "invalid :scheme") }
        let start = head.slab.count
        if !pseudo.authority.isEmpty { try field(&head, "host", pseudo.authority, start, limits) }
        var cookies = ""
        for (name, value, _) in block where name.utf8.first != ASCII.colon {
            switch name {
            case "host" where !pseudo.authority.isEmpty:
                // RFC 9113 §8.3.1: they must not disagree.
                guard value.lowercased() == pseudo.authority.lowercased() else {
                    throw HTTPError(400, "Host and :authority differ")
                }
            case "cookie":
                // RFC 9113 §8.2.3: crumbs are joined before anybody else sees them.
                cookies += cookies.isEmpty ? value : "; " + value
                guard cookies.utf8.count <= limits.headerBytes else { throw tooLarge }
            default: try field(&head, name, value, start, limits)
            }
        }
        if !cookies.isEmpty { try field(&head, "cookie", cookies, start, limits) }
        append("\r\n", to: &head)
        try RequestSemantics.check(&head)
        head.expectsContinue = !endsStream && head.headers.contains(.expect)
        if endsStream {
            head.framing = .none
        } else if head.framing == .none {
            // The end of the stream is the end of the body, as with chunks.
            head.framing = BodyFraming.length(of: head) == .value(0) ? .length(0) : .chunked
        }
    }

    private struct PseudoFields {
        var method = ""
        var scheme = ""
        var path = ""
        var authority = ""

        init(_ block: HPACKHeaders) {
            for (name, value, _) in block {
                guard name.utf8.first == ASCII.colon else { return }
                switch name {
                case ":method": method = value
                case ":scheme": scheme = value
                case ":path": path = value
                case ":authority": authority = value
                default: break
                }
            }
        }
    }

    /// RFC 3986 §3.1
    private static func isScheme(_ text: String) -> Bool {
        guard let first = text.utf8.first, ASCII.isAlpha(first) else { return false }
        return text.utf8.allSatisfy {
            ASCII.isAlpha($0) || ASCII.isDigit($0) || $0 == 0x2B || $0 == 0x2D || $0 == 0x2E
        }
    }

    private static var tooLarge: HTTPError {
        HTTPError(431, "header section too large", limit: .headerBytes)
    }

    private static func requestLine(
        _ head: inout RequestHead, _ pseudo: PseudoFields, _ limits: Limits
    ) throws(HTTPError) {
        let length = pseudo.method.utf8.count &+ pseudo.path.utf8.count &+ 10
        guard length <= limits.requestLine else {
            throw HTTPError(414, "request line too long", limit: .requestLine)
        }
        append(pseudo.method, to: &head)
        let method = head.slab.count
        append(" ", to: &head)
        let target = head.slab.count
        append(pseudo.path, to: &head)
        let end = head.slab.count
        append(" HTTP/2.0\r\n", to: &head)
        guard method > 0, head.slab.bytes.prefix(method).allSatisfy(ASCII.isToken) else {
            throw HTTPError(400, "invalid request method")
        }
        head.method = Method(head.base, count: method)
        head.methodName = HeadSlice(0, method)
        guard head.method != .connect, head.method != .trace else {
            throw HTTPError(501, "method not implemented")
        }
        head.target = HeadSlice(target, end)
        // RFC 9113 §8.3.1: a path, or * for OPTIONS; never the absolute form.
        guard let first = pseudo.path.utf8.first, first == ASCII.slash || first == 0x2A else {
            throw HTTPError(400, "invalid request target")
        }
        try RequestTarget.parse(head.base, target, end, &head)
    }

    private static func field(
        _ head: inout RequestHead, _ name: String, _ value: String, _ start: Int, _ limits: Limits
    ) throws(HTTPError) {
        guard head.headers.count < limits.fieldCount else {
            throw HTTPError(431, "too many header fields", limit: .fieldCount)
        }
        let count = name.utf8.count &+ 2 &+ value.utf8.count
        guard count <= limits.fieldLine else {
            throw HTTPError(431, "header field too large", limit: .fieldLine)
        }
        guard head.slab.count &- start &+ count &+ 2 <= limits.headerBytes else { throw tooLarge }
        let line = head.slab.count
        append(name, to: &head)
        append(": ", to: &head)
        let end = line &+ count
        append(value, to: &head)
        append("\r\n", to: &head)
        // Finds what HTTP/1.1 would find, and knows where blanks begin and end (RFC 9113 §8.2.1 wants none).
        let entry = try FieldLine.parse(head.base, line, end)
        guard Int(entry.valueLength) == value.utf8.count else {
            throw HTTPError(400, "blank around a header field value")
        }
        let known = HeaderName.identify(
            UnsafeRawBufferPointer(start: head.base + line, count: Int(entry.nameLength)))
        head.headers.append(entry, known)
    }

    private static func append(_ text: String, to head: inout RequestHead) {
        var text = text
        text.withUTF8 { head.slab.append(UnsafeRawBufferPointer($0)) }
    }

    private static func append(_ text: StaticString, to head: inout RequestHead) {
        head.slab.append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}
