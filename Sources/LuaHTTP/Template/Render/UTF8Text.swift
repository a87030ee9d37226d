// SPDX-License-Identifier: MIT

/// Characters of byte strings: code points of UTF-8, and each byte that is none counts as one. Knows no
/// templates.
enum UTF8Text {
    /// Bytes of the character that starts at `offset`.
    @inline(__always)
    static func length(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> Int {
        let first = bytes[offset]
        if first < 0x80 { return 1 }
        let wanted = first >= 0xF0 && first < 0xF5 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 1
        guard first < 0xF5, wanted > 1, offset &+ wanted <= bytes.count else { return 1 }
        for index in 1..<wanted where bytes[offset &+ index] & 0xC0 != 0x80 { return 1 }
        // Overlong forms and surrogates are no characters.
        let second = bytes[offset &+ 1]
        if first == 0xE0 && second < 0xA0 || first == 0xED && second > 0x9F { return 1 }
        if first == 0xF0 && second < 0x90 || first == 0xF4 && second > 0x8F { return 1 }
        return wanted
    }

    /// Offset of the first byte that is not part of a character.
    static func firstInvalid(_ bytes: UnsafeRawBufferPointer) -> Int? {
        var offset = 0
        while offset < bytes.count {
            let length = length(bytes, at: offset)
            if length == 1, bytes[offset] >= 0x80 { return offset }
            offset &+= length
        }
        return nil
    }

    static func count(_ bytes: UnsafeRawBufferPointer) -> Int {
        var count = 0
        var offset = 0
        while offset < bytes.count {
            offset &+= length(bytes, at: offset)
            count &+= 1
        }
        return count
    }

    /// Byte range of `count` characters from the `first` one on, as far as there are any.
    static func range(_ bytes: UnsafeRawBufferPointer, from first: Int, count: Int) -> Range<Int> {
        var offset = 0
        var position = 0
        while position < first, offset < bytes.count {
            offset &+= length(bytes, at: offset)
            position &+= 1
        }
        let start = offset
        position = 0
        while position < count, offset < bytes.count {
            offset &+= length(bytes, at: offset)
            position &+= 1
        }
        return start..<offset
    }

    /// Where each character begins, and the end.
    static func offsets(_ bytes: UnsafeRawBufferPointer) -> [Int] {
        var offsets: [Int] = []
        var offset = 0
        while offset < bytes.count {
            offsets.append(offset)
            offset &+= length(bytes, at: offset)
        }
        offsets.append(bytes.count)
        return offsets
    }

    /// The code point at `offset`, nil for a byte that is none.
    static func scalar(_ bytes: UnsafeRawBufferPointer, at offset: Int) -> (
        value: Unicode.Scalar?, length: Int
    ) {
        let length = length(bytes, at: offset)
        let first = UInt32(bytes[offset])
        switch length {
        case 1: return (first < 0x80 ? Unicode.Scalar(first) : nil, 1)
        case 2: return (Unicode.Scalar((first & 0x1F) &<< 6 | UInt32(bytes[offset + 1]) & 0x3F), 2)
        default:
            var value = length == 3 ? first & 0x0F : first & 0x07
            for index in 1..<length { value = (value &<< 6) | UInt32(bytes[offset + index]) & 0x3F }
            return (Unicode.Scalar(value), length)
        }
    }
}
