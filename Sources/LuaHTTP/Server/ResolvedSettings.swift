// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Every setting with the value in force: flags over environment over `app:config` over defaults.
struct ResolvedSettings: Sendable {
    let addresses: [ListenSetting]
    let tls: TLSSettings
    /// Sockets that listen already, in place of the addresses.
    let sockets: [Socket]
    /// Milliseconds between the signal to stop and its begin.
    let stopDelay: Int
    let socketMode: Int
    let reusesPort: Bool
    /// Of the first address that has them: what a request without Host is taken to mean.
    var host: String
    var port: Int
    var workers: Int
    var isDevelopment: Bool
    /// The app is loaded again when its files change.
    var isWatching: Bool
    var logLevel: Logger.Level
    var limits: Limits
    let connectionGate: ConnectionGate
    var hasAccessLog: Bool
    var accessLogFormat: AccessLogFormat
    /// Nil: standard output.
    var accessLogFile: String?
    /// Where metrics are served; nil: nowhere.
    var metrics: ListenAddress?
    var workerConfiguration: WorkerConfiguration
    private let trustedProxies: [String]
    private let forwarded: TrustedProxies.Fields

    struct Socket: Sendable {
        let descriptor: Int32
        let name: String
    }

    /// - Parameter options: flags, filled up from the environment.
    init(_ options: ServerOptions, _ script: ScriptSettings) throws(LoadError) {
        tls = try TLSSettings(options, script)
        addresses = try Self.addresses(options, script, tls)
        (host, port) = addresses.lazy.compactMap(\.address.hostAndPort).first ?? (Self.defaultHost, 80)
        let names = options.socketNames ?? []
        sockets = (options.sockets ?? []).enumerated().map { index, descriptor in
            Socket(descriptor: descriptor, name: index < names.count ? names[index] : "")
        }
        stopDelay = try Self.stopDelay(options, script)
        socketMode = try Self.socketMode(options, script)
        reusesPort = options.reusesPort ?? script.reusesPort ?? false
        workers = options.workers ?? script.workers ?? System.coreCount
        trustedProxies = options.trustedProxies ?? script.trustedProxies ?? []
        forwarded = try Self.forwarded(options, script)
        isDevelopment = Self.isDevelopment(options, script)
        isWatching = options.watches ?? isDevelopment
        let level = options.logLevel ?? script.logLevel ?? "info"
        guard let known = Self.level(level) else {
            throw LoadError("log level \"\(level)\": must be debug, info, warn or error")
        }
        logLevel = known
        limits = Limits(changing: script.limits)
        hasAccessLog = options.hasAccessLog ?? script.accessLog ?? true
        accessLogFile = options.accessLogFile ?? script.accessLogFile.map { Self.path($0, options) }
        let format = options.accessLogFormat ?? script.accessLogFormat ?? (isDevelopment ? "short" : "common")
        guard let style = AccessLogFormat(rawValue: format) else {
            throw LoadError("access log format \"\(format)\": must be short, common, combined or json")
        }
        accessLogFormat = style
        if let text = options.metrics ?? script.metrics {
            guard let address = ListenAddress(text) else {
                throw LoadError("metrics address \"\(text)\": \(ListenAddress.help)")
            }
            metrics = address
        }
        if limits.connections == 0 { limits.connections = Descriptors.forConnections(workers: workers) }
        connectionGate = ConnectionGate(
            total: limits.connections, perAddress: limits.connectionsPerAddress,
            countsLoopback: script.limits[.connectionsPerAddress] != nil)
        workerConfiguration = WorkerConfiguration(
            loader: GenerationLoader(
                script: options.script, isDevelopment: isDevelopment,
                memoryLimit: limits.vmMemory, readiness: options.readiness),
            limits: limits, host: host, port: port,
            uploads: try Self.uploadDirectory(script, root: GenerationLoader.directory(of: options.script)))
        workerConfiguration.offloadsBlockingCalls = true
        do throws(TrustedProxies.Invalid) {
            let proxies = try TrustedProxies(trustedProxies, writing: forwarded)
            workerConfiguration.trustedProxies = proxies.isEmpty ? nil : proxies
        } catch {
            throw LoadError("trusted proxy \"\(error.text)\": \(TrustedProxies.help)")
        }
        workerConfiguration.hasMetrics = metrics != nil
        workerConfiguration.compression.isOn = options.compresses ?? script.compresses ?? true
        script.compressionLevel.map { workerConfiguration.compression.level = $0 }
        script.compressionLeast.map { workerConfiguration.compression.least = $0 }
        if let text = options.editor {
            guard let editor = EditorLink(text) else {
                throw LoadError(
                    "LUAHTTPD_EDITOR=\(text): must be one of \(EditorLink.names.joined(separator: ", ")), or a URL"
                        + " with {file} and {line}")
            }
            workerConfiguration.editor = editor
        }
    }

    /// The directory that `app:config { uploads = … }` names, relative to the script, or the system's own for
    /// temporary files.
    private static func uploadDirectory(_ script: ScriptSettings, root: String) throws(LoadError)
        -> UploadDirectory
    {
        guard let named = script.uploads else { return .standard }
        let directory = UploadDirectory(path: named.hasPrefix("/") ? named : root + "/" + named)
        if let fault = directory.fault {
            throw LoadError("app:config: uploads = \"\(named)\": files cannot be stored there: \(fault)")
        }
        return directory
    }

    private static func forwarded(
        _ options: ServerOptions, _ script: ScriptSettings
    ) throws(LoadError) -> TrustedProxies.Fields {
        guard let text = options.forwarded ?? script.forwarded else { return .xForwarded }
        guard let fields = TrustedProxies.Fields(rawValue: text) else {
            throw LoadError("forwarded \"\(text)\": \(TrustedProxies.Fields.help)")
        }
        return fields
    }

    private static func stopDelay(
        _ options: ServerOptions, _ script: ScriptSettings
    ) throws(LoadError) -> Int {
        guard let text = options.stopDelay else { return script.stopDelay ?? 0 }
        guard let delay = TimeSpan.parse(text), delay <= 3_600_000 else {
            throw LoadError("stop delay \"\(text)\": must be a time up to an hour, such as 5s")
        }
        return delay
    }

    /// Of a script's setting: relative to the script.
    private static func path(_ named: String, _ options: ServerOptions) -> String {
        named.hasPrefix("/") ? named : GenerationLoader.directory(of: options.script) + "/" + named
    }

    static func level(_ name: String) -> Logger.Level? {
        Logger.Level(rawValue: name == "warn" ? "warning" : name)
    }

    /// Name, value in force, and whether the script set it; for a person to read.
    func listed(_ script: ScriptSettings, _ options: ServerOptions) -> [Listed] {
        var rows: [Listed] = []
        func add(_ name: String, _ value: String, _ inScript: Bool) { rows.append((name, value, inScript)) }
        add("listen", addresses.map(\.description).joined(separator: " "), script.listen != nil)
        add("host", host, script.host != nil)
        add("port", "\(port)", script.port != nil)
        add("socket_mode", String(socketMode, radix: 8), script.socketMode != nil)
        add("reuse_port", "\(reusesPort)", script.reusesPort != nil)
        add("workers", "\(workers)", script.workers != nil)
        add("mode", isDevelopment ? "dev" : "prod", false)
        add("log_level", logLevel == .warning ? "warn" : logLevel.rawValue, script.logLevel != nil)
        add("ready", options.readiness ?? script.readiness ?? "none", script.readiness != nil)
        add("stop_delay", TimeSpan.text(stopDelay), script.stopDelay != nil)
        add("access_log", "\(hasAccessLog)", script.accessLog != nil)
        add("access_log_format", accessLogFormat.rawValue, script.accessLogFormat != nil)
        add("access_log_file", accessLogFile ?? "standard output", script.accessLogFile != nil)
        add("metrics", metrics?.description ?? "none", script.metrics != nil)
        add("watch", "\(isWatching)", false)
        add("editor", workerConfiguration.editor?.name ?? "none", false)
        add("uploads", workerConfiguration.uploads.text, script.uploads != nil)
        add("templates", script.templates ?? "templates", script.templates != nil)
        add("undefined", script.undefined ?? (isDevelopment ? "strict" : "lenient"), script.undefined != nil)
        add("lint", script.lint ?? (isDevelopment ? "warn" : "off"), script.lint != nil)
        add("trim_blocks", "\(script.trimBlocks ?? false)", script.trimBlocks != nil)
        add("lstrip_blocks", "\(script.lstripBlocks ?? false)", script.lstripBlocks != nil)
        add(
            "tls_cert", tls.certificates?.files.map(\.certificate).joined(separator: " ") ?? "none",
            script.tlsCertificates != nil)
        add(
            "tls_key", tls.certificates?.files.map(\.key).joined(separator: " ") ?? "none",
            script.tlsKeys != nil)
        add(
            "tls_self_signed", "\(tls.certificates.map { $0.files.isEmpty } ?? false)",
            script.tlsSelfSigned != nil)
        add("tls_redirect", tls.redirect?.description ?? "none", script.tlsRedirect != nil)
        add(
            "tls_hsts", tls.strictTransport > 0 ? "\(tls.strictTransport)s" : "off",
            script.tlsStrictTransport != nil)
        let proxies = trustedProxies.joined(separator: " ")
        add("trusted_proxies", proxies.isEmpty ? "none" : proxies, script.trustedProxies != nil)
        add("forwarded", forwarded.rawValue, script.forwarded != nil)
        let compression = workerConfiguration.compression
        add("compress", "\(compression.isOn)", script.compresses != nil)
        add("compress.level", "\(compression.level)", script.compressionLevel != nil)
        add("compress.min", ByteSize.text(compression.least), script.compressionLeast != nil)
        add("etag", "\(script.tagsPages)", script.tags != nil)
        add("hosts", script.hosts?.joined(separator: " ") ?? "any", script.hosts != nil)
        for field in script.standardFields.listed {
            add("headers." + field.name, field.value, script.headers.sets(field.name))
        }
        return rows
    }

    typealias Listed = (name: String, value: String, inScript: Bool)

    static func isDevelopment(_ options: ServerOptions, _ script: ScriptSettings) -> Bool {
        options.mode.map { $0 == .development }
            ?? (isatty(STDOUT_FILENO) == 1
                && isLocal(options, script))
    }

    private static func isLocal(_ options: ServerOptions, _ script: ScriptSettings) -> Bool {
        guard let tls = try? TLSSettings(options, script), let all = try? addresses(options, script, tls)
        else { return true }
        return all.allSatisfy(\.address.isLocal)
    }

    private static let defaultHost = "127.0.0.1"

    /// `--listen` wins over `--host` and `--port`, these over what the script says.
    private static func addresses(
        _ options: ServerOptions, _ script: ScriptSettings, _ tls: TLSSettings
    ) throws(LoadError) -> [ListenSetting] {
        let isEncrypted = tls.certificates != nil
        let isNamed = options.host != nil || options.port != nil
        var settings: [ListenSetting] = []
        for text in options.listen ?? (isNamed ? nil : script.listen) ?? [] {
            guard let setting = ListenSetting(text, isEncrypted: isEncrypted) else {
                throw LoadError("listen address \"\(text)\": \(ListenSetting.help)")
            }
            guard setting.speech != .https || isEncrypted else {
                throw LoadError("listen address \"\(text)\": \(TLSSettings.hint)")
            }
            settings.append(setting)
        }
        if settings.isEmpty {
            let address = ListenAddress.tcp(
                host: options.host ?? script.host ?? defaultHost, port: options.port ?? script.port ?? 8080)
            settings.append(ListenSetting(address, isEncrypted ? .https : .http))
        }
        if let redirect = tls.redirect { settings.append(ListenSetting(redirect, .redirect)) }
        return settings
    }

    private static func socketMode(
        _ options: ServerOptions, _ script: ScriptSettings
    ) throws(LoadError) -> Int {
        guard let text = options.socketMode else { return script.socketMode ?? 0o660 }
        guard let mode = UnixMode.parse(text) else {
            throw LoadError("socket mode \"\(text)\": must be three octal digits such as 660")
        }
        return mode
    }

    /// What differs from `running` and cannot be changed while the server runs.
    func differencesNeedingRestart(from running: ResolvedSettings) -> [String] {
        var differences: [String] = []
        func compare(_ name: String, _ old: some CustomStringConvertible, _ new: some CustomStringConvertible)
        {
            if "\(old)" != "\(new)" { differences.append("\(name) is now \(new) and was \(old)") }
        }
        compare("host", running.host, host)
        compare("port", running.port, port)
        compare("workers", running.workers, workers)
        compare(
            "tls_redirect", running.tls.redirect?.description ?? "none", tls.redirect?.description ?? "none")
        compare("tls_hsts", running.tls.strictTransport, tls.strictTransport)
        if (running.tls.certificates == nil) != (tls.certificates == nil) {
            differences.append("TLS is now \(tls.certificates == nil ? "off and was on" : "on and was off")")
        }
        compare("access_log_file", running.accessLogFile ?? "none", accessLogFile ?? "none")
        compare("metrics", running.metrics?.description ?? "none", metrics?.description ?? "none")
        compare("limits.connections", running.limits.connections, limits.connections)
        compare(
            "limits.connections_per_address", running.limits.connectionsPerAddress,
            limits.connectionsPerAddress)
        return differences
    }
}
