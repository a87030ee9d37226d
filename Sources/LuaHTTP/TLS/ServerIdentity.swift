// SPDX-License-Identifier: MIT

internal import NIOSSL
internal import SwiftASN1
internal import X509

/// A certificate with its chain and its key, and the names that it is good for. Checked when it is made: what can be
/// wrong with the files is told here, not to clients.
struct ServerIdentity: Sendable {
    /// Paths as they were given.
    struct Files: Sendable, Equatable {
        let certificate: String
        let key: String
    }

    let chain: [NIOSSLCertificate]
    let key: NIOSSLPrivateKey
    /// In lower case; `*.example.com` for all directly below it.
    let names: [String]

    /// Seconds since 1970 between which its own certificate is valid; nil without one.
    var period: ClosedRange<Int64>? {
        guard let own = chain.first else { return nil }
        let (begin, end) = (Int64(own.notValidBefore), Int64(own.notValidAfter))
        return begin <= end ? begin...end : nil
    }

    /// What clients will say against it now; nil: nothing.
    static func fault(_ path: String, _ period: ClosedRange<Int64>, at now: Int64) -> String? {
        // The years that an HTTP date can have.
        func date(_ seconds: Int64) -> String {
            String(decoding: HTTPDate.bytes(min(max(seconds, 0), 253_402_300_799)), as: UTF8.self)
        }
        if now < period.lowerBound {
            return "\(path): the certificate is not valid before \(date(period.lowerBound))"
        }
        return now > period.upperBound
            ? "\(path): the certificate has expired: \(date(period.upperBound))" : nil
    }

    init(_ files: Files) throws(LoadError) {
        let chain = try Self.chain(files.certificate)
        let key = try Self.key(files.key)
        try self.init(chain: chain, key: key) { () -> String in
            "the key in \(files.key) does not belong to the certificate in \(files.certificate)"
        }
    }

    /// - Parameter mismatch: what to say if they do not belong together.
    init(chain: [NIOSSLCertificate], key: NIOSSLPrivateKey, mismatch: () -> String) throws(LoadError) {
        self.chain = chain
        self.key = key
        names = Self.names(of: chain.first)
        do {
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: sources, privateKey: .privateKey(key)))
        } catch {
            throw LoadError(mismatch())
        }
    }

    var sources: [NIOSSLCertificateSource] { chain.map { .certificate($0) } }

    private static func chain(_ path: String) throws(LoadError) -> [NIOSSLCertificate] {
        let bytes = try read(path, "certificate")
        let chain = (try? NIOSSLCertificate.fromPEMBytes(bytes)) ?? []
        guard !chain.isEmpty else { throw LoadError("\(path): no certificate in PEM format in it") }
        return chain
    }

    private static func key(_ path: String) throws(LoadError) -> NIOSSLPrivateKey {
        let bytes = try read(path, "key")
        // BoringSSL would ask the terminal for the password.
        guard !String(decoding: bytes, as: UTF8.self).contains("ENCRYPTED") else {
            throw LoadError("\(path): the key is protected by a password, which a server cannot enter")
        }
        guard let key = try? NIOSSLPrivateKey(bytes: bytes, format: .pem) else {
            throw LoadError("\(path): no private key in PEM format in it")
        }
        return key
    }

    /// Far more than a chain with its comments has.
    private static let largestFile = 1 << 20

    private static func read(_ path: String, _ what: String) throws(LoadError) -> [UInt8] {
        guard let bytes = SourceFile.read(path, limit: largestFile) else {
            throw LoadError("\(path): the \(what) cannot be read")
        }
        return Array(bytes)
    }

    private static func names(of certificate: NIOSSLCertificate?) -> [String] {
        guard let bytes = try? certificate?.toDERBytes(), let parsed = try? Certificate(derEncoded: bytes),
            let names = try? parsed.extensions.subjectAlternativeNames
        else { return [] }
        return names.compactMap { name in
            if case .dnsName(let name) = name { name.lowercased() } else { nil }
        }
    }
}
