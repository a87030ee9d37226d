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
    }

    let seats: [Seat]
    private let gate: ConnectionGate
    private let logger: Logger

    /// Gives each loop of `group` one of the generations.
    init(
        group: any EventLoopGroup, configuration: WorkerConfiguration, generations: [PreparedGeneration],
        gate: ConnectionGate, logger: Logger
    ) async throws {
        self.gate = gate
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
                        connections: NIOLoopBound(LoopConnections(eventLoop: loop), eventLoop: loop))
                }.get())
        }
        self.seats = seats
    }

    var count: Int { seats.count }

    /// Installs what serves HTTP/1.1 on a new connection; on its loop.
    func install(on channel: any Channel) throws {
        guard let seat = seats.first(where: { $0.loop === channel.eventLoop }) else {
            return channel.close(promise: nil)
        }
        let worker = seat.worker.value
        let address = AddressKey(channel.remoteAddress)
        let verdict = gate.enter(address)
        channel.closeFuture.whenComplete { [gate] _ in gate.leave(address) }
        if case .full(let limit) = verdict, limit != .connections || !seat.connections.value.shed() {
            worker.limitHit(
                limit, worker.configuration.limits[limit], detail: "connection refused",
                address: channel.remoteAddress?.ipAddress ?? "-")
            return try channel.pipeline.syncOperations.addHandler(RefusingHandler())
        }
        try channel.pipeline.syncOperations.addHandler(
            HTTP1Handler(
                application: worker, loop: seat.connections.value, limits: worker.configuration.limits,
                remoteAddress: channel.remoteAddress))
    }

    /// At most one line for each pause.
    @Sendable func reportPause(_ error: any Error) {
        logger.warning("no new connections for a moment: \(error)")
    }

    /// Ends idle connections, and the others after the answer they are at.
    func beginDrain() {
        for seat in seats {
            seat.loop.execute {
                seat.connections.value.beginDrain()
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
