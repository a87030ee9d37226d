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
        // RFC 9112 §6.1, §6.3: every coding but chunked, and two ways to say the length.
        "unsupported transfer coding", "invalid Transfer-Encoding", "Transfer-Encoding in HTTP/1.0",
        "both Transfer-Encoding and Content-Length", "invalid Content-Length",
        // RFC 9112 §3: exactly one space; §2.2: at most two empty lines before it.
        "invalid request line", "empty request line",
        // RFC 9110 §2.5, §10.1.1.
        "HTTP version not supported", "invalid HTTP version", "unknown expectation",
        // RFC 9112 §7.1.2: trailers obey the grammar of fields.
        "invalid field name", "invalid field value",
        // llhttp takes sizes up to 2^64.
        "request body too large", "invalid chunk size", "invalid chunk extension",
        "chunk data not ended by CRLF", "line not ended by CRLF",
    ]

    /// Part of llhttp's reason → why we read it all the same.
    static let laxer: [(reason: String, rule: String)] = [
        ("HPE_INVALID_METHOD", "llhttp knows only its own methods"),
        ("Expected HTTP/2 Connection Preface", "PRI is a method like any other that nobody offers"),
        // RFC 9110 §2.5: a higher minor version of 1 is served as 1.1.
        ("HPE_INVALID_VERSION Invalid HTTP version", "HTTP/1.2 to 1.9"),
        // RFC 9110 §6.5.1: trailers are read and dropped, whatever they say.
        ("Content-Length can't be present with Transfer-Encoding", "Content-Length as a trailer"),
        ("Transfer-Encoding can't be present with Content-Length", "Transfer-Encoding as a trailer"),
    ]
}
