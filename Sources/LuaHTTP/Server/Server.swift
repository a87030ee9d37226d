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
    private let reloader: Reloader
    private let logger: Logger
    private let cleaning: Task<Void, any Error>
    /// Seconds between the signal to stop and its begin: balancers see meanwhile that it is not ready.
    public let stopDelay: Double
    /// Where it listens: the host and port in force, after `port = 0` was made a real one.
    public let host: String
    public let port: Int
    /// All addresses: "http://127.0.0.1:8080/", "unix:/run/app.sock".
    public var addresses: [String] { listeners.addresses.map(\.description) }
    /// Where metrics are served, or nil.
    public var metricsAddress: String? { listeners.metrics?.description }
    /// Error pages are detailed, and checks strict.
    public let isDevelopment: Bool
    /// The app is loaded again when its files change.
    public let isWatching: Bool
    /// Event loops, each with a Lua VM of its own.
    public var workerCount: Int { pool.count }

    private init(
        group: MultiThreadedEventLoopGroup, pool: WorkerPool, listeners: Listeners, reloader: Reloader,
        logger: Logger, settings: ResolvedSettings
    ) {
        self.group = group
        self.pool = pool
        self.listeners = listeners
        self.reloader = reloader
        self.logger = logger
        cleaning = settings.workerConfiguration.uploads.cleanAgain()
        let first = listeners.addresses.lazy.compactMap(\.address.hostAndPort).first
        host = first?.0 ?? settings.host
        port = first?.1 ?? settings.port
        isDevelopment = settings.isDevelopment
        stopDelay = Double(settings.stopDelay) / 1000
        isWatching = reloader.isWatching
    }

    /// Loads the app, checks it, and listens.
    ///
    /// - Parameters:
    ///   - options: what is nil there comes from `app:config`, then from the defaults.
    ///   - functions: what scripts may call of this program.
    ///   - logger: takes what the server and its scripts log; its level is set to that of the settings.
    /// - Throws: ``LoadError`` with a message for the author, or the error of a socket; nothing listens then.
    public static func start(
        _ options: ServerOptions, functions: ScriptFunctions = ScriptFunctions(), logger: Logger
    ) async throws -> Server {
        var logger = logger
        if let level = options.logLevel.flatMap(ResolvedSettings.level) { logger.logLevel = level }
        let wakes = try WakePipe()
        let mayWatch = options.watches ?? (options.mode != .production)
        var builder = AppBuilder(
            options: options, logger: logger, record: mayWatch ? DependencyRecord { wakes.wake() } : nil,
            functions: functions)
        var product = try build(builder)
        logger.logLevel = product.settings.logLevel
        builder.logger = logger
        for doubt in options.doubts { logger.warning("\(doubt)") }
        let accessLog = try openAccessLog(product.settings, logger)
        let reloader = Reloader(
            wakes: wakes, isWatching: product.settings.isWatching, accessLog: accessLog, logger: logger)
        reloader.equip(&product.settings)
        let settings = product.settings
        settings.workerConfiguration.uploads.clean()
        LuaStall.listen { [logger] in logger.warning("\($0.text)") }
        let certificates = try certificates(of: settings, logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: settings.workers)
        do {
            let pool = try await WorkerPool(
                group: group, configuration: settings.workerConfiguration, generations: product.generations,
                entrance: Entrance(
                    gate: settings.connectionGate, certificates: certificates,
                    strictTransport: settings.tls.strictTransportField), logger: logger)
            product.generations = []
            let metrics =
                settings.metrics == nil
                ? nil : ServerMetrics(pool: pool, feed: reloader.feed, accessLog: accessLog)
            let listeners = try await Listeners(settings, group, pool, metrics)
            pool.run(.start)
            reloader.start(builder, product, pool)
            return Server(
                group: group, pool: pool, listeners: listeners, reloader: reloader, logger: logger,
                settings: settings)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private static func certificates(
        of settings: ResolvedSettings, _ logger: Logger
    ) throws(LoadError) -> CertificateKeeper? {
        guard let source = settings.tls.certificates else { return nil }
        let keeper = try CertificateKeeper(source)
        for fault in keeper.faults(at: Clock.seconds()) { logger.warning("\(fault)") }
        if let made = keeper.selfSigned {
            logger.notice(
                "self-signed certificate for \(made.names.joined(separator: ", ")), trusted by nobody; SHA-256 \(made.fingerprint)"
            )
        }
        return keeper
    }

    private static func openAccessLog(
        _ settings: ResolvedSettings, _ logger: Logger
    ) throws(LoadError) -> LogOutput {
        let path = settings.hasAccessLog ? settings.accessLogFile : nil
        do throws(SystemError) {
            return try LogOutput(path: path, logger: logger)
        } catch {
            throw LoadError("access_log_file: \(path ?? "") cannot be opened: \(error)")
        }
    }

    private static func build(_ builder: AppBuilder) throws(LoadError) -> AppBuilder.Product {
        do throws(ReloadFailure) { return try builder.build() } catch { throw LoadError(error) }
    }

    /// Loads the app again and lets it serve, without closing a connection; requests under way end with what they
    /// began with. Settings of sockets and threads stay.
    ///
    /// - Throws: ``LoadError`` with a message for the author; what served before goes on then.
    public func reload() async throws(LoadError) {
        do throws(ReloadFailure) { try await reloader.reload() } catch { throw LoadError(error) }
    }

    /// Opens the file of the access log anew, after something has renamed it.
    public func reopenLogs() { reloader.accessLog.reopen() }

    /// Seconds for the functions of `app:on("stop")`.
    private static let stopLimit: Int64 = 5

    /// Says on the readiness route that it stops, waits for `stopDelay`, stops accepting, lets the answers being made
    /// go out, closes, and frees everything.
    ///
    /// - Parameter deadline: after so many seconds what is still open is cut.
    /// - Throws: the error of an event loop that does not end, or `CancellationError` where the task is cancelled.
    public func shutDown(deadline: Double = 10) async throws {
        cleaning.cancel()
        pool.endReadiness()
        if stopDelay > 0 { try await Task.sleep(for: .seconds(stopDelay)) }
        // First, so that from now on each answer says that it is the last of its connection.
        pool.beginDrain()
        await listeners.close()
        await reloader.stop()
        let clock = ContinuousClock()
        let end = clock.now.advanced(by: .seconds(deadline))
        while clock.now < end, try await pool.connectionCount() > 0 {
            try await Task.sleep(for: .milliseconds(20))
        }
        let left = try await pool.connectionCount()
        if left > 0 { logger.warning("\(left) connections cut after \(deadline) s") }
        pool.run(.stop, limit: Self.stopLimit)
        while try await pool.runningHooks() > 0 { try await Task.sleep(for: .milliseconds(20)) }
        try await pool.shutDown()
        await reloader.accessLog.close(within: 2)
        try await group.shutdownGracefully()
    }
}
