// SPDX-License-Identifier: MIT

/// Whether a request's path can be matched as it was sent, and its decoding where it cannot.
/// Looks at one path; knows nothing of routes.
enum PathForm {
    /// Nothing to decode.
    case plain
    case encoded
    /// No slash at the start, NUL, a `.` or `..` segment, or longer than any request line.
    case malformed

    /// Bounds the 32-bit offsets of `RouteMatch.Parameter` with much to spare.
    static let maximumLength = 1 << 24

    init(of path: UnsafeRawBufferPointer) {
        guard path.first == ASCII.slash, path.count <= Self.maximumLength else {
            self = .malformed
            return
        }
        self = .plain
        for (index, byte) in path.enumerated() {
            switch byte {
            case ASCII.percent: self = .encoded
            case ASCII.slash:
                if Self.isDotSegment(path, index + 1, ASCII.slash) {
                    self = .malformed
                    return
                }
            case 0:
                self = .malformed
                return
            default: continue
            }
        }
    }

    /// Decodes `path` once. Its slashes become NUL, so that they differ from those that were `%2F`:
    /// an encoded slash is data (RFC 3986 §2.2) and splits nothing. False for a bad triplet, NUL, or
    /// a `.` or `..` segment: a client removes those before it sends (RFC 3986 §5.2.4), and one that
    /// hides them means harm.
    static func decode(_ path: UnsafeRawBufferPointer, into decoded: inout [UInt8]) -> Bool {
        decoded.removeAll(keepingCapacity: true)
        decoded.reserveCapacity(path.count)
        var index = 0
        while index < path.count {
            switch path[index] {
            case 0: return false
            case ASCII.slash: decoded.append(0)
            case ASCII.percent:
                guard let byte = PercentCoding.triplet(path, at: index), byte != 0 else { return false }
                decoded.append(byte)
                index += 2
            case let byte: decoded.append(byte)
            }
            index += 1
        }
        return decoded.withUnsafeBytes { text in
            !text.indices.contains { text[$0] == 0 && isDotSegment(text, $0 + 1, 0) }
        }
    }

    private static func isDotSegment(_ text: UnsafeRawBufferPointer, _ start: Int, _ separator: UInt8) -> Bool
    {
        var end = start
        while end < text.count, end - start < 3, text[end] == UInt8(ascii: ".") { end += 1 }
        return (1...2).contains(end - start) && (end == text.count || text[end] == separator)
    }
}
