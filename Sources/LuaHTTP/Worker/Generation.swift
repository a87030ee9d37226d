// SPDX-License-Identifier: MIT

/// One loaded application: VM, routes, handlers, templates. Immutable after loading, confined to a loop.
///
/// Requests finish on the generation they began on; it closes with the last one that lets go of it.
final class Generation {
    /// What serves a route.
    enum Target {
        /// Number of the handler in `handlers`, and whether it looks at the request.
        case handler(Int, takesRequest: Bool)
        /// Number of the directory in `mounts`.
        case files(Int)
        /// Whether the server is ready.
        case readiness
    }

    struct Route {
        var target: Target
        /// Those that differ from the app's.
        var limits: [Limits.Name: Int] = [:]
        /// The handler reads the body itself.
        var streamsBody = false
        /// Its answers may be compressed.
        var compresses = true
        /// Its pages get a validator; nil: as the app says.
        var tags: Bool?
        var budget: LuaBudget
        var origin: String
        var path: String
        /// "GET", "GET,POST" or "ANY".
        var methods = ""
    }

    typealias ErrorHandler = AppDefinition.ErrorHandler

    /// What is counted of each route; empty where nobody asks.
    var series: [RequestSeries] = []

    let vm: LuaVM
    let library: ScriptLibrary
    let handlers: LuaRefTable
    let settings: ScriptSettings
    let table: RouteTable
    let routes: [Route]
    let parameterNames: ParameterNames
    let mounts: [StaticMount]
    /// Of what runs for no route.
    let budget: LuaBudget
    private let places: PlaceNames
    /// Of all mounts.
    let files: FileCache
    let standardFields: StandardFields
    /// Of answers to errors.
    let errorFields: StandardFields
    /// Nil: every host is ours.
    let hosts: HostList?
    private let errorHandlers: [Int: ErrorHandler]
    /// Filters, tests and globals of the script.
    let additions: TemplateAdditions
    private let timerDefinitions: [TimerDefinition]
    private var timers: ScriptTimers?
    /// Numbers of the functions of `app:on`.
    let hooks: [LifecycleEvent: [Int]]
    /// `app.state`.
    let state: LuaRef
    private let subscriptions: [AppDefinition.Subscription]
    private var listeners: [ScriptListener] = []
    /// Templates in force.
    var templates = TemplateSet.empty
    var life = GenerationLife()

    /// - Throws: ``ScriptError`` for routes that conflict or directories that are not there.
    init(
        vm: LuaVM, library: consuming ScriptLibrary, definition: AppDefinition,
        handlers: consuming LuaRefTable, state: consuming LuaRef, root: String,
        isDevelopment: Bool
    ) throws(ScriptError) {
        var builder = RouteBuilder()
        var routes: [Route] = []
        var mounts: [StaticMount] = []
        let limits = Limits(changing: definition.settings.limits)
        var places = PlaceNames()
        for route in definition.routes {
            try Self.add(route, to: &builder)
            let target: Target
            switch route.target {
            case .handler(let number, let takesRequest):
                target = .handler(number, takesRequest: takesRequest)
            case .files(let options):
                mounts.append(try StaticMount(options, root: root, origin: route.origin))
                target = .files(mounts.count - 1)
            case .readiness: target = .readiness
            }
            let budget = LuaBudget(
                cpu: route.limits[.cpuTime] ?? limits[.cpuTime],
                memory: route.limits[.memory] ?? limits[.memory], place: places.add(route.origin))
            routes.append(
                Route(
                    target: target, limits: route.limits, streamsBody: route.streamsBody,
                    compresses: route.compresses, tags: route.tags, budget: budget, origin: route.origin,
                    path: route.path, methods: route.methods.joined(separator: ",")))
        }
        do throws(RouteError) {
            table = try builder.freeze()
        } catch {
            throw ScriptError(message: error.description)
        }
        self.vm = vm
        self.library = library
        self.handlers = handlers
        self.routes = routes
        self.mounts = mounts
        self.state = state
        hooks = definition.hooks
        settings = definition.settings
        budget = LuaBudget(cpu: limits[.cpuTime], memory: limits[.memory])
        self.places = places
        // In development a file is compared with the disk each time, so that a change is seen at once.
        files = FileCache(interval: isDevelopment ? 0 : 1000)
        standardFields = definition.settings.standardFields
        errorFields = standardFields.uncached
        hosts = try definition.settings.hostList(isDevelopment: isDevelopment)
        errorHandlers = definition.errorHandlers
        additions = definition.templates
        timerDefinitions = definition.timers
        subscriptions = definition.subscriptions
        parameterNames = ParameterNames(table.parameterNames)
    }

    private static func add(_ route: AppDefinition.Route, to builder: inout RouteBuilder) throws(ScriptError)
    {
        do throws(RouteError) {
            var methods: RouteMethodSet = []
            for name in route.methods {
                methods.formUnion(RouteMethodSet(name == "ANY" ? .any : try builder.method(named: name)))
            }
            _ = try builder.add(methods, route.path, name: route.name, origin: route.origin)
        } catch {
            var failure = ScriptError(message: error.description)
            failure.takePlace(from: route.origin)
            throw failure
        }
    }

    /// From now on the app's timers run, and its functions get what is published: once it serves on `worker`.
    func startTimers(on worker: Worker) {
        if listeners.isEmpty, !subscriptions.isEmpty {
            listeners = subscriptions.map { ScriptListener($0, of: self, on: worker) }
            for listener in listeners { worker.topics.add(listener) }
        }
        let definitions = timerDefinitions.filter { $0.perWorker || worker.configuration.isFirst }
        guard timers == nil, !definitions.isEmpty else { return }
        timers = ScriptTimers(definitions, of: self, on: worker)
    }

    /// No run begins any more; those under way go on.
    func stopTimers() {
        timers?.stop()
        timers = nil
        for listener in listeners { listener.stop() }
        listeners = []
    }

    var hasErrorHandlers: Bool { !errorHandlers.isEmpty }

    /// The handler for an error status, the app's "*" handler, or nil.
    func errorHandler(for status: Int) -> ErrorHandler? { errorHandlers[status] ?? errorHandlers[0] }
}

@available(*, unavailable)
extension Generation: Sendable {}

/// Names that the watchdog reads in the handler of a signal: memory that stays where it is.
private struct PlaceNames: ~Copyable {
    private var names: [UnsafeMutableBufferPointer<CChar>] = []

    mutating func add(_ name: String) -> UnsafePointer<CChar>? {
        // SAFETY: freed below, when no turn of this generation can run any more.
        let copy = UnsafeMutableBufferPointer<CChar>.allocate(capacity: name.utf8.count + 1)
        _ = copy.initialize(from: name.utf8.map { CChar(bitPattern: $0) } + [0])
        names.append(copy)
        return copy.baseAddress.map { UnsafePointer($0) }
    }

    deinit { for name in names { name.deallocate() } }
}

extension ScriptError {
    /// Takes file and line from "app.lua:12"; a message that starts with the place loses it.
    mutating func takePlace(from origin: String) {
        guard let colon = origin.lastIndex(of: ":"), let number = Int(origin[origin.index(after: colon)...])
        else {
            return
        }
        file = String(origin[..<colon])
        line = number
        if message.hasPrefix(origin + ": ") { message.removeFirst(origin.count + 2) }
    }
}
