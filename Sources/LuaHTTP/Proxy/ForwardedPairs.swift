// SPDX-License-Identifier: MIT

/// `name=value;name="value"` of one element of Forwarded. Quoted values with escapes are not read: nothing that is
/// asked for needs any.
struct ForwardedPairs {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0
    private(set) var isValid = true

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        skipBlanks()
        guard index < bytes.count, isValid else { return nil }
        let name = token()
        guard !name.isEmpty, index < bytes.count, bytes[index] == 0x3D else { return fail() }
        index &+= 1
        var value: UnsafeRawBufferPointer
        if index < bytes.count, bytes[index] == 0x22 {
            let start = index &+ 1
            guard let end = bytes[start...].firstIndex(of: 0x22),
                !bytes[start..<end].contains(ASCII.backslash)
            else { return fail() }
            value = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
            index = end &+ 1
        } else {
            value = token()
        }
        skipBlanks()
        if index < bytes.count {
            guard bytes[index] == 0x3B else { return fail() }
            index &+= 1
        }
        return (name, value)
    }

    private mutating func fail() -> (name: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)? {
        isValid = false
        return nil
    }

    private mutating func skipBlanks() {
        while index < bytes.count, ASCII.isBlank(bytes[index]) { index &+= 1 }
    }

    /// Colons as well: `for=1.2.3.4:80` without quotes is wrong, and common.
    private mutating func token() -> UnsafeRawBufferPointer {
        let start = index
        while index < bytes.count, ASCII.isToken(bytes[index]) || bytes[index] == ASCII.colon { index &+= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
    }
}
