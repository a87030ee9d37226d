// SPDX-License-Identifier: MIT

/// `field-name ":" OWS field-value OWS` (RFC 9112 §5), for headers and trailers.
/// Knows one line and no field in particular.
enum FieldLine {
    /// `[start, end)` is the line without CRLF. A folded line begins with a blank, which is no token:
    /// refused.
    static func parse(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int
    ) throws(HTTPError) -> HeaderEntry {
        var index = start
        while index < end, ASCII.isToken(base[index]) { index &+= 1 }
        guard index > start, index < end, base[index] == ASCII.colon else {
            throw HTTPError(400, "invalid header field name")
        }
        let name = index
        var from = index &+ 1
        var to = end
        while from < to, ASCII.isBlank(base[from]) { from &+= 1 }
        while to > from, ASCII.isBlank(base[to &- 1]) { to &-= 1 }
        // Bytes above 0x7F are obs-text and pass as they are (RFC 9110 §5.5).
        guard ByteScanner.findControl(in: base, from: from, to: to) == nil else {
            throw HTTPError(400, "invalid character in header field")
        }
        return HeaderEntry(
            nameOffset: UInt32(truncatingIfNeeded: start),
            nameLength: UInt32(truncatingIfNeeded: name &- start),
            valueOffset: UInt32(truncatingIfNeeded: from), valueLength: UInt32(truncatingIfNeeded: to &- from)
        )
    }
}
