// SPDX-License-Identifier: MIT

internal import NIOCore

/// What goes on when the events at hand have had their turn: fibers whose wait is over, and what must not be done
/// while Lua code runs.
final class RunQueue {
    enum Item {
        /// The wait of this number is over.
        case wake(Fiber, UInt64)
        case call(() -> Void)
    }

    /// So many turns may follow each other before the loop looks at its sockets, which it does not while anything
    /// is enqueued. A turn later costs a timer.
    private static let mostTurns = 32
    private static let pause = TimeAmount.microseconds(50)

    private let loop: any EventLoop
    private var ready: [Item] = []
    private var running: [Item] = []
    private var isScheduled = false
    private var isRunning = false
    private var turns = 0

    init(loop: any EventLoop) { self.loop = loop }

    func append(_ item: Item) {
        ready.append(item)
        guard !isScheduled else { return }
        isScheduled = true
        turns = isRunning ? turns &+ 1 : 0
        if turns < Self.mostTurns { return loop.assumeIsolated().execute { self.run() } }
        turns = 0
        loop.assumeIsolated().scheduleTask(in: Self.pause) { self.run() }
    }

    /// What is appended meanwhile is for the next turn.
    private func run() {
        isScheduled = false
        isRunning = true
        swap(&ready, &running)
        for item in running {
            switch item {
            case .wake(let fiber, let wait): fiber.wake(wait)
            case .call(let body): body()
            }
        }
        running.removeAll(keepingCapacity: true)
        isRunning = false
    }
}

@available(*, unavailable)
extension RunQueue: Sendable {}
