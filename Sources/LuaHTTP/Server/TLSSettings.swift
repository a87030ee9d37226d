// SPDX-License-Identifier: MIT

/// What is set about encryption: flags over environment over `app:config`. Does not read certificates.
struct TLSSettings: Sendable, Equatable {
    /// Nil: nothing is encrypted.
    let certificates: CertificateKeeper.Source?
    /// A plain port that sends clients to the encrypted one.
    let redirect: ListenAddress?
    /// Seconds of Strict-Transport-Security; 0 for none.
    let strictTransport: Int

    static let longestStrictTransport = 10 * 365 * 86_400

    init(_ options: ServerOptions, _ script: ScriptSettings) throws(LoadError) {
        certificates = try Self.certificates(options, script)
        strictTransport = options.tlsStrictTransport ?? script.tlsStrictTransport ?? 0
        guard strictTransport == 0 || certificates != nil else {
            throw LoadError("tls_hsts: there is nothing encrypted to stay with; \(Self.hint)")
        }
        guard let text = options.tlsRedirect ?? script.tlsRedirect else {
            redirect = nil
            return
        }
        guard let address = ListenAddress(text), address.hostAndPort != nil else {
            throw LoadError("tls_redirect \"\(text)\": must be host:port, [ipv6]:port or :port")
        }
        guard certificates != nil else {
            throw LoadError(
                "tls_redirect \"\(text)\": there is nothing encrypted to redirect to; \(Self.hint)")
        }
        redirect = address
    }

    static let hint = "a certificate is set by --tls-cert and --tls-key, or made by --tls-self-signed"

    /// The value of the field.
    var strictTransportField: String? { strictTransport > 0 ? "max-age=\(strictTransport)" : nil }

    private static func certificates(
        _ options: ServerOptions, _ script: ScriptSettings
    ) throws(LoadError) -> CertificateKeeper.Source? {
        let fromOptions = options.tlsCertificates != nil || options.tlsKeys != nil
        let certificates = (fromOptions ? options.tlsCertificates : script.tlsCertificates) ?? []
        let keys = (fromOptions ? options.tlsKeys : script.tlsKeys) ?? []
        guard certificates.count == keys.count else {
            throw LoadError(
                "tls_cert and tls_key: \(certificates.count) certificates and \(keys.count) keys; each has one"
            )
        }
        let isSelfSigned = options.tlsSelfSigned ?? (fromOptions ? false : script.tlsSelfSigned ?? false)
        guard !certificates.isEmpty else {
            return isSelfSigned ? .selfSigned(names: selfSignedNames(options, script)) : nil
        }
        guard options.tlsSelfSigned != true else {
            throw LoadError("tls_self_signed and tls_cert: one or the other")
        }
        let root = GenerationLoader.directory(of: options.script)
        func path(_ text: String) -> String {
            // Flags are relative to where they are typed, a script's paths to the script.
            fromOptions || text.hasPrefix("/") || root.isEmpty ? text : root + "/" + text
        }
        return .files(
            zip(certificates, keys).map { ServerIdentity.Files(certificate: path($0), key: path($1)) })
    }

    /// This machine, and what is listened on by name.
    private static func selfSignedNames(_ options: ServerOptions, _ script: ScriptSettings) -> [String] {
        let isNamed = options.host != nil || options.port != nil
        let listened = options.listen ?? (isNamed ? nil : script.listen) ?? []
        let hosts =
            [options.host ?? script.host]
            + listened.map { ListenSetting($0, isEncrypted: true)?.address.hostAndPort?.0 }
        var names = ["localhost", "127.0.0.1", "::1"]
        for case let host? in hosts where !names.contains(host) && host != "0.0.0.0" && host != "::" {
            names.append(host)
        }
        return names
    }
}

extension CertificateKeeper.Source {
    /// None if it is self-signed.
    var files: [ServerIdentity.Files] { if case .files(let files) = self { files } else { [] } }
}
