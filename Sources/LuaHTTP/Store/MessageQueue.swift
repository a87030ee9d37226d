// SPDX-License-Identifier: MIT

/// The messages that one subscription has not taken yet. A slow reader loses the oldest, and can see how many:
/// it must not hold up those who publish, nor take memory without end.
struct MessageQueue {
    private let capacity: Int
    private var messages: [TopicHub.Message?] = []
    /// Those before have been taken.
    private var first = 0
    private(set) var dropped = 0

    /// - Parameter capacity: most messages that wait; at least 1.
    init(capacity: Int) { self.capacity = max(capacity, 1) }

    var count: Int { messages.count - first }

    mutating func append(_ message: TopicHub.Message) {
        if count == capacity {
            dropped &+= 1
            _ = popFirst()
        }
        messages.append(message)
    }

    mutating func popFirst() -> TopicHub.Message? {
        guard first < messages.count else { return nil }
        let message = messages[first]
        messages[first] = nil
        first += 1
        if first == messages.count {
            messages.removeAll(keepingCapacity: messages.count <= 16)
            first = 0
        } else if first >= 64, first * 2 >= messages.count {
            messages.removeFirst(first)
            first = 0
        }
        return message
    }
}
