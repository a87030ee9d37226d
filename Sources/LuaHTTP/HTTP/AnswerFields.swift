// SPDX-License-Identifier: MIT
import NIOCore

/// What the header lines of an answer say about sending its body in another form, or not at all; and the lines that go
/// with that form. Reads and makes lines, sends nothing.
struct AnswerFields {
    /// `Name: value\r\n` lines.
    private(set) var lines: ByteBuffer
    /// Offsets of values in `lines`.
    private var type: Range<Int>?
    private var tag: Range<Int>?
    private var modified: Range<Int>?
    /// Has a Content-Encoding.
    private(set) var isEncoded = false
    /// A part of something: offsets are those of its bytes as they are.
    private(set) var isPartial = false
    private(set) var hasDisposition = false
    private(set) var hasAcceptRanges = false
    /// Cache-Control: no-transform (RFC 9111 §5.2.2.6).
    private(set) var forbidsTransform = false
    /// Cache-Control: no-store: nobody could ask whether it has changed.
    private(set) var forbidsStoring = false

    /// Vary says already that the coding of the body depends on the request, or that all of it does.
    private var variesByCoding = false

    init(_ lines: ByteBuffer) {
        self.lines = lines
        lines.withUnsafeReadableBytes { bytes in
            Self.forEachLine(of: bytes) { name, value, _ in note(name, value, bytes) }
        }
    }

    private mutating func note(
        _ name: UnsafeRawBufferPointer, _ value: Range<Int>, _ bytes: UnsafeRawBufferPointer
    ) {
        let text = UnsafeRawBufferPointer(rebasing: bytes[value])
        switch name.count {
        case 4 where ASCII.equalsIgnoringCase(name, "etag"): tag = value
        case 4 where ASCII.equalsIgnoringCase(name, "vary"):
            var list = FieldList(text)
            while let member = list.next() {
                if ASCII.equals(member, "*") || ASCII.equalsIgnoringCase(member, "accept-encoding") {
                    variesByCoding = true
                }
            }
        case 12 where ASCII.equalsIgnoringCase(name, "content-type"): type = value
        case 13 where ASCII.equalsIgnoringCase(name, "last-modified"): modified = value
        case 13 where ASCII.equalsIgnoringCase(name, "cache-control"):
            var list = FieldList(text)
            while let directive = list.next() {
                if ASCII.equalsIgnoringCase(directive, "no-transform") { forbidsTransform = true }
                if ASCII.equalsIgnoringCase(directive, "no-store") { forbidsStoring = true }
            }
        case 13 where ASCII.equalsIgnoringCase(name, "content-range"): isPartial = true
        case 13 where ASCII.equalsIgnoringCase(name, "accept-ranges"): hasAcceptRanges = true
        case 16 where ASCII.equalsIgnoringCase(name, "content-encoding"): isEncoded = true
        case 19 where ASCII.equalsIgnoringCase(name, "content-disposition"): hasDisposition = true
        default: break
        }
    }

    // MARK: Questions

    /// The author gave it a validator of his own.
    var hasTag: Bool { tag != nil }
    var hasDate: Bool { modified != nil }

    /// The validators that are said. Of a Last-Modified that is no date, there is none.
    var validators: Conditional {
        Conditional(
            entityTag: tag.flatMap { lines.getBytes(at: lines.readerIndex + $0.lowerBound, length: $0.count) }
                ?? [],
            lastModified: modified.flatMap { range in
                lines.withUnsafeReadableBytes { HTTPDate.parse(UnsafeRawBufferPointer(rebasing: $0[range])) }
            })
    }

    /// The body may be sent compressed: a type that is worth it, and nobody who forbids it.
    var isCompressible: Bool {
        guard let type, !isEncoded, !isPartial, !forbidsTransform else { return false }
        return lines.withUnsafeReadableBytes {
            CompressibleType.contains(UnsafeRawBufferPointer(rebasing: $0[type]))
        }
    }

    /// What the request's preconditions come to (RFC 9110 §13.1): for answers of status 2xx to GET and HEAD. Where
    /// nothing is said that they could be compared with, they do not count.
    func decide(on head: borrowing RequestHead) -> Conditional.Decision {
        guard hasTag || hasDate, head.headers.hasPreconditions else { return .proceed }
        return validators.decide(Conditional.Fields(head), isSafe: true)
    }

    // MARK: Lines

    /// Adds a weak validator: the body may be sent in several codings (RFC 9110 §8.8.1).
    mutating func addTag(of body: UnsafeRawBufferPointer) {
        let name = "ETag: W/\""
        let start = lines.readableBytes + name.utf8.count - 3
        lines.writeString(name)
        let value = Fingerprint.of(body)
        for shift in stride(from: UInt64(60), through: 0, by: -4) {
            lines.writeInteger(ASCII.hexDigit(UInt8(truncatingIfNeeded: value &>> shift & 15)))
        }
        lines.writeStaticString("\"\r\n")
        tag = start..<(lines.readableBytes - 2)
    }

    /// Caches must keep the forms apart (RFC 9110 §12.5.5).
    mutating func vary() {
        guard !variesByCoding else { return }
        lines.writeStaticString("Vary: Accept-Encoding\r\n")
        variesByCoding = true
    }

    /// The body is sent in this coding. A strong validator would be that of other bytes.
    mutating func encode(_ coding: AnswerCoding) {
        if let tag, lines.getInteger(at: lines.readerIndex + tag.lowerBound) == ASCII.quote {
            var weak = ByteBuffer()
            weak.writeImmutableBuffer(slice(0..<tag.lowerBound))
            weak.writeStaticString("W/")
            weak.writeImmutableBuffer(slice(tag.lowerBound..<lines.readableBytes))
            self = AnswerFields(weak)
        }
        lines.writeStaticString("Content-Encoding: ")
        lines.writeStaticString(coding.name)
        lines.writeStaticString("\r\n")
        isEncoded = true
    }

    /// Those of a 304: nothing about a body that is not sent (RFC 9110 §15.4.5).
    var ofNotModified: ByteBuffer {
        var kept = ByteBuffer()
        lines.withUnsafeReadableBytes { bytes in
            Self.forEachLine(of: bytes) { name, _, line in
                let describesBody: [StaticString] = [
                    "content-type", "content-encoding", "content-language", "content-disposition",
                ]
                guard !describesBody.contains(where: { ASCII.equalsIgnoringCase(name, $0) }) else { return }
                kept.writeBytes(bytes[line])
            }
        }
        return kept
    }

    private func slice(_ range: Range<Int>) -> ByteBuffer {
        lines.getSlice(at: lines.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
    }

    /// `body`: name, offsets of the value and of the whole line with its end.
    static func forEachLine(
        of bytes: UnsafeRawBufferPointer,
        _ body: (_ name: UnsafeRawBufferPointer, _ value: Range<Int>, _ line: Range<Int>) -> Void
    ) {
        var start = 0
        while start < bytes.count {
            var colon = start
            while colon < bytes.count, bytes[colon] != ASCII.colon { colon &+= 1 }
            var end = colon
            while end < bytes.count, bytes[end] != ASCII.lf { end &+= 1 }
            var (from, to) = (min(colon &+ 1, end), end)
            while from < to, ASCII.isBlank(bytes[from]) { from &+= 1 }
            while to > from, ASCII.isBlank(bytes[to &- 1]) || bytes[to &- 1] == ASCII.cr { to &-= 1 }
            let next = min(end &+ 1, bytes.count)
            body(UnsafeRawBufferPointer(rebasing: bytes[start..<min(colon, end)]), from..<to, start..<next)
            start = next
        }
    }
}
