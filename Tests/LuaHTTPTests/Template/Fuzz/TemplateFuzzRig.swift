// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// A VM with the fuzzer's data, and a renderer that is used again and again, as a worker's is.
final class TemplateFuzzRig {
    private let vm: LuaVM
    private let renderer = Renderer()
    private var data: LuaRefTable

    init() throws {
        vm = try LuaVM(memoryLimit: 128 << 20)
        data = LuaRefTable(vm: vm)
        for expression in TemplateFuzzer.data { _ = data.append(taking: try evaluate(expression)) }
    }

    private func evaluate(_ expression: String) throws -> LuaStack {
        let stack = vm.main
        let source = Array(("return " + expression).utf8)
        guard source.withUnsafeBytes({ vm.load($0, name: "=data", on: stack) }) == .ok,
            stack.call(arguments: 0, results: 1) == .ok
        else { throw ScriptError(message: "the fuzzer's data is broken: \(expression)") }
        return stack
    }

    enum Outcome { case refused, rendered(bytes: Int), failed }

    /// One input: whatever it is, it ends as a page or an error, and leaves the stack as it was.
    func run(_ fuzzer: inout TemplateFuzzer) -> Outcome {
        var options = TemplateOptions()
        options.maximumSteps = 30_000
        options.maximumOutput = 1 << 20
        options.undefined = [.lenient, .strict, .chainable][fuzzer.number(below: 3)]
        options.lint = .warn
        options.showsDebug = fuzzer.number(below: 2) == 0
        guard case .built(let set) = TemplateSet.build(fuzzer.templates(), options: options),
            let page = set.page(fuzzer.number(below: 8) == 0 ? "page.html#one" : "page.html")
        else { return .refused }
        let coroutine = vm.takeCoroutine()
        let stack = coroutine.stack
        data.push(fuzzer.number(below: TemplateFuzzer.data.count), on: stack)
        renderer.start(page, of: set, on: stack.state)
        var bytes = 0
        while true {
            switch renderer.step() {
            case .slice, .yielded:
                bytes += renderer.output.count
                renderer.clearOutput()
            case .call(let count):
                guard coroutine.resume(arguments: count).status == .ok else {
                    _ = renderer.failure("failed")
                    vm.discard(coroutine)
                    return .failed
                }
            case .done:
                precondition(stack.top == 1, "the stack is off")
                vm.put(coroutine)
                return .rendered(bytes: bytes + renderer.output.count)
            case .failed:
                precondition(stack.top == 1, "the stack is off")
                vm.put(coroutine)
                return .failed
            }
        }
    }

    var memory: Int { vm.memory.used }
}
