// SPDX-License-Identifier: MIT

internal import Synchronization

/// Who of a server listens to which topic, and the way from one who publishes to all of them. Knows neither
/// threads nor Lua: a receiver takes messages from anywhere.
final class TopicHub: Sendable {
    /// A worker. `receive` is called from any thread and must not block.
    protocol Receiver: AnyObject, Sendable {
        func receive(_ message: Message)
    }

    struct Message: Sendable {
        let topic: [UInt8]
        let value: LuaValue
    }

    private struct Seat {
        let receiver: any Receiver
        /// Subscriptions of that receiver.
        var count: Int
    }

    private let seats = Mutex<[[UInt8]: [Seat]]>([:])

    func add(_ receiver: any Receiver, to topic: [UInt8]) {
        seats.withLock { seats in
            if let index = seats[topic]?.firstIndex(where: { $0.receiver === receiver }) {
                seats[topic]?[index].count += 1
            } else {
                seats[topic, default: []].append(Seat(receiver: receiver, count: 1))
            }
        }
    }

    func remove(_ receiver: any Receiver, from topic: [UInt8]) {
        seats.withLock { seats in
            guard let index = seats[topic]?.firstIndex(where: { $0.receiver === receiver }) else { return }
            seats[topic]?[index].count -= 1
            if seats[topic]?[index].count == 0 { seats[topic]?.remove(at: index) }
            if seats[topic]?.isEmpty == true { seats[topic] = nil }
        }
    }

    /// Hands `value` to all who listen, and returns how many subscriptions that are. What one thread publishes
    /// arrives everywhere in the order in which it was published.
    @discardableResult
    func publish(_ value: LuaValue, to topic: [UInt8]) -> Int {
        let seats = seats.withLock { $0[topic] ?? [] }
        for seat in seats { seat.receiver.receive(Message(topic: topic, value: value)) }
        return seats.reduce(0) { $0 + $1.count }
    }

    /// Topics that somebody listens to.
    var topicCount: Int { seats.withLock { $0.count } }
}
