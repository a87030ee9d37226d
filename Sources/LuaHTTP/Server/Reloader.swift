// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Loads the app again when somebody asks for it or, where files are watched, when they change. A handle that may be
/// used from anywhere: the work is done by `ReloadLoop` on a thread of its own, which sleeps as long as nothing
/// happens.
final class Reloader: Sendable {
    private struct Mailbox: Sendable {
        var isStopped = false
        var requests: [CheckedContinuation<ReloadFailure?, Never>] = []
    }

    let feed = ReloadFeed()
    /// Asked before each request; only where files are watched.
    let freshness: Freshness?
    /// Where the access log goes, if there is one.
    let accessLog: LogOutput
    private let wakes: WakePipe
    private let mailbox = Mutex(Mailbox())
    private let thread = NIOThreadPool(numberOfThreads: 1)
    // SAFETY: used by `start` and then by the thread only.
    private nonisolated(unsafe) let watcher: FileWatcher?

    init(wakes: WakePipe, isWatching: Bool, accessLog: LogOutput, logger: Logger) {
        self.wakes = wakes
        self.accessLog = accessLog
        watcher = isWatching ? FileWatcher(wakes: wakes) { logger.warning("watching files: \($0)") } : nil
        freshness = watcher.map { Freshness(events: $0.descriptor, wakes: wakes) }
    }

    var isWatching: Bool { watcher != nil }

    /// Tells workers of it.
    func equip(_ settings: inout ResolvedSettings) {
        settings.workerConfiguration.accessLog =
            settings.hasAccessLog
            ? AccessLogSetting(format: settings.accessLogFormat, output: accessLog) : nil
        settings.workerConfiguration.reloadFeed = isWatching ? feed : nil
        settings.workerConfiguration.freshness = settings.isDevelopment ? freshness : nil
    }

    /// Begins to look after what `pool` serves, which was made by `builder`.
    func start(_ builder: AppBuilder, _ product: AppBuilder.Product, _ pool: WorkerPool) {
        // SAFETY: nobody but the thread has it.
        nonisolated(unsafe) let loop = ReloadLoop(
            builder, product, pool: pool, feed: feed, freshness: freshness, equip: equip,
            watcher: watcher, wakes: wakes)
        thread.start()
        thread.submit { [self] _ in
            while true {
                loop.wait()
                if mailbox.withLock({ $0.isStopped }) {
                    freshness?.stop()
                    return
                }
                let requests = mailbox.withLock { mailbox in
                    defer { mailbox.requests = [] }
                    return mailbox.requests
                }
                let failure = loop.turn(isForced: !requests.isEmpty)
                for request in requests { request.resume(returning: failure) }
            }
        }
    }

    /// Loads the app again, whether something changed or not. Returns when it serves.
    ///
    /// - Throws: why it does not; the last good generation goes on then.
    func reload() async throws(ReloadFailure) {
        let failure: ReloadFailure? = await withCheckedContinuation { continuation in
            let isStopped = mailbox.withLock { mailbox in
                if !mailbox.isStopped { mailbox.requests.append(continuation) }
                return mailbox.isStopped
            }
            if isStopped { continuation.resume(returning: nil) } else { wakes.wake() }
        }
        if let failure { throw failure }
    }

    /// Ends the thread, after the reload that it is at.
    func stop() async {
        let requests = mailbox.withLock { mailbox in
            mailbox.isStopped = true
            defer { mailbox.requests = [] }
            return mailbox.requests
        }
        for request in requests { request.resume(returning: nil) }
        wakes.wake()
        try? await thread.shutdownGracefully()
    }
}
