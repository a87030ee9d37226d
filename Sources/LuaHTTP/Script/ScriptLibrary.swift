// SPDX-License-Identifier: MIT

/// What the server does for scripts beyond computing: given once for each VM.
struct ScriptServices {
    /// Writes a log line; `place` is "app.lua:12".
    let log: (_ level: String, _ message: String, _ place: String) -> Void
    /// Begins a wait of the running request. Throws where nothing can wait.
    let sleep: (_ seconds: Double) throws(HostError) -> Void
    /// Of the whole server; each VM of tests has its own.
    var stores = SharedStores()
    /// Serves a call of `BodyModule`.
    var body: (_ call: BodyModule.Call, _ stack: LuaStack) throws(HostError) -> HostResult = { _, _ in
        .results(0)
    }
    /// Who runs tasks. Throws where there is nobody yet.
    var tasks: () throws(HostError) -> any TaskServices = { () throws(HostError) in
        throw .message("no task can run while the app is loading")
    }
    /// Who takes what scripts write. Throws where there is nobody yet.
    var streams: () throws(HostError) -> any StreamServices = { () throws(HostError) in
        throw .message("there is no stream while the app loads")
    }
    /// What the app turns out to be made of; nil where nobody wants to know.
    var record: DependencyRecord?
    /// Stands in for environment variables that are not set.
    var environment = EnvironmentFile()
    /// Who publishes, asks other servers and waits for Swift. Throws where there is nobody yet.
    var loop: () throws(HostError) -> any LoopServices = { () throws(HostError) in
        throw .message("not while the app is loading: do it in a handler")
    }
    /// Of the program that the server is part of.
    var functions = ScriptFunctions()
}

typealias LoopServices = TopicServices & ClientServices & ConcurrencyServices

/// `require "luahttpd"`: its Lua part (CLua/lua) and the host functions that it stands on.
///
/// This is the one list of what the server gives to scripts.
struct ScriptLibrary: ~Copyable {
    private let finishFunction: LuaRef
    private let explainFunction: LuaRef
    private let complainFunction: LuaRef
    private let unknownFieldFunction: LuaRef

    /// - Parameters:
    ///   - root: directory of the main script, for `require`.
    ///   - isDevelopment: `app.env` is "dev", and assigning a new global in a handler is an error.
    init(
        in vm: LuaVM, root: String, isDevelopment: Bool, services: ScriptServices
    ) throws(ScriptError) {
        let stack = vm.main
        let top = stack.top
        defer { stack.top = top }
        vm.pushLibrary(on: stack)
        Self.pushHost(of: vm, services, on: stack)
        stack.pushTable(fields: 3)
        stack.push(isDevelopment)
        stack.setField("dev", of: -2)
        stack.push(root)
        stack.setField("root", of: -2)
        stack.push(services.environment)
        stack.setField("env", of: -2)
        let outcome = stack.call(arguments: 2, results: 1)
        guard outcome == .ok else { throw ScriptError(takingFrom: stack, status: outcome) }
        stack.getField("finish", of: -1)
        finishFunction = LuaRef(taking: stack, of: vm)
        stack.getField("explain", of: -1)
        explainFunction = LuaRef(taking: stack, of: vm)
        stack.getField("complain", of: -1)
        complainFunction = LuaRef(taking: stack, of: vm)
        stack.getField("unknown_field", of: -1)
        unknownFieldFunction = LuaRef(taking: stack, of: vm)
    }

    /// Pushes the table that the library gets as `host`. [-0, +1]
    private static func pushHost(of vm: LuaVM, _ services: ScriptServices, on stack: LuaStack) {
        stack.pushTable(fields: 16)
        let host = stack.absolute(-1)
        let kinds: [(StaticString, LuaKind)] = [
            ("Response", .response), ("Abort", .abort), ("Array", .array), ("Object", .object),
            ("Safe", .safe), ("Values", .values), ("Request", .request), ("Task", .task), ("Stream", .stream),
            ("Upload", .upload),
        ]
        for (name, kind) in kinds {
            stack.pushMetatable(of: kind)
            stack.setField(name, of: host)
        }
        stack.pushNull()
        stack.setField("null", of: host)
        stack.push(LuaHTTPVersion.text)
        stack.setField("version", of: host)
        LimitModule.pushNames(on: stack)
        stack.setField("limits", of: host)
        let functions: [(StaticString, HostFunction)] =
            [
                ("check_limit", LimitModule.check()),
                ("response_mistake", ResponseModule.mistake()),
                ("json_encode", JSONModule.encode()), ("json_decode", JSONModule.decode(in: vm)),
                ("url", URLModule.url()), ("log", LogModule.log(services)),
                ("sleep", TimeModule.sleep(services)),
                ("task_start", TaskModule.start(services)), ("task_wait", TaskModule.wait(services)),
                ("check_cron", TimerModule.checkCron()), ("task_cancel", TaskModule.cancel(services)),
                ("stream_write", StreamModule.write(services)),
                ("stream_flush", StreamModule.flush(services)), ("stream_wait", StreamModule.wait(services)),
                ("depends", DependencyModule.depends(services.record)),
                ("watch", DependencyModule.watch(services.record)),
            ] + StoreModule.functions(services.stores, in: vm) + BodyModule.functions(services)
            + TopicModule.functions(services) + ClientModule.functions(services)
        FunctionModule.push(services.functions, services, in: vm, on: stack)
        stack.setField("functions", of: host)
        for (name, function) in functions {
            vm.push(function, on: stack)
            stack.setField(name, of: host)
        }
    }

    /// Freezes what the main script declared and pushes its table. [-0, +1]
    func finish(on stack: LuaStack) throws(ScriptError) {
        stack.push(finishFunction)
        let status = stack.call(arguments: 0, results: 1)
        guard status == .ok else { throw ScriptError(takingFrom: stack, status: status) }
    }

    /// What is wrong with the values from `first` to the top of `stack`, which a handler returned.
    func explain(from first: Int32, on stack: LuaStack) -> String {
        let count = min(max(stack.top - first + 1, 0), 4)
        guard stack.reserve(count + 4) else { return "returned too many values" }
        let top = stack.top
        defer { stack.top = top }
        stack.push(explainFunction)
        for index in 0..<count { stack.pushCopy(of: first + index) }
        guard stack.call(arguments: count, results: 1) == .ok else {
            return "returned values that do not fit"
        }
        return stack.string(at: -1) ?? "returned values that do not fit"
    }

    /// Why the response options at `index` are not valid, or nil.
    func complaint(aboutOptionsAt index: Int32, on stack: LuaStack) -> String? {
        complaint(of: complainFunction, about: index, on: stack) ?? "response options are not valid"
    }

    /// What is wrong with the names of the fields of the response at `index`, or nil.
    func complaint(aboutFieldsAt index: Int32, on stack: LuaStack) -> String? {
        complaint(of: unknownFieldFunction, about: index, on: stack)
            ?? "returned a response that is not valid"
    }

    /// What a function of the library says of one value. The outer nil: it failed.
    private func complaint(of function: borrowing LuaRef, about index: Int32, on stack: LuaStack) -> String??
    {
        let index = stack.absolute(index)
        let top = stack.top
        defer { stack.top = top }
        guard stack.reserve(6) else { return nil }
        stack.push(function)
        stack.pushCopy(of: index)
        let status = stack.call(arguments: 1, results: 1)
        return status == .ok ? .some(stack.string(at: -1)) : nil
    }
}
