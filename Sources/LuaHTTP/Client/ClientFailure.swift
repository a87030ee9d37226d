// SPDX-License-Identifier: MIT

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Why a request to another server failed, in words for a log.
enum ClientFailure {
    static func text(_ error: any Error, of request: OutgoingRequest) -> String {
        if let path = request.certificates, let reason = text(error, ofCertificates: path) {
            return reason
        }
        return text(error, of: request.url.peer)
    }

    /// - Parameter peer: "host:port" of the other server.
    private static func text(_ error: any Error, of peer: String) -> String {
        switch error {
        case let error as HTTPClientError: text(error)
        case let error as NIOConnectionError: text(error, of: peer)
        case let error as IOError: "\(peer): \(reason(error))"
        case let error as NIOSSLError: text(error)
        case let error as BoringSSLError: handshake("\(error)")
        case is NIOSSLExtraError: "the certificate of the other server does not fit its name"
        case let error as ChannelError: text(error)
        case HTTPParserError.invalidEOFState: "the other server closed the connection inside its answer"
        case let error as HTTPParserError: "the answer is not HTTP: \(error)"
        default: "\(error)"
        }
    }

    private static func text(_ error: HTTPClientError) -> String {
        switch error {
        case .connectTimeout, .getConnectionFromPoolTimeout: "no connection within 2 seconds"
        case .remoteConnectionClosed: "the other server closed the connection"
        case .tlsHandshakeTimeout: "the TLS handshake took too long"
        case .cancelled: "cancelled"
        case .bodyLengthMismatch: "the body is not as long as its Content-Length says"
        default: error.shortDescription
        }
    }

    private static func text(_ error: NIOConnectionError, of peer: String) -> String {
        if error.connectionErrors.isEmpty { return "cannot find the host \(error.host)" }
        for failure in error.connectionErrors {
            if let failure = failure.error as? IOError {
                return "\(peer): \(reason(failure))"
            }
        }
        guard let other = error.connectionErrors.first(where: { !($0.error is ChannelError) }) else {
            return "\(peer): no connection within 2 seconds"
        }
        return "\(peer): \(text(other.error, of: peer))"
    }

    /// "connect(…): Connection refused (errno: 111)" is for those who know the system.
    private static func reason(_ error: IOError) -> String {
        String(describing: SystemError(code: error.errnoCode))
    }

    private static func text(_ error: NIOSSLError) -> String {
        switch error {
        case .handshakeFailed(let reason): handshake("\(reason)")
        case .uncleanShutdown: "the other server closed the connection without ending TLS"
        default: "TLS: \(error)"
        }
    }

    private static func handshake(_ reason: String) -> String {
        guard let name = code(in: reason) else { return "the TLS handshake failed: \(reason)" }
        return name == "CERTIFICATE_VERIFY_FAILED"
            ? "the certificate of the other server cannot be trusted" : "the TLS handshake failed: \(name)"
    }

    /// Nil for errors of other kinds: certificates are read before there is a connection, and what a handshake ends
    /// with is inside an error of NIOSSL.
    private static func text(_ error: any Error, ofCertificates path: String) -> String? {
        if let error = error as? NIOConnectionError {
            return error.connectionErrors.lazy.compactMap { text($0.error, ofCertificates: path) }.first
        }
        guard case .unknownError(let stack)? = error as? BoringSSLError else { return nil }
        let name = code(in: "\(stack)")
        return name == "NO_CERTIFICATE_OR_CRL_FOUND"
            ? "cannot use ca_file \(path): there is no certificate in it"
            : "cannot use ca_file \(path): it is not a valid PEM file\(name.map { " (\($0))" } ?? "")"
    }

    /// "… OPENSSL_internal:CERTIFICATE_VERIFY_FAILED at …": the name alone says it. The rest is where in its source.
    private static func code(in reason: String) -> Substring? {
        guard let start = reason.firstRange(of: "OPENSSL_internal:")?.upperBound else { return nil }
        return reason[start...].prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    }

    private static func text(_ error: ChannelError) -> String {
        switch error {
        case .connectTimeout: "no connection within 2 seconds"
        case .ioOnClosedChannel, .alreadyClosed, .eof: "the connection was closed"
        default: "\(error)"
        }
    }
}
