// SPDX-License-Identifier: MIT

/// Our half of the flow control of one stream (RFC 9113 §5.2): how much the client may still send, and when it is told
/// of more. Pure. Bytes that nobody has taken yet count as used, so they bound what is buffered.
struct InboundWindow {
    /// What the client may have on the way when everything is taken.
    var target: Int
    private var size: Int

    /// - Parameter initial: SETTINGS_INITIAL_WINDOW_SIZE as announced.
    init(initial: Int) {
        target = initial
        size = initial
    }

    /// DATA with its padding has arrived.
    mutating func received(_ count: Int) { size &-= count }

    /// So much is still held. Returns what to add to the window, if it is worth a frame.
    mutating func increment(holding held: Int) -> Int? {
        let missing = target &- held &- size
        guard missing > 0, missing >= target / 2 else { return nil }
        size &+= missing
        return missing
    }
}
