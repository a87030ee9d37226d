// SPDX-License-Identifier: MIT

/// What counts of a handler's time: from its first wait on, but not while it waits for its client's body, for which
/// there are limits of their own. Nanoseconds; knows no clock.
struct HandlerTime {
    /// When it first waited.
    private(set) var startedAt: UInt64?
    /// Spent waiting for the client.
    private var clientTime: UInt64 = 0
    private var clientSince: UInt64?

    /// The client is waited for just now: nothing counts.
    var isPaused: Bool { clientSince != nil }

    /// Later waits change nothing.
    mutating func begin(at now: UInt64) {
        guard startedAt == nil else { return }
        startedAt = now
        if isPaused { clientSince = now }
    }

    mutating func clientWaitBegan(at now: UInt64) { clientSince = now }

    mutating func clientWaitEnded(at now: UInt64) {
        guard let since = clientSince else { return }
        clientSince = nil
        if now > since { clientTime &+= now &- since }
    }

    func used(at now: UInt64) -> UInt64 {
        guard let startedAt, now > startedAt else { return 0 }
        let waited = clientTime &+ (clientSince.map { now > $0 ? now &- $0 : 0 } ?? 0)
        let elapsed = now &- startedAt
        return elapsed > waited ? elapsed &- waited : 0
    }
}
