// SPDX-License-Identifier: MIT

/// Well-formed UTF-8 (RFC 3629 §4: no overlong forms, no surrogates, nothing above U+10FFFF).
/// Looks at bytes; what is done about bad ones is the caller's.
enum UTF8Sequence {
    /// The length of the sequence at `index`, or 0 if none begins there.
    static func length(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        let first = bytes[index]
        switch first {
        case 0...0x7F: return 1
        case 0xC2...0xDF: return follows(bytes, index, 1, 0x80...0xBF) ? 2 : 0
        case 0xE0: return follows(bytes, index, 2, 0xA0...0xBF) ? 3 : 0
        case 0xED: return follows(bytes, index, 2, 0x80...0x9F) ? 3 : 0
        case 0xE1...0xEF: return follows(bytes, index, 2, 0x80...0xBF) ? 3 : 0
        case 0xF0: return follows(bytes, index, 3, 0x90...0xBF) ? 4 : 0
        case 0xF1...0xF3: return follows(bytes, index, 3, 0x80...0xBF) ? 4 : 0
        case 0xF4: return follows(bytes, index, 3, 0x80...0x8F) ? 4 : 0
        default: return 0
        }
    }

    /// The second byte is in `range`, and `count` bytes follow in all.
    @inline(__always)
    private static func follows(
        _ bytes: UnsafeRawBufferPointer, _ index: Int, _ count: Int, _ range: ClosedRange<UInt8>
    ) -> Bool {
        guard bytes.count - index > count, range.contains(bytes[index + 1]) else { return false }
        if count >= 2, bytes[index + 2] & 0xC0 != 0x80 { return false }
        return count < 3 || bytes[index + 3] & 0xC0 == 0x80
    }

    /// Appends the sequence of a scalar value.
    static func append(_ scalar: UInt32, to output: inout [UInt8]) {
        switch scalar {
        case 0..<0x80:
            output.append(UInt8(truncatingIfNeeded: scalar))
        case 0x80..<0x800:
            output.append(UInt8(truncatingIfNeeded: scalar >> 6) | 0xC0)
            output.append(UInt8(truncatingIfNeeded: scalar & 0x3F) | 0x80)
        case 0x800..<0x1_0000:
            output.append(UInt8(truncatingIfNeeded: scalar >> 12) | 0xE0)
            output.append(UInt8(truncatingIfNeeded: scalar >> 6 & 0x3F) | 0x80)
            output.append(UInt8(truncatingIfNeeded: scalar & 0x3F) | 0x80)
        default:
            output.append(UInt8(truncatingIfNeeded: scalar >> 18) | 0xF0)
            output.append(UInt8(truncatingIfNeeded: scalar >> 12 & 0x3F) | 0x80)
            output.append(UInt8(truncatingIfNeeded: scalar >> 6 & 0x3F) | 0x80)
            output.append(UInt8(truncatingIfNeeded: scalar & 0x3F) | 0x80)
        }
    }
}
