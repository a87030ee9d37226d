// SPDX-License-Identifier: MIT

/// Runs a main script in a new VM and turns what it declared into a ``Generation``.
///
/// Used by start, by reload and by `luahttpd check`; it serves nothing itself.
struct GenerationLoader: Sendable {
    /// As given on the command line; messages name it so.
    var script: String
    var isDevelopment: Bool
    /// Bytes of each VM.
    var memoryLimit: Int
    /// Path of the readiness route, in place of what the app says.
    var readiness: String?
    /// Learns what the app is made of; nil where nobody wants to know.
    var record: DependencyRecord?

    static let largestScript = 16 << 20
    /// Milliseconds of processor time in which a main script is through, with its modules.
    private static let mostTime = 5_000

    /// Directory of the main script: relative paths in the script start here.
    var root: String { isFolder ? script : Self.directory(of: script) }

    /// A directory is served as it is.
    var isFolder: Bool { FolderApp.isDirectory(script) }

    static func directory(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// - Parameter services: what the server does for this VM's scripts.
    /// - Throws: ``ScriptError`` with the place in the script.
    func load(services: ScriptServices) throws(ScriptError) -> Generation {
        let services = try recordingServices(services)
        let source =
            isFolder ? try FolderApp.source(script) : SourceFile.read(script, limit: Self.largestScript)
        guard let source else {
            throw ScriptError(message: "cannot read \(script): \(Self.reason(for: script))")
        }
        let vm = try LuaVM(memoryLimit: memoryLimit)
        var budget = LuaBudget(cpu: Self.mostTime, memory: .max)
        let turn = vm.beginTurn(budget)
        defer { vm.endTurn(turn, &budget) }
        let library = try ScriptLibrary(
            in: vm, root: root, isDevelopment: isDevelopment, services: services)
        try runMainScript(source, in: vm)
        var handlers = LuaRefTable(vm: vm)
        let stack = vm.main
        try library.finish(on: stack)
        stack.getField("state", of: -1)
        let state = LuaRef(taking: stack, of: vm)
        var definition = try AppDefinition(takingFrom: stack, handlers: &handlers)
        definition.addReadiness(readiness)
        recordMounts(of: definition)
        vm.settle(cpu: Limits(changing: definition.settings.limits)[.cpuTime])
        return try Generation(
            vm: vm, library: library, definition: definition, handlers: handlers, state: state, root: root,
            isDevelopment: isDevelopment)
    }

    private func runMainScript(_ source: [UInt8], in vm: LuaVM) throws(ScriptError) {
        let coroutine = vm.takeCoroutine()
        let stack = coroutine.stack
        guard source.first != 0x1B else {  // forged bytecode crashes a VM
            vm.put(coroutine)
            throw ScriptError(message: "\(script) is Lua bytecode: give the source")
        }
        let compiled = source.withUnsafeBytes {
            vm.load(Self.withoutPrefix($0), name: "@" + script, on: stack)
        }
        guard compiled == .ok else {
            let error = ScriptError(takingFrom: stack, status: compiled)
            vm.discard(coroutine)
            throw error
        }
        try Self.finish(
            coroutine, in: vm, waiting: "\(script) waits or yields while it loads; do that in a handler")
    }

    /// Runs a coroutine to its end, where nothing can wait.
    static func finish(_ coroutine: LuaCoroutine, in vm: LuaVM, waiting: String) throws(ScriptError) {
        let outcome = coroutine.resume()
        if outcome.status == .ok { return vm.put(coroutine) }
        defer { vm.discard(coroutine) }
        switch outcome.status {
        case .awaiting, .yielded: throw ScriptError(message: waiting)
        default: throw ScriptError(takingFrom: coroutine.stack, status: outcome.status)
        }
    }

    /// Skips a byte order mark and a first line that starts with `#`, as the lua command does; line numbers
    /// stay.
    private static func withoutPrefix(_ file: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let source = file.starts(with: mark) ? UnsafeRawBufferPointer(rebasing: file[mark.count...]) : file
        guard source.first == UInt8(ascii: "#") else { return source }
        let end = source.firstIndex(of: UInt8(ascii: "\n")) ?? source.endIndex
        return UnsafeRawBufferPointer(rebasing: source[end...])
    }

    private static func reason(for path: String) -> String {
        FileReason.text(for: path) ?? "it is not a regular file of at most 16 MiB"
    }
}
