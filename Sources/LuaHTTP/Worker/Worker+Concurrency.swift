// SPDX-License-Identifier: MIT

internal import NIOCore

/// Waiting for functions of the host program that are `async`.
extension Worker: ConcurrencyServices {
    func await(
        _ operation: @escaping @Sendable () async -> Result<LuaValue, any Error>,
        finish: @escaping (Result<LuaValue, any Error>) -> FunctionModule.Outcome
    ) throws(HostError) {
        let fiber = try runningFiber()
        let wait = fiber.nextWait()
        let end = NIOLoopBound(
            { (outcome: Result<LuaValue, any Error>) in
                switch finish(outcome) {
                case .results(let push): fiber.endWait(wait, push)
                case .error(let error): fiber.failWait(wait, error)
                }
            }, eventLoop: loop)
        let task = Task { [loop] in
            let outcome = await operation()
            loop.execute { end.value(outcome) }
        }
        fiber.beginWait(wait) { task.cancel() }
    }
}
