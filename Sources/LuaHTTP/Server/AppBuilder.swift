// SPDX-License-Identifier: MIT

internal import Logging

/// Builds what serves an app: a generation for each worker, the templates, the settings in force. All of it aside:
/// nothing that serves is touched. Start, reload and `luahttpd check` are the same here.
struct AppBuilder: Sendable {
    let options: ServerOptions
    var logger: Logger
    /// Of the server: what is in them stays when the app is loaded again.
    let stores = SharedStores()
    let topics = TopicHub()
    /// Learns what the app is made of; nil where nobody watches.
    var record: DependencyRecord?
    /// Templates whose source did not change are taken from these.
    var known: TemplateSet?
    /// Of the program that the server is part of.
    var functions = ScriptFunctions()
    /// Looks at the markup of templates in production, too, unless the script says otherwise.
    var lintsAlways = false

    /// Belongs to the thread that built it.
    struct Product {
        var settings: ResolvedSettings
        let script: ScriptSettings
        let additions: TemplateAdditions
        var templates: TemplateSet
        /// One for each worker; none once they are handed over.
        var generations: [PreparedGeneration]
    }

    /// - Parameter workers: nil for as many as the settings say.
    /// - Throws: what is wrong; functions of `app:on("check")` have their say, too.
    func build(workers: Int? = nil) throws(ReloadFailure) -> Product {
        // Whether this is development may depend on settings of the script, which sees the mode: guess first.
        let guess = ResolvedSettings.isDevelopment(options, ScriptSettings())
        var first = try load(
            GenerationLoader(
                script: options.script, isDevelopment: guess, memoryLimit: Limits().vmMemory,
                readiness: options.readiness, record: record))
        let script = first.generation.settings
        var settings = try ReloadFailure.wrap { () throws(LoadError) in try ResolvedSettings(options, script)
        }
        for files in settings.tls.certificates?.files ?? [] {
            record?.add(file: files.certificate)
            record?.add(file: files.key)
        }
        settings.workerConfiguration.loader.record = record
        settings.workerConfiguration.stores = stores
        settings.workerConfiguration.topics = topics
        settings.workerConfiguration.functions = functions
        let loader = settings.workerConfiguration.loader
        if settings.isDevelopment != guess { first = try load(loader) }
        first.generation.vm.setMemoryLimit(loader.memoryLimit)
        let additions = first.generation.additions
        let templates = try buildTemplates(script, additions, isDevelopment: settings.isDevelopment)
        try ReloadFailure.wrap { () throws(ScriptError) in try first.generation.runChecks() }
        var generations = [first]
        while generations.count < workers ?? settings.workers {
            generations.append(try load(loader, logsLoading: false))
        }
        for prepared in generations { prepared.generation.templates = templates }
        return Product(
            settings: settings, script: script, additions: additions, templates: templates,
            generations: generations)
    }

    private func load(
        _ loader: GenerationLoader, logsLoading: Bool = true
    ) throws(ReloadFailure) -> PreparedGeneration {
        try ReloadFailure.wrap { () throws(ScriptError) in
            try PreparedGeneration(
                loader: loader, stores: stores, functions: functions, logger: logger, logsLoading: logsLoading
            )
        }
    }

    // MARK: Templates

    /// Compiles the templates of an app that is loaded.
    func buildTemplates(for product: Product) throws(ReloadFailure) -> TemplateSet {
        try buildTemplates(product.script, product.additions, isDevelopment: product.settings.isDevelopment)
    }

    /// Compiles the templates in the directory that `app:config { templates = … }` names, else in `templates` beside
    /// the script, else in `templates` in the current directory. An app without templates needs none.
    private func buildTemplates(
        _ script: ScriptSettings, _ additions: TemplateAdditions, isDevelopment: Bool
    ) throws(ReloadFailure) -> TemplateSet {
        let root = GenerationLoader.directory(of: options.script)
        if FolderApp.isDirectory(options.script) { return .empty }
        let candidates: [String]
        if let named = script.templates {
            candidates = [named.hasPrefix("/") ? named : root + "/" + named]
        } else {
            candidates = [root + "/templates", "templates"]
        }
        for candidate in candidates {
            record?.add(DependencySet.Tree(path: candidate, kind: .templates))
            guard SourceFile.isDirectory(candidate) else { continue }
            return try loadTemplates(
                in: candidate, templateOptions(script, additions, isDevelopment: isDevelopment))
        }
        if let named = script.templates {
            throw .script(
                ScriptError(
                    message: "app:config: templates = \"\(named)\": \(candidates[0]) is not a directory"))
        }
        return .empty
    }

    private func loadTemplates(
        in directory: String, _ options: TemplateOptions
    ) throws(ReloadFailure) -> TemplateSet {
        switch TemplateSet.load(root: directory, options: options, knowing: known) {
        case .built(let set):
            for warning in set.warnings where known?.warnings.contains(warning) != true {
                logger.warning("\(LogText.block(warning.description))")
            }
            return set
        case .failed(let errors): throw .templates(errors)
        }
    }

    private func templateOptions(
        _ script: ScriptSettings, _ additions: TemplateAdditions, isDevelopment: Bool
    ) -> TemplateOptions {
        var options = TemplateOptions()
        options.scriptFilters = additions.filters
        options.scriptTests = additions.tests
        options.syntax.trimBlocks = script.trimBlocks ?? false
        options.syntax.stripsIndentation = script.lstripBlocks ?? false
        options.lint =
            script.lint.flatMap(TemplateOptions.Lint.init) ?? (isDevelopment || lintsAlways ? .warn : .off)
        options.showsDebug = isDevelopment
        let limits = Limits(changing: script.limits)
        options.maximumOutput = limits.pageBytes
        options.maximumSteps = limits.pageSteps
        switch script.undefined ?? (isDevelopment ? "strict" : "lenient") {
        case "strict": options.undefined = .strict
        case "chainable": options.undefined = .chainable
        default: options.undefined = .lenient
        }
        return options
    }
}

extension ReloadFailure {
    fileprivate static func wrap<Result>(_ body: () throws(ScriptError) -> Result) throws(ReloadFailure)
        -> Result
    {
        do throws(ScriptError) { return try body() } catch { throw .script(error) }
    }

    fileprivate static func wrap<Result>(_ body: () throws(LoadError) -> Result) throws(ReloadFailure)
        -> Result
    {
        do throws(LoadError) { return try body() } catch {
            throw .script(ScriptError(message: error.description))
        }
    }
}
