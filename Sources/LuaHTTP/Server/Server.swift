// SPDX-License-Identifier: MIT

public import Logging
internal import NIOCore
internal import NIOPosix

/// A web site whose routes are written in Lua.
///
/// ```swift
/// var options = ServerOptions(script: "app.lua")
/// options.port = 8080
/// let server = try await Server.start(options, logger: Logger(label: "site"))
/// …
/// try await server.shutDown()
/// ```
public final class Server: Sendable {
    private let group: MultiThreadedEventLoopGroup
    private let pool: WorkerPool
    private let listeners: Listeners
    private let logger: Logger
    /// Where it listens: the host and port in force, after `port = 0` was made a real one.
    public let host: String
    public let port: Int
    /// All addresses: "http://127.0.0.1:8080/", "unix:/run/app.sock".
    public var addresses: [String] { listeners.addresses.map(\.description) }
    public let isDevelopment: Bool
    public var workerCount: Int { pool.count }

    private init(
        group: MultiThreadedEventLoopGroup, pool: WorkerPool, listeners: Listeners, logger: Logger,
        settings: ResolvedSettings
    ) {
        self.group = group
        self.pool = pool
        self.listeners = listeners
        self.logger = logger
        let first = listeners.addresses.lazy.compactMap(\.hostAndPort).first
        host = first?.0 ?? settings.host
        port = first?.1 ?? settings.port
        isDevelopment = settings.isDevelopment
    }

    /// Loads the app, checks it, and listens.
    ///
    /// - Parameter options: what is nil there comes from `app:config`, then from the defaults.
    /// - Throws: ``LoadError`` with a message for the author; nothing listens then.
    public static func start(_ options: ServerOptions, logger: Logger) async throws -> Server {
        let app = try LoadedApp(options)
        let settings = try ResolvedSettings(options, app.settings)
        var logger = logger
        logger.logLevel = settings.logLevel
        for warning in app.warnings { logger.warning("\(LogText.block(warning))") }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.workers)
        do {
            let pool = try await WorkerPool(
                group: group, configuration: settings.workerConfiguration, templates: app.templates,
                limits: settings.limits, gate: settings.connectionGate, logger: logger)
            let listeners = try await Listeners(settings, group, pool)
            return Server(group: group, pool: pool, listeners: listeners, logger: logger, settings: settings)
        } catch {
            try? await group.shutdownGracefully()
            if let error = error as? ScriptError { throw LoadError(error) }
            throw error
        }
    }

    /// Stops accepting, lets the answers being made go out, closes, and frees everything.
    ///
    /// - Parameter deadline: after so many seconds what is still open is cut.
    public func shutDown(deadline: Double = 10) async throws {
        await listeners.close()
        pool.beginDrain()
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .seconds(deadline))
        while clock.now < end, try await pool.connectionCount() > 0 {
            try await Task.sleep(for: .milliseconds(20))
        }
        let left = try await pool.connectionCount()
        if left > 0 { logger.warning("\(left) connections cut after \(deadline) s") }
        try await pool.shutDown()
        try await group.shutdownGracefully()
    }
}
