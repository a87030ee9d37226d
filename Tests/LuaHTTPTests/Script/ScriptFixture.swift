// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// A VM with the library loaded, as the loader leaves it before the main script, and services that only
/// take notes.
final class ScriptFixture {
    let vm: LuaVM
    private let library: ScriptLibrary
    private let notes: Notes

    private final class Notes {
        var log: [String] = []
    }

    /// "level place: message" of each log line.
    var log: [String] { notes.log }

    /// Those that the library holds: finish, explain, complain, unknown_field.
    static let references = 4

    init(isDevelopment: Bool = true, functions: ScriptFunctions = ScriptFunctions()) throws {
        let vm = try LuaVM(memoryLimit: 64 << 20)
        let notes = Notes()
        let services = ScriptServices(
            log: { notes.log.append("\($0) \($2): \($1)") },
            sleep: { _ throws(HostError) in throw .message("no waiting here") },
            functions: functions)
        library = try ScriptLibrary(in: vm, root: ".", isDevelopment: isDevelopment, services: services)
        self.vm = vm
        self.notes = notes
    }

    /// Runs a chunk of app.lua, in which `app` is the library; its results as text, or the error.
    @discardableResult
    func run(_ source: String) -> String {
        let coroutine = vm.takeCoroutine()
        let stack = coroutine.stack
        let text = "local app = require 'luahttpd'; " + source
        let loaded = Array(text.utf8).withUnsafeBytes { vm.load($0, name: "@app.lua", on: stack) }
        let (status, results) = loaded == .ok ? coroutine.resume() : (loaded, 0)
        guard status == .ok else {
            defer { vm.discard(coroutine) }
            return ScriptError(takingFrom: stack, status: status).description
        }
        defer { vm.put(coroutine) }
        guard results > 0 else { return "" }
        return (1...results).map { index in
            defer { stack.pop() }
            _ = stack.pushDescription(of: index)
            return stack.string(at: -1) ?? "?"
        }.joined(separator: " ")
    }

    /// Freezes the app, with its definition in the global `definition`, its routes in `routes` by path.
    func finish() throws {
        let stack = vm.main
        try library.finish(on: stack)
        let value = Array(
            "definition = ...; routes = {}; for _, r in ipairs(definition.routes) do routes[r.path] = r end"
                .utf8)
        let loaded = value.withUnsafeBytes { vm.load($0, name: "=test", on: stack) }
        precondition(loaded == .ok)
        stack.rotate(-2, by: 1)
        // The globals are guarded by now.
        let raw = Array("local f, d = ... ; setmetatable(_G, nil); return f(d)".utf8)
        _ = raw.withUnsafeBytes { vm.load($0, name: "=test", on: stack) }
        stack.rotate(-3, by: 1)
        precondition(stack.call(arguments: 2, results: 0) == .ok, stack.string(at: -1) ?? "?")
    }

    /// What is wrong with the values of a Lua expression as results of a handler.
    func explanation(of expression: String) -> String {
        let stack = vm.main
        let top = stack.top
        defer { stack.top = top }
        let source = Array("local app = require 'luahttpd'; return \(expression)".utf8)
        _ = source.withUnsafeBytes { vm.load($0, name: "=test", on: stack) }
        _ = stack.call(arguments: 0, results: -1)
        return library.explain(from: top + 1, on: stack)
    }

    func complaint(about expression: String) -> String? {
        let stack = vm.main
        let top = stack.top
        defer { stack.top = top }
        let source = Array("return \(expression)".utf8)
        _ = source.withUnsafeBytes { vm.load($0, name: "=test", on: stack) }
        _ = stack.call(arguments: 0, results: 1)
        return library.complaint(aboutOptionsAt: -1, on: stack)
    }

    func definition() throws -> AppDefinition {
        let stack = vm.main
        try library.finish(on: stack)
        var handlers = LuaRefTable(vm: vm)
        return try AppDefinition(takingFrom: stack, handlers: &handlers)
    }
}
