// SPDX-License-Identifier: MIT

internal import NIOCore

/// An exchange with another server as a script sees it: which fiber waits for what of it, and for how long.
final class ClientCall {
    let number: Int64
    let exchange: ClientExchange
    // SAFETY: the worker owns its calls.
    private unowned(unsafe) let worker: Worker
    /// The request that it ends with.
    let owner: Fiber
    /// Nanoseconds for each wait; nil for one that has a deadline as a whole.
    private let streamTimeout: UInt64?
    private var alarm: WorkerTimers.ID?
    private var waiting: (fiber: Fiber, wait: UInt64, ready: () -> Push?)?

    typealias Push = (LuaStack) -> Void

    init(
        number: Int64, exchange: ClientExchange, worker: Worker, owner: Fiber, deadline: UInt64,
        streamTimeout: UInt64?
    ) {
        self.number = number
        self.exchange = exchange
        self.worker = worker
        self.owner = owner
        self.streamTimeout = streamTimeout
        exchange.onChange = { [weak self] in self?.changed() }
        if streamTimeout == nil {
            startTimer(deadline &- min(deadline, worker.loop.now.uptimeNanoseconds))
        }
    }

    /// Pushes what `ready` gives: now, or when the exchange has got on.
    func wait(on stack: LuaStack, _ ready: @escaping () -> Push?) throws(HostError) -> HostResult {
        if let push = ready() {
            let top = stack.top
            push(stack)
            return .results(stack.top - top)
        }
        let fiber = try worker.runningFiber()
        guard waiting == nil else { throw .message("another task waits for this response already") }
        let wait = fiber.nextWait()
        waiting = (fiber, wait, ready)
        if let streamTimeout { startTimer(streamTimeout) }
        fiber.beginWait(wait) { [self] in
            waiting = nil
            worker.endExchange(number)
        }
        return .await
    }

    private func changed() {
        guard let waiter = waiting else { return }
        // What `ready` does may change the exchange again: that must not make it act twice.
        waiting = nil
        guard let push = waiter.ready() else {
            waiting = waiter
            return
        }
        let (fiber, wait, _) = waiter
        if streamTimeout != nil { stopTimer() }
        fiber.endWait(wait, push)
    }

    private func startTimer(_ nanoseconds: UInt64) {
        stopTimer()
        alarm = worker.timers.add(
            .call { [weak self] in
                self?.alarm = nil
                self?.exchange.cancel("timeout")
            }, inNanoseconds: nanoseconds)
    }

    private func stopTimer() {
        if let alarm { worker.timers.cancel(alarm) }
        alarm = nil
    }

    /// Nobody waits for it any more.
    func end() {
        stopTimer()
        exchange.onChange = {}
        exchange.cancel("closed")
        guard let (fiber, wait, _) = waiting else { return }
        waiting = nil
        fiber.endWait(wait) { stack in
            stack.pushNil()
            stack.push("closed" as StaticString)
        }
    }
}
