// SPDX-License-Identifier: MIT

/// Classes and comparisons of single ASCII bytes, and numbers in and out of digits.
/// Knows no protocol: who may use which class where is the caller's business.
enum ASCII {
    static let tab: UInt8 = 0x09
    static let lf: UInt8 = 0x0A
    static let cr: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let percent: UInt8 = 0x25
    static let comma: UInt8 = 0x2C
    static let slash: UInt8 = 0x2F
    static let colon: UInt8 = 0x3A
    static let semicolon: UInt8 = 0x3B
    static let equals: UInt8 = 0x3D
    static let question: UInt8 = 0x3F
    static let quote: UInt8 = 0x22
    static let backslash: UInt8 = 0x5C

    /// A set of ASCII bytes as two words: membership is a shift and a mask, with no table to load.
    struct Set: Sendable {
        private let low: UInt64
        private let high: UInt64

        init(_ members: StaticString) {
            var low: UInt64 = 0
            var high: UInt64 = 0
            members.withUTF8Buffer { bytes in
                for byte in bytes {
                    if byte < 64 { low |= 1 &<< UInt64(byte) } else { high |= 1 &<< UInt64(byte & 63) }
                }
            }
            self.low = low
            self.high = high
        }

        init(low: UInt64, high: UInt64) {
            self.low = low
            self.high = high
        }

        @inline(__always)
        func contains(_ byte: UInt8) -> Bool {
            let word = byte < 64 ? low : high
            return byte < 128 && (word &>> UInt64(byte & 63)) & 1 != 0
        }
    }

    /// RFC 9110 §5.6.2 tchar: letters, digits and !#$%&'*+-.^_`|~
    @inline(__always)
    static func isToken(_ byte: UInt8) -> Bool {
        Set(low: 0x03FF_6CFA_0000_0000, high: 0x57FF_FFFF_C7FF_FFFE).contains(byte)
    }

    @inline(__always)
    static func isDigit(_ byte: UInt8) -> Bool { byte &- 0x30 < 10 }

    @inline(__always)
    static func isUppercase(_ byte: UInt8) -> Bool { byte &- 0x41 < 26 }

    @inline(__always)
    static func isAlpha(_ byte: UInt8) -> Bool { (byte | 0x20) &- 0x61 < 26 }

    /// Optional whitespace (RFC 9110 §5.6.3).
    @inline(__always)
    static func isBlank(_ byte: UInt8) -> Bool { byte == space || byte == tab }

    /// 0…15, or nil.
    @inline(__always)
    static func hexValue(_ byte: UInt8) -> UInt8? {
        if isDigit(byte) { return byte &- 0x30 }
        let letter = (byte | 0x20) &- 0x61
        return letter < 6 ? letter &+ 10 : nil
    }

    @inline(__always)
    static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }

    /// Upper-case hexadecimal digit of the low four bits.
    @inline(__always)
    static func hexDigit(_ value: UInt8) -> UInt8 {
        let nibble = value & 15
        return nibble < 10 ? nibble &+ 0x30 : nibble &+ 0x37
    }

    /// True if the bytes are the given text, letters compared without case. `text` must be in lower case.
    static func equalsIgnoringCase(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        // SAFETY: both pointers are good for `count` bytes, just compared.
        let wanted = text.utf8Start
        for index in 0..<bytes.count where lowercased(bytes[index]) != wanted[index] { return false }
        return true
    }

    /// True if the bytes are exactly the given text.
    static func equals(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        let wanted = text.utf8Start
        for index in 0..<bytes.count where bytes[index] != wanted[index] { return false }
        return true
    }

    enum Decimal: Equatable { case value(Int), overflow, invalid }

    /// One or more digits and nothing else; leading zeros are allowed.
    static func decimal(_ bytes: UnsafeRawBufferPointer) -> Decimal {
        guard !bytes.isEmpty else { return .invalid }
        var value = 0
        var overflowed = false
        for byte in bytes {
            guard isDigit(byte) else { return .invalid }
            let (product, first) = value.multipliedReportingOverflow(by: 10)
            let (sum, second) = product.addingReportingOverflow(Int(byte &- 0x30))
            overflowed = overflowed || first || second
            value = sum
        }
        return overflowed ? .overflow : .value(value)
    }

    /// Without blanks (SP, HTAB) at both ends.
    static func trimmed(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start = 0
        var end = bytes.count
        while start < end, isBlank(bytes[start]) { start &+= 1 }
        while end > start, isBlank(bytes[end &- 1]) { end &-= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}
