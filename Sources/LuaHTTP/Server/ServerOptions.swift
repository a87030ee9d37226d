// SPDX-License-Identifier: MIT

/// What the one who starts the server wants. What is nil is left to `app:config` and the defaults.
public struct ServerOptions: Sendable, Equatable {
    public enum Mode: String, Sendable {
        /// Detailed error pages, strict checks.
        case development
        /// Plain error pages.
        case production
    }

    /// Path of the main script.
    public var script: String
    /// Name or address to listen on.
    public var host: String?
    /// 0: one that is free.
    public var port: Int?
    /// Event loops, each with a Lua VM of its own; nil: as many as there are cores.
    public var workers: Int?
    /// `host:port` or `unix:/path`, each of them; in place of `host` and `port`.
    public var listen: [String]?
    /// SO_REUSEPORT: other processes may listen on the same port.
    public var reusesPort: Bool?
    /// Rights of the file of a Unix-domain socket: "660".
    public var socketMode: String?
    public var mode: Mode?
    /// Descriptors of sockets that listen already, in place of all addresses. The server owns them from its start on.
    public var sockets: [Int32]?
    /// What each of them speaks: `http`, `https`, `http+proxy`, `https+proxy` or `redirect`; any other name, or none,
    /// for what an address without a word about it does.
    public var socketNames: [String]?
    /// Path that says whether the server is ready for requests.
    public var readiness: String?
    /// "5s": how long it goes on, no longer ready, when it is to stop.
    public var stopDelay: String?
    public var logLevel: String?
    public var hasAccessLog: Bool?
    /// short, common, combined or json.
    public var accessLogFormat: String?
    /// A file instead of standard output.
    public var accessLogFile: String?
    /// Where `/metrics` is served for Prometheus: `host:port` or `unix:/path`.
    public var metrics: String?
    /// Compress answers that scripts make; nil: yes, unless the script says otherwise.
    public var compresses: Bool?
    /// Editor that links on development pages open: its name, such as "vscode", or a URL with `{file}` and
    /// `{line}`.
    public var editor: String?
    /// Load the app again when its files change; nil: in development.
    public var watches: Bool?
    /// Paths of certificates with their chains, and of their keys, in PEM: what is listened on speaks TLS.
    public var tlsCertificates: [String]?
    public var tlsKeys: [String]?
    /// Make a certificate at start, which nobody trusts.
    public var tlsSelfSigned: Bool?
    /// A further address, which sends clients to HTTPS.
    public var tlsRedirect: String?
    /// Seconds of Strict-Transport-Security.
    public var tlsStrictTransport: Int?
    /// Addresses and networks whose Forwarded and X-Forwarded fields are believed.
    public var trustedProxies: [String]?
    /// What these proxies write: `x-forwarded` or `forwarded`.
    public var forwarded: String?

    /// Settings that were taken from the environment.
    private var fromEnvironment: Set<String> = []

    /// What ``fill(from:)`` found that was probably meant otherwise; for the log.
    public private(set) var doubts: [String] = []

    /// - Parameter script: path of the main script, or of a directory to serve.
    public init(script: String) { self.script = script }

    /// The flag or variable that set `name`, or nil when neither did.
    func origin(of name: String) -> String? {
        let isSet =
            switch name {
            case "host": host != nil
            case "port": port != nil
            case "workers": workers != nil
            case "listen": listen != nil
            case "reuse_port": reusesPort != nil
            case "socket_mode": socketMode != nil
            case "ready": readiness != nil
            case "stop_delay": stopDelay != nil
            case "mode": mode != nil
            case "log_level": logLevel != nil
            case "access_log": hasAccessLog != nil
            case "access_log_format": accessLogFormat != nil
            case "access_log_file": accessLogFile != nil
            case "metrics": metrics != nil
            case "compress": compresses != nil
            case "editor": editor != nil
            case "watch": watches != nil
            case "tls_cert": tlsCertificates != nil
            case "tls_key": tlsKeys != nil
            case "tls_self_signed": tlsSelfSigned != nil
            case "tls_redirect": tlsRedirect != nil
            case "tls_hsts": tlsStrictTransport != nil
            case "trusted_proxies": trustedProxies != nil
            case "forwarded": forwarded != nil
            default: false
            }
        guard isSet else { return nil }
        return fromEnvironment.contains(name) ? "LUAHTTPD_" + name.uppercased() : "flag"
    }

    /// Takes what is still nil from environment variables, `LUAHTTPD_` and the name of the setting in capitals, such
    /// as `LUAHTTPD_PORT`, then from the file `.env` beside the script.
    ///
    /// - Parameter environment: the variables of the process, by name.
    /// - Throws: ``LoadError`` for a variable that has no valid value, and for a `.env` that cannot be read.
    public mutating func fill(from environment: [String: String]) throws(LoadError) {
        let file: EnvironmentFile
        do throws(ScriptError) {
            // That of a directory which is served is one of its files.
            file =
                FolderApp.isDirectory(script)
                ? EnvironmentFile() : try EnvironmentFile.load(beside: GenerationLoader.directory(of: script))
        } catch {
            throw LoadError(.script(error))
        }
        doubts = Self.doubts(about: Array(environment.keys) + Array(file.values.keys))
        func value(_ name: String) -> String? {
            let text = environment["LUAHTTPD_" + name] ?? file.values["LUAHTTPD_" + name]
            guard let text, !text.isEmpty else { return nil }
            fromEnvironment.insert(name.lowercased())
            return text
        }
        if host == nil { host = value("HOST") }
        if logLevel == nil { logLevel = value("LOG_LEVEL") }
        if accessLogFormat == nil { accessLogFormat = value("ACCESS_LOG_FORMAT") }
        if accessLogFile == nil { accessLogFile = value("ACCESS_LOG_FILE") }
        if metrics == nil { metrics = value("METRICS") }
        if readiness == nil { readiness = value("READY") }
        if stopDelay == nil { stopDelay = value("STOP_DELAY") }
        if editor == nil { editor = value("EDITOR") }
        if listen == nil, let text = value("LISTEN") {
            listen = text.split(whereSeparator: { $0 == " " || $0 == "," }).map(String.init)
        }
        if socketMode == nil { socketMode = value("SOCKET_MODE") }
        if port == nil, let text = value("PORT") {
            port = try Self.number(text, in: 0...65535, "LUAHTTPD_PORT")
        }
        if workers == nil, let text = value("WORKERS") {
            workers = try Self.number(text, in: 1...1024, "LUAHTTPD_WORKERS")
        }
        if mode == nil, let text = value("MODE") {
            switch text {
            case "dev", "development": mode = .development
            case "prod", "production": mode = .production
            default: throw LoadError("LUAHTTPD_MODE=\(text): must be dev or prod")
            }
        }
        if hasAccessLog == nil { hasAccessLog = try value("ACCESS_LOG").map(Self.switchedOn("ACCESS_LOG")) }
        if compresses == nil { compresses = try value("COMPRESS").map(Self.switchedOn("COMPRESS")) }
        if watches == nil { watches = try value("WATCH").map(Self.switchedOn("WATCH")) }
        if tlsCertificates == nil { tlsCertificates = value("TLS_CERT").map(Self.list) }
        if tlsKeys == nil { tlsKeys = value("TLS_KEY").map(Self.list) }
        if tlsSelfSigned == nil {
            tlsSelfSigned = try value("TLS_SELF_SIGNED").map(Self.switchedOn("TLS_SELF_SIGNED"))
        }
        if tlsRedirect == nil { tlsRedirect = value("TLS_REDIRECT") }
        if tlsStrictTransport == nil, let text = value("TLS_HSTS") {
            tlsStrictTransport = try Self.strictTransport(text, "LUAHTTPD_TLS_HSTS")
        }
        if trustedProxies == nil { trustedProxies = value("TRUSTED_PROXIES").map(Self.list) }
        if forwarded == nil { forwarded = value("FORWARDED") }
    }

    private static func list(_ text: String) -> [String] {
        text.split(separator: ",").map { String($0.drop { $0 == " " }) }
    }

    /// Seconds of a span such as "180d".
    public static func strictTransport(_ text: String, _ name: String) throws(LoadError) -> Int {
        let seconds = Int(text) ?? TimeSpan.parse(text).map { $0 / 1000 }
        guard let seconds, (0...TLSSettings.longestStrictTransport).contains(seconds) else {
            throw LoadError("\(name)=\(text): must be a span such as 180d, or seconds")
        }
        return seconds
    }

    private static func switchedOn(_ name: String) -> (String) throws(LoadError) -> Bool {
        { text throws(LoadError) in
            switch text {
            case "1", "on", "true", "yes": true
            case "0", "off", "false", "no": false
            default: throw LoadError("LUAHTTPD_\(name)=\(text): must be on or off")
            }
        }
    }

    private static func number(_ text: String, in range: ClosedRange<Int>, _ name: String) throws(LoadError)
        -> Int
    {
        guard let number = Int(text), range.contains(number) else {
            throw LoadError(
                "\(name)=\(text): must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }
}

/// Why an app does not start: all that its author needs to mend it, with excerpts.
public struct LoadError: Error, CustomStringConvertible, Sendable {
    public let description: String

    init(_ description: String) { self.description = description }

    init(_ failure: ReloadFailure) { description = failure.text }
}
