// SPDX-License-Identifier: MIT

import Dispatch
import Synchronization
import Testing

@testable import LuaHTTP

struct TopicHubTests {
    private final class Notebook: TopicHub.Receiver {
        let messages = Mutex<[LuaValue]>([])
        func receive(_ message: TopicHub.Message) { messages.withLock { $0.append(message.value) } }
        var values: [LuaValue] { messages.withLock { $0 } }
    }

    private let topic = Array("news".utf8)

    @Test func aMessageReachesAllWhoListen() {
        let (hub, a, b) = (TopicHub(), Notebook(), Notebook())
        #expect(hub.publish(1, to: topic) == 0)
        hub.add(a, to: topic)
        hub.add(b, to: topic)
        hub.add(b, to: topic)
        #expect(hub.publish(2, to: topic) == 3)
        #expect(hub.publish(3, to: Array("other".utf8)) == 0)
        // Once for each worker, however many subscriptions it has.
        #expect(a.values == [2])
        #expect(b.values == [2])
    }

    @Test func whoLeavesGetsNothingMore() {
        let (hub, a) = (TopicHub(), Notebook())
        hub.add(a, to: topic)
        hub.add(a, to: topic)
        hub.remove(a, from: topic)
        #expect(hub.publish(1, to: topic) == 1)
        hub.remove(a, from: topic)
        hub.remove(a, from: topic)
        #expect(hub.publish(2, to: topic) == 0)
        #expect(a.values == [1])
        #expect(hub.topicCount == 0)
    }

    @Test func theOrderOfOneWhoPublishesIsKept() {
        let (hub, a) = (TopicHub(), Notebook())
        hub.add(a, to: topic)
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            for number in 0..<1000 { hub.publish(.integer(Int64(thread * 1000 + number)), to: topic) }
        }
        #expect(a.values.count == 4000)
        for thread in 0..<4 {
            let own = a.values.compactMap { value -> Int64? in
                guard case .integer(let number) = value, number / 1000 == thread else { return nil }
                return number
            }
            #expect(own == own.sorted())
        }
    }

    // MARK: The queue of a subscription

    private func message(_ number: Int) -> TopicHub.Message {
        TopicHub.Message(topic: topic, value: .integer(Int64(number)))
    }

    @Test func aQueueGivesMessagesInOrder() {
        var queue = MessageQueue(capacity: 1000)
        var next = 0
        for number in 0..<500 {
            queue.append(message(number))
            if number % 3 == 0 {
                #expect(queue.popFirst()?.value == .integer(Int64(next)))
                next += 1
            }
        }
        while let message = queue.popFirst() {
            #expect(message.value == .integer(Int64(next)))
            next += 1
        }
        #expect(next == 500)
        #expect(queue.dropped == 0)
        #expect(queue.count == 0)
    }

    @Test func aFullQueueLosesTheOldest() {
        var queue = MessageQueue(capacity: 3)
        for number in 0..<10 { queue.append(message(number)) }
        #expect(queue.dropped == 7)
        #expect(queue.count == 3)
        #expect((0..<3).map { _ in queue.popFirst()?.value } == [7, 8, 9])
        #expect(queue.popFirst() == nil)
    }
}
