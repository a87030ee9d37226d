// SPDX-License-Identifier: MIT

internal import NIOCore

/// What has come of the body of an answer and has not been read. Knows no connection: it only says when it is
/// full.
struct ResponseInbox {
    enum End: Equatable {
        case complete
        /// Cut off or broken; why.
        case failed(String)
    }

    /// The other side is held back when there is so much.
    var capacity = 64 << 10
    private(set) var byteCount = 0
    private var parts = CircularBuffer<ByteBuffer>()
    var end: End?

    var isFull: Bool { byteCount >= capacity }

    mutating func append(_ part: ByteBuffer) {
        guard part.readableBytes > 0 else { return }
        parts.append(part)
        byteCount += part.readableBytes
    }

    /// The next bytes: a part as it came, or at most `count` of it.
    mutating func read(atMost count: Int = .max) -> ByteBuffer? {
        guard var part = parts.popFirst() else { return nil }
        if part.readableBytes > count, let piece = part.readSlice(length: count) {
            parts.prepend(part)
            part = piece
        }
        byteCount -= part.readableBytes
        return part
    }

    /// All that has come.
    mutating func readAll() -> ByteBuffer {
        guard var whole = parts.popFirst() else { return ByteBuffer() }
        whole.reserveCapacity(minimumWritableBytes: byteCount - whole.readableBytes)
        while var part = parts.popFirst() { whole.writeBuffer(&part) }
        byteCount = 0
        return whole
    }

    mutating func removeAll() {
        parts.removeAll()
        byteCount = 0
    }
}
