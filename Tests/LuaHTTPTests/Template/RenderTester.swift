// SPDX-License-Identifier: MIT

import CLua

@testable import LuaHTTP

/// Renders templates against Lua data in a VM of its own: what the worker does, without a worker.
final class RenderTester {
    let vm: OpaquePointer
    private let renderer = Renderer()

    init() {
        let host = lh_host(
            context: nil, call: { _, _, _ in Int32(LH_RAISE) }, field: { _, _, _, _ in Int32(LH_RAISE) })
        vm = lh_vm_create(host, 256 << 20)!
        let main = lh_vm_main(vm)!
        lht_open(main)
        lh_push_light(main, nil)
        set(global: "LUAHTTPD_NULL", on: main)
        lht_push_metatable(main, Int32(LHT_TASK))
        set(global: "LUAHTTPD_TASK", on: main)
    }

    deinit { lh_vm_close(vm) }

    /// The value on top becomes a global of scripts.
    private func set(global name: String, on lua: OpaquePointer) {
        let chunk = "\(name) = ..."
        _ = lh_load(lua, chunk, chunk.utf8.count, "=set")
        lh_rotate(lua, -2, 1)
        _ = lh_call(lua, 1, 0)
    }

    struct Failure: Error, CustomStringConvertible { var description: String }

    /// Renders with the table that the Lua expression `data` evaluates to.
    func render(
        _ sources: [String: String], _ main: String? = nil, data: String = "{}", environment: String? = nil,
        options: TemplateOptions = .init(), slices: ((Int) -> Void)? = nil,
        beforeCalls: ((String) -> Void)? = nil
    ) throws -> String {
        let set: TemplateSet
        switch TemplateSet.build(
            sources.sorted { $0.key < $1.key }.map { ($0.key, Array($0.value.utf8)) }, options: options)
        {
        case .built(let built): set = built
        case .failed(let errors): throw errors[0]
        }
        let name = main ?? sources.keys.sorted()[0]
        guard let page = set.page(name) else { throw Failure(description: "no page \(name)") }
        return try render(
            page, of: set, data: data, environment: environment, slices: slices, beforeCalls: beforeCalls)
    }

    func render(_ source: String, data: String = "{}", options: TemplateOptions = .init()) throws -> String {
        try render(["page.html": source], data: data, options: options)
    }

    func render(
        _ page: TemplateSet.Page, of set: TemplateSet, data: String, environment: String? = nil,
        slices: ((Int) -> Void)? = nil, beforeCalls: ((String) -> Void)? = nil
    ) throws -> String {
        let coroutine = lh_coroutine_take(vm)
        let lua = coroutine.state!
        if let environment { try evaluate(environment, on: lua) }
        try evaluate(data, on: lua)
        let top = lh_top(lua)
        renderer.start(page, of: set, on: lua, environment: environment == nil ? 0 : top - 1)
        var bytes: [UInt8] = []
        while true {
            switch renderer.step() {
            case .slice, .yielded:
                slices?(renderer.output.count)
                bytes += renderer.output
                renderer.clearOutput()
            case .call(let count):
                if let beforeCalls {
                    renderer.takeBeforeWait {
                        bytes += $0
                        beforeCalls(String(decoding: $0, as: UTF8.self))
                    }
                }
                var results: Int32 = 0
                let status = lh_resume(lua, count, &results)
                guard status == LH_OK else {
                    var size = 0
                    let text = lh_bytes(lua, -1, &size).map { String(cString: $0) } ?? "?"
                    let error = renderer.failure(text)
                    lh_coroutine_discard(vm, coroutine)
                    throw error
                }
            case .done:
                bytes += renderer.output
                renderer.clearOutput()
                guard lh_top(lua) == top else {
                    throw Failure(description: "stack is off by \(lh_top(lua) - top)")
                }
                lh_coroutine_put(vm, coroutine)
                return String(decoding: bytes, as: UTF8.self)
            case .failed(let error):
                guard lh_top(lua) == top else {
                    throw Failure(description: "stack is off by \(lh_top(lua) - top)")
                }
                lh_coroutine_put(vm, coroutine)
                throw error
            }
        }
    }

    private func evaluate(_ expression: String, on lua: OpaquePointer) throws {
        let chunk = "return " + expression
        guard lh_load(lua, chunk, chunk.utf8.count, "=data") == LH_OK, lh_call(lua, 0, 1) == LH_OK else {
            var size = 0
            throw Failure(description: lh_bytes(lua, -1, &size).map { String(cString: $0) } ?? "?")
        }
    }
}
