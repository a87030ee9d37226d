// SPDX-License-Identifier: MIT

/// A coroutine that the worker drives: it runs until it waits, and goes on when what it waits for is there.
///
/// Base of whatever runs Lua code, such as a request; who began it, and what follows from its end, is theirs.
/// Host functions that wait find theirs in ``Worker/current``.
class Fiber {
    /// A host function that waits, and where its results go.
    struct Wait {
        /// Tells this wait from others of this fiber, which serves one request after the other.
        let number: UInt64
        /// Nil while the host function that began it has not returned.
        var stack: LuaStack?
        var cancellation: Cancellation
        /// What ended it already, if that happened before the host function had returned.
        var outcome: Outcome?
    }

    /// How what a fiber waits for is called off.
    enum Cancellation {
        case nothing
        case alarm(WorkerTimers.ID)
        case call(() -> Void)
    }

    enum Outcome {
        /// Pushes the results.
        case results((LuaStack) -> Void)
        case error(HostError)
        /// Pushes the error value, which is raised as it is.
        case rethrown((LuaStack) -> Void)
    }

    // SAFETY: the worker owns its fibers and outlives them.
    unowned(unsafe) let worker: Worker
    var generation: Generation
    var coroutine: LuaCoroutine?
    var budget: LuaBudget
    private(set) var wait: Wait?
    private var lastWait: UInt64 = 0
    /// Arguments of a function that is on the coroutine and has not been called.
    var pendingArguments: Int32 = 0
    /// Of the task whose error was raised here last: where that error comes from.
    var cause: ScriptError?
    /// Tasks that end with this fiber at the latest.
    var tasks = TaskGroup()
    /// What else ends with it.
    var belongings = Belongings()

    init(worker: Worker, generation: Generation) {
        self.worker = worker
        self.generation = generation
        budget = generation.budget
    }

    // MARK: Running

    /// Whose tasks those are that this fiber starts.
    var root: Fiber { self }

    /// For the log: "GET /path".
    var label: String { "?" }

    /// Lua code of this fiber is being run: it must not be ended now.
    var isRunning: Bool { worker.current === self }

    /// Runs the coroutine until it waits or ends, and acts on that.
    final func resume(arguments: Int32) { stopped(step(arguments: arguments)) }

    /// What follows when the coroutine has stopped: it waits, has returned, or has failed.
    func stopped(_ status: LuaStatus) {}

    /// Runs the coroutine until it waits or ends, and nothing more.
    final func step(arguments: Int32) -> LuaStatus {
        guard let coroutine else { return .ok }
        // Once: each look at an unowned reference counts it up and down.
        let worker = worker
        let vm = generation.vm
        let outer = worker.current
        worker.current = self
        let turn = vm.beginTurn(budget)
        let (status, _) = coroutine.resume(arguments: arguments)
        vm.endTurn(turn, &budget)
        worker.current = outer
        if status == .awaiting { hostFunctionReturned() }
        if !worker.unflushed.isEmpty { worker.flushStreams(after: self, status) }
        return status
    }

    /// Ends the coroutine, called off what it waits for: its `<close>` variables run. One that `finished` goes
    /// back to the pool.
    final func dropCoroutine(finished: Bool) {
        callOffWait()
        guard let coroutine else { return }
        self.coroutine = nil
        if finished { return generation.vm.put(coroutine) }
        let outer = worker.current
        worker.current = self
        generation.vm.discard(coroutine)
        worker.current = outer
    }

    /// The script has yielded on `stack` to nobody.
    static func strayYield(on stack: LuaStack) -> ScriptError {
        ScriptError(
            "coroutine.yield outside of a coroutine: handlers wait by calling functions that wait,"
                + " such as app.sleep", at: stack)
    }

    // MARK: Waiting

    /// The number for the wait that is about to begin.
    final func nextWait() -> UInt64 {
        lastWait &+= 1
        return lastWait
    }

    /// Registers what the running host function waits for; `cancel` is called when the fiber ends first.
    final func beginWait(_ number: UInt64, cancel: @escaping () -> Void) {
        beginWait(number, .call(cancel))
    }

    final func beginWait(_ number: UInt64, _ cancellation: Cancellation) {
        wait = Wait(number: number, cancellation: cancellation)
    }

    /// Wait `number` is over: `push` pushes its results, and the fiber goes on; soon, if Lua code is running just
    /// now. One that has been cancelled is over already, and this does nothing: a timer that was due cannot be
    /// taken back.
    final func endWait(_ number: UInt64, _ push: @escaping (LuaStack) -> Void) {
        settle(number, .results(push))
    }

    /// As ``endWait(_:_:)``, but the function that waits raises `error`, at the author's line.
    final func failWait(_ number: UInt64, _ error: HostError) { settle(number, .error(error)) }

    /// Wait `number` is over; its results, if any, are on the stack.
    final func wake(_ number: UInt64) {
        guard wait?.number == number else { return }
        wait = nil
        let arguments = pendingArguments
        pendingArguments = 0
        resume(arguments: arguments)
    }

    /// What ends wait `number`. `soon`: the fiber goes on in the next turn, whatever is running now.
    final func settle(_ number: UInt64, _ outcome: Outcome, soon: Bool = false) {
        guard var wait, wait.number == number, wait.outcome == nil else { return }
        guard let stack = wait.stack else {
            wait.outcome = outcome
            self.wait = wait
            return
        }
        push(outcome, on: stack)
        if !soon, worker.current == nil { return wake(number) }
        // Lua is not entered from within itself: C stacks would grow with each fiber that wakes another.
        wait.outcome = outcome
        wait.cancellation = .nothing
        self.wait = wait
        worker.wakeSoon(self, number)
    }

    /// The host function has yielded: from now on its results can be pushed.
    private func hostFunctionReturned() {
        let stack = generation.vm.waitingStack
        wait?.stack = stack
        guard let wait, let outcome = wait.outcome else { return }
        push(outcome, on: stack)
        worker.wakeSoon(self, wait.number)
    }

    private func push(_ outcome: Outcome, on stack: LuaStack) {
        switch outcome {
        case .results(let push): push(stack)
        case .error(let error):
            stack.push(error)
            generation.vm.failWait(on: stack, asIs: false)
        case .rethrown(let push):
            push(stack)
            generation.vm.failWait(on: stack, asIs: true)
        }
    }

    /// It goes on no more. False when it waits for nothing: Lua code of it is running.
    @discardableResult
    final func callOffWait() -> Bool {
        guard let wait else { return false }
        self.wait = nil
        switch wait.cancellation {
        case .nothing: break
        case .alarm(let id): worker.timers.cancel(id)
        case .call(let cancel): cancel()
        }
        return true
    }
}

@available(*, unavailable)
extension Fiber: Sendable {}
