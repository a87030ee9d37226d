// SPDX-License-Identifier: MIT

/// Upper and lower case of UTF-8 text. Bytes that are no UTF-8 stay as they are.
enum CaseMapping {
    enum Direction { case upper, lower, title }

    static func append(_ bytes: UnsafeRawBufferPointer, _ direction: Direction, to output: inout ByteStorage)
    {
        var offset = 0
        while offset < bytes.count {
            let byte = bytes[offset]
            if byte < 0x80 {
                output.append(ascii(byte, direction))
                offset += 1
                continue
            }
            let (scalar, length) = UTF8Text.scalar(bytes, at: offset)
            if let scalar {
                output.append(mapped(scalar, direction))
            } else {
                output.append(byte)
            }
            offset += length
        }
    }

    @inline(__always)
    static func ascii(_ byte: UInt8, _ direction: Direction) -> UInt8 {
        if direction == .lower { return byte &- 0x41 < 26 ? byte | 0x20 : byte }
        return byte &- 0x61 < 26 ? byte & 0xDF : byte
    }

    private static func mapped(_ scalar: Unicode.Scalar, _ direction: Direction) -> String {
        switch direction {
        case .upper: scalar.properties.uppercaseMapping
        case .lower: scalar.properties.lowercaseMapping
        case .title: scalar.properties.titlecaseMapping
        }
    }

    /// First character in title case (in upper case where Python has it so), the rest in lower case.
    static func appendCapitalized(
        _ bytes: UnsafeRawBufferPointer, first: Direction = .title, to output: inout ByteStorage
    ) {
        guard bytes.count > 0 else { return }
        let length = UTF8Text.length(bytes, at: 0)
        append(UnsafeRawBufferPointer(rebasing: bytes[..<length]), first, to: &output)
        append(UnsafeRawBufferPointer(rebasing: bytes[length...]), .lower, to: &output)
    }
}

/// Character classes that filters need, of code points.
enum CharacterClass {
    static func isSpace(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return false }
        return scalar.value < 0x80
            ? Lexer.isSpace(UInt8(scalar.value)) || (0x1C...0x1F).contains(scalar.value)
            : scalar.properties.isWhitespace
    }

    /// `\w` of regular expressions.
    static func isWord(_ scalar: Unicode.Scalar?) -> Bool {
        guard let scalar else { return false }
        if scalar.value < 0x80 {
            let byte = UInt8(scalar.value)
            return Lexer.isNamePart(byte)
        }
        return scalar.properties.isAlphabetic || scalar.properties.numericType != nil
    }
}
