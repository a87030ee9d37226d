// SPDX-License-Identifier: MIT

internal import NIOCore
internal import Synchronization

/// Whether files have changed that a request is about to be answered from, and who waits until that is dealt with: a
/// page that is loaded again right after a save is never the old one. Asked on event loops before each request in
/// development; the reloader's thread answers.
final class Freshness: Sendable {
    fileprivate struct Waiter: Sendable {
        let loop: any EventLoop
        let body: NIOLoopBound<() -> Void>

        func release() { loop.execute { body.value() } }
    }

    private struct Board: Sendable {
        var waiters: [Waiter] = []
        /// Files, and what they looked like.
        var known: [(path: String, signature: FileSnapshot.Signature?)] = []
        var lookedAt: UInt64 = 0
        var interval = Freshness.interval
        var differs = false
        /// Nobody deals with anything any more.
        var isStopped = false
    }

    /// Milliseconds between two looks at the files, where events would have said what happened, and where not.
    private static let interval: UInt64 = 250
    private static let shortInterval: UInt64 = 10

    private let board = Mutex(Board())
    private let isBusy = Atomic(false)
    private let events: Int32
    private let wakes: WakePipe

    /// - Parameter events: readable when something happened that nobody has looked at, or -1.
    init(events: Int32, wakes: WakePipe) {
        self.events = events
        self.wakes = wakes
    }

    // MARK: On event loops

    /// Something has changed, or may have. Cheap: as a rule one system call.
    func isInDoubt() -> Bool {
        // In this order: the reloader is busy before it takes events out of the queue.
        if events >= 0, Readiness.hasInput(events) { return true }
        return isBusy.load(ordering: .sequentiallyConsistent) || filesDiffer()
    }

    private func filesDiffer() -> Bool {
        let now = Clock.milliseconds()
        let known = board.withLock { board -> [(path: String, signature: FileSnapshot.Signature?)] in
            guard now &- board.lookedAt >= board.interval else { return [] }
            board.lookedAt = now
            return board.known
        }
        guard known.contains(where: { FileSnapshot.Signature(of: $0.path) != $0.signature }) else {
            return false
        }
        board.withLock { $0.differs = true }
        return true
    }

    /// Calls `body` on `loop`, where we are, when what has happened until now is dealt with.
    func whenSettled(on loop: any EventLoop, _ body: @escaping () -> Void) {
        let waiter = Waiter(loop: loop, body: NIOLoopBound(body, eventLoop: loop))
        let isStopped = board.withLock { board in
            if !board.isStopped { board.waiters.append(waiter) }
            return board.isStopped
        }
        if isStopped { waiter.release() } else { wakes.wake() }
    }

    // MARK: On the reloader's thread

    /// Those who wait until what has happened before this call is dealt with.
    struct Turn: Sendable {
        fileprivate let waiters: [Waiter]
        /// Somebody has seen that files differ.
        let hasSeenDifference: Bool
    }

    /// Call it before taking events.
    func beginTurn() -> Turn {
        isBusy.store(true, ordering: .sequentiallyConsistent)
        return board.withLock { board in
            defer { (board.waiters, board.differs) = ([], false) }
            return Turn(waiters: board.waiters, hasSeenDifference: board.differs)
        }
    }

    /// What was there to do is done.
    func end(_ turn: Turn) {
        isBusy.store(false, ordering: .sequentiallyConsistent)
        for waiter in turn.waiters { waiter.release() }
    }

    /// The reloader ends: nobody waits any more.
    func stop() {
        board.withLock { $0.isStopped = true }
        end(beginTurn())
    }

    /// How the files look that were dealt with. `isPolled`: some of them have no events.
    func learn(_ set: DependencySet, _ snapshot: FileSnapshot, isPolled: Bool) {
        var known = set.files.map { ($0, snapshot.entries[$0]?.signature) }
        for (path, entry) in snapshot.entries where !entry.isAsset && !set.files.contains(path) {
            known.append((path, entry.signature))
        }
        for (path, directory) in snapshot.directories where !directory.isOfAssets {
            known.append((path, directory.signature))
        }
        board.withLock { board in
            board.known = known
            board.interval = isPolled ? Self.shortInterval : Self.interval
        }
    }
}
