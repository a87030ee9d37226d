// SPDX-License-Identifier: MIT

internal import NIOCore

/// Puts a tag before the last `</body>` of a page that goes by in pieces, or at its end if there is none.
/// Holds back no more than the end of the page may be; knows nothing of answers.
struct TagInsertion {
    /// From the last `</body` on, or the beginning of one.
    private var held: [UInt8] = []
    private var hasEnd = false

    /// What follows `</body` in a page that is not over: more than that, and it was not the last.
    private static let mostHeld = 4 << 10
    private static let mark = Array("</body".utf8)

    /// Appends to `output` what cannot be the end of the page.
    mutating func pass(_ bytes: UnsafeRawBufferPointer, into output: inout ByteBuffer) {
        // Further back than this nothing is held, whatever it says.
        let split = max(0, bytes.count - Self.mostHeld)
        if split > 0 {
            output.writeBytes(held)
            held.removeAll(keepingCapacity: true)
            output.writeBytes(bytes[..<split])
        }
        held += bytes[split...]
        hasEnd = false
        var keep = held.count - Self.partialMark(at: held)
        if let index = Self.lastMark(in: held), held.count - index <= Self.mostHeld {
            keep = index
            hasEnd = true
        }
        output.writeBytes(held[..<keep])
        held.removeFirst(keep)
    }

    /// The rest of the page, with the tag.
    mutating func finish(_ tag: [UInt8], into output: inout ByteBuffer) {
        if hasEnd {
            output.writeBytes(tag)
            output.writeBytes(held)
        } else {
            output.writeBytes(held)
            output.writeBytes(tag)
        }
        held = []
        hasEnd = false
    }

    private static func lastMark(in bytes: [UInt8]) -> Int? {
        var index = bytes.count - mark.count
        while index >= 0 {
            if matches(bytes, at: index, mark.count) { return index }
            index -= 1
        }
        return nil
    }

    /// How many bytes at the end may be the beginning of the mark.
    private static func partialMark(at bytes: [UInt8]) -> Int {
        var count = min(mark.count - 1, bytes.count)
        while count > 0, !matches(bytes, at: bytes.count - count, count) { count -= 1 }
        return count
    }

    private static func matches(_ bytes: [UInt8], at index: Int, _ count: Int) -> Bool {
        for offset in 0..<count where ASCII.lowercased(bytes[index + offset]) != mark[offset] { return false }
        return true
    }
}
