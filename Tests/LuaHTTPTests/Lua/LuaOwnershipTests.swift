// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Who keeps a VM, and what is left of it at the end.
struct LuaOwnershipTests {
    private struct Kept: ~Copyable {
        let vm: LuaVM
        let reference: LuaRef
        let table: LuaRefTable
    }

    /// Properties are let go of in the order of their declaration: the VM first.
    @Test func referencesKeepTheVM() throws {
        weak var vm: LuaVM?
        do {
            let fresh = try LuaVM(memoryLimit: 16 << 20)
            vm = fresh
            let stack = fresh.main
            stack.pushTable()
            let reference = LuaRef(taking: stack, of: fresh)
            var table = LuaRefTable(vm: fresh)
            stack.push(Int64(5))
            #expect(table.append(taking: stack) == 0)
            #expect(fresh.liveReferences == 2)
            let kept = Kept(vm: fresh, reference: reference, table: table)
            kept.table.push(0, on: stack)
            #expect(stack.integer(at: -1) == 5)
        }
        #expect(vm == nil)
    }

    @Test func aReferenceMayOutliveTheClosedVM() throws {
        let vm = try LuaVM(memoryLimit: 16 << 20)
        vm.main.pushTable()
        let reference = LuaRef(taking: vm.main, of: vm)
        #expect(vm.liveReferences == 1)
        #expect(vm.close() == 0)
        #expect(vm.close() == 0)
        _ = consume reference
    }

    /// Finalizers that run while the VM closes may still call the host.
    @Test func finalizersCallTheHostAtTheEnd() throws {
        var calls = 0
        do {
            let vm = try LuaVM(memoryLimit: 16 << 20)
            let stack = vm.main
            let source = Array("local f = ... kept = setmetatable({}, { __gc = function() f() end })".utf8)
            #expect(source.withUnsafeBytes { vm.load($0, name: "=test", on: stack) } == .ok)
            vm.push(
                HostFunction("count") { _ throws(HostError) in
                    calls += 1
                    return .results(0)
                }, on: stack)
            #expect(stack.call(arguments: 1, results: 0) == .ok)
            #expect(calls == 0)
        }
        #expect(calls == 1)
    }

    @Test func hostErrorsNeedNoRoomOnTheStack() throws {
        let vm = try LuaVM(memoryLimit: 16 << 20)
        let stack = vm.main
        let source = Array("return pcall(...)".utf8)
        let loaded = source.withUnsafeBytes { vm.load($0, name: "=test", on: stack) }
        #expect(loaded == .ok)
        vm.push(
            HostFunction("full") { stack throws(HostError) in
                for _ in 0..<20 { stack.pushNil() }
                throw .abort(status: 404, message: "gone")
            }, on: stack)
        #expect(stack.call(arguments: 1, results: 2) == .ok)
        #expect(stack.isKind(.abort, at: -1))
        stack.top = 0
        #expect(vm.close() == 0)
    }
}
