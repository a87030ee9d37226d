// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// One event loop's share of the server: one VM, one set of routes, the requests in flight.
///
/// The meeting point of HTTP, routing, Lua and templates; knows no sockets. Confined to its loop:
/// nothing in it is locked.
final class Worker: HTTPApplication {
    let loop: any EventLoop
    private(set) var configuration: WorkerConfiguration
    private(set) var logger: Logger
    private(set) var generation: Generation
    private var accessLog: AccessLog?
    /// Nil where nobody asks for them.
    let metrics: WorkerMetrics?
    /// What the readiness route says.
    var isReady = true
    /// Requests that are accepted and not answered.
    var requestsInFlight = 0
    private(set) var limitLog = LimitLog()
    /// Whose Lua code runs right now.
    var current: Fiber?
    let timers: WorkerTimers
    private let runQueue: RunQueue
    /// Nanoseconds since 1970.
    let wallClock: () -> Int64
    /// Those that have not ended, by number.
    var tasks: [Int64: ScriptTask] = [:]
    var lastTask: Int64 = 0
    /// Answers that scripts are writing, by number.
    var streams: [Int64: ResponseStream] = [:]
    var lastStream: Int64 = 0
    /// The server stops soon.
    private(set) var isDraining = false
    /// Those with something written that has not been sent.
    var unflushed: [ResponseStream] = []
    /// Functions of `app:on` that have not ended.
    var hookRuns: [ObjectIdentifier: HookRun] = [:]
    /// Who of this worker listens to what.
    private(set) lazy var topics = TopicDesk(hub: configuration.topics, worker: self)
    /// Requests to other servers, by number.
    var calls: [Int64: ClientCall] = [:]
    var lastCall: Int64 = 0
    let outgoing: ClientConnections
    /// Header lines of the answer being put together.
    var fields = HeaderBlock()
    private var idleTasks: [RequestTask] = []
    private var renderings = RenderingPool()
    private(set) var compressors: CompressorPool
    /// Of app.file: the directory of the script.
    private(set) var root: FileRoot
    /// Keeps open pages up to date; only in development.
    let live: LiveReload?

    /// - Throws: ``ScriptError`` when the app does not load.
    convenience init(
        loop: any EventLoop, configuration: WorkerConfiguration, templates: TemplateSet, logger: Logger,
        wallClock: @escaping () -> Int64 = WallClock.nanoseconds
    ) throws(ScriptError) {
        let prepared = try PreparedGeneration(
            loader: configuration.loader, stores: configuration.stores, functions: configuration.functions,
            logger: logger)
        prepared.generation.templates = templates
        self.init(
            loop: loop, configuration: configuration, prepared: prepared, logger: logger, wallClock: wallClock
        )
    }

    init(
        loop: any EventLoop, configuration: WorkerConfiguration, prepared: PreparedGeneration, logger: Logger,
        wallClock: @escaping () -> Int64 = WallClock.nanoseconds
    ) {
        self.loop = loop
        self.configuration = configuration
        self.logger = logger
        self.wallClock = wallClock
        let queue = RunQueue(loop: loop)
        runQueue = queue
        timers = WorkerTimers(loop: loop) { queue.append(.wake($0, $1)) }
        outgoing = ClientConnections(loop: loop)
        accessLog = configuration.accessLog.map {
            AccessLog(loop: loop, format: $0.format, output: $0.output)
        }
        metrics = configuration.hasMetrics ? WorkerMetrics() : nil
        live = LiveReload(configuration, loop: loop)
        compressors = CompressorPool(configuration.compression)
        generation = prepared.generation
        root = prepared.root
        adopt(prepared)
        generation.startTimers(on: self)
    }

    private func adopt(_ prepared: PreparedGeneration) {
        prepared.generation.vm.readField = { [unowned self] owner, field, stack throws(HostError) in
            try self.pushField(field, of: owner, on: stack)
        }
        prepared.relay.worker = self
        metrics?.adopt(prepared.generation)
        if configuration.offloadsBlockingCalls {
            prepared.generation.vm.offloadBlockingCalls()
            prepared.generation.vm.onBlockingCall = { [unowned self] in waitForBlockingCall($0) }
        }
    }

    /// Requests that begin from now on are served by `prepared`. Returns what served them until now.
    func replaceGeneration(
        by prepared: PreparedGeneration, configuration: WorkerConfiguration, logger: Logger
    ) -> Generation {
        let old = generation
        var configuration = configuration
        configuration.isFirst = self.configuration.isFirst
        adopt(prepared)
        (generation, root) = (prepared.generation, prepared.root)
        accessLog?.flush()
        accessLog = configuration.accessLog.map {
            AccessLog(loop: loop, format: $0.format, output: $0.output)
        }
        if configuration.compression != compressors.setting {
            compressors = CompressorPool(configuration.compression)
        }
        (self.configuration, self.logger) = (configuration, logger)
        idleTasks.removeAll()
        forgetIdleRenderings()
        old.stopTimers()
        generation.startTimers(on: self)
        return old
    }

    /// What waits to be used again holds on to the templates it rendered last.
    func forgetIdleRenderings() { renderings = RenderingPool() }

    /// Requests are timed.
    var takesTime: Bool { accessLog?.format.hasDuration == true || metrics != nil }
    var isDevelopment: Bool { configuration.loader.isDevelopment }

    // MARK: Requests

    func accept(_ exchange: HTTPExchange) -> BodyDecision {
        if let live, live.takes(exchange) { return .answered }
        // What becomes of a body is decided now: only a request without one can wait for its route.
        if let freshness = configuration.freshness, exchange.head.framing == .none, freshness.isInDoubt() {
            return hold(exchange, freshness)
        }
        return dispatch(exchange)
    }

    /// Looks for the route.
    func dispatch(_ exchange: HTTPExchange) -> BodyDecision {
        let task = idleTasks.popLast() ?? RequestTask(worker: self, generation: generation)
        exchange.task = task
        task.begin(exchange)
        if let hosts = generation.hosts, !hosts.allows(exchange.head.slice(exchange.head.host)),
            !asksForReadiness(exchange)
        {
            return .reject(HTTPError(421, "this server does not serve the host of this URL"))
        }
        let path = exchange.head.slice(exchange.head.path)
        switch generation.table.match(method(of: exchange), path, into: &task.match) {
        case .found(let route):
            task.route = route
            if exchange.head.framing == .none, !generation.routes[route].streamsBody {
                return .proceed(limit: 0)
            }
            return acceptBody(of: task, exchange, route)
        case .notFound:
            return refuse(task, RequestTask.Failure(status: 404), exchange)
        case .methodNotAllowed(let methods):
            let allow = allowField(methods)
            return refuse(task, RequestTask.Failure(status: 405, fields: allow), exchange)
        case .options(let methods):
            task.respond(status: 204, fields: allowField(methods))
        case .redirect(let slash):
            task.respond(
                status: exchange.head.method == .get || exchange.isHead ? 301 : 308,
                fields: location(of: exchange, slash))
        case .badRequest:
            return refuse(
                task, RequestTask.Failure(status: 400, message: "The path of this URL is not valid."),
                exchange)
        }
        return .answered
    }

    /// Who asks that names the machine, not the site.
    private func asksForReadiness(_ exchange: HTTPExchange) -> Bool {
        guard let path = generation.settings.readiness else { return false }
        return exchange.head.slice(exchange.head.path).elementsEqual(path.utf8)
    }

    func handle(_ exchange: HTTPExchange) {
        if configuration.freshness != nil, completeHeld(exchange) { return }
        guard let task = task(of: exchange), let route = task.route else { return }
        // Not by the generation in force: another may have come while the body was on its way.
        switch task.generation.routes[route].target {
        case .handler(let number): task.run(handler: number)
        case .files(let number): task.sendStatic(task.generation.mounts[number])
        case .readiness: task.sendReadiness()
        }
    }

    func cancel(_ exchange: HTTPExchange) {
        if let live, live.drop(exchange) { return }
        task(of: exchange)?.cancel()
    }

    func writable(_ exchange: HTTPExchange) { task(of: exchange)?.clientIsReady() }

    func inputClosed(_ exchange: HTTPExchange) {
        if let live, live.drop(exchange) { return }
        task(of: exchange)?.inputClosed()
    }

    func errorPage(_ error: HTTPError, _ exchange: HTTPExchange, into body: inout ByteBuffer) -> ByteBuffer {
        let task = task(of: exchange)
        if let limit = error.limit {
            limitHit(
                limit, value(of: limit, for: task), detail: "\(error)", address: exchange.ipAddress ?? "-")
        } else {
            logger.debug("request refused: \(error)", metadata: ["client": "\(exchange.ipAddress ?? "?")"])
        }
        let page = ErrorPage(
            status: error.status, message: error.message.description, report: nil,
            format: ErrorPage.Format(accept: exchange.head.value(.accept)))
        body.writeImmutableBuffer(page.body)
        // Not `fields`: an answer may be in the making there, which turned out to be too large.
        var lines = HeaderBlock()
        lines.begin((task?.generation ?? generation).standardFields)
        lines.append(page.fields)
        lines.finish()
        if let task {
            logAccess(task, status: error.status, bytes: page.body.readableBytes)
            task.abandon()
        } else {
            // Malformed, or too slow: nobody has looked for a route.
            accessLog?.write(
                exchange, status: error.status, bytes: page.body.readableBytes, microseconds: 0)
            metrics?.unmatched.add(error.status, nanoseconds: 0)
        }
        return lines.bytes
    }

    /// Of the route of `task`, or of the app.
    private func value(of limit: Limits.Name, for task: RequestTask?) -> Int {
        let ofRoute = task?.route.flatMap { task?.generation.routes[$0].limits[limit] }
        return ofRoute ?? configuration.limits[limit]
    }

    /// Errors found before the handler runs: the app's own page, if it can be made at once, else the built-in.
    func refuse(_ task: RequestTask, _ failure: RequestTask.Failure, _ exchange: HTTPExchange)
        -> BodyDecision
    {
        let serial = exchange.serial
        task.fail(with: failure)
        guard exchange.serial == serial, self.task(of: exchange) === task else { return .answered }
        // The error handler waits: only a request without a body can wait with it. A page that has begun
        // goes on beside the body.
        if exchange.head.framing == .none || task.rendering?.hasStarted == true { return .answered }
        task.abandon()
        return .reject(HTTPError(failure.status, ""))
    }

    func task(of exchange: HTTPExchange) -> RequestTask? {
        guard let task = exchange.task else { return nil }
        if configuration.freshness != nil, task is HeldRequest {
            exchange.task = nil
            return nil
        }
        // SAFETY: `accept` is the only one that sets an exchange's task.
        return unsafeDowncast(task, to: RequestTask.self)
    }

    func method(of exchange: HTTPExchange) -> RouteMethod {
        switch exchange.head.method {
        case .get: .get
        case .head: .head
        case .post: .post
        case .put: .put
        case .patch: .patch
        case .delete: .delete
        case .options: .options
        case .connect, .trace, .other:
            generation.table.method(named: exchange.head.slice(exchange.head.methodName))
        }
    }

    private func allowField(_ methods: RouteMethodSet) -> ByteBuffer {
        var field = ByteBuffer()
        field.writeStaticString("Allow: ")
        field.writeBytes(generation.table.allow(methods))
        field.writeStaticString("\r\n")
        return field
    }

    /// The same path with one slash more or less, and the query. The router never says so of a path that
    /// would name another host.
    private func location(of exchange: HTTPExchange, _ slash: RouteOutcome.TrailingSlash) -> ByteBuffer {
        var field = ByteBuffer()
        field.writeStaticString("Location: ")
        let path = exchange.head.slice(exchange.head.path)
        switch slash {
        case .add:
            field.writeBytes(path)
            field.writeStaticString("/")
        case .remove:
            field.writeBytes(path.dropLast())
        }
        if !exchange.head.query.isEmpty {
            field.writeStaticString("?")
            field.writeBytes(exchange.head.slice(exchange.head.query))
        }
        field.writeStaticString("\r\n")
        return field
    }

    // MARK: Tasks

    /// Most tasks kept for reuse; each is a few hundred bytes.
    private static let mostIdleTasks = 256

    func recycle(_ task: RequestTask) {
        // One of an old generation would keep it.
        if idleTasks.count < Self.mostIdleTasks, task.generation === generation { idleTasks.append(task) }
    }

    /// Begins a wait of the running fiber for `seconds`.
    func sleep(seconds: Double) throws(HostError) {
        guard let fiber = current else { throw .message("cannot wait here: no request is running") }
        let wait = fiber.nextWait()
        // Up to the nearest multiple of the clock's step; nothing below it would be a wait.
        guard let nanoseconds = UInt64(exactly: (seconds * 1e9).rounded()), nanoseconds > 0 else {
            fiber.beginWait(wait, .nothing)
            return wakeSoon(fiber, wait)
        }
        fiber.beginWait(wait, .alarm(timers.add(.wake(fiber, wait), inNanoseconds: nanoseconds)))
    }

    /// Runs a call that may block beside the loop; the running fiber waits for it.
    private func waitForBlockingCall(_ job: LuaJob) -> Bool {
        guard let fiber = current else { return false }
        let wait = fiber.nextWait()
        fiber.beginWait(wait) { job.cancel() }
        let bound = NIOLoopBound(fiber, eventLoop: loop)
        job.start { [loop] in loop.execute { bound.value.endWait(wait) { _ in } } }
        return true
    }

    /// Lets `fiber` go on after the events that are due already; its results are on its stack.
    func wakeSoon(_ fiber: Fiber, _ wait: UInt64) { runQueue.append(.wake(fiber, wait)) }

    /// Calls `body` when no Lua code is running any more, and what is ready before it has had its turn.
    func soon(_ body: @escaping () -> Void) { runQueue.append(.call(body)) }

    /// Runs `body` when the loop has looked at its sockets, so that other requests get their turn.
    func later(_ body: @escaping () -> Void) { runQueue.appendLater(.call(body)) }

    /// Computes a field of the request that `owner`, a task of ours, is at.
    private func pushField(
        _ field: RequestField, of owner: UnsafeMutableRawPointer?, on stack: LuaStack
    ) throws(HostError) {
        guard let owner else { return stack.pushNil() }
        // SAFETY: tasks give themselves as owner and end their view before they are released.
        let task = Unmanaged<RequestTask>.fromOpaque(owner).takeUnretainedValue()
        try task.pushField(field, on: stack, listener: (configuration.host, configuration.port))
    }

    // MARK: Rendering

    func beginRendering(
        _ template: UnsafeRawBufferPointer, variables: Int32, answer: Answer, generation: Generation,
        edition: Int, on stack: LuaStack
    ) throws(TemplateError) -> Rendering {
        let rendering = renderings.take()
        try rendering.begin(
            template, variables: variables, answer: answer, fields: fields, generation: generation,
            edition: edition, on: stack)
        return rendering
    }

    func recycle(_ rendering: Rendering) {
        if let compressor = rendering.takeCompressor() { compressors.end(compressor) }
        renderings.put(rendering)
    }

    // MARK: Errors and logs

    func errorPage(for failure: RequestTask.Failure, exchange: HTTPExchange) -> ErrorPage {
        ErrorPage(
            status: failure.status, message: failure.message,
            report: isDevelopment ? report(of: failure, exchange: exchange) : nil,
            format: ErrorPage.Format(accept: exchange.head.value(.accept)))
    }

    func logFailure(_ failure: RequestTask.Failure, of task: RequestTask) {
        if let limit = failure.limit {
            limitHit(
                limit, value(of: limit, for: task), detail: "\(failure.status) for \(task.requestLine)",
                address: task.exchange?.ipAddress ?? "-")
        }
        guard failure.status >= 500, let detail = ErrorPage.detail(of: failure) else { return }
        logger.error("\(task.requestLine): \(failure.status)\n\(LogText.block(detail))")
    }

    func logAccess(_ task: RequestTask, status: Int, bytes: Int) {
        guard accessLog != nil || metrics != nil, let exchange = task.exchange else { return }
        let nanoseconds = takesTime ? max(0, (NIODeadline.now() - task.startedAt).nanoseconds) : 0
        accessLog?.write(exchange, status: status, bytes: bytes, microseconds: Int(nanoseconds / 1000))
        metrics?.series(of: task).add(status, nanoseconds: UInt64(nanoseconds))
    }

    func limitHit(_ limit: Limits.Name, _ value: Int, _ exchange: HTTPExchange) {
        // The end of a connection that was used long enough is nothing to tell.
        if limit == .requestsPerConnection { return limitLog.count(limit) }
        limitHit(limit, value, detail: "connection reset", address: exchange.ipAddress ?? "-")
    }

    func limitHit(_ limit: Limits.Name, _ value: Int, detail: String, address: String) {
        let line = limitLog.hit(
            limit, value: value, detail: detail, address: address, now: Clock.milliseconds())
        if let line { logger.warning("\(line)") }
    }

    /// The status is nginx's own for those who have not waited for theirs.
    func logCancelled(_ task: RequestTask) {
        metrics?.cancelled &+= 1
        logger.debug("\(task.requestLine): client has gone")
        logAccess(task, status: 499, bytes: task.bytesSent)
    }

    // MARK: End

    /// The server stops soon: nothing that never ends by itself may keep it.
    func beginDrain() {
        isDraining = true
        isReady = false
        live?.drain()
        for stream in Array(streams.values) { stream.task?.endEvents() }
    }

    /// Closes the VM. No request may be in flight.
    func shutDown() {
        live?.end()
        accessLog?.flush()
        generation.stopTimers()
        for task in Array(tasks.values) { task.cancel() }
        topics.close()
        for number in Array(calls.keys) { endExchange(number) }
        timers.shutDown()
        idleTasks.removeAll()
        generation.vm.collectGarbage()
    }
}

@available(*, unavailable)
extension Worker: Sendable {}

/// Stands between a VM's scripts and its worker, which does not exist yet while the main script runs.
final class ServiceRelay {
    // SAFETY: the worker owns the VM whose scripts call this, so it is there as long as they are.
    // Not weak: that would make each retain of the worker take the slow path of its reference count.
    unowned(unsafe) var worker: Worker?
    /// Another relay says what the script logs.
    var isSilent: Bool
    private let logger: Logger
    private let stores: SharedStores
    private let functions: ScriptFunctions

    init(
        logger: Logger, stores: SharedStores, functions: ScriptFunctions = ScriptFunctions(),
        isSilent: Bool = false
    ) {
        self.logger = logger
        self.stores = stores
        self.functions = functions
        self.isSilent = isSilent
    }

    var services: ScriptServices {
        ScriptServices(
            log: { level, message, place in
                guard !self.isSilent else { return }
                let logger = self.worker?.logger ?? self.logger
                logger.log(
                    level: Logger.Level(rawValue: level == "warn" ? "warning" : level) ?? .info,
                    "\(place): \(LogText.line(message))")
            },
            sleep: { seconds throws(HostError) in
                guard let worker = self.worker else { throw .message("cannot wait while the app is loading") }
                try worker.sleep(seconds: seconds)
            },
            stores: stores,
            body: { call, stack throws(HostError) in
                guard let worker = self.worker else {
                    throw .message("there is no request while the app is loading")
                }
                return try worker.serve(call, on: stack)
            },
            tasks: { () throws(HostError) in
                guard let worker = self.worker else {
                    throw .message("no task can run while the app is loading: start it in a handler")
                }
                return worker
            },
            streams: { () throws(HostError) in
                guard let worker = self.worker else {
                    throw .message("there is no stream while the app loads")
                }
                return worker
            },
            loop: { () throws(HostError) in
                guard let worker = self.worker else {
                    throw .message("not while the app is loading: do it in a handler")
                }
                return worker
            },
            functions: functions)
    }
}
