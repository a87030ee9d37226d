// SPDX-License-Identifier: MIT

/// What scripts may do with topics: `app.publish`, `app.subscribe`.
extension Worker: TopicServices {
    func publish(_ value: LuaValue, to topic: [UInt8]) -> Int {
        configuration.topics.publish(value, to: topic)
    }

    func subscribe(to topics: [[UInt8]], queue: Int) throws(HostError) -> Int64 {
        guard let fiber = current else { throw .message("cannot subscribe here: nothing is running") }
        let number = self.topics.subscribe(to: topics, queue: queue)
        fiber.root.belongings.add(.subscription(number))
        return number
    }

    func nextMessage(
        of number: Int64, within seconds: Double?, on stack: LuaStack
    ) throws(HostError) -> HostResult {
        guard let subscription = topics.subscriptions[number] else {
            stack.pushNil()
            return .results(1)
        }
        if let message = subscription.next() {
            guard let vm = current?.generation.vm else { return .results(0) }
            stack.push(message, limitedBy: vm)
            return .results(2)
        }
        let fiber = try runningFiber()
        guard !subscription.hasReader else {
            throw .message("another task waits for the next message of this subscription already")
        }
        subscription.wait(fiber, within: seconds)
        return .await
    }

    func droppedMessages(of number: Int64) -> Int { topics.subscriptions[number]?.dropped ?? 0 }

    func unsubscribe(_ number: Int64) {
        current?.root.belongings.remove(.subscription(number))
        topics.unsubscribe(number)
    }
}
