// SPDX-License-Identifier: MIT
import NIOCore

/// What a plain port answers beside an encrypted one: the same URL with https.
final class RedirectApplication: HTTPApplication {
    private let port: Int

    /// - Parameter port: where HTTPS is.
    init(port: Int) { self.port = port }

    func accept(_ exchange: HTTPExchange) -> BodyDecision {
        let head = exchange.head.slice(exchange.head.host)
        // An asterisk is no place to go to.
        guard !head.isEmpty, exchange.head.slice(exchange.head.path).first == ASCII.slash else {
            return .reject(HTTPError(400, "this port only redirects to https"))
        }
        var lines = ByteBuffer()
        lines.writeStaticString("Location: https://")
        lines.writeBytes(Self.withoutPort(head))
        if port != 443 { lines.writeString(":\(port)") }
        lines.writeBytes(exchange.head.slice(exchange.head.path))
        if !exchange.head.query.isEmpty {
            lines.writeStaticString("?")
            lines.writeBytes(exchange.head.slice(exchange.head.query))
        }
        lines.writeStaticString("\r\n")
        // Methods other than these keep their body (RFC 9110 §15.4.9).
        let status = exchange.head.method == .get || exchange.isHead ? 301 : 308
        lines.withUnsafeReadableBytes {
            _ = exchange.respond(ResponseHead(status, fields: $0), body: ByteBuffer())
        }
        return .answered
    }

    func handle(_ exchange: HTTPExchange) {}

    private static func withoutPort(_ host: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer.SubSequence {
        // The colons of an IPv6 address are inside its brackets.
        guard let colon = host.lastIndex(of: ASCII.colon), !host[colon...].contains(0x5D) else {
            return host[...]
        }
        return host[..<colon]
    }
}
