// SPDX-License-Identifier: MIT

/// How many streams of a connection are refused before it ends: a client that goes on asking for more than it may have
/// at a time, or for what is malformed, costs us a head and a frame each (CVE-2025-8671). Pure.
struct RefusalBudget {
    static let period: UInt64 = 30_000

    private let most: Int
    private var used = 0
    private var restartsAt: UInt64

    init(most: Int, now: UInt64) {
        self.most = most
        restartsAt = now &+ Self.period
    }

    /// False: too many.
    mutating func receive(now: UInt64) -> Bool {
        if now >= restartsAt {
            used = 0
            restartsAt = now &+ Self.period
        }
        used &+= 1
        return used <= most
    }
}
