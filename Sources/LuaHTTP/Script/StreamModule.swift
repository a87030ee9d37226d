// SPDX-License-Identifier: MIT

/// Takes what scripts write to an answer that is being streamed; a worker does it.
protocol StreamServices: AnyObject {
    /// (number, string, …)
    func write(toStreamOn stack: LuaStack) throws(HostError) -> StreamProgress
    /// (number)
    func flush(streamOn stack: LuaStack) -> StreamProgress
    /// (number): waits until the client takes more; true, or false when it has gone.
    func wait(forStreamOn stack: LuaStack) throws(HostError)
}

enum StreamProgress {
    /// The client takes more.
    case ready
    /// It was taken, and no more should be written for now.
    case full
    /// Nobody reads any more.
    case ended
}

/// What `out` of `app.stream` and `app:sse` stands on; its methods are in CLua/lua/streams.lua.
enum StreamModule {
    static func write(_ services: ScriptServices) -> HostFunction {
        HostFunction("out:write") { stack throws(HostError) in
            push(try services.streams().write(toStreamOn: stack), on: stack)
        }
    }

    static func flush(_ services: ScriptServices) -> HostFunction {
        HostFunction("out:flush") { stack throws(HostError) in
            push(try services.streams().flush(streamOn: stack), on: stack)
        }
    }

    static func wait(_ services: ScriptServices) -> HostFunction {
        HostFunction("out:write", waits: true) { stack throws(HostError) in
            try services.streams().wait(forStreamOn: stack)
            return .await
        }
    }

    private static func push(_ progress: StreamProgress, on stack: LuaStack) -> HostResult {
        switch progress {
        case .ready: stack.push(true)
        case .full: stack.pushNil()
        case .ended: stack.push(false)
        }
        return .results(1)
    }
}
