// SPDX-License-Identifier: MIT

/// Tells clients that read from those that only make us work with WINDOW_UPDATE: one byte of window costs us a frame
/// and a write (CVE-2019-9511, 9517). Each KiB that we send allows one; a number of them is free. Pure.
struct WindowUpdateBudget {
    static let period: UInt64 = 10_000
    static let bytesForEach = 1 << 10

    private let free: Int
    private var used = 0
    private var earned = 0
    private var restartsAt: UInt64

    init(free: Int, now: UInt64) {
        self.free = free
        restartsAt = now &+ Self.period
    }

    mutating func sent(_ bytes: Int) { earned &+= max(bytes, 0) }

    /// False: too many.
    mutating func receive(now: UInt64) -> Bool {
        if now >= restartsAt {
            used = 0
            earned = 0
            restartsAt = now &+ Self.period
        }
        used &+= 1
        return used <= free &+ earned / Self.bytesForEach
    }
}
