// SPDX-License-Identifier: MIT

/// The coding of a request's body (RFC 9110 §8.4), of those that can be undone. Does not undo it.
enum ContentCoding: Equatable {
    case identity, gzip, deflate
    /// Another one, or several.
    case unknown

    /// What a refused client is told to use (RFC 9110 §12.5.3).
    static let accepted: StaticString = "Accept-Encoding: gzip, deflate\r\n"

    init(of head: borrowing RequestHead) {
        self = .identity
        var line = head.headers.firstIndex(.contentEncoding)
        while let index = line {
            var list = FieldList(head.value(index))
            while let name = list.next() {
                if ASCII.equalsIgnoringCase(name, "identity") { continue }
                guard self == .identity else {
                    self = .unknown
                    return
                }
                self = Self.named(name)
            }
            line = head.headers.nextIndex(.contentEncoding, after: index)
        }
    }

    private static func named(_ name: UnsafeRawBufferPointer) -> ContentCoding {
        if ASCII.equalsIgnoringCase(name, "gzip") || ASCII.equalsIgnoringCase(name, "x-gzip") { return .gzip }
        return ASCII.equalsIgnoringCase(name, "deflate") ? .deflate : .unknown
    }
}
