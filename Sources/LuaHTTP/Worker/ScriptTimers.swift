// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

internal import Logging
internal import NIOCore

/// The timers of one generation on one worker, from start to stop. Each run is a task of its own.
final class ScriptTimers {
    // SAFETY: both outlive the timers: a worker stops them before it lets a generation go.
    private unowned(unsafe) let worker: Worker
    private unowned(unsafe) let generation: Generation
    private var timers: [Timer] = []

    private struct Timer {
        let definition: TimerDefinition
        var alarm: WorkerTimers.ID?
        /// Runs that have not ended.
        var running = 0
        /// In nanoseconds of the loop's clock; for cron in seconds since 1970.
        var due: UInt64 = 0
    }

    init(_ definitions: [TimerDefinition], of generation: Generation, on worker: Worker) {
        self.worker = worker
        self.generation = generation
        timers = definitions.map { Timer(definition: $0) }
        for index in timers.indices { plan(index, isFirst: true) }
    }

    /// No run begins any more; those under way go on.
    func stop() {
        for index in timers.indices {
            if let alarm = timers[index].alarm { worker.timers.cancel(alarm) }
            timers[index].alarm = nil
        }
    }

    // MARK: When

    private func plan(_ index: Int, isFirst: Bool) {
        let now = worker.loop.now.uptimeNanoseconds
        switch timers[index].definition.when {
        case .after(let delay):
            if isFirst { setAlarm(index, inNanoseconds: delay) }
        case .every(let interval):
            // By the clock and not by the end of the last run; what was missed is not made up for.
            let next = timers[index].due &+ interval
            timers[index].due = isFirst || next <= now ? now &+ interval : next
            setAlarm(index, inNanoseconds: timers[index].due &- now)
        case .cron(let schedule, let zone):
            let time = worker.wallClock()
            guard let next = schedule.next(after: Int(time / 1_000_000_000), in: zone) else { return }
            timers[index].due = UInt64(clamping: next)
            waitForClock(index)
        }
    }

    /// The clock on the wall may be set and the machine may sleep: looks again after an hour at the latest.
    private func waitForClock(_ index: Int) {
        let due = Int64(clamping: timers[index].due).multipliedReportingOverflow(by: 1_000_000_000)
        let left = due.overflow ? .max : max(due.partialValue &- worker.wallClock(), 0)
        setAlarm(index, inNanoseconds: min(UInt64(clamping: left), 3_600_000_000_000))
    }

    private func setAlarm(_ index: Int, inNanoseconds delay: UInt64) {
        timers[index].alarm = worker.timers.add(
            .call { [weak self] in self?.rang(index) }, inNanoseconds: delay)
    }

    private func rang(_ index: Int) {
        timers[index].alarm = nil
        if case .cron = timers[index].definition.when,
            worker.wallClock() / 1_000_000_000 < Int64(clamping: timers[index].due)
        {
            return waitForClock(index)
        }
        plan(index, isFirst: false)
        run(index)
    }

    // MARK: What

    private func run(_ index: Int) {
        let definition = timers[index].definition
        if timers[index].running > 0, !definition.overlaps {
            return worker.logger.debug("\(definition.name): skipped, the run before has not ended")
        }
        timers[index].running += 1
        let coroutine = generation.vm.takeCoroutine()
        generation.handlers.push(definition.handler, on: coroutine.stack)
        let task = worker.makeTask(definition.name, calling: coroutine, of: generation)
        task.onEnd = { [weak self] in self?.timers[index].running -= 1 }
        worker.run(task)
    }
}

@available(*, unavailable)
extension ScriptTimers: Sendable {}

/// Nanoseconds since 1970.
enum WallClock {
    static func nanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
