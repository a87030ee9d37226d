// SPDX-License-Identifier: MIT

internal import NIOCore

/// Fibers whose wait is over and that go on when the events at hand have had their turn.
final class RunQueue {
    private let loop: any EventLoop
    private var ready: [(fiber: Fiber, wait: UInt64)] = []
    private var running: [(fiber: Fiber, wait: UInt64)] = []
    private var isScheduled = false

    init(loop: any EventLoop) { self.loop = loop }

    func append(_ fiber: Fiber, wait: UInt64) {
        ready.append((fiber, wait))
        guard !isScheduled else { return }
        isScheduled = true
        loop.assumeIsolated().execute { self.drain() }
    }

    /// Those that become ready meanwhile wait for the next turn, so that sockets get theirs.
    private func drain() {
        isScheduled = false
        swap(&ready, &running)
        for (fiber, wait) in running { fiber.wake(wait) }
        running.removeAll(keepingCapacity: true)
    }
}

@available(*, unavailable)
extension RunQueue: Sendable {}
