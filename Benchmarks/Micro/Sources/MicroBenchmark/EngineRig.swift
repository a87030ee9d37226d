// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// A VM, a coroutine of it with the data of one page, and a renderer: what a worker has.
final class EngineRig {
    private let vm: LuaVM
    private let renderer = Renderer()
    private var coroutine: LuaCoroutine
    private var set = TemplateSet.empty
    private var entry = TemplateSet.Page(template: 0)

    init() throws {
        vm = try LuaVM(memoryLimit: 512 << 20)
        coroutine = vm.takeCoroutine()
    }

    func page(_ source: String, data: String) throws -> EngineRig {
        guard case .built(let set) = TemplateSet.build([("page.html", Array(source.utf8))]),
            let entry = set.page("page.html")
        else { throw ScriptError(message: "the template does not compile") }
        (self.set, self.entry) = (set, entry)
        let chunk = Array(("return " + data).utf8)
        guard chunk.withUnsafeBytes({ vm.load($0, name: "=data", on: coroutine.stack) }) == .ok,
            coroutine.resume().status == .ok
        else { throw ScriptError(message: "the data does not load") }
        return self
    }

    /// Bytes of the page.
    func render() -> Int {
        renderer.start(entry, of: set, on: coroutine.stack.state)
        var bytes = 0
        while true {
            let step = renderer.step()
            bytes += renderer.output.count
            renderer.clearOutput()
            if case .done = step { return bytes }
            if case .failed(let error) = step { fatalError(error.description) }
        }
    }

    func firstSlice() {
        renderer.start(entry, of: set, on: coroutine.stack.state)
        _ = renderer.step()
        renderer.clearOutput()
        // Given up, as when the client has gone.
        coroutine.stack.top = 1
    }
}
