// SPDX-License-Identifier: MIT

/// HTML escaping with the entities of MarkupSafe, written straight into the output. Knows nothing of safe values.
extension ByteStorage {
    @inline(__always)
    private static func isSpecial(_ byte: UInt8) -> Bool {
        // " & ' and, as it happens, #; < and >.
        byte | 5 == 0x27 || byte | 2 == 0x3E
    }

    mutating func appendEscaped(_ source: UnsafePointer<UInt8>, _ length: Int) {
        // Sixteen more than needed: whole vectors are stored.
        reserve(length &+ 16)
        var index = 0
        while index &+ 16 <= length {
            // SAFETY: sixteen bytes are left in the source, and reserved in the output.
            let block = UnsafeRawPointer(source + index).loadUnaligned(as: SIMD16<UInt8>.self)
            let hits = ((block | 5) .== 0x27) .| ((block | 2) .== 0x3E)
            if any(hits) {
                appendEscapedSlowly(source + index, 16)
                reserve(length &- index &+ 16)
            } else {
                UnsafeMutableRawPointer(base + count).storeBytes(of: block, as: SIMD16<UInt8>.self)
                count &+= 16
            }
            index &+= 16
        }
        while index < length {
            let byte = source[index]
            if Self.isSpecial(byte) {
                appendEscapedSlowly(source + index, length &- index)
                return
            }
            // SAFETY: reserved above, one byte for each that is left.
            base[count] = byte
            count &+= 1
            index &+= 1
        }
    }

    @inline(never)
    private mutating func appendEscapedSlowly(_ source: UnsafePointer<UInt8>, _ length: Int) {
        // The longest entities have five bytes.
        reserve(length &* 5 &+ 16)
        for index in 0..<length {
            let byte = source[index]
            switch byte {
            case 0x26: append("&amp;")
            case 0x3C: append("&lt;")
            case 0x3E: append("&gt;")
            case 0x22: append("&#34;")
            case 0x27: append("&#39;")
            default:
                base[count] = byte
                count &+= 1
            }
        }
    }
}
