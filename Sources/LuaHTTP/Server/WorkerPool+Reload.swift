// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// The second half of a reload: what was built aside comes into force, on each loop between two requests.
extension WorkerPool {
    /// Gives each worker one of the generations. Returns when all serve by them. Not on a loop.
    ///
    /// - Returns: what of `app.state` could not be handed on.
    func replaceGenerations(
        by generations: [PreparedGeneration], configuration: WorkerConfiguration, logger: Logger
    ) throws -> Set<String> {
        let handovers = generations.map { PreparedGeneration.Handover(prepared: $0) }
        let swaps = zip(seats, handovers).map { seat, handover in
            seat.loop.submit {
                let worker = seat.worker.value
                let complaints = handover.prepared.generation.takeState(of: worker.generation)
                let old = worker.replaceGeneration(
                    by: handover.prepared, configuration: configuration, logger: logger)
                worker.retire(old) { old in
                    seat.connections.value.forEach {
                        ($0 as? HTTP1Handler<Worker>)?.endLate(of: old)
                        ($0 as? HTTP2Connection<Worker>)?.endLate(of: old)
                    }
                    worker.cancelTasks(of: old)
                }
                worker.run(.reload, of: worker.generation)
                return complaints
            }
        }
        return try swaps.reduce(into: Set()) { $0.formUnion(try $1.wait()) }
    }

    /// Runs the functions of `app:on` for `event` on all workers, and does not wait for them.
    func run(_ event: LifecycleEvent, limit seconds: Int64? = nil) {
        for seat in seats {
            seat.loop.execute {
                let worker = seat.worker.value
                worker.run(event, of: worker.generation, limit: seconds)
            }
        }
    }

    /// Functions of `app:on` that have not ended, on all workers.
    func runningHooks() async throws -> Int {
        var count = 0
        for seat in seats { count += try await seat.loop.submit { seat.worker.value.hookRuns.count }.get() }
        return count
    }

    /// Gives each worker other templates. Returns when all serve by them. Not on a loop.
    func replaceTemplates(by templates: TemplateSet) throws {
        let swaps = seats.map { seat in
            seat.loop.submit { seat.worker.value.replaceTemplates(by: templates) }
        }
        for swap in swaps { try swap.wait() }
    }
}

extension HTTP2Connection where Application == Worker {
    fileprivate func endLate(of generation: Generation) {
        for stream in Array(streams.values) { stream.exchange.endLate(of: generation) }
    }
}

extension HTTP1Handler where Application == Worker {
    fileprivate func endLate(of generation: Generation) { exchange.endLate(of: generation) }
}

extension HTTPExchange {
    /// Answers for a request that is still on `generation`.
    fileprivate func endLate(of generation: Generation) {
        guard let task = task as? RequestTask, task.generation === generation else { return }
        task.worker.endLate(task)
    }
}
