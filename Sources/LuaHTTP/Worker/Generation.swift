// SPDX-License-Identifier: MIT

/// One loaded application: VM, routes, handlers, templates. Immutable after loading, confined to a loop.
///
/// Requests finish on the generation they began on; it closes with the last one that lets go of it.
final class Generation {
    /// What serves a route.
    enum Target {
        /// Number of the handler in `handlers`.
        case handler(Int)
        /// Number of the directory in `mounts`.
        case files(Int)
    }

    struct Route {
        var target: Target
        /// Nil: the server's default.
        var bodyLimit: Int?
        var origin: String
        var path: String
    }

    let vm: LuaVM
    let library: ScriptLibrary
    let handlers: LuaRefTable
    let settings: ScriptSettings
    let table: RouteTable
    let routes: [Route]
    let parameterNames: ParameterNames
    let mounts: [StaticMount]
    /// Of all mounts.
    let files: FileCache
    let standardFields: StandardFields
    /// Nil: every host is ours.
    let hosts: HostList?
    private let errorHandlers: [Int: Int]
    /// Filters, tests and globals of the script.
    let additions: TemplateAdditions
    /// Templates of this generation; set once, before the first request.
    var templates = TemplateSet.empty

    /// - Throws: ``ScriptError`` for routes that conflict or directories that are not there.
    init(
        vm: LuaVM, library: consuming ScriptLibrary, definition: AppDefinition,
        handlers: consuming LuaRefTable,
        root: String, isDevelopment: Bool
    ) throws(ScriptError) {
        var builder = RouteBuilder()
        var routes: [Route] = []
        var mounts: [StaticMount] = []
        for route in definition.routes {
            try Self.add(route, to: &builder)
            let target: Target
            switch route.target {
            case .handler(let number): target = .handler(number)
            case .files(let options):
                mounts.append(try StaticMount(options, root: root, origin: route.origin))
                target = .files(mounts.count - 1)
            }
            routes.append(
                Route(target: target, bodyLimit: route.limits[.bodyBytes], origin: route.origin, path: route.path))
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
        settings = definition.settings
        // In development a file is compared with the disk each time, so that a change is seen at once.
        files = FileCache(interval: isDevelopment ? 0 : 1000)
        standardFields = definition.settings.standardFields
        hosts = try definition.settings.hostList(isDevelopment: isDevelopment)
        errorHandlers = definition.errorHandlers
        additions = definition.templates
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

    var hasErrorHandlers: Bool { !errorHandlers.isEmpty }

    /// Number of the handler for an error status, the app's "*" handler, or nil.
    func errorHandler(for status: Int) -> Int? { errorHandlers[status] ?? errorHandlers[0] }
}

@available(*, unavailable)
extension Generation: Sendable {}

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
