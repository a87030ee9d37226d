// SPDX-License-Identifier: MIT

/// Publishes and listens for the fiber that runs; a worker does it.
protocol TopicServices: AnyObject {
    /// Number of subscriptions that get it.
    func publish(_ value: LuaValue, to topic: [UInt8]) -> Int
    /// A new subscription of the running fiber, by number; it ends with the fiber's request.
    func subscribe(to topics: [[UInt8]], queue: Int) throws(HostError) -> Int64
    /// The next message: its value and its topic, now or later; nil and "timeout"; nil when it is closed.
    func nextMessage(
        of subscription: Int64, within seconds: Double?, on stack: LuaStack
    ) throws(HostError) -> HostResult
    func droppedMessages(of subscription: Int64) -> Int
    func unsubscribe(_ subscription: Int64)
}

/// `app.publish` and `app.subscribe`; CLua/lua/topics.lua makes objects of subscriptions.
enum TopicModule {
    static func functions(_ services: ScriptServices) -> [(StaticString, HostFunction)] {
        [
            ("topic_publish", publish(services)), ("topic_subscribe", subscribe(services)),
            ("topic_next", next(services)), ("topic_dropped", dropped(services)),
            ("topic_close", close(services)),
        ]
    }

    /// publish(topic, value) → number of subscriptions
    private static func publish(_ services: ScriptServices) -> HostFunction {
        HostFunction("app.publish") { stack throws(HostError) in
            let worker = try services.loop()
            let topic = try topic(at: 1, of: stack)
            let value: LuaValue
            do throws(LuaValueError) {
                value = try LuaValue(copying: 2, of: stack, limit: mostBytes)
            } catch {
                throw .message(error.description)
            }
            guard value != .nil else { throw .message("app.publish expects a value, not nil") }
            stack.push(Int64(worker.publish(value, to: topic)))
            return .results(1)
        }
    }

    /// A message is kept once for all who listen, but by each until it has been taken.
    private static let mostBytes = 16 << 20

    /// subscribe(queue, topic, …) → number
    private static func subscribe(_ services: ScriptServices) -> HostFunction {
        HostFunction("app.subscribe") { stack throws(HostError) in
            let worker = try services.loop()
            guard let queue = stack.integer(at: 1), queue >= 1, queue <= 65_536 else {
                throw .message("queue of app.subscribe must be a number of messages from 1 to 65536")
            }
            var topics: [[UInt8]] = []
            for index in stride(from: Int32(2), through: stack.top, by: 1) {
                let topic = try topic(at: index, of: stack)
                if !topics.contains(topic) { topics.append(topic) }
            }
            stack.push(try worker.subscribe(to: topics, queue: Int(queue)))
            return .results(1)
        }
    }

    /// next(number, seconds or nil) → value, topic
    private static func next(_ services: ScriptServices) -> HostFunction {
        HostFunction("subscription:next", waits: true) { stack throws(HostError) in
            let worker = try services.loop()
            var seconds: Double?
            if !stack.isNilOrNone(at: 2) {
                seconds = stack.number(at: 2)
                guard let seconds, seconds >= 0 else {
                    throw .message("the timeout of next must be a number of seconds")
                }
            }
            return try worker.nextMessage(of: stack.integer(at: 1) ?? 0, within: seconds, on: stack)
        }
    }

    /// dropped(number) → count
    private static func dropped(_ services: ScriptServices) -> HostFunction {
        HostFunction("subscription.dropped") { stack throws(HostError) in
            let worker = try services.loop()
            stack.push(Int64(worker.droppedMessages(of: stack.integer(at: 1) ?? 0)))
            return .results(1)
        }
    }

    /// close(number)
    private static func close(_ services: ScriptServices) -> HostFunction {
        HostFunction("subscription:close") { stack throws(HostError) in
            try services.loop().unsubscribe(stack.integer(at: 1) ?? 0)
            return .results(0)
        }
    }

    private static func topic(at index: Int32, of stack: LuaStack) throws(HostError) -> [UInt8] {
        guard let bytes = stack.bytes(at: index), !bytes.isEmpty else {
            throw .message("a topic must be a string that is not empty")
        }
        return [UInt8](bytes)
    }
}
