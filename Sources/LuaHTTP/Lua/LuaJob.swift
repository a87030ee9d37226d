// SPDX-License-Identifier: MIT

internal import CLua

/// A call of a script that may block: a file, a pipe, a command. It runs on a thread of its own; what waits for
/// it meanwhile is its owner's business.
struct LuaJob {
    fileprivate let job: OpaquePointer

    /// Runs it; `done` is called from that thread when it is over, also after it was cancelled.
    func start(_ done: @escaping @Sendable () -> Void) {
        let completion = Unmanaged.passRetained(Completion(done))
        lh_job_start(
            job,
            { context in
                guard let context else { return }
                // SAFETY: retained above, for this one call.
                Unmanaged<Completion>.fromOpaque(context).takeRetainedValue().done()
            }, completion.toOpaque())
    }

    /// Nobody wants the result any more. Only while the coroutine still waits for it.
    func cancel() { lh_job_cancel(job) }

    private final class Completion: Sendable {
        let done: @Sendable () -> Void

        init(_ done: @escaping @Sendable () -> Void) { self.done = done }
    }
}

extension LuaVM {
    /// Has calls that may block handed to ``onBlockingCall``; until then they block.
    func offloadBlockingCalls() {
        let context = Unmanaged.passUnretained(context).toOpaque()
        lh_vm_set_blocker(
            vm,
            { context, _, job in
                guard let context, let job else { return false }
                // SAFETY: the context lives as long as the VM that calls.
                let vm = Unmanaged<HostContext>.fromOpaque(context).takeUnretainedValue().vm
                return vm?.onBlockingCall?(LuaJob(job: job)) ?? false
            }, context)
    }
}
