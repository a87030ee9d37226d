// SPDX-License-Identifier: MIT

internal import CLua

/// A coroutine out of the VM's pool. Hand it back with exactly one of ``LuaVM/put(_:)`` and
/// ``LuaVM/discard(_:)``.
struct LuaCoroutine {
    fileprivate let handle: lh_coroutine

    var stack: LuaStack { LuaStack(state: handle.state) }

    /// Starts the function below its `arguments` on the stack, or goes on after a wait (0 arguments).
    ///
    /// - Returns: the status, and how many values lie on the stack when it is `.ok`. After an error
    ///   the call frames stay, for ``ScriptError``.
    func resume(arguments: Int32 = 0) -> (status: LuaStatus, results: Int32) {
        var results: Int32 = 0
        let status = lh_resume(handle.state, arguments, &results)
        return (LuaStatus(status), results)
    }
}

extension LuaVM {
    /// A coroutine with an empty stack.
    func takeCoroutine() -> LuaCoroutine { LuaCoroutine(handle: lh_coroutine_take(vm)) }

    /// Returns a coroutine that ended normally to the pool.
    func put(_ coroutine: LuaCoroutine) { lh_coroutine_put(vm, coroutine.handle) }

    /// Ends a coroutine that failed or waits; its `<close>` variables run.
    func discard(_ coroutine: LuaCoroutine) { lh_coroutine_discard(vm, coroutine.handle) }
}
