// SPDX-License-Identifier: MIT

/// The functions of `app:on`.
extension Generation {
    /// Runs those for `check`, as the main script was run: before anything serves, where nothing can wait.
    ///
    /// - Throws: the first error.
    func runChecks() throws(ScriptError) {
        for number in hooks[.check] ?? [] {
            let coroutine = vm.takeCoroutine()
            handlers.push(number, on: coroutine.stack)
            try GenerationLoader.finish(
                coroutine, in: vm,
                waiting: "a function of app:on(\"check\") waits or yields; nothing can wait there")
        }
    }
}
