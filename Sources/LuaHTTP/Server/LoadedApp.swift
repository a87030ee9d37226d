// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// An app that was loaded to see that it can be: its routes, its settings, its templates.
///
/// The check before anything listens; also `luahttpd check` and `luahttpd routes`.
public struct LoadedApp: Sendable {
    /// One route, as its author wrote it.
    public struct Route: Sendable {
        public let methods: String
        public let path: String
        public let name: String?
        /// "app.lua:12".
        public let origin: String
    }

    public let routes: [Route]
    /// Number of templates that were compiled.
    public var templateCount: Int { templates.templates.count }
    /// What should be looked at in the templates, though it does not keep them from being used.
    public var warnings: [String] { templates.warnings.map(\.description) }
    let settings: ScriptSettings
    let templates: TemplateSet

    /// Runs the main script in a VM of its own and compiles all templates.
    ///
    /// - Throws: ``LoadError`` with everything that is wrong.
    public init(_ options: ServerOptions) throws(LoadError) {
        let loader = GenerationLoader(
            script: options.script, isDevelopment: options.mode != .production, memoryLimit: Limits().memory)
        let generation: Generation
        do throws(ScriptError) {
            generation = try loader.load(
                services: ScriptServices(
                    log: { _, _, _ in },
                    sleep: { _ throws(HostError) in throw .message("cannot wait while the app is loading") }))
        } catch {
            throw LoadError(error)
        }
        settings = generation.settings
        routes = generation.table.routes.map { route in
            Route(
                methods: generation.table.methodList(route.methods), path: route.text, name: route.name,
                origin: route.origin)
        }
        templates =
            loader.isFolder
            ? .empty
            : try Self.compileTemplates(
                settings, generation.additions, root: loader.root,
                isDevelopment: ResolvedSettings.isDevelopment(options, settings))
    }

    /// The directory that `app:config { templates = … }` names, else `templates` beside the script, else
    /// `templates` in the current directory. An app without templates needs none.
    private static func compileTemplates(
        _ settings: ScriptSettings, _ additions: TemplateAdditions, root: String, isDevelopment: Bool
    ) throws(LoadError) -> TemplateSet {
        let directory: String
        if let named = settings.templates {
            directory = named.hasPrefix("/") ? named : root + "/" + named
            guard isDirectory(directory) else {
                throw LoadError("app:config: templates = \"\(named)\": \(directory) is not a directory")
            }
        } else if isDirectory(root + "/templates") {
            directory = root + "/templates"
        } else if isDirectory("templates") {
            directory = "templates"
        } else {
            return .empty
        }
        var options = TemplateOptions()
        options.scriptFilters = additions.filters
        options.scriptTests = additions.tests
        options.syntax.trimBlocks = settings.trimBlocks ?? false
        options.syntax.stripsIndentation = settings.lstripBlocks ?? false
        options.lint = settings.lint.flatMap(TemplateOptions.Lint.init) ?? (isDevelopment ? .warn : .off)
        options.showsDebug = isDevelopment
        switch settings.undefined ?? (isDevelopment ? "strict" : "lenient") {
        case "strict": options.undefined = .strict
        case "chainable": options.undefined = .chainable
        default: options.undefined = .lenient
        }
        switch TemplateSet.load(root: directory, options: options) {
        case .built(let set): return set
        case .failed(let errors): throw LoadError(errors)
        }
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
