// SPDX-License-Identifier: MIT
import NIOCore

/// Bytes → RequestHead, in any pieces: the outcome does not depend on where the input was cut.
/// Works line by line, each limit is applied before the line is complete. Does not know bodies or answers.
struct RequestParser {
    private enum Stage { case requestLine, fields }
    private enum Outcome { case partial, complete(Int), failed(HTTPError) }

    private let limits: Limits
    private var stage = Stage.requestLine
    /// Where the line being read begins, and how far no LF was found; offsets from the start of the head.
    private var lineStart = 0
    private var scanned = 0
    private var fieldsStart = 0
    private var emptyLines = 0

    /// Bytes of a request have been seen (empty lines before it do not count).
    private(set) var hasBegun = false

    init(limits: Limits) { self.limits = limits }

    /// Consumes what belongs to the head. True: the head is complete and valid. False: more bytes are needed.
    mutating func parse(
        _ input: inout ByteBuffer, into head: inout RequestHead
    ) throws(HTTPError) -> Bool {
        // A head that arrives in one piece is scanned where it is and copied once.
        if head.slab.count == 0 {
            switch input.withUnsafeReadableBytes({ scan($0, &head) }) {
            case .complete(let length):
                take(length, from: &input, into: &head)
                return try finish(&head)
            case .partial:
                take(input.readableBytes, from: &input, into: &head)
                return false
            case .failed(let error):
                // What is known of the head points into it, and is looked at for the page and the log.
                take(min(scanned, input.readableBytes), from: &input, into: &head)
                throw error
            }
        }
        while input.readableBytes > 0 {
            let before = head.slab.count
            let piece = min(input.readableBytes, 4096)
            take(piece, from: &input, into: &head)
            switch scan(head.slab.bytes, &head) {
            case .complete(let length):
                input.moveReaderIndex(to: input.readerIndex - (head.slab.count - length))
                head.slab.truncate(to: max(length, before))
                return try finish(&head)
            case .partial: continue
            case .failed(let error): throw error
            }
        }
        return false
    }

    mutating func reset() {
        self = RequestParser(limits: limits)
    }

    private func take(_ count: Int, from input: inout ByteBuffer, into head: inout RequestHead) {
        input.withUnsafeReadableBytes {
            head.slab.append(UnsafeRawBufferPointer(rebasing: $0.prefix(count)))
        }
        input.moveReaderIndex(forwardBy: count)
    }

    private mutating func finish(_ head: inout RequestHead) throws(HTTPError) -> Bool {
        try RequestSemantics.check(&head)
        return true
    }

    /// Reads on where the last call stopped. `bytes` begin with the head; they may be more than it.
    private mutating func scan(_ bytes: UnsafeRawBufferPointer, _ head: inout RequestHead) -> Outcome {
        guard let start = bytes.baseAddress else { return .partial }
        let base = start.assumingMemoryBound(to: UInt8.self)
        do throws(HTTPError) {
            while lineStart < bytes.count {
                if stage == .requestLine { try checkFirst(base[lineStart]) }
                guard let lf = ByteScanner.find(ASCII.lf, in: base, from: scanned, to: bytes.count) else {
                    scanned = bytes.count
                    try checkLength(toLF: bytes.count, end: bytes.count)
                    return .partial
                }
                scanned = lf &+ 1
                try checkLength(toLF: lf, end: lf &+ 1)
                // RFC 9112 §2.2 lets a bare LF pass as a line end; refusing it leaves nothing to disagree
                // about.
                guard lf > lineStart, base[lf &- 1] == ASCII.cr else {
                    throw HTTPError(400, "line not ended by CRLF")
                }
                if try line(base, lineStart, lf &- 1, &head) { return .complete(lf &+ 1) }
                lineStart = lf &+ 1
            }
            return .partial
        } catch {
            return .failed(error)
        }
    }

    /// One line without its CRLF. True: it was the empty line that ends the head.
    private mutating func line(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
    ) throws(HTTPError) -> Bool {
        switch stage {
        case .requestLine where start == end:
            emptyLines += 1
            guard emptyLines <= limits.leadingEmptyLines else { throw HTTPError(400, "empty request line") }
        case .requestLine:
            try RequestLine.parse(base, start, end, &head)
            stage = .fields
            fieldsStart = end &+ 2
        case .fields where start == end:
            return true
        case .fields:
            guard head.headers.count < limits.fieldCount else {
                throw HTTPError(431, "too many header fields", limit: .fieldCount)
            }
            let entry = try FieldLine.parse(base, start, end)
            let name = UnsafeRawBufferPointer(start: base + start, count: Int(entry.nameLength))
            head.headers.append(entry, HeaderName.identify(name))
        }
        return false
    }

    /// Refuses at the first byte what can never become a request line (a TLS hello, a NUL), before a limit or
    /// a timeout has to.
    private mutating func checkFirst(_ byte: UInt8) throws(HTTPError) {
        guard ASCII.isToken(byte) || byte == ASCII.cr || byte == ASCII.lf else {
            throw HTTPError(400, "invalid request line")
        }
        if byte != ASCII.cr { hasBegun = true }
    }

    /// `toLF`: where the LF is, or the first place where it may still be. `end`: bytes seen of the head.
    private func checkLength(toLF lf: Int, end: Int) throws(HTTPError) {
        let length = lf &- lineStart  // of the line with its CR
        switch stage {
        case .requestLine:
            guard length &- 1 <= limits.requestLine else {
                throw HTTPError(414, "request line too long", limit: .requestLine)
            }
        case .fields:
            guard end &- fieldsStart <= limits.headerBytes else {
                throw HTTPError(431, "header section too large", limit: .headerBytes)
            }
            guard length &- 1 <= limits.fieldLine else {
                throw HTTPError(431, "header field too large", limit: .fieldLine)
            }
        }
    }
}
