// SPDX-License-Identifier: MIT

/// What is answered to a request for a file: a status, header lines, and which bytes of the file.
/// Pure: the file's status comes in, a decision goes out. Content-Length, Date and Connection are the
/// encoder's.
struct FileResponse: Equatable {
    /// Some bytes of our own and then a range of the file.
    struct Piece: Equatable {
        var before: [UInt8] = []
        var range: Range<Int64>
    }

    let status: Int
    /// Lines `Name: value\r\n`.
    let header: [UInt8]
    /// The body. For HEAD its length is that of the answer to a GET, and nothing is sent.
    let pieces: [Piece]

    /// The bytes of the file when it is sent in one piece.
    var range: Range<Int64> { pieces.count == 1 ? pieces[0].range : 0..<0 }

    /// A precondition or a range that cannot be met: there is nothing of the file to send.
    var isRefusal: Bool { status == 412 || status == 416 }

    /// Bytes of the body.
    var length: Int {
        Int(clamping: pieces.reduce(0) { $0 &+ Int64($1.before.count) &+ Int64($1.range.count) })
    }

    /// A file as it is.
    static func whole(_ size: Int64) -> FileResponse {
        FileResponse(status: 200, header: [], pieces: [Piece(range: 0..<max(0, size))])
    }

    struct Request {
        var method: Method
        var fields = Conditional.Fields()
        var range: UnsafeRawBufferPointer?
    }

    /// What is sent and how: one file, or a compressed neighbour of it.
    struct Options: Sendable {
        /// The value of Cache-Control; none if empty.
        var cacheControl: [UInt8] = []
        var coding = AnswerCoding.identity
        /// There are compressed neighbours: caches must keep them apart (RFC 9110 §12.5.5).
        var varies = false
        /// What the author of the answer says himself.
        var own = Own()
        /// Of multipart/byteranges; a random one unless a test sets it.
        var boundary: [UInt8]?
    }

    /// Fields that an author has set: they are not said again, and it is his validators that are compared.
    struct Own: Sendable {
        /// Those of the fields that are there.
        var validators = Conditional()
        var hasTag = false
        var hasDate = false
        var hasAcceptRanges = false
    }

    init(
        to request: Request, for file: FileStatus, type: StaticString?, options: Options = Options(),
        now: Int64
    ) {
        guard request.method == .get || request.method == .head else {
            self.init(status: 405, header: Self.line("Allow", Array("GET, HEAD".utf8)))
            return
        }
        let own = options.own
        let modified = own.hasDate ? own.validators.lastModified : file.lastModified(at: now)
        let tag = own.hasTag ? own.validators.entityTag : file.entityTag
        let conditional = Conditional(entityTag: tag, lastModified: modified)
        var validators = own.hasTag ? [] : Self.line("ETag", tag)
        if !own.hasDate, let modified { validators += Self.line("Last-Modified", HTTPDate.bytes(modified)) }
        if !options.cacheControl.isEmpty { validators += Self.line("Cache-Control", options.cacheControl) }
        if options.varies { validators += Self.line("Vary", Array("Accept-Encoding".utf8)) }

        switch conditional.decide(request.fields, isSafe: true) {
        case .notModified:
            // RFC 9110 §15.4.5: what a 200 would say to a cache, and no more.
            self.init(status: 304, header: validators)
        case .preconditionFailed:
            self.init(status: 412, header: [])
        case .proceed:
            self.init(request, file, conditional, validators, type, options)
        }
    }

    private init(
        _ request: Request, _ file: FileStatus, _ conditional: Conditional, _ validators: [UInt8],
        _ type: StaticString?, _ options: Options
    ) {
        // A status that lies about the size must not make a range that traps.
        let size = max(0, file.size)
        var requested = ByteRange.whole
        // RFC 9110 §14.2: GET is the only method with ranges.
        if request.method == .get, let field = request.range, conditional.honoursRange(request.fields) {
            requested = ByteRange(field, length: size)
        }
        var header = validators
        if options.coding != .identity {
            header += Self.line("Content-Encoding", Self.bytes(options.coding.name))
        }
        let acceptRanges = options.own.hasAcceptRanges ? [] : Self.line("Accept-Ranges", Array("bytes".utf8))
        let typeLine = type.map { Self.line("Content-Type", Self.bytes($0)) } ?? []
        switch requested {
        case .parts(let ranges) where type != nil:
            let boundary = options.boundary ?? Self.randomBoundary()
            let value = Array("multipart/byteranges; boundary=".utf8) + boundary
            self.init(
                status: 206, header: header + Self.line("Content-Type", value) + acceptRanges,
                pieces: Self.multipart(ranges, size: size, typeLine: typeLine, boundary: boundary))
        // An author's own Content-Type is not known here, so it cannot be told of each part.
        case .whole, .parts:
            self.init(status: 200, header: header + typeLine + acceptRanges, pieces: [Piece(range: 0..<size)])
        case .part(let range):
            self.init(
                status: 206, header: header + typeLine + acceptRanges + Self.contentRange(range, size),
                pieces: [Piece(range: range)])
        case .unsatisfiable:
            self.init(status: 416, header: Self.line("Content-Range", Array("bytes */\(size)".utf8)))
        }
    }

    private init(status: Int, header: [UInt8], pieces: [Piece] = []) {
        self.status = status
        self.header = header
        self.pieces = pieces
    }

    /// RFC 9110 §14.6. The delimiter that ends it is a piece without bytes of the file.
    private static func multipart(
        _ ranges: [Range<Int64>], size: Int64, typeLine: [UInt8], boundary: [UInt8]
    ) -> [Piece] {
        let end: [UInt8] = [ASCII.cr, ASCII.lf]
        let dashes = Array("--".utf8)
        var pieces = ranges.enumerated().map { index, range in
            Piece(
                before: (index > 0 ? end : []) + dashes + boundary + end + typeLine
                    + contentRange(range, size)
                    + end,
                range: range)
        }
        pieces.append(Piece(before: end + dashes + boundary + dashes + end, range: 0..<0))
        return pieces
    }

    private static func contentRange(_ range: Range<Int64>, _ size: Int64) -> [UInt8] {
        line("Content-Range", Array("bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)".utf8))
    }

    /// 24 hexadecimal digits: nobody who writes a file can know them.
    private static func randomBoundary() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<24).map { _ in ASCII.hexDigit(UInt8(truncatingIfNeeded: generator.next())) }
    }

    private static func bytes(_ text: StaticString) -> [UInt8] {
        Array(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    private static func line(_ name: StaticString, _ value: [UInt8]) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(name.utf8CodeUnitCount + value.count + 4)
        line += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        line += [ASCII.colon, ASCII.space]
        line += value
        line += [ASCII.cr, ASCII.lf]
        return line
    }
}
