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

    /// Empty pieces (`&&`) are skipped; a name without `=` has an empty value.
    static func parse(
        _ bytes: UnsafeRawBufferPointer, percent: Percent, limit: Int = 512
    ) throws(Failure) -> [Pair] {
        var pairs: [Pair] = []
        var index = 0
        while index < bytes.count {
            var end = index
            var equals: Int?
            while end < bytes.count, bytes[end] != 0x26 {
                if equals == nil, bytes[end] == ASCII.equals { equals = end }
                end &+= 1
            }
            if end > index {
                guard pairs.count < limit else { throw .tooManyFields }
                let split = equals ?? end
                let name = UnsafeRawBufferPointer(rebasing: bytes[index..<split])
                let value = UnsafeRawBufferPointer(rebasing: bytes[min(split &+ 1, end)..<end])
                pairs.append(Pair(name: try decode(name, percent), value: try decode(value, percent)))
            }
            index = end &+ 1
        }
        return pairs
    }

    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ percent: Percent
    ) throws(Failure) -> [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count)
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
        return output
    }
}
