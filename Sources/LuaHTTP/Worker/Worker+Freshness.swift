// SPDX-License-Identifier: MIT

internal import NIOCore

/// A request that came while it was in doubt whether the app is that of the files. It is looked at when that is
/// settled.
final class HeldRequest {
    fileprivate var isSettled = false
    fileprivate var isComplete = false
    fileprivate var timer: Scheduled<Void>?
}

/// Development: requests wait for a reload that is due, so that a page loaded right after a save is the new one.
extension Worker {
    /// An app may take as long as it likes to load; after so many seconds the last good generation answers.
    private static let longestHold: Int64 = 15

    /// Takes a request without a body, whose route is not to be looked for yet.
    func hold(_ exchange: HTTPExchange, _ freshness: Freshness) -> BodyDecision {
        let held = HeldRequest()
        exchange.task = held
        let settle = {
            held.timer?.cancel()
            held.isSettled = true
            self.proceed(held, exchange)
        }
        held.timer = loop.assumeIsolated().scheduleTask(in: .seconds(Self.longestHold), settle)
        freshness.whenSettled(on: loop, settle)
        return .proceed(limit: 0)
    }

    /// The connection is ready for the answer: true when the request is a held one.
    func completeHeld(_ exchange: HTTPExchange) -> Bool {
        guard let held = exchange.task as? HeldRequest else { return false }
        held.isComplete = true
        proceed(held, exchange)
        return true
    }

    private func proceed(_ held: HeldRequest, _ exchange: HTTPExchange) {
        guard held.isComplete, held.isSettled, exchange.task === held else { return }
        exchange.task = nil
        switch dispatch(exchange) {
        case .proceed, .stream: handle(exchange)
        case .reject(let error): exchange.fail(error)
        case .answered: break
        }
    }
}
