// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct RefusalBudgetTests {
    @Test func soManyInThirtySeconds() {
        var budget = RefusalBudget(most: 2, now: 0)
        #expect(budget.receive(now: 1))
        #expect(budget.receive(now: 29_999))
        #expect(!budget.receive(now: 29_999))
        #expect(budget.receive(now: 30_000))
        #expect(budget.receive(now: 30_001))
        #expect(!budget.receive(now: 30_001))
    }
}
