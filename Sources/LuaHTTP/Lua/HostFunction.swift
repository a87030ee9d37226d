// SPDX-License-Identifier: MIT

/// A Swift function that scripts may call.
struct HostFunction {
    /// The body reads its arguments from the stack (1 is the first) and pushes its results.
    typealias Body = (LuaStack) throws(HostError) -> HostResult

    /// For messages: "app.sleep".
    let name: StaticString
    /// Whether the body may return `.await`. Calls where Lua cannot yield are refused then.
    let waits: Bool
    let body: Body

    init(_ name: StaticString, waits: Bool = false, body: @escaping Body) {
        self.name = name
        self.waits = waits
        self.body = body
    }
}

/// What a host function did.
enum HostResult {
    /// That many results were pushed.
    case results(Int32)
    /// The results come later, through ``LuaVM/waitingStack``.
    case await
}

/// Why a host function or a field of a request fails; raised in the script.
enum HostError: Error {
    /// A mistake of the author: raised as a message with the place of the call.
    case message(String)
    /// Something the client did: raised as `app.abort(status, message)` would.
    case abort(status: Int, message: String)
}

/// Pushes one computed field of the request that `owner` stands for.
typealias RequestFieldReader = (
    _ owner: UnsafeMutableRawPointer?, _ field: RequestField, _ stack: LuaStack
) throws(HostError) -> Void
