// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// One event loop's share of the server: one VM, one set of routes, the requests in flight.
///
/// The meeting point of HTTP, routing, Lua and templates; knows no sockets. Confined to its loop:
/// nothing in it is locked.
final class Worker {
    let loop: any EventLoop
    private(set) var configuration: WorkerConfiguration
    /// What serves requests that begin now.
    private(set) var generation: Generation
    /// Of app.file: the directory of the script.
    private(set) var root: FileRoot
    /// Keeps open pages up to date; only in development.
    let live: LiveReload?
    /// What the readiness route says.
    var isReady = true
    /// The server stops soon.
    private(set) var isDraining = false

    // What is told of requests.
    private(set) var logger: Logger
    private(set) var accessLog: AccessLog?
    /// Nil where nobody asks for them.
    let metrics: WorkerMetrics?
    /// Requests that are accepted and not answered.
    var requestsInFlight = 0
    var limitLog = LimitLog()

    // Waiting.
    /// Whose Lua code runs right now.
    // SAFETY: set while a method of the fiber runs, which keeps it alive.
    unowned(unsafe) var current: Fiber?
    let timers: WorkerTimers
    let runQueue: RunQueue
    /// Nanoseconds since 1970.
    let wallClock: () -> Int64

    // What scripts have begun, by the numbers that they know it by.
    /// Those that have not ended.
    var tasks: [Int64: ScriptTask] = [:]
    var lastTask: Int64 = 0
    /// Answers that scripts are writing.
    var streams: [Int64: ResponseStream] = [:]
    var lastStream: Int64 = 0
    /// Those with something written that has not been sent.
    var unflushed: [ResponseStream] = []
    /// Requests to other servers.
    var calls: [Int64: ClientCall] = [:]
    var lastCall: Int64 = 0
    let outgoing: ClientConnections
    /// Who of this worker listens to what.
    private(set) lazy var topics = TopicDesk(hub: configuration.topics, worker: self)
    /// Functions of `app:on` that have not ended.
    var hookRuns: [ObjectIdentifier: HookRun] = [:]

    // Used again and again.
    /// Header lines of the answer being put together.
    var fields = HeaderBlock()
    private var idleTasks: [RequestTask] = []
    private var renderings = RenderingPool()
    private(set) var compressors: CompressorPool

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

    /// Computes a field of the request that `owner`, a task of ours, is at.
    private func pushField(
        _ field: RequestField, of owner: UnsafeMutableRawPointer?, on stack: LuaStack
    ) throws(HostError) {
        guard let owner else { return stack.pushNil() }
        // SAFETY: tasks give themselves as owner and end their view before they are released.
        let task = Unmanaged<RequestTask>.fromOpaque(owner).takeUnretainedValue()
        try task.pushField(field, on: stack, listener: (configuration.host, configuration.port))
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

    var isDevelopment: Bool { configuration.loader.isDevelopment }

    // MARK: Used again

    /// Most tasks kept for reuse; each is a few hundred bytes.
    private static let mostIdleTasks = 256

    /// A task of the generation in force.
    func takeTask() -> RequestTask {
        idleTasks.popLast() ?? RequestTask(worker: self, generation: generation)
    }

    func recycle(_ task: RequestTask) {
        // One of an old generation would keep it.
        if idleTasks.count < Self.mostIdleTasks, task.generation === generation { idleTasks.append(task) }
    }

    func beginRendering(
        _ template: UnsafeRawBufferPointer, variables: Int32, answer: Answer, generation: Generation,
        edition: Int, on stack: LuaStack
    ) throws(AnswerMistake) -> Rendering {
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

    /// What waits to be used again holds on to the templates it rendered last.
    func forgetIdleRenderings() { renderings = RenderingPool() }

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
