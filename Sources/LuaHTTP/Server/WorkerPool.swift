// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// The workers of a server, one for each event loop, and the connections of each loop.
///
/// May be asked from anywhere; what belongs to a loop is only ever touched on it.
final class WorkerPool: Sendable {
    struct Seat: Sendable {
        let loop: any EventLoop
        let worker: NIOLoopBound<Worker>
        let connections: NIOLoopBound<LoopConnections>
        /// Those that ask for metrics: nobody counts them.
        let watchers: NIOLoopBound<LoopConnections>
    }

    let seats: [Seat]
    let entrance: Entrance
    private let logger: Logger

    /// Gives each loop of `group` one of the generations.
    init(
        group: any EventLoopGroup, configuration: WorkerConfiguration, generations: [PreparedGeneration],
        entrance: Entrance, logger: Logger
    ) async throws {
        self.entrance = entrance
        self.logger = logger
        var seats: [Seat] = []
        let handovers = generations.map { PreparedGeneration.Handover(prepared: $0) }
        for (loop, handover) in zip(group.makeIterator(), handovers) {
            var configuration = configuration
            configuration.isFirst = seats.isEmpty
            seats.append(
                try await loop.submit { [configuration] in
                    let worker = Worker(
                        loop: loop, configuration: configuration, prepared: handover.prepared, logger: logger)
                    return Seat(
                        loop: loop, worker: NIOLoopBound(worker, eventLoop: loop),
                        connections: NIOLoopBound(
                            LoopConnections(eventLoop: loop, strictTransport: entrance.strictTransport),
                            eventLoop: loop),
                        watchers: NIOLoopBound(LoopConnections(eventLoop: loop), eventLoop: loop))
                }.get())
        }
        self.seats = seats
    }

    var count: Int { seats.count }

    /// Accepting has failed: a few that have been idle make room. At most one line for each pause.
    @Sendable func pauseAccepting(_ error: any Error) {
        let reason = (error as? IOError).map { SystemError(code: $0.errnoCode).description } ?? "\(error)"
        logger.warning("no new connections for a moment: \(reason)")
        for seat in seats {
            seat.loop.execute {
                var left = 8
                while left > 0, seat.connections.value.shed() { left -= 1 }
            }
        }
    }

    /// From now on the readiness route says that the server stops.
    func endReadiness() {
        for seat in seats { seat.loop.execute { seat.worker.value.isReady = false } }
    }

    /// Ends idle connections, and the others after the answer they are at.
    func beginDrain() {
        for seat in seats {
            seat.loop.execute {
                seat.connections.value.beginDrain()
                seat.watchers.value.beginDrain()
                seat.worker.value.beginDrain()
            }
        }
    }

    /// Connections open on all loops.
    func connectionCount() async throws -> Int {
        var count = 0
        for seat in seats { count += try await seat.loop.submit { seat.connections.value.count }.get() }
        return count
    }

    /// Lets the workers go, each on its loop.
    func shutDown() async throws {
        for seat in seats {
            let outgoing = try await seat.loop.submit {
                seat.worker.value.shutDown()
                return seat.worker.value.outgoing
            }.get()
            await outgoing.shutDown()
        }
    }
}
