// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

@Suite struct DeadlineHeapTests {
    @Test func entriesLeaveInOrder() {
        var heap = DeadlineHeap<Int>()
        for deadline in [5, 3, 9, 1, 7, 3] { _ = heap.insert(deadline, at: UInt64(deadline)) }
        let early = heap.popFirst(dueBy: 0)
        #expect(early == nil)
        var order: [Int] = []
        while let next = heap.popFirst(dueBy: 7) { order.append(next) }
        #expect(order == [1, 3, 3, 5, 7])
        #expect(heap.earliest == 9)
        #expect(heap.count == 1)
    }

    @Test func aRemovedEntryIsGoneAndItsNameMeansNothing() {
        var heap = DeadlineHeap<String>()
        let first = heap.insert("a", at: 1)
        var removals = [heap.remove(first), heap.remove(first)]
        let second = heap.insert("b", at: 2)
        // The slot belongs to another entry now.
        removals.append(heap.remove(first))
        let popped = heap.popFirst(dueBy: 2)
        #expect(popped == "b")
        removals.append(heap.remove(second))
        #expect(removals == [true, false, false, false])
    }

    /// Against a list that is searched: random insertions, removals and removals of the first.
    @Test func itAgreesWithASearchedList() {
        var random = SeededNumbers(seed: 7)
        var heap = DeadlineHeap<UInt64>()
        var list: [(id: DeadlineHeap<UInt64>.ID, deadline: UInt64)] = []
        for _ in 0..<4_000 {
            switch random.next() % 5 {
            case 0, 1, 2:
                let deadline = random.next() % 1000
                list.append((heap.insert(deadline, at: deadline), deadline))
            case 3:
                guard !list.isEmpty else { continue }
                let index = Int(random.next() % UInt64(list.count))
                let isRemoved = heap.remove(list.remove(at: index).id)
                #expect(isRemoved)
            default:
                let first = heap.popFirst(dueBy: .max)
                #expect(first == list.map(\.deadline).min())
                if let index = list.firstIndex(where: { $0.deadline == first }) {
                    // Which of several equal ones left is the heap's choice.
                    let gone = list.firstIndex { $0.deadline == first && !heap.contains($0.id) } ?? index
                    list.remove(at: gone)
                }
            }
            #expect(heap.count == list.count)
        }
    }
}
