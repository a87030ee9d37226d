// SPDX-License-Identifier: MIT

/// The inside of JSON strings (RFC 8259 §7): which bytes stand for themselves.
enum JSONString {
    /// The index from `start` on of the first byte that is not plain: a quote, a backslash, a control
    /// character or not ASCII; with `forHTML`, also `<`, `>` and `&`. Else the count.
    @inline(__always)
    static func endOfPlain(_ bytes: UnsafeRawBufferPointer, from start: Int, forHTML: Bool = false) -> Int {
        var index = start
        while bytes.count - index >= 8 {
            // SAFETY: eight bytes are left.
            let word = bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if hasSpecial(word, forHTML) { break }
            index += 8
        }
        while index < bytes.count, !isSpecial(bytes[index], forHTML) { index += 1 }
        return index
    }

    private static func isSpecial(_ byte: UInt8, _ forHTML: Bool) -> Bool {
        if byte < 0x20 || byte >= 0x80 || byte == ASCII.quote || byte == ASCII.backslash { return true }
        return forHTML && isMarkup(byte)
    }

    /// What ends a `<script>` element or starts markup in it.
    static func isMarkup(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "&")
    }

    // Eight bytes in one word, after S. E. Anderson, "Bit Twiddling Hacks": exact as to whether there is one.
    @inline(__always)
    private static func hasSpecial(_ word: UInt64, _ forHTML: Bool) -> Bool {
        let controls = (word &- 0x2020_2020_2020_2020) & ~word
        var found = word | controls
        found |= zeros(word ^ 0x2222_2222_2222_2222) | zeros(word ^ 0x5C5C_5C5C_5C5C_5C5C)
        if forHTML {
            // `<` and `>` differ in one bit.
            found |= zeros(word & 0xFDFD_FDFD_FDFD_FDFD ^ 0x3C3C_3C3C_3C3C_3C3C)
            found |= zeros(word ^ 0x2626_2626_2626_2626)
        }
        return found & 0x8080_8080_8080_8080 != 0
    }

    @inline(__always)
    private static func zeros(_ word: UInt64) -> UInt64 {
        (word &- 0x0101_0101_0101_0101) & ~word
    }
}
