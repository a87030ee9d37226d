// SPDX-License-Identifier: MIT

/// One call of `app.await` or `app.timeout`: a fiber, and the tasks that it waits for.
final class TaskWait {
    private let fiber: Fiber
    private let number: UInt64
    private var tasks: [ScriptTask] = []
    private var alarm: WorkerTimers.ID?

    init(of fiber: Fiber, number: UInt64) {
        self.fiber = fiber
        self.number = number
    }

    func add(_ task: ScriptTask) {
        guard !tasks.contains(where: { $0 === task }) else { return }
        tasks.append(task)
        task.add(self)
    }

    /// - Parameter seconds: after which the tasks are cancelled; nil for no limit.
    func begin(seconds: Double?) {
        fiber.beginWait(number, .call { self.finish() })
        if tasks.isEmpty { return fiber.settle(number, .results { $0.push(false) }) }
        guard let seconds else { return }
        let nanoseconds = UInt64(exactly: (seconds * 1e9).rounded()) ?? .max
        alarm = fiber.worker.timers.add(.call { self.timeIsUp() }, inNanoseconds: nanoseconds)
    }

    /// - Parameter failure: what is raised where it is awaited; nil when it has returned.
    func ended(_ task: ScriptTask, _ failure: Fiber.Outcome?) {
        tasks.removeAll { $0 === task }
        guard failure != nil || tasks.isEmpty else { return }
        // Its error, raised in this fiber, is to show the task's calls.
        if failure != nil { fiber.cause = task.error }
        for other in finish() { other.cancel() }
        fiber.settle(number, failure ?? .results { $0.push(false) }, soon: true)
    }

    private func timeIsUp() {
        alarm = nil
        for task in finish() { task.cancel() }
        fiber.settle(number, .results { $0.push(true) })
    }

    /// Waits for nothing any more. Returns the tasks that have not ended.
    @discardableResult
    private func finish() -> [ScriptTask] {
        if let alarm { fiber.worker.timers.cancel(alarm) }
        alarm = nil
        let left = tasks
        tasks = []
        for task in left { task.remove(self) }
        return left
    }
}

@available(*, unavailable)
extension TaskWait: Sendable {}
