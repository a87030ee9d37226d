// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// The certificates in force. Each new connection takes what is there; a reload puts others in their place, or leaves
/// them if those are no good. May be asked from any thread. Does not watch files.
final class CertificateKeeper: Sendable {
    enum Source: Sendable, Equatable {
        case files([ServerIdentity.Files])
        /// Made at start, for these names and addresses.
        case selfSigned(names: [String])
    }

    private struct State {
        var source: Source
        var context: NIOSSLContext
        /// Of each certificate.
        var periods: [ClosedRange<Int64>?] = []
    }

    private let state: Mutex<State>
    /// What was made at start, for people: names and fingerprint; nil for certificates of files.
    let selfSigned: SelfSignedCertificate?

    init(_ source: Source) throws(LoadError) {
        switch source {
        case .files(let files):
            selfSigned = nil
            state = Mutex(try Self.state(files))
        case .selfSigned(let names):
            let made = try SelfSignedCertificate(names: names)
            selfSigned = made
            state = Mutex(State(source: source, context: try Self.context([made.identity])))
        }
    }

    var context: NIOSSLContext { state.withLock { $0.context } }

    /// Reads the files again, which may be others than before. What is self-signed stays.
    ///
    /// - Throws: what is wrong with them; the old ones stay in force then.
    func reload(_ source: Source) throws(LoadError) {
        guard case .files(let files) = source else { return }
        let fresh = try Self.state(files)
        state.withLock { $0 = fresh }
    }

    /// Certificates in force that are not valid at this time; clients refuse them.
    func faults(at now: Int64) -> [String] {
        let state = state.withLock { $0 }
        return zip(state.source.files, state.periods).compactMap { files, period in
            period.flatMap { ServerIdentity.fault(files.certificate, $0, at: now) }
        }
    }

    private static func state(_ files: [ServerIdentity.Files]) throws(LoadError) -> State {
        let identities = try identities(files)
        return State(
            source: .files(files), context: try context(identities), periods: identities.map(\.period))
    }

    private static func identities(_ files: [ServerIdentity.Files]) throws(LoadError) -> [ServerIdentity] {
        var identities: [ServerIdentity] = []
        for pair in files { identities.append(try ServerIdentity(pair)) }
        return identities
    }

    private static func context(_ identities: [ServerIdentity]) throws(LoadError) -> NIOSSLContext {
        guard let first = identities.first else { throw LoadError("no certificate is given") }
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: first.sources, privateKey: .privateKey(first.key))
        configuration.minimumTLSVersion = .tlsv12
        // Of TLS 1.2 only what keeps old traffic secret when the key is lost, and authenticates what it encrypts;
        // that also is all that HTTP/2 allows (RFC 9113 §9.2.2).
        configuration.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
        configuration.curves = [.x25519_MLKEM768, .x25519, .secp256r1, .secp384r1]
        configuration.applicationProtocols = ["h2", "http/1.1"]
        configuration.renegotiationSupport = .none
        // Clients that do not answer a goodbye are not waited for: what was to be said has been.
        configuration.shutdownTimeout = .seconds(1)
        if identities.count > 1 {
            let choice = IdentityChoice(identities.map(\.names))
            configuration.sslContextCallback = { client, promise in
                var override = NIOSSLContextConfigurationOverride()
                let chosen = identities[choice.index(for: client.serverHostname)]
                override.certificateChain = chosen.sources
                override.privateKey = .privateKey(chosen.key)
                promise.succeed(override)
            }
        }
        do {
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw LoadError("the certificate cannot be used: \(error)")
        }
    }
}
