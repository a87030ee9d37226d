// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// One page rendered without an app or a server, for trying templates and for tests of them.
///
/// Reads templates and data, hands out the page in pieces. Knows no sockets, and nothing in it can wait.
public struct StandalonePage: Sendable {
    /// Where the variables of the page come from.
    public enum Data: Sendable {
        case none
        /// A file with an object in JSON; "-" is standard input.
        case json(path: String)
        /// A Lua script that returns a table. It may `require "luahttpd"` and declare filters.
        case script(path: String)
    }

    /// What an undefined variable is, as in `app:config { undefined = … }`.
    public enum Undefined: String, CaseIterable, Sendable { case lenient, strict, chainable }

    /// Where the templates are.
    public var directory = "templates"
    public var undefined = Undefined.lenient
    /// Drop the line break after a tag, as `trim_blocks` of Jinja.
    public var trimsBlocks = false
    /// Drop the blanks before a tag that begins its line, as `lstrip_blocks` of Jinja.
    public var stripsIndentation = false
    /// False: nothing is escaped, whatever the templates are called.
    public var escapes = true

    /// Gets what the script of the data logs or prints.
    public var log: @Sendable (String) -> Void = { _ in }

    public init() {}

    /// Renders the template `name`: "page.html", or "page.html#block" for one block.
    ///
    /// - Parameters:
    ///   - data: its variables.
    ///   - write: gets the page in pieces; false ends it.
    /// - Throws: ``LoadError`` with a message for the author. Pieces may have been written before.
    public func render(
        _ name: String, data: Data, write: (UnsafeRawBufferPointer) -> Bool
    ) throws(LoadError) {
        do throws(ScriptError) {
            let source = try PageData(data, log: log)
            let templates = try compile(for: name, source.additions)
            guard let page = templates.page(name) else {
                let hint = templates.suggestion(for: name).map { " (did you mean '\($0)'?)" } ?? ""
                throw ScriptError(message: "there is no template '\(name)' in \(directory)\(hint)")
            }
            try source.render(page, of: templates, write: write)
        } catch {
            throw LoadError(.script(error))
        }
    }

    private func compile(for page: String, _ additions: TemplateAdditions) throws(ScriptError) -> TemplateSet
    {
        var options = TemplateOptions()
        options.scriptFilters = additions.filters
        options.scriptTests = additions.tests
        options.showsDebug = true
        options.autoescape = escapes ? .byExtension : .never
        options.syntax.trimBlocks = trimsBlocks
        options.syntax.stripsIndentation = stripsIndentation
        switch undefined {
        case .lenient: options.undefined = .lenient
        case .strict: options.undefined = .strict
        case .chainable: options.undefined = .chainable
        }
        // "page.html#block" needs what page.html needs; a '#' may also belong to a file's name.
        let file = page.lastIndex(of: "#").map { String(page[..<$0]) } ?? page
        let source = directory + "/" + page
        let name = access(source, F_OK) == 0 ? page : file
        switch TemplateSet.load(root: directory, options: options, for: name) {
        case .built(let set): return set
        case .failed(let errors): throw ScriptError(message: ReloadFailure.templates(errors).text)
        }
    }
}

/// The variables of a standalone page in a VM of their own, and the coroutine that the page is rendered on.
private struct PageData: ~Copyable {
    let additions: TemplateAdditions
    private let vm: LuaVM
    private let library: ScriptLibrary
    private let references: LuaRefTable
    private let coroutine: LuaCoroutine

    init(_ data: StandalonePage.Data, log: @escaping (String) -> Void) throws(ScriptError) {
        let vm = try LuaVM(memoryLimit: Limits().memory)
        var root = "."
        if case .script(let path) = data { root = GenerationLoader.directory(of: path) }
        let services = ScriptServices(
            log: { level, message, place in log("\(level): \(place): \(LogText.line(message))") },
            sleep: { _ throws(HostError) in throw .message("cannot wait: no server renders this page") })
        let library = try ScriptLibrary(in: vm, root: root, isDevelopment: true, services: services)
        let coroutine = vm.takeCoroutine()
        try Self.load(data, in: vm, on: coroutine)
        var references = LuaRefTable(vm: vm)
        try library.finish(on: vm.main)
        additions = try AppDefinition(takingFrom: vm.main, handlers: &references).templates
        self.vm = vm
        self.library = library
        self.references = references
        self.coroutine = coroutine
    }

    /// Leaves the table of variables on the coroutine's stack.
    private static func load(
        _ data: StandalonePage.Data, in vm: LuaVM, on coroutine: LuaCoroutine
    ) throws(ScriptError) {
        let stack = coroutine.stack
        switch data {
        case .none: stack.pushTable()
        case .json(let path):
            let text = try Self.read(path)
            let mistake: JSONError? = text.withUnsafeBytes { bytes in
                do throws(JSONError) {
                    try JSONReader.push(bytes, on: stack, limitedBy: vm)
                    return nil
                } catch {
                    return error
                }
            }
            if let mistake { throw ScriptError(message: "\(path) is not JSON: \(mistake.description)") }
        case .script(let path):
            guard let source = SourceFile.read(path, limit: 16 << 20) else {
                throw ScriptError(
                    message: "cannot read \(path): \(FileReason.text(for: path) ?? "it is no regular file")")
            }
            let compiled = source.withUnsafeBytes { vm.load($0, name: "@" + path, on: stack) }
            guard compiled == .ok else { throw ScriptError(takingFrom: stack, status: compiled) }
            let outcome = coroutine.resume()
            switch outcome.status {
            case .ok: stack.top = 1
            case .awaiting, .yielded: throw ScriptError(message: "\(path) waits; it can only return a table")
            default: throw ScriptError(takingFrom: stack, status: outcome.status)
            }
        }
        guard stack.type(at: -1) == .table else {
            throw ScriptError(
                message: "the data must be a table of variables, not \(stack.type(at: -1).name)")
        }
    }

    private static func read(_ path: String) throws(ScriptError) -> [UInt8] {
        // A pipe or a terminal will do: somebody waits for it, no server does.
        let file = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            throw ScriptError(message: "cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { if path != "-" { close(file) } }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = systemRead(file, &chunk, chunk.count)
            guard count >= 0 else {
                throw ScriptError(message: "cannot read \(path): \(String(cString: strerror(errno)))")
            }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= largestFile else {
                throw ScriptError(message: "\(path) is larger than 256 MiB")
            }
        }
    }

    /// Bytes of data.
    private static let largestFile = 256 << 20

    /// The page's whole way, step by step.
    borrowing func render(
        _ page: TemplateSet.Page, of templates: TemplateSet, write: (UnsafeRawBufferPointer) -> Bool
    ) throws(ScriptError) {
        let stack = coroutine.stack
        var environment: Int32 = 0
        if let number = additions.environment {
            references.push(number, on: stack)
            environment = stack.top
        }
        stack.pushCopy(of: 1)
        let renderer = Renderer()
        renderer.start(page, of: templates, on: stack.state, environment: environment)
        while true {
            switch renderer.step() {
            case .slice:
                guard write(renderer.output) else { return }
                renderer.clearOutput()
            case .yielded: break
            case .call(let arguments):
                let status = coroutine.resume(arguments: arguments).status
                guard status == .ok else { throw Self.failure(renderer, stack, status) }
            case .done:
                _ = write(renderer.output)
                return
            case .failed(let error): throw ScriptError(message: error.description)
            }
        }
    }

    private static func failure(_ renderer: Renderer, _ stack: LuaStack, _ status: LuaStatus) -> ScriptError {
        let reason =
            status == .yielded || status == .awaiting
            ? "a function waits, and no server renders this page"
            : ScriptError(takingFrom: stack, status: status).description
        return ScriptError(message: renderer.failure(reason).description)
    }
}

private func systemRead(_ file: Int32, _ chunk: inout [UInt8], _ count: Int) -> Int {
    read(file, &chunk, count)
}
