// SPDX-License-Identifier: MIT

internal import NIOCore

/// What a worker has to do at a later time, behind one timer of its event loop: thousands of sleeping fibers
/// cost a heap entry each. Knows what to call, not why.
final class WorkerTimers: NIOScheduledCallbackHandler {
    enum Alarm {
        /// The wait of this number is over.
        case wake(Fiber, UInt64)
        /// The handler's time is up.
        case limit(RequestTask)
        case call(() -> Void)
    }

    typealias ID = DeadlineHeap<Alarm>.ID

    private let loop: any EventLoop
    private let wake: (Fiber, UInt64) -> Void
    private var heap = DeadlineHeap<Alarm>()
    private var armed: NIOScheduledCallback?
    private var armedAt = UInt64.max

    /// - Parameter wake: lets a fiber go on, not before it returns.
    init(loop: any EventLoop, wake: @escaping (Fiber, UInt64) -> Void) {
        self.loop = loop
        self.wake = wake
    }

    var count: Int { heap.count }

    func add(_ alarm: Alarm, inNanoseconds delay: UInt64) -> ID {
        let (deadline, overflow) = loop.now.uptimeNanoseconds.addingReportingOverflow(delay)
        // NIODeadline holds an Int64.
        let id = heap.insert(alarm, at: overflow ? UInt64(Int64.max) : min(deadline, UInt64(Int64.max)))
        arm()
        return id
    }

    /// Leaves the loop's timer armed: at worst it wakes the worker once for nothing.
    func cancel(_ id: ID) { heap.remove(id) }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        armed = nil
        armedAt = .max
        // What these add is for a later turn, even if it is due at once.
        let now = loop.now.uptimeNanoseconds
        while let alarm = heap.popFirst(dueBy: now) {
            switch alarm {
            case .wake(let fiber, let number): wake(fiber, number)
            case .limit(let task): task.timeIsUp()
            case .call(let body): body()
            }
        }
        arm()
    }

    private func arm() {
        guard let earliest = heap.earliest, earliest < armedAt else { return }
        armed?.cancel()
        armed = try? loop.assumeIsolated().scheduleCallback(
            at: .uptimeNanoseconds(earliest), handler: self)
        armedAt = armed == nil ? .max : earliest
    }

    /// Nothing is called any more.
    func shutDown() {
        heap.removeAll()
        armed?.cancel()
        armed = nil
    }
}

@available(*, unavailable)
extension WorkerTimers: Sendable {}
