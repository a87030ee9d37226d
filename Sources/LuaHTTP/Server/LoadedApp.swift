// SPDX-License-Identifier: MIT

internal import Logging

/// An app that was loaded to see that it can be: its routes, its settings, its templates.
///
/// `luahttpd check` and `luahttpd routes`.
public struct LoadedApp: Sendable {
    /// One route, as its author wrote it.
    public struct Route: Sendable {
        /// "GET POST".
        public let methods: String
        /// The pattern: "/users/:id<int>".
        public let path: String
        public let name: String?
        /// "app.lua:12".
        public let origin: String
    }

    public let routes: [Route]
    /// Number of templates that were compiled.
    public let templateCount: Int
    /// What should be looked at in the templates, though it does not keep them from being used.
    public let warnings: [String]
    let settings: ScriptSettings

    /// Runs the main script in a VM of its own and its functions for `check`, and compiles all templates.
    ///
    /// - Parameters:
    ///   - options: as for ``Server/start(_:functions:logger:)``.
    ///   - functions: what scripts may call of this program.
    /// - Throws: ``LoadError`` with everything that is wrong.
    public init(_ options: ServerOptions, functions: ScriptFunctions = ScriptFunctions()) throws(LoadError) {
        let silent = Logger(label: "luahttpd") { _ in SwiftLogNoOpLogHandler() }
        do throws(ReloadFailure) {
            let product = try AppBuilder(
                options: options, logger: silent, functions: functions, lintsAlways: true
            ).build(workers: 1)
            let table = product.generations[0].generation.table
            routes = table.routes.map { route in
                Route(
                    methods: table.methodList(route.methods), path: route.text, name: route.name,
                    origin: route.origin)
            }
            settings = product.script
            warnings = product.templates.warnings.map(\.description)
            templateCount = product.templates.templates.count
        } catch {
            throw LoadError(error)
        }
    }
}
