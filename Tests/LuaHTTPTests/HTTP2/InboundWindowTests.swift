// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct InboundWindowTests {
    @Test func itIsOpenedWhenHalfOfItIsUsed() {
        var window = InboundWindow(initial: 1000)
        window.received(499)
        #expect(window.increment(holding: 0) == nil)
        window.received(1)
        #expect(window.increment(holding: 0) == 500)
        #expect(window.increment(holding: 0) == nil)
    }

    @Test func whatIsHeldIsNotGivenBack() {
        var window = InboundWindow(initial: 1000)
        window.received(1000)
        #expect(window.increment(holding: 1000) == nil)
        #expect(window.increment(holding: 600) == nil)
        #expect(window.increment(holding: 400) == 600)
        #expect(window.increment(holding: 0) == nil)
    }

    @Test func aLargerTargetIsReachedAtOnce() {
        var window = InboundWindow(initial: 1000)
        window.target = 5000
        #expect(window.increment(holding: 0) == 4000)
    }

    @Test func theClientNeverHasMoreThanTheTarget() {
        var numbers = SeededNumbers(seed: 1)
        var window = InboundWindow(initial: 1000)
        var (given, held) = (1000, 0)
        for _ in 0..<10_000 {
            let count = Int.random(in: 0...given, using: &numbers)
            given -= count
            held += count
            window.received(count)
            held -= Int.random(in: 0...held, using: &numbers)
            given += window.increment(holding: held) ?? 0
            #expect(given + held <= 1000)
        }
    }
}

struct WindowUpdateBudgetTests {
    @Test func aNumberOfThemIsFree() {
        var budget = WindowUpdateBudget(free: 1000, now: 0)
        let allowed = (0..<1001).map { _ in budget.receive(now: 1) }
        #expect(allowed.firstIndex(of: false) == 1000)
    }

    @Test func theNumberIsTheLimits() {
        var budget = WindowUpdateBudget(free: 20, now: 0)
        let allowed = (0..<30).map { _ in budget.receive(now: 1) }
        #expect(allowed.firstIndex(of: false) == 20)
    }

    @Test func timeAndBytesAllowMore() {
        var budget = WindowUpdateBudget(free: 1000, now: 0)
        for _ in 0..<1000 { _ = budget.receive(now: 1) }
        budget.sent(2048)
        let (first, second, third) = (budget.receive(now: 2), budget.receive(now: 2), budget.receive(now: 2))
        #expect(first && second && !third)
        let later = budget.receive(now: 10_000)
        #expect(later)
    }
}
