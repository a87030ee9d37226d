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
    private let listener: any Channel
    private let logger: Logger
    /// Where it listens: the host and port in force, after `port = 0` was made a real one.
    public let host: String
    public let port: Int
    public let isDevelopment: Bool
    public var workerCount: Int { pool.count }

    private init(
        group: MultiThreadedEventLoopGroup, pool: WorkerPool, listener: any Channel, logger: Logger,
        settings: ResolvedSettings
    ) {
        self.group = group
        self.pool = pool
        self.listener = listener
        self.logger = logger
        host = settings.host
        port = listener.localAddress?.port ?? settings.port
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
        settings.workerConfiguration.uploads.clean()
        LuaStall.listen { [logger] in logger.warning("\($0.text)") }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.workers)
        do {
            let pool = try await WorkerPool(
                group: group, configuration: settings.workerConfiguration, templates: app.templates,
                limits: settings.limits, gate: settings.connectionGate, logger: logger)
            let listener = try await listen(settings, group, pool)
            return Server(group: group, pool: pool, listener: listener, logger: logger, settings: settings)
        } catch {
            try? await group.shutdownGracefully()
            if let error = error as? ScriptError { throw LoadError(error) }
            throw error
        }
    }

    private static func listen(
        _ settings: ResolvedSettings, _ group: MultiThreadedEventLoopGroup, _ pool: WorkerPool
    ) async throws -> any Channel {
        do {
            let address = try SocketAddress.makeAddressResolvingHost(settings.host, port: settings.port)
            return try await Listener().bind(group, to: address) { channel in
                try pool.install(on: channel)
            }.get()
        } catch {
            throw LoadError(ListenFailure.text(error, host: settings.host, port: settings.port))
        }
    }

    /// Stops accepting, lets the answers being made go out, closes, and frees everything.
    ///
    /// - Parameter deadline: after so many seconds what is still open is cut.
    public func shutDown(deadline: Double = 10) async throws {
        try? await listener.close()
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
