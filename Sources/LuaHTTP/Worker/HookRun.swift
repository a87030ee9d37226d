// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// A fiber that runs the functions of `app:on` for one event, one after the other. What fails is logged, and the next
/// one runs.
final class HookRun: Fiber {
    private let event: LifecycleEvent
    private var left: ArraySlice<Int>
    private var hasEnded = false

    init(_ event: LifecycleEvent, worker: Worker, generation: Generation) {
        self.event = event
        left = generation.hooks[event, default: []][...]
        super.init(worker: worker, generation: generation)
    }

    func start() {
        generation.enter()
        goOn()
    }

    /// Ends it where it is; `<close>` variables run.
    func cancel() {
        guard !hasEnded else { return }
        worker.logger.warning("app:on(\"\(event.name)\"): ended, it took too long")
        left = []
        dropCoroutine(finished: false)
        goOn()
    }

    override func stopped(_ status: LuaStatus) {
        if hasStopped(status) { goOn() }
    }

    private func goOn() {
        while let number = left.popFirst() {
            let coroutine = generation.vm.takeCoroutine()
            self.coroutine = coroutine
            generation.handlers.push(number, on: coroutine.stack)
            guard hasStopped(step(arguments: 0)) else { return }
        }
        guard !hasEnded else { return }
        hasEnded = true
        worker.ended(self)
        generation.leave()
    }

    /// False when the function waits.
    private func hasStopped(_ status: LuaStatus) -> Bool {
        guard let coroutine else { return false }
        switch status {
        case .awaiting: return false
        case .ok: dropCoroutine(finished: true)
        case .yielded: fail(Self.strayYield(on: coroutine.stack))
        case .runtimeError, .syntaxError, .memoryError, .timeError:
            fail(ScriptError(takingFrom: coroutine.stack, status: status))
        }
        return true
    }

    private func fail(_ error: ScriptError) {
        worker.logger.error("app:on(\"\(event.name)\")\n\(LogText.block(ScriptReport(error).text))")
        dropCoroutine(finished: false)
    }
}

extension Worker {
    /// Runs the functions of `app:on` for `event`. Not while Lua code is running.
    ///
    /// - Parameter seconds: after so many they are ended; nil leaves them alone.
    func run(_ event: LifecycleEvent, of generation: Generation, limit seconds: Int64? = nil) {
        guard generation.hooks[event] != nil else { return }
        let run = HookRun(event, worker: self, generation: generation)
        hookRuns[ObjectIdentifier(run)] = run
        if let seconds {
            loop.assumeIsolated().scheduleTask(in: .seconds(seconds)) { [weak run] in run?.cancel() }
        }
        run.start()
    }

    func ended(_ run: HookRun) { hookRuns[ObjectIdentifier(run)] = nil }
}
