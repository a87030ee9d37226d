// SPDX-License-Identifier: MIT

/// A request that a script makes of another server: checked, and ready to go. Knows no connection.
struct OutgoingRequest {
    enum Body {
        case none
        case bytes([UInt8])
        /// Comes piece by piece; `length` is nil when nobody knows it.
        case stream(length: Int64?)
    }

    var method: String
    var url: ClientURL
    var fields: [(name: String, value: String)] = []
    var body = Body.none
    /// A file of certificates to trust in place of the system's.
    var certificates: String?

    /// Takes a header field.
    ///
    /// - Throws: ``ClientURL/Mistake`` for what would change the request, and for what the connection decides.
    mutating func add(
        _ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer
    ) throws(ClientURL.Mistake) {
        let text = String(decoding: name, as: UTF8.self)
        guard HeaderBlock.isName(name) else { throw .init("a name of a header is not valid") }
        guard HeaderBlock.isValue(value) else {
            throw .init("the header \(text) has a line break or another control character in its value")
        }
        if Self.connectionFields.contains(text.lowercased()) {
            throw .init(
                "the header \(text) belongs to the connection: leave it out"
                    + " (http.forwardable(headers) does when headers are passed on)")
        }
        // Header values are bytes; the client takes them as text and sends its UTF-8.
        fields.append((text, String(decoding: ASCII.trimmed(value), as: UTF8.self)))
    }

    /// What the client sets itself: framing and the connection (RFC 9110 §7.6.1, RFC 9112 §6).
    private static let connectionFields: Set<String> = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
        "content-length",
    ]

    static func isMethod(_ name: UnsafeRawBufferPointer) -> Bool { HeaderBlock.isName(name) }
}
