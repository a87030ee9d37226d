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
    var logLevel: Logger.Level
    var limits: Limits
    var workerConfiguration: WorkerConfiguration

    /// - Parameter options: flags, filled up from the environment.
    init(_ options: ServerOptions, _ script: ScriptSettings) throws(LoadError) {
        host = options.host ?? script.host ?? Self.defaultHost
        port = options.port ?? script.port ?? 8080
        workers = options.workers ?? script.workers ?? System.coreCount
        isDevelopment = Self.isDevelopment(options, script)
        let level = options.logLevel ?? script.logLevel ?? "info"
        guard let known = Logger.Level(rawValue: level == "warn" ? "warning" : level) else {
            throw LoadError("log level \"\(level)\": must be debug, info, warn or error")
        }
        logLevel = known
        limits = Limits()
        if let bytes = script.bodyLimit { limits.bodyBytes = bytes }
        if let bytes = script.headLimit { limits.headerBytes = bytes }
        if let bytes = script.targetLimit { limits.requestLine = bytes }
        if let count = script.fieldCountLimit { limits.fieldCount = count }
        workerConfiguration = WorkerConfiguration(
            loader: GenerationLoader(
                script: options.script, isDevelopment: isDevelopment,
                memoryLimit: script.memoryLimit ?? LoadedApp.memoryLimit),
            bodyLimit: limits.bodyBytes, hasAccessLog: options.hasAccessLog ?? script.accessLog ?? true,
            logStyle: isDevelopment ? .short : .common, host: host, port: port)
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
}
