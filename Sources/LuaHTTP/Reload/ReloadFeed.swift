// SPDX-License-Identifier: MIT

internal import NIOCore
internal import Synchronization

/// What became of the files of an app that changed, for those who show it: open pages, the development page.
///
/// Says what happened and keeps the last state. Does not know who reloads, nor how it is shown.
final class ReloadFeed: Sendable {
    enum Event: Sendable, Equatable {
        /// All workers serve generation `generation` from now on; a failure before it is mended.
        case reloaded(generation: Int)
        /// Stylesheets changed, nothing else: the paths of their URLs.
        case stylesheetsChanged([String])
        /// Other static files changed: the paths of their URLs.
        case filesChanged([String])
        /// The app does not load; the last good generation goes on.
        case failed(ReloadFailure)
        /// The files are again as the generation in force found them.
        case mended
    }

    struct State: Sendable, Equatable {
        /// 1 is the one that the server started with.
        var generation = 1
        /// Why the files as they lie there do not load, until they do.
        var failure: ReloadFailure?
    }

    private struct Board: Sendable {
        var state = State()
        var subscribers: [Int: NIOLoopBound<ReloadSubscription>] = [:]
        var lastNumber = 0
        var failures = 0
    }

    private let board = Mutex(Board())

    /// The generation in force, and how many did not load.
    var counts: (generation: Int, failures: Int) { board.withLock { ($0.state.generation, $0.failures) } }

    var state: State { board.withLock { $0.state } }

    /// Calls `receive` on `loop` with each event after the state that is returned. Call it on `loop`.
    func subscribe(
        on loop: any EventLoop, _ receive: @escaping (Event) -> Void
    ) -> (subscription: ReloadSubscription, state: State) {
        let subscription = ReloadSubscription(receive, feed: self)
        let bound = NIOLoopBound(subscription, eventLoop: loop)
        let (number, state) = board.withLock { board in
            board.lastNumber &+= 1
            board.subscribers[board.lastNumber] = bound
            return (board.lastNumber, board.state)
        }
        subscription.number = number
        return (subscription, state)
    }

    /// May be called from anywhere.
    func publish(_ event: Event) {
        board.withLock { board in
            board.state.take(event)
            if case .failed = event { board.failures &+= 1 }
            // Inside the lock, so that all loops get the events in the same order.
            for subscriber in board.subscribers.values {
                subscriber.eventLoop.execute { subscriber.value.receive?(event) }
            }
        }
    }

    fileprivate func remove(_ number: Int) {
        board.withLock { _ = $0.subscribers.removeValue(forKey: number) }
    }
}

extension ReloadFeed.State {
    fileprivate mutating func take(_ event: ReloadFeed.Event) {
        switch event {
        case .reloaded(let number): self = Self(generation: number)
        case .failed(let failure): self.failure = failure
        case .mended: failure = nil
        case .stylesheetsChanged, .filesChanged: break
        }
    }
}

/// One who listens to a feed, until ``cancel()``. Belongs to the loop it was made on.
final class ReloadSubscription {
    fileprivate private(set) var receive: ((ReloadFeed.Event) -> Void)?
    fileprivate var number = 0
    private let feed: ReloadFeed

    fileprivate init(_ receive: @escaping (ReloadFeed.Event) -> Void, feed: ReloadFeed) {
        self.receive = receive
        self.feed = feed
    }

    /// No event comes after it, not even one that is on its way.
    func cancel() {
        receive = nil
        feed.remove(number)
    }
}

@available(*, unavailable)
extension ReloadSubscription: Sendable {}

/// Why an app did not load again. Does not know how it is shown.
enum ReloadFailure: Error, Sendable, Equatable {
    /// The main script, a module, a setting or a check hook.
    case script(ScriptError)
    case templates([TemplateError])

    /// All that its author needs, as text for the log.
    var text: String {
        switch self {
        case .script(let error): ScriptReport(error).text
        case .templates(let errors): errors.map(\.description).joined(separator: "\n\n")
        }
    }
}
