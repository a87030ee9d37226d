// SPDX-License-Identifier: MIT

/// Percent-encoding of RFC 3986 §2.1. Strict: a `%` without two hexadecimal digits is an error of the
/// caller's choosing. Does not know which part of a URI it is looking at.
enum PercentCoding {
    /// The byte a triplet starting at `index` (where the `%` is) stands for, or nil if it is malformed.
    @inline(__always)
    static func triplet(_ bytes: UnsafeRawBufferPointer, at index: Int) -> UInt8? {
        guard bytes.count &- index >= 3,
            let high = ASCII.hexValue(bytes[index &+ 1]), let low = ASCII.hexValue(bytes[index &+ 2])
        else { return nil }
        return high &<< 4 | low
    }

    /// Appends the decoded bytes; false (with `output` as it was) when a triplet is malformed.
    static func decode(
        _ bytes: UnsafeRawBufferPointer, plusIsSpace: Bool = false, into output: inout [UInt8]
    ) -> Bool {
        let mark = output.count
        output.reserveCapacity(mark + bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            if byte == ASCII.percent {
                guard let decoded = triplet(bytes, at: index) else {
                    output.removeLast(output.count - mark)
                    return false
                }
                output.append(decoded)
                index &+= 3
            } else {
                output.append(plusIsSpace && byte == 0x2B ? ASCII.space : byte)
                index &+= 1
            }
        }
        return true
    }

    /// Appends `bytes` with everything but RFC 3986 unreserved characters (and the members of `keeping`)
    /// encoded.
    static func encode(
        _ bytes: some Sequence<UInt8>, keeping: ASCII.Set = ASCII.Set(""), into output: inout [UInt8]
    ) {
        for byte in bytes {
            if isUnreserved(byte) || keeping.contains(byte) {
                output.append(byte)
            } else {
                output.append(ASCII.percent)
                output.append(ASCII.hexDigit(byte &>> 4))
                output.append(ASCII.hexDigit(byte))
            }
        }
    }

    /// ALPHA / DIGIT / "-" / "." / "_" / "~"
    @inline(__always)
    static func isUnreserved(_ byte: UInt8) -> Bool {
        ASCII.Set(low: 0x03FF_6000_0000_0000, high: 0x47FF_FFFE_87FF_FFFE).contains(byte)
    }
}
