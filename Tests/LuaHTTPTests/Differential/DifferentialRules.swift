// SPDX-License-Identifier: MIT

/// Where our parser means to differ from llhttp, by name and reason. Everything else is a mistake of one of them.
enum DifferentialRules {
    /// Our message → refused although llhttp reads it.
    static let stricter: Set<String> = [
        // RFC 9112 §3.2: llhttp leaves Host to its users.
        "missing Host", "invalid Host", "invalid host in request target",
        // RFC 9112 §3.2: the form of the target and its percent-encoding, which llhttp does not check.
        "invalid request target", "invalid percent-encoding in path",
        // Not offered (RFC 9110 §9.3.6, §9.3.8).
        "method not implemented",
        // RFC 9112 §6.1, §6.3: every coding but chunked, once, and not in HTTP/1.0.
        "unsupported transfer coding", "invalid Transfer-Encoding", "Transfer-Encoding in HTTP/1.0",
        // RFC 9112 §3: exactly one space; §2.2: at most two empty lines before it.
        "invalid request line", "empty request line",
        // RFC 9110 §2.5: llhttp reads 0.9, 2.0, ICE and RTSP too; §10.1.1.
        "HTTP version not supported", "invalid HTTP version", "unknown expectation",
        // RFC 9112 §7.1, §2.2: blanks behind a size only before an extension; every line ends with CRLF.
        "invalid chunk size", "line not ended by CRLF",
        // RFC 9112 §7.1.1: no control character in an extension, quoted or not.
        "invalid chunk extension",
        // llhttp knows no limits.
        "request body too large",
    ]

    struct Laxer: Sendable {
        /// Part of llhttp's reason.
        let reason: String
        /// Why we read it all the same.
        let rule: String
        /// What the stream must hold for that, letters without case; lower-case here.
        var holds: [String] = [""]
    }

    static let laxer: [Laxer] = [
        Laxer(reason: "HPE_INVALID_METHOD", rule: "llhttp knows only its own methods"),
        Laxer(
            reason: "Expected HTTP/2 Connection Preface",
            rule: "PRI is a method like any other that nobody offers"),
        Laxer(
            reason: "HPE_INVALID_VERSION Invalid HTTP version",
            rule: "RFC 9110 §2.5: HTTP/1.2 to 1.9 are 1.1",
            holds: (2...9).map { "http/1.\($0)" }),
        Laxer(
            reason: "Content-Length can't be present with Transfer-Encoding",
            rule: "RFC 9110 §6.5.1: a trailer says nothing", holds: ["\r\ncontent-length"]),
        Laxer(
            reason: "Transfer-Encoding can't be present with Content-Length",
            rule: "RFC 9110 §6.5.1: a trailer says nothing", holds: ["\r\ntransfer-encoding"]),
        Laxer(
            reason: "Invalid character in Content-Length", rule: "RFC 9110 §5.5: blanks around a value",
            holds: (0...9).map { "\($0)\t" }),
        Laxer(
            reason: "in chunk extensions", rule: "RFC 9112 §7.1.1: extensions are skipped, not read",
            holds: [";"]),
        Laxer(
            reason: "HPE_INVALID_CHUNK_SIZE", rule: "RFC 9112 §7.1.1: blanks before an extension",
            holds: [" ;", "\t;"]),
        Laxer(
            reason: "HPE_INVALID_TRANSFER_ENCODING",
            rule: "RFC 9110 §5.5, §5.6.1: blanks around a value, empty elements of a list",
            holds: ["chunked\t", "chunked,", "chunked ,", ",chunked", ", chunked"]),
    ]
}
