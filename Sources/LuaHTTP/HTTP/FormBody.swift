// SPDX-License-Identifier: MIT

/// `application/x-www-form-urlencoded` (WHATWG URL §5.1), for query strings and form bodies: ordered pairs of
/// bytes. Does not know what the fields mean; duplicates are kept in order.
struct FormBody {
    struct Pair: Equatable {
        var name: [UInt8]
        var value: [UInt8]
    }

    enum Failure: Error, Equatable {
        /// A `%` without two hexadecimal digits, in strict reading.
        case malformedPercent
        /// More pairs than allowed: hash flooding, or a mistake.
        case tooManyFields
    }

    /// What to do with a `%` that is no triplet: a form that a browser sent has none, so a body is read
    /// strictly; query strings are typed by people, so there it stands for itself, as the WHATWG standard has
    /// it.
    enum Percent { case strict, literal }

    /// All pairs, copied.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, percent: Percent, limit: Int = 512
    ) throws(Failure) -> [Pair] {
        var pairs: [Pair] = []
        try forEachPair(bytes, percent: percent, limit: limit) { name, value in
            pairs.append(Pair(name: [UInt8](name), value: [UInt8](value)))
        }
        return pairs
    }

    /// Calls `body` with each name and value, which are valid until it returns: what is not encoded is not
    /// copied. Empty pieces (`&&`) are skipped; a name without `=` has an empty value.
    static func forEachPair(
        _ bytes: UnsafeRawBufferPointer, percent: Percent, limit: Int = 512,
        _ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) throws(Failure) {
        var decoded: [UInt8] = []
        var count = 0
        var index = 0
        while index < bytes.count {
            var end = index
            var equals: Int?
            var isEncoded = false
            while end < bytes.count, bytes[end] != 0x26 {
                switch bytes[end] {
                case ASCII.equals: equals = equals ?? end
                case ASCII.percent, 0x2B: isEncoded = true
                default: break
                }
                end &+= 1
            }
            if end > index {
                guard count < limit else { throw .tooManyFields }
                count &+= 1
                let split = equals ?? end
                let name = UnsafeRawBufferPointer(rebasing: bytes[index..<split])
                let value = UnsafeRawBufferPointer(rebasing: bytes[min(split &+ 1, end)..<end])
                if isEncoded {
                    decoded.removeAll(keepingCapacity: true)
                    try decode(name, percent, into: &decoded)
                    let border = decoded.count
                    try decode(value, percent, into: &decoded)
                    decoded.withUnsafeBytes {
                        body(.init(rebasing: $0[..<border]), .init(rebasing: $0[border...]))
                    }
                } else {
                    body(name, value)
                }
            }
            index = end &+ 1
        }
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ percent: Percent, into output: inout [UInt8]
    ) throws(Failure) {
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case ASCII.percent:
                if let byte = PercentCoding.triplet(bytes, at: index) {
                    output.append(byte)
                    index &+= 3
                    continue
                }
                guard percent == .literal else { throw .malformedPercent }
                output.append(ASCII.percent)
            case 0x2B:
                output.append(ASCII.space)
            case let byte:
                output.append(byte)
            }
            index &+= 1
        }
    }
}
