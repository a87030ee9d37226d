// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct LuaBudgetTests {
    @Test func whoseMemoryIsScarce() throws {
        let vm = try LuaVM(memoryLimit: 8 << 20)
        #expect(vm.hasLess(than: LuaBudget(cpu: 0, memory: 64 << 20)))
        #expect(!vm.hasLess(than: LuaBudget(cpu: 0, memory: 1 << 20)))
        #expect(vm.hasLess(than: .unlimited))
    }
}
