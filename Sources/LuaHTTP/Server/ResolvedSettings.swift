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
    var host: String
    var port: Int
    var workers: Int
    var isDevelopment: Bool
    /// The app is loaded again when its files change.
    var isWatching: Bool
    var logLevel: Logger.Level
    var limits: Limits
    let connectionGate: ConnectionGate
    var workerConfiguration: WorkerConfiguration

    /// - Parameter options: flags, filled up from the environment.
    init(_ options: ServerOptions, _ script: ScriptSettings) throws(LoadError) {
        host = options.host ?? script.host ?? Self.defaultHost
        port = options.port ?? script.port ?? 8080
        workers = options.workers ?? script.workers ?? System.coreCount
        isDevelopment = Self.isDevelopment(options, script)
        isWatching = options.watches ?? isDevelopment
        let level = options.logLevel ?? script.logLevel ?? "info"
        guard let known = Self.level(level) else {
            throw LoadError("log level \"\(level)\": must be debug, info, warn or error")
        }
        logLevel = known
        limits = Limits(changing: script.limits)
        if limits.connections == 0 { limits.connections = Descriptors.limit / 5 * 4 }
        connectionGate = ConnectionGate(
            total: limits.connections, perAddress: limits.connectionsPerAddress,
            countsLoopback: script.limits[.connectionsPerAddress] != nil)
        workerConfiguration = WorkerConfiguration(
            loader: GenerationLoader(
                script: options.script, isDevelopment: isDevelopment,
                memoryLimit: limits.vmMemory),
            limits: limits, hasAccessLog: options.hasAccessLog ?? script.accessLog ?? true,
            logStyle: isDevelopment ? .short : .common, host: host, port: port,
            uploads: try Self.uploadDirectory(script, root: GenerationLoader.directory(of: options.script)))
        workerConfiguration.offloadsBlockingCalls = true
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
    private static func uploadDirectory(_ script: ScriptSettings, root: String) throws(LoadError) -> UploadDirectory {
        guard let named = script.uploads else { return .standard }
        let directory = UploadDirectory(path: named.hasPrefix("/") ? named : root + "/" + named)
        if let fault = directory.fault {
            throw LoadError("app:config: uploads = \"\(named)\": files cannot be stored there: \(fault)")
        }
        return directory
    }

    static func level(_ name: String) -> Logger.Level? {
        Logger.Level(rawValue: name == "warn" ? "warning" : name)
    }

    /// Name, value in force, and whether the script set it; for a person to read.
    func listed(_ script: ScriptSettings) -> [(name: String, value: String, inScript: Bool)] {
        [
            ("host", host, script.host != nil),
            ("port", "\(port)", script.port != nil),
            ("workers", "\(workers)", script.workers != nil),
            ("mode", isDevelopment ? "dev" : "prod", false),
            ("log_level", logLevel == .warning ? "warn" : logLevel.rawValue, script.logLevel != nil),
            ("access_log", "\(workerConfiguration.hasAccessLog)", script.accessLog != nil),
            ("watch", "\(isWatching)", false),
            ("templates", script.templates ?? "templates", script.templates != nil),
            ("uploads", workerConfiguration.uploads.text, script.uploads != nil),
            ("editor", workerConfiguration.editor?.name ?? "none", false),
            ("undefined", script.undefined ?? (isDevelopment ? "strict" : "lenient"), script.undefined != nil),
            ("lint", script.lint ?? (isDevelopment ? "warn" : "off"), script.lint != nil),
            ("trim_blocks", "\(script.trimBlocks ?? false)", script.trimBlocks != nil),
            ("lstrip_blocks", "\(script.lstripBlocks ?? false)", script.lstripBlocks != nil),
        ]
    }

    static func isDevelopment(_ options: ServerOptions, _ script: ScriptSettings) -> Bool {
        options.mode.map { $0 == .development }
            ?? looksLikeDevelopment(options.host ?? script.host ?? defaultHost)
    }

    private static let defaultHost = "127.0.0.1"

    /// Someone at a terminal, and nobody else can connect.
    private static func looksLikeDevelopment(_ host: String) -> Bool {
        isatty(STDOUT_FILENO) == 1 && (host == "localhost" || host == "::1" || host.hasPrefix("127."))
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
        compare("limits.connections", running.limits.connections, limits.connections)
        compare(
            "limits.connections_per_address", running.limits.connectionsPerAddress,
            limits.connectionsPerAddress)
        return differences
    }
}
