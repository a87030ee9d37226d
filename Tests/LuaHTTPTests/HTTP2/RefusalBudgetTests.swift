// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct RefusalBudgetTests {
    @Test func soManyInThirtySeconds() {
        var budget = RefusalBudget(most: 2, now: 0)
        let moments: [UInt64] = [1, 29_999, 29_999, 30_000, 30_001, 30_001]
        #expect(moments.map { budget.receive(now: $0) } == [true, true, false, true, true, false])
    }
}
