// SPDX-License-Identifier: MIT

/// Starts tasks and waits for them; a worker does it. Arguments and results are on the stack, as they are for
/// host functions.
protocol TaskServices: AnyObject {
    /// (outlives, task, function, …)
    func startTask(on stack: LuaStack) throws(HostError)
    /// (seconds or nil, task, …): waits until all have returned; false is the result. The first error is raised;
    /// the others are cancelled then, and when the time is up, which gives true.
    func awaitTasks(on stack: LuaStack) throws(HostError)
    /// (task)
    func cancelTask(on stack: LuaStack)
}

/// `app.async` and what goes with it; the shape that scripts see is in CLua/lua/tasks.lua.
enum TaskModule {
    static func start(_ services: ScriptServices) -> HostFunction {
        HostFunction("app.async") { stack throws(HostError) in
            try services.tasks().startTask(on: stack)
            return .results(0)
        }
    }

    static func wait(_ services: ScriptServices) -> HostFunction {
        HostFunction("app.await", waits: true) { stack throws(HostError) in
            try services.tasks().awaitTasks(on: stack)
            return .await
        }
    }

    static func cancel(_ services: ScriptServices) -> HostFunction {
        HostFunction("task:cancel") { stack throws(HostError) in
            try services.tasks().cancelTask(on: stack)
            return .results(0)
        }
    }
}
