// SPDX-License-Identifier: MIT

internal import Crypto
// The certificate library counts time in it.
// Not Foundation where it can be helped: with it come its own C declarations, which then hide those of the C library.
#if canImport(FoundationEssentials)
internal import struct FoundationEssentials.Date
#else
internal import struct Foundation.Date
#endif
internal import NIOSSL
internal import SwiftASN1
internal import X509

/// A certificate made at start for development: it encrypts, and nobody has a reason to trust it.
struct SelfSignedCertificate: Sendable {
    let identity: ServerIdentity
    let names: [String]
    /// SHA-256 in hexadecimal, as browsers show it.
    let fingerprint: String

    private static let validity = 90 * 86_400.0

    /// - Parameter names: of hosts, or addresses as text.
    init(names: [String]) throws(LoadError) {
        self.names = names
        do {
            let key = P256.Signing.PrivateKey()
            let bytes = try Self.certificate(names, key)
            fingerprint = SHA256.hash(data: bytes).map { byte in
                String(byte >> 4, radix: 16, uppercase: true) + String(byte & 15, radix: 16, uppercase: true)
            }.joined(separator: ":")
            let chain = [try NIOSSLCertificate(bytes: bytes, format: .der)]
            let sealed = try NIOSSLPrivateKey(bytes: Array(key.pemRepresentation.utf8), format: .pem)
            identity = try ServerIdentity(chain: chain, key: sealed) {
                "the self-signed certificate cannot be used"
            }
        } catch let error as LoadError {
            throw error
        } catch {
            throw LoadError("the self-signed certificate cannot be made: \(error)")
        }
    }

    private static func certificate(_ names: [String], _ key: P256.Signing.PrivateKey) throws -> [UInt8] {
        let subject = try DistinguishedName { CommonName("luahttpd, self-signed") }
        let now = Date()
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: .init(key.publicKey),
            notValidBefore: now.addingTimeInterval(-3600), notValidAfter: now.addingTimeInterval(validity),
            issuer: subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                try ExtendedKeyUsage([.serverAuth])
                SubjectAlternativeNames(names.map(general))
            },
            issuerPrivateKey: .init(key))
        var serializer = DER.Serializer()
        try serializer.serialize(certificate)
        return serializer.serializedBytes
    }

    private static func general(_ name: String) -> GeneralName {
        guard let address = IPAddress(text: Array(name.utf8)) else { return .dnsName(name) }
        return .ipAddress(ASN1OctetString(contentBytes: address.bytes[...]))
    }
}
