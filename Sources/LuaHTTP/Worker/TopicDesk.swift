// SPDX-License-Identifier: MIT

internal import Logging

/// The subscriptions of one worker: of requests, which wait for the next message, and of the main script, whose
/// functions are called with it. Confined to the loop; other workers reach it through its mailbox.
final class TopicDesk {
    private let hub: TopicHub
    private let mailbox: TopicMailbox
    private var listeners: [[UInt8]: [any TopicListener]] = [:]
    /// Of requests, by number.
    private(set) var subscriptions: [Int64: TopicSubscription] = [:]
    private var lastNumber: Int64 = 0

    init(hub: TopicHub, worker: Worker) {
        self.hub = hub
        let relay = Relay()
        mailbox = TopicMailbox(loop: worker.loop) { [unowned worker] messages, dropped in
            if dropped > 0 {
                worker.logger.warning("\(dropped) messages lost: the worker was busy and did not take them")
            }
            for message in messages { relay.desk?.deliver(message) }
        }
        relay.desk = self
    }

    /// Breaks the cycle between the desk and its mailbox.
    private final class Relay {
        weak var desk: TopicDesk?
    }

    private func deliver(_ message: TopicHub.Message) {
        // One that takes the message may end others, or subscribe.
        for listener in listeners[message.topic] ?? [] { listener.take(message) }
    }

    func add(_ listener: any TopicListener) {
        for topic in listener.topics {
            listeners[topic, default: []].append(listener)
            hub.add(mailbox, to: topic)
        }
    }

    func remove(_ listener: any TopicListener) {
        for topic in listener.topics {
            guard let index = listeners[topic]?.firstIndex(where: { $0 === listener }) else { continue }
            listeners[topic]?.remove(at: index)
            if listeners[topic]?.isEmpty == true { listeners[topic] = nil }
            hub.remove(mailbox, from: topic)
        }
    }

    func subscribe(to topics: [[UInt8]], queue: Int) -> Int64 {
        lastNumber &+= 1
        let subscription = TopicSubscription(topics: topics, queue: queue)
        subscriptions[lastNumber] = subscription
        add(subscription)
        return lastNumber
    }

    func unsubscribe(_ number: Int64) {
        guard let subscription = subscriptions.removeValue(forKey: number) else { return }
        remove(subscription)
        subscription.close()
    }

    func close() {
        mailbox.close()
        for number in Array(subscriptions.keys) { unsubscribe(number) }
    }
}

/// Who gets the messages of some topics on one worker.
protocol TopicListener: AnyObject {
    var topics: [[UInt8]] { get }
    func take(_ message: TopicHub.Message)
}

/// A subscription that a script asks for its next message.
final class TopicSubscription: TopicListener {
    let topics: [[UInt8]]
    private var queue: MessageQueue
    private var reader: (fiber: Fiber, wait: UInt64, alarm: WorkerTimers.ID?)?

    init(topics: [[UInt8]], queue: Int) {
        self.topics = topics
        self.queue = MessageQueue(capacity: queue)
    }

    var dropped: Int { queue.dropped }
    var hasReader: Bool { reader != nil }

    func take(_ message: TopicHub.Message) {
        guard reader != nil else { return queue.append(message) }
        wake { $0.push(message, limitedBy: $1) }
    }

    /// The next message, if there is one.
    func next() -> TopicHub.Message? { queue.popFirst() }

    /// `fiber` waits from now on.
    func wait(_ fiber: Fiber, within seconds: Double?) {
        let number = fiber.nextWait()
        var alarm: WorkerTimers.ID?
        if let seconds {
            let nanoseconds = UInt64(exactly: (seconds * 1e9).rounded()) ?? .max
            alarm = fiber.worker.timers.add(.call { self.timeIsUp() }, inNanoseconds: nanoseconds)
        }
        reader = (fiber, number, alarm)
        fiber.beginWait(number) { _ = self.takeReader() }
    }

    private func timeIsUp() {
        reader?.alarm = nil
        wake { stack, _ in
            stack.pushNil()
            stack.push("timeout" as StaticString)
        }
    }

    /// Whoever waits gets nil.
    func close() { wake { stack, _ in stack.pushNil() } }

    private func wake(_ push: @escaping (LuaStack, LuaVM) -> Void) {
        guard let (fiber, wait) = takeReader() else { return }
        let vm = fiber.generation.vm
        fiber.endWait(wait) { push($0, vm) }
    }

    private func takeReader() -> (Fiber, UInt64)? {
        guard let (fiber, wait, alarm) = reader else { return nil }
        reader = nil
        if let alarm { fiber.worker.timers.cancel(alarm) }
        return (fiber, wait)
    }
}

extension LuaStack {
    /// Pushes value and topic; nil and a message where the VM has no memory for them. [-0, +2]
    func push(_ message: TopicHub.Message, limitedBy vm: LuaVM) {
        do throws(LuaValueError) {
            try push(message.value, limitedBy: vm)
            message.topic.withUnsafeBytes { _ = push($0) }
        } catch {
            pushNil()
            push(error.description)
        }
    }
}
