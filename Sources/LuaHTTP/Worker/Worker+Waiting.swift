// SPDX-License-Identifier: MIT

internal import NIOCore

/// How a fiber waits, and what goes on in a later turn of the loop.
extension Worker {
    /// Who waits when a host function does.
    func runningFiber() throws(HostError) -> Fiber {
        guard let current else { throw .message("cannot wait here: nothing is running") }
        return current
    }

    /// Begins a wait of the running fiber for `seconds`.
    func sleep(seconds: Double) throws(HostError) {
        let fiber = try runningFiber()
        let wait = fiber.nextWait()
        // Up to the nearest multiple of the clock's step; nothing below it would be a wait.
        guard let nanoseconds = UInt64(exactly: (seconds * 1e9).rounded()), nanoseconds > 0 else {
            fiber.beginWait(wait, .nothing)
            return wakeSoon(fiber, wait)
        }
        fiber.beginWait(wait, .alarm(timers.add(.wake(fiber, wait), inNanoseconds: nanoseconds)))
    }

    /// Runs a call that may block beside the loop; the running fiber waits for it.
    func waitForBlockingCall(_ job: LuaJob) -> Bool {
        guard let fiber = current else { return false }
        let wait = fiber.nextWait()
        fiber.beginWait(wait) { job.cancel() }
        let bound = NIOLoopBound(fiber, eventLoop: loop)
        job.start { [loop] in loop.execute { bound.value.endWait(wait) { _ in } } }
        return true
    }

    /// Lets `fiber` go on after the events that are due already; its results are on its stack.
    func wakeSoon(_ fiber: Fiber, _ wait: UInt64) { runQueue.append(.wake(fiber, wait)) }

    /// Calls `body` when no Lua code is running any more, and what is ready before it has had its turn.
    func soon(_ body: @escaping () -> Void) { runQueue.append(.call(body)) }

    /// Runs `body` when the loop has looked at its sockets, so that other requests get their turn.
    func later(_ body: @escaping () -> Void) { runQueue.appendLater(.call(body)) }
}
