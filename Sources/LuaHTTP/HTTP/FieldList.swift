// SPDX-License-Identifier: MIT

/// The elements of a comma-separated field value (RFC 9110 §5.6.1): blanks trimmed, empty elements skipped.
/// Does not know quoted strings: for fields whose elements are tokens (Connection, Transfer-Encoding,
/// Expect).
struct FieldList {
    private let bytes: UnsafeRawBufferPointer
    private var index = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func next() -> UnsafeRawBufferPointer? {
        while index < bytes.count {
            let start = index
            while index < bytes.count, bytes[index] != ASCII.comma { index &+= 1 }
            let element = ASCII.trimmed(UnsafeRawBufferPointer(rebasing: bytes[start..<index]))
            index &+= 1
            if !element.isEmpty { return element }
        }
        return nil
    }
}
