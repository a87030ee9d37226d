// SPDX-License-Identifier: MIT

/// `multipart/*` bodies (RFC 2046 §5.1) as a state machine over pieces of any size, in time linear in the
/// bytes. Keeps nothing but the head of the part being read. Does not know what the parts are for.
///
/// Stricter than the RFC asks: lines end with CRLF, and what begins like a boundary line must be one: a
/// disagreement about where a part ends is how filters in front of a server are passed by.
struct MultipartParser {
    enum Event: Equatable {
        /// The head of a part; its content follows.
        case part(MultipartPart)
        /// Content: a range of the bytes that were given.
        case data(Range<Int>)
        /// Content: a range of `delimiter`. The end of an earlier piece looked like one and was none.
        case held(Range<Int>)
        case partEnd
        /// The last boundary. What follows is ignored (RFC 2046 §5.1.1, epilogue).
        case end
    }

    private enum State {
        case preamble, content
        /// Behind a delimiter: its line is to end, or `--` to say that it was the last.
        case delimiter, lastDash, padding, lineFeed
        case head
        case epilogue
    }

    /// CRLF "--" boundary. CR is found in it at the start only, so a failed match never hides another one.
    let delimiter: [UInt8]
    private let headLimit: Int
    private var state = State.preamble
    /// Bytes of `delimiter` that the bytes before the next one match.
    private var matched = 2
    /// How many of those belong to no content: the first boundary, and one right behind an empty head, need
    /// no CRLF of their own.
    private var ghost = 2
    /// Of `delimiter`: content that was not reported yet.
    private var held = 0..<0
    private var head: [UInt8] = []
    private var lineStart = 0

    /// Longest head of a part.
    static let defaultHeadLimit = 8 << 10

    /// Nil if `boundary` is none: 1 to 70 printable characters, the last no space (RFC 2046 §5.1.1).
    init?(boundary: [UInt8], headLimit: Int = defaultHeadLimit) {
        guard (1...70).contains(boundary.count), boundary.last != ASCII.space,
            boundary.allSatisfy({ $0 >= 0x20 && $0 < 0x7F })
        else { return nil }
        delimiter = Array("\r\n--".utf8) + boundary
        self.headLimit = headLimit
    }

    /// The last boundary was read.
    var isComplete: Bool { state == .epilogue }

    /// The next event in `bytes` from `index` on, which moves behind it; nil when all are used.
    ///
    /// - Parameter most: longest range of content.
    mutating func next(
        _ bytes: UnsafeRawBufferPointer, _ index: inout Int, most: Int = .max
    ) throws(HTTPError) -> Event? {
        while index < bytes.count {
            switch state {
            case .preamble, .content:
                if let event = content(bytes, &index, most) { return event }
            case .head:
                if let event = try head(bytes, &index) { return event }
            case .epilogue:
                index = bytes.count
            case .delimiter, .lastDash, .padding, .lineFeed:
                let byte = bytes[index]
                index &+= 1
                if try boundaryLine(byte) { return .end }
            }
        }
        return nil
    }

    // MARK: Content

    private mutating func content(
        _ bytes: UnsafeRawBufferPointer, _ index: inout Int, _ most: Int
    ) -> Event? {
        if matched > 0 {
            guard let failed = goOnMatching(bytes, &index) else { return nil }
            if state == .content { held = failed }
        }
        if !held.isEmpty {
            let first = held.prefix(max(most, 1))
            held = first.upperBound..<held.upperBound
            return .held(first)
        }
        if matched == delimiter.count { return delimiterFound() }
        let (sum, overflow) = index.addingReportingOverflow(max(most, 1))
        let end = overflow ? bytes.count : min(sum, bytes.count)
        var from = index
        // SAFETY: the buffer is not empty, `index` lies in it.
        let base = bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
        while let candidate = ByteScanner.find(ASCII.cr, in: base, from: from, to: end) {
            let length = matchLength(bytes, candidate, from: 0)
            let isOpen = candidate &+ length == bytes.count
            guard length == delimiter.count || isOpen else {
                from = candidate &+ length
                continue
            }
            // What comes before it first; the next call finds it again at once.
            if candidate > index, let data = take(index..<candidate, &index) { return data }
            index = candidate &+ length
            matched = length
            ghost = 0
            return length == delimiter.count ? delimiterFound() : nil
        }
        return take(index..<end, &index)
    }

    /// A match that an earlier piece began. Nil: it goes on or is complete; else what turns out to be
    /// content.
    private mutating func goOnMatching(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) -> Range<Int>? {
        let length = matchLength(bytes, index, from: matched)
        guard matched &+ length < delimiter.count else {
            index &+= length
            matched = delimiter.count
            return 0..<0
        }
        guard index &+ length < bytes.count else {
            index = bytes.count
            matched &+= length
            return nil
        }
        defer { matched = 0 }
        return min(ghost, matched)..<matched
    }

    /// How many bytes from `start` on are those of the delimiter from `offset` on.
    private func matchLength(_ bytes: UnsafeRawBufferPointer, _ start: Int, from offset: Int) -> Int {
        let most = min(delimiter.count &- offset, bytes.count &- start)
        var length = 0
        while length < most, bytes[start &+ length] == delimiter[offset &+ length] { length &+= 1 }
        return length
    }

    private mutating func delimiterFound() -> Event? {
        let wasContent = state == .content
        state = .delimiter
        matched = 0
        return wasContent ? .partEnd : nil
    }

    private func take(_ range: Range<Int>, _ index: inout Int) -> Event? {
        index = range.upperBound
        return state == .content && !range.isEmpty ? .data(range) : nil
    }

    // MARK: Boundary lines

    /// One byte behind a delimiter: `["--"] transport-padding CRLF`. True: it was the last.
    private mutating func boundaryLine(_ byte: UInt8) throws(HTTPError) -> Bool {
        switch (state, byte) {
        case (.delimiter, UInt8(ascii: "-")): state = .lastDash
        case (.delimiter, ASCII.cr), (.padding, ASCII.cr): state = .lineFeed
        case (.delimiter, ASCII.space), (.delimiter, ASCII.tab), (.padding, ASCII.space),
            (.padding, ASCII.tab):
            state = .padding
        case (.lastDash, UInt8(ascii: "-")):
            state = .epilogue
            return true
        case (.lineFeed, ASCII.lf):
            state = .head
            head.removeAll(keepingCapacity: true)
            lineStart = 0
        default:
            throw HTTPError(400, "malformed boundary line in a multipart body")
        }
        return false
    }

    // MARK: Head

    private mutating func head(_ bytes: UnsafeRawBufferPointer, _ index: inout Int) throws(HTTPError)
        -> Event?
    {
        // SAFETY: as above.
        let base = bytes.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: UInt8.self)
        let lineFeed = ByteScanner.find(ASCII.lf, in: base, from: index, to: bytes.count)
        let end = lineFeed.map { $0 &+ 1 } ?? bytes.count
        guard end &- index <= headLimit &- head.count else {
            throw HTTPError(413, "head of a multipart part too large", limit: .partHead)
        }
        head.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[index..<end]))
        index = end
        guard lineFeed != nil else { return nil }
        let length = head.count &- lineStart
        guard length >= 2, head[head.count &- 2] == ASCII.cr else {
            throw HTTPError(400, "line in the head of a multipart part not ended by CRLF")
        }
        guard length == 2 else {
            lineStart = head.count
            return nil
        }
        state = .content
        matched = 2
        ghost = 2
        return .part(try MultipartPart(head: head))
    }
}
