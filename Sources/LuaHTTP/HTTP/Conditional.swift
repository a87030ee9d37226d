// SPDX-License-Identifier: MIT

/// Preconditions of a request (RFC 9110 §13) against the validators of what would be sent.
/// Pure: knows neither files nor responses; the raw field values come in, a decision goes out.
struct Conditional {
    enum Decision: Equatable { case proceed, notModified, preconditionFailed }

    /// The ETag as sent, quotes and `W/` included; empty if there is none.
    var entityTag: [UInt8] = []
    /// Seconds since 1970; nil if unknown.
    var lastModified: Int64?

    /// The fields as received; nil or no lines = absent. Several lines are one list (RFC 9110 §5.3).
    struct Fields {
        var ifMatch: [UnsafeRawBufferPointer] = []
        var ifNoneMatch: [UnsafeRawBufferPointer] = []
        var ifModifiedSince: UnsafeRawBufferPointer?
        var ifUnmodifiedSince: UnsafeRawBufferPointer?
        var ifRange: UnsafeRawBufferPointer?

        init() {}

        /// They lie in the head's memory.
        init(_ head: borrowing RequestHead) {
            ifMatch = head.values(.ifMatch)
            ifNoneMatch = head.values(.ifNoneMatch)
            ifModifiedSince = head.value(.ifModifiedSince)
            ifUnmodifiedSince = head.value(.ifUnmodifiedSince)
            ifRange = head.value(.ifRange)
        }
    }

    /// Evaluates in the order of RFC 9110 §13.2.2; call it only for a response that would be 2xx. `isSafe`: the method is
    /// GET or HEAD.
    func decide(_ fields: Fields, isSafe: Bool) -> Decision {
        if !fields.ifMatch.isEmpty {
            guard matches(fields.ifMatch, strong: true) else { return .preconditionFailed }
        } else if let date = fields.ifUnmodifiedSince.flatMap(HTTPDate.parse), let lastModified {
            guard lastModified <= date else { return .preconditionFailed }
        }
        if !fields.ifNoneMatch.isEmpty {
            if matches(fields.ifNoneMatch, strong: false) {
                return isSafe ? .notModified : .preconditionFailed
            }
        } else if isSafe, let date = fields.ifModifiedSince.flatMap(HTTPDate.parse), let lastModified {
            if lastModified <= date { return .notModified }
        }
        return .proceed
    }

    /// May a Range be honoured (RFC 9110 §13.1.5)? True without If-Range. A date must match exactly.
    func honoursRange(_ fields: Fields) -> Bool {
        guard let value = fields.ifRange else { return true }
        if let date = HTTPDate.parse(value) { return date == lastModified }
        return EntityTag.same(value, entityTag, strong: true)
    }

    private func matches(_ lines: [UnsafeRawBufferPointer], strong: Bool) -> Bool {
        for line in lines {
            if ASCII.equals(ASCII.trimmed(line), "*") { return true }
            var tags = EntityTag.List(line)
            while let tag = tags.next() {
                if EntityTag.same(tag, entityTag, strong: strong) { return true }
            }
        }
        return false
    }
}

/// Entity tags: `"opaque"` or `W/"opaque"` (RFC 9110 §8.8.3).
enum EntityTag {
    /// §8.8.3.2: strong comparison refuses weak tags, weak comparison ignores the `W/`.
    static func same(_ left: UnsafeRawBufferPointer, _ right: [UInt8], strong: Bool) -> Bool {
        right.withUnsafeBytes { right in
            guard !left.isEmpty, !right.isEmpty else { return false }
            let (leftWeak, leftTag) = split(left)
            let (rightWeak, rightTag) = split(right)
            return !(strong && (leftWeak || rightWeak)) && leftTag.elementsEqual(rightTag)
        }
    }

    private static func split(_ tag: UnsafeRawBufferPointer) -> (Bool, UnsafeRawBufferPointer) {
        guard tag.count >= 2, tag[0] == 0x57, tag[1] == ASCII.slash else { return (false, tag) }
        return (true, UnsafeRawBufferPointer(rebasing: tag[2...]))
    }

    /// The tags of a list. Commas inside quotes belong to the tag, so this is not a plain split; the list
    /// ends at the first thing that is not a tag.
    struct List {
        private let bytes: UnsafeRawBufferPointer
        private var index = 0

        init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

        mutating func next() -> UnsafeRawBufferPointer? {
            while index < bytes.count, ASCII.isBlank(bytes[index]) || bytes[index] == ASCII.comma {
                index += 1
            }
            let start = index
            if bytes.count - index >= 2, bytes[index] == 0x57, bytes[index + 1] == ASCII.slash { index += 2 }
            guard index < bytes.count, bytes[index] == ASCII.quote else { return nil }
            index += 1
            while index < bytes.count, bytes[index] != ASCII.quote { index += 1 }
            guard index < bytes.count else { return nil }
            index += 1
            return UnsafeRawBufferPointer(rebasing: bytes[start..<index])
        }
    }
}
