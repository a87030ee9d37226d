// SPDX-License-Identifier: MIT

/// `type/subtype *( ";" name=value )` (RFC 9110 §8.3.1), parsed in place. Knows the grammar, not what the
/// types mean; everything is offsets into the bytes it was made from, which must outlive it.
struct MediaType {
    /// `text/html`, as sent.
    let essence: UnsafeRawBufferPointer
    private let parameters: UnsafeRawBufferPointer

    /// Nil if there is no `type/subtype`.
    init?(_ bytes: UnsafeRawBufferPointer) {
        let bytes = ASCII.trimmed(bytes)
        var index = 0
        while index < bytes.count, ASCII.isToken(bytes[index]) { index &+= 1 }
        guard index > 0, index < bytes.count, bytes[index] == ASCII.slash else { return nil }
        let slash = index
        index &+= 1
        while index < bytes.count, ASCII.isToken(bytes[index]) { index &+= 1 }
        guard index > slash &+ 1 else { return nil }
        let end = index
        while index < bytes.count, ASCII.isBlank(bytes[index]) { index &+= 1 }
        guard index == bytes.count || bytes[index] == ASCII.semicolon else { return nil }
        essence = UnsafeRawBufferPointer(rebasing: bytes[..<end])
        parameters = UnsafeRawBufferPointer(rebasing: bytes[index...])
    }

    /// `text` must be in lower case: `type.is("application/json")`.
    func `is`(_ text: StaticString) -> Bool { ASCII.equalsIgnoringCase(essence, text) }

    /// The first parameter with this name (lower case), quotes and escapes removed. Nil if it is absent, or
    /// if the parameters up to it are malformed.
    func parameter(_ name: StaticString) -> [UInt8]? {
        var index = 0
        while true {
            while index < parameters.count,
                ASCII.isBlank(parameters[index]) || parameters[index] == ASCII.semicolon
            {
                index &+= 1
            }
            let start = index
            while index < parameters.count, ASCII.isToken(parameters[index]) { index &+= 1 }
            let found = UnsafeRawBufferPointer(rebasing: parameters[start..<index])
            guard index > start, index < parameters.count, parameters[index] == ASCII.equals else {
                return nil
            }
            index &+= 1
            guard let value = value(&index) else { return nil }
            if ASCII.equalsIgnoringCase(found, name) { return value }
        }
    }

    /// token / quoted-string (RFC 9110 §5.6.4)
    private func value(_ index: inout Int) -> [UInt8]? {
        var value: [UInt8] = []
        guard index < parameters.count, parameters[index] == ASCII.quote else {
            while index < parameters.count, ASCII.isToken(parameters[index]) {
                value.append(parameters[index])
                index &+= 1
            }
            return value.isEmpty ? nil : value
        }
        index &+= 1
        while index < parameters.count {
            let byte = parameters[index]
            index &+= 1
            if byte == ASCII.quote { return value }
            if byte == ASCII.backslash {
                guard index < parameters.count else { return nil }
                value.append(parameters[index])
                index &+= 1
            } else {
                value.append(byte)
            }
        }
        return nil
    }
}
