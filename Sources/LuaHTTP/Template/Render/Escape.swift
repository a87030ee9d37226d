// SPDX-License-Identifier: MIT

/// HTML escaping with the entities of MarkupSafe, written straight into the output. Knows nothing of safe
/// values.
extension ByteStorage {
    mutating func append(_ bytes: UnsafeRawBufferPointer, escaped: Bool) {
        // Nothing may have no address.
        guard escaped, let start = bytes.baseAddress else { return append(bytes) }
        appendEscaped(start.assumingMemoryBound(to: UInt8.self), bytes.count)
    }

    @inline(__always)
    private static func isSpecial(_ byte: UInt8) -> Bool {
        // " & ' and, as it happens, #; < and >.
        byte | 5 == 0x27 || byte | 2 == 0x3E
    }

    /// A high bit in each byte of the word that may be special, by the classic test for zero bytes (exact
    /// enough: a false hit only costs time).
    @inline(__always)
    private static func specials(_ word: UInt64) -> UInt64 {
        let quotes = (word | 0x0505_0505_0505_0505) ^ 0x2727_2727_2727_2727
        let brackets = (word | 0x0202_0202_0202_0202) ^ 0x3E3E_3E3E_3E3E_3E3E
        let ones: UInt64 = 0x0101_0101_0101_0101
        return ((quotes &- ones) & ~quotes | (brackets &- ones) & ~brackets) & 0x8080_8080_8080_8080
    }

    @inline(__always)
    mutating func appendEscaped(_ source: UnsafePointer<UInt8>, _ length: Int) {
        reserve(length)
        var index = 0
        while index &+ 8 <= length {
            // SAFETY: eight bytes are left in the source, and reserved in the output.
            let word = UnsafeRawPointer(source + index).loadUnaligned(as: UInt64.self)
            guard Self.specials(word) == 0 else {
                return appendEscapedSlowly(source + index, length &- index)
            }
            UnsafeMutableRawPointer(base + count).storeBytes(of: word, as: UInt64.self)
            count &+= 8
            index &+= 8
        }
        while index < length {
            let byte = source[index]
            guard !Self.isSpecial(byte) else { return appendEscapedSlowly(source + index, length &- index) }
            // SAFETY: reserved above, one byte for each that is left.
            base[count] = byte
            count &+= 1
            index &+= 1
        }
    }

    /// From the first special byte on. Runs without any are copied by words again.
    @inline(never)
    private mutating func appendEscapedSlowly(_ source: UnsafePointer<UInt8>, _ length: Int) {
        var index = 0
        while index < length {
            // Eight bytes become at most forty; what follows is reserved in the next round.
            reserve(length &- index &+ 40)
            if index &+ 8 <= length {
                // SAFETY: eight bytes are left in the source, and reserved in the output.
                let word = UnsafeRawPointer(source + index).loadUnaligned(as: UInt64.self)
                if Self.specials(word) == 0 {
                    UnsafeMutableRawPointer(base + count).storeBytes(of: word, as: UInt64.self)
                    count &+= 8
                    index &+= 8
                    continue
                }
            }
            let end = min(index &+ 8, length)
            while index < end {
                appendEscaped(source[index])
                index &+= 1
            }
        }
    }

    @inline(__always)
    private mutating func appendEscaped(_ byte: UInt8) {
        switch byte {
        case 0x26: append("&amp;")
        case 0x3C: append("&lt;")
        case 0x3E: append("&gt;")
        case 0x22: append("&#34;")
        case 0x27: append("&#39;")
        default: append(byte)
        }
    }
}
