// SPDX-License-Identifier: MIT

/// The elements of one line of a list, the last one first. Quotes are paired from the end, too: what a trusted proxy has
/// added there is well formed, whatever a client has written before it. Pure.
struct ReversedList {
    private let bytes: UnsafeRawBufferPointer
    /// Only Forwarded knows quotes; in the others they mean nothing.
    private let hasQuotes: Bool
    private var end: Int
    private var isOver = false

    init(_ bytes: UnsafeRawBufferPointer, hasQuotes: Bool) {
        self.bytes = bytes
        self.hasQuotes = hasQuotes
        end = bytes.count
    }

    mutating func next() -> UnsafeRawBufferPointer? {
        guard !isOver else { return nil }
        var isQuoted = false
        var index = end &- 1
        while index >= 0 {
            let byte = bytes[index]
            if byte == ASCII.comma, !isQuoted {
                let element = UnsafeRawBufferPointer(rebasing: bytes[(index &+ 1)..<end])
                end = index
                return ASCII.trimmed(element)
            }
            if hasQuotes, byte == 0x22, !isQuoted || !isEscaped(index) { isQuoted.toggle() }
            index &-= 1
        }
        isOver = true
        return ASCII.trimmed(UnsafeRawBufferPointer(rebasing: bytes[..<end]))
    }

    /// An odd number of backslashes before it (RFC 9110 §5.6.4).
    private func isEscaped(_ index: Int) -> Bool {
        var start = index
        while start > 0, bytes[start &- 1] == ASCII.backslash { start &-= 1 }
        return (index &- start) & 1 == 1
    }
}
