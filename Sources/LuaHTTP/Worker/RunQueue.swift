// SPDX-License-Identifier: MIT

internal import NIOCore

/// What goes on when the events at hand have had their turn: fibers whose wait is over, pages that have had their share,
/// and what must not be done while Lua code runs.
///
/// The loop runs what is enqueued, and timers that are due, until nothing is left, and looks at its sockets only then.
/// So all that goes on by itself goes on from here, one turn after the other, and now and then a turn is due only a
/// little after the one before it has ended. With a second chain of turns one would always be due.
final class RunQueue {
    enum Item {
        /// The wait of this number is over.
        case wake(Fiber, UInt64)
        case call(() -> Void)
    }

    /// So many turns may follow each other before the loop looks at its sockets. A turn later costs a timer.
    private static let mostTurns = 32
    private static let pause = TimeAmount.microseconds(50)
    /// Nanoseconds of a turn, after which the others wait for the next.
    private static let longestTurn: UInt64 = 2_000_000

    private let loop: any EventLoop
    private var ready: [Item] = []
    /// For a turn before which the loop has looked at its sockets.
    private var later: [Item] = []
    private var running: [Item] = []
    private var isScheduled = false
    private var isRunning = false
    private var turns = 0

    init(loop: any EventLoop) { self.loop = loop }

    /// For the next turn.
    func append(_ item: Item) {
        ready.append(item)
        if !isScheduled, !isRunning { schedule() }
    }

    /// For a turn after the sockets.
    func appendLater(_ item: Item) {
        later.append(item)
        if !isScheduled, !isRunning { schedule() }
    }

    private func schedule() {
        guard !ready.isEmpty || !later.isEmpty else {
            turns = 0
            return
        }
        isScheduled = true
        if !ready.isEmpty, turns < Self.mostTurns {
            turns &+= 1
            return loop.assumeIsolated().execute { self.run() }
        }
        turns = 0
        loop.assumeIsolated().scheduleTask(in: Self.pause) {
            self.ready.append(contentsOf: self.later)
            self.later.removeAll(keepingCapacity: true)
            self.run()
        }
    }

    /// What is appended meanwhile is for the next turn.
    private func run() {
        isScheduled = false
        isRunning = true
        swap(&ready, &running)
        let end = loop.now.uptimeNanoseconds &+ Self.longestTurn
        var index = 0
        while index < running.count {
            switch running[index] {
            case .wake(let fiber, let wait): fiber.wake(wait)
            case .call(let body): body()
            }
            index &+= 1
            guard index < running.count, loop.now.uptimeNanoseconds >= end else { continue }
            ready.insert(contentsOf: running[index...], at: 0)
            turns = Self.mostTurns
            break
        }
        running.removeAll(keepingCapacity: true)
        isRunning = false
        schedule()
    }
}

@available(*, unavailable)
extension RunQueue: Sendable {}
