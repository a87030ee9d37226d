// SPDX-License-Identifier: MIT

/// Notices that a client has stopped reading: bytes written to the channel of which no more arrive.
/// Pure: is told what was written, what is still on its way and what time it is.
struct WriteProgress {
    private var written: UInt64 = 0
    private var arrived: UInt64 = 0
    private var stalledSince: UInt64?

    /// Something was written that is not known to have arrived.
    var isPending: Bool { arrived != written }

    mutating func wrote(_ count: Int) { written &+= UInt64(max(count, 0)) }

    /// `buffered`: bytes the channel still holds; `unacknowledged`: bytes in the kernel's queue. The latter count
    /// too, because a full queue takes nothing until a third of its megabytes is free: minutes for a slow but
    /// honest client. Counting what arrived, not what is left, also catches a writer that keeps refilling.
    mutating func isStalled(buffered: Int, unacknowledged: Int, now: UInt64, limit: UInt64) -> Bool {
        let onTheWay = UInt64(max(buffered, 0)) &+ UInt64(max(unacknowledged, 0))
        let out = written &- min(onTheWay, written)
        if buffered <= 0 || out > arrived {
            arrived = max(out, arrived)
            stalledSince = nil
            return false
        }
        guard let since = stalledSince else {
            stalledSince = now
            return false
        }
        return now >= since && now &- since >= limit
    }
}
