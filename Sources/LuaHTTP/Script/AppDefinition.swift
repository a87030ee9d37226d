// SPDX-License-Identifier: MIT

/// What a main script declared, read from the table that the library's `finish` returns.
/// Plain data, but for the handlers, which stay in the VM as numbers of a ``LuaRefTable``.
struct AppDefinition {
    struct Route {
        var methods: [String]
        var path: String
        var name: String?
        /// "app.lua:12".
        var origin: String
        var target: Target
        /// Those that differ from the app's.
        var limits: [Limits.Name: Int] = [:]
        /// The handler reads the body itself.
        var streamsBody = false
        /// Its answers may be compressed.
        var compresses = true
        /// Its pages get a validator; nil: as the app says.
        var tags: Bool?
    }

    enum Target {
        /// Number of the handler, and whether it looks at the request.
        case handler(Int, takesRequest: Bool)
        case files(StaticOptions)
        /// Whether the server is ready.
        case readiness
    }

    /// A function of `app:error`.
    struct ErrorHandler {
        /// In the table of handlers.
        var number: Int
        /// What it was given: "404" or "\"*\"".
        var name: String
        /// "app.lua:12".
        var place: String
    }

    /// A function that gets the messages of some topics.
    struct Subscription {
        var topics: [[UInt8]]
        /// Number of the function.
        var handler: Int
        /// Most messages that wait for it.
        var queue: Int
    }

    var routes: [Route] = []
    /// By status; 0 stands for "*".
    var errorHandlers: [Int: ErrorHandler] = [:]
    var timers: [TimerDefinition] = []
    var subscriptions: [Subscription] = []
    var settings = ScriptSettings()
    var templates = TemplateAdditions()
    /// Numbers of the functions of `app:on`.
    var hooks: [LifecycleEvent: [Int]] = [:]

    /// Reads the table on top of `stack`. [-1, +0]
    ///
    /// - Parameter handlers: takes the functions.
    /// - Throws: ``ScriptError`` for settings out of range.
    init(takingFrom stack: LuaStack, handlers: inout LuaRefTable) throws(ScriptError) {
        let table = stack.absolute(-1)
        defer { stack.top = table - 1 }
        stack.getField("routes", of: table)
        try stack.forEachElement(of: -1) { () throws(ScriptError) in
            routes.append(try Self.route(takingFrom: stack, handlers: &handlers))
        }
        stack.pop()
        readErrorHandlers(stack, of: table, &handlers)
        stack.getField("timers", of: table)
        stack.forEachElement(of: -1) {
            if let timer = TimerDefinition(takingFrom: stack, handlers: &handlers) { timers.append(timer) }
        }
        stack.pop()
        hooks = LifecycleEvent.hooks(takingFrom: stack, definition: table, handlers: &handlers)
        stack.getField("subscriptions", of: table)
        stack.forEachElement(of: -1) {
            subscriptions.append(Self.subscription(takingFrom: stack, handlers: &handlers))
        }
        stack.pop()
        stack.getField("config", of: table)
        do throws(ScriptError) {
            settings = try ScriptSettings(readingFrom: stack, at: -1)
            _ = try settings.hostList(isDevelopment: false)  // at the author's line
        } catch {
            var failure = error
            if let origin = stack.stringField("where", of: -1) { failure.takePlace(from: origin) }
            throw failure
        }
        stack.getField("templates", of: table)
        templates = TemplateAdditions(takingFrom: stack, references: &handlers)
    }

    private mutating func readErrorHandlers(
        _ stack: LuaStack, of table: Int32, _ handlers: inout LuaRefTable
    ) {
        stack.getField("error_places", of: table)
        let places = stack.top
        stack.getField("errors", of: table)
        stack.pushNil()
        while stack.next(in: -2) {
            let status = stack.integer(at: -2) ?? 0
            let number = handlers.append(taking: stack)
            stack.getIndex(status, of: places)
            errorHandlers[Int(clamping: status)] = ErrorHandler(
                number: number, name: status == 0 ? "\"*\"" : "\(status)", place: stack.string(at: -1) ?? "?")
            stack.pop()
        }
        stack.pop(2)
    }

    private static func subscription(
        takingFrom stack: LuaStack, handlers: inout LuaRefTable
    ) -> Subscription {
        let table = stack.absolute(-1)
        var topics: [[UInt8]] = []
        stack.getField("topics", of: table)
        stack.forEachElement(of: -1) {
            if let topic = stack.bytes(at: -1), !topics.contains([UInt8](topic)) {
                topics.append([UInt8](topic))
            }
        }
        stack.getField("queue", of: table)
        let queue = Int(clamping: stack.integer(at: -1) ?? 1)
        stack.getField("fn", of: table)
        let handler = handlers.append(taking: stack)
        stack.top = table
        return Subscription(topics: topics, handler: handler, queue: queue)
    }

    /// Reads one route from the table on top. The caller pops it.
    private static func route(
        takingFrom stack: LuaStack, handlers: inout LuaRefTable
    ) throws(ScriptError) -> Route {
        let table = stack.absolute(-1)
        defer { stack.top = table }
        var methods: [String] = []
        stack.getField("methods", of: table)
        stack.forEachElement(of: -1) { methods.append(stack.string(at: -1) ?? "") }
        stack.pop()
        let target: Target
        if stack.getField("static", of: table) == .table {
            target = .files(StaticOptions(readingFrom: stack, at: -1))
        } else {
            let takesRequest = stack.booleanField("takes_request", of: table) ?? true
            stack.getField("handler", of: table)
            target = .handler(handlers.append(taking: stack), takesRequest: takesRequest)
        }
        let origin = stack.stringField("where", of: table) ?? "?"
        _ = stack.getField("limits", of: table)
        let limits = LimitModule.read(stack, at: -1)
        return Route(
            methods: methods, path: stack.stringField("path", of: table) ?? "/",
            name: stack.stringField("name", of: table),
            origin: origin, target: target, limits: limits,
            streamsBody: stack.stringField("body", of: table) == "stream",
            compresses: stack.booleanField("compress", of: table) ?? true,
            tags: stack.booleanField("etag", of: table))
    }
}

extension LuaStack {
    /// Calls `body` with each element of a list on top of the stack, then pops it, unless `body` throws.
    func forEachElement<E: Error>(of table: Int32, _ body: () throws(E) -> Void) throws(E) {
        let table = absolute(table)
        guard type(at: table) == .table else { return }
        for index in 0..<rawLength(at: table) {
            getIndex(Int64(index) + 1, of: table)
            try body()
            pop()
        }
    }

    /// The value of a field, or nil when it is no boolean.
    func booleanField(_ name: StaticString, of table: Int32) -> Bool? {
        let type = getField(name, of: table)
        defer { pop() }
        return type == .boolean ? isTrue(at: -1) : nil
    }

    /// The text of a field, or nil when it is not a string.
    func stringField(_ name: StaticString, of table: Int32) -> String? {
        getField(name, of: table)
        defer { pop() }
        return string(at: -1)
    }
}
