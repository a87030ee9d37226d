// SPDX-License-Identifier: MIT

/// What a request or a spawned task holds beside its own tasks, and what ends with it at the latest.
struct Belongings {
    enum Item: Hashable {
        case subscription(Int64)
        case exchange(Int64)
    }

    private var items: Set<Item> = []

    var isEmpty: Bool { items.isEmpty }

    mutating func add(_ item: Item) { items.insert(item) }
    mutating func remove(_ item: Item) { items.remove(item) }

    fileprivate mutating func removeAll() -> Set<Item> {
        defer { items = [] }
        return items
    }
}

extension Fiber {
    func endBelongings() {
        for item in belongings.removeAll() {
            switch item {
            case .subscription(let number): worker.topics.unsubscribe(number)
            case .exchange(let number): worker.endExchange(number)
            }
        }
    }
}
