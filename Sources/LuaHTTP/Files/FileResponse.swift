// SPDX-License-Identifier: MIT

/// What is answered to a request for a file: a status, header lines, and which bytes of the file.
/// Pure: the file's status comes in, a decision goes out. Content-Length, Date and Connection are the
/// encoder's.
struct FileResponse: Equatable {
    let status: Int
    /// Lines `Name: value\r\n`.
    let header: [UInt8]
    /// The bytes of the file that the answer is about. For HEAD their number is its Content-Length, and
    /// none are sent.
    let range: Range<Int64>

    struct Request {
        var method: Method
        var fields = Conditional.Fields()
        var range: UnsafeRawBufferPointer?
    }

    /// How the files of one mount are sent.
    struct Options: Sendable {
        /// The value of Cache-Control; none if empty.
        var cacheControl: [UInt8] = []
    }

    init(
        to request: Request, for file: FileStatus, type: StaticString?, options: Options = Options(),
        now: Int64
    ) {
        guard request.method == .get || request.method == .head else {
            self.init(status: 405, header: Self.line("Allow", Array("GET, HEAD".utf8)))
            return
        }
        let tag = file.entityTag
        let modified = file.lastModified(at: now)
        let conditional = Conditional(entityTag: tag, lastModified: modified)
        var validators = Self.line("ETag", tag)
        if let modified { validators += Self.line("Last-Modified", HTTPDate.bytes(modified)) }
        if !options.cacheControl.isEmpty { validators += Self.line("Cache-Control", options.cacheControl) }

        switch conditional.decide(request.fields, isSafe: true) {
        case .notModified:
            // RFC 9110 §15.4.5: what a 200 would say to a cache, and no more.
            self.init(status: 304, header: validators)
        case .preconditionFailed:
            self.init(status: 412, header: [])
        case .proceed:
            self.init(request, file, conditional, validators, type)
        }
    }

    private init(
        _ request: Request, _ file: FileStatus, _ conditional: Conditional, _ validators: [UInt8],
        _ type: StaticString?
    ) {
        // A status that lies about the size must not make a range that traps.
        let size = max(0, file.size)
        var requested = ByteRange.whole
        // RFC 9110 §14.2: GET is the only method with ranges.
        if request.method == .get, let field = request.range, conditional.honoursRange(request.fields) {
            requested = ByteRange(field, length: size)
        }
        let typeLine = type.map {
            Self.line(
                "Content-Type", Array(UnsafeBufferPointer(start: $0.utf8Start, count: $0.utf8CodeUnitCount)))
        }
        let header =
            validators + (typeLine ?? []) + Self.line("Accept-Ranges", Array("bytes".utf8))
        switch requested {
        case .whole:
            self.init(status: 200, header: header, range: 0..<size)
        case .part(let range):
            let value = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            self.init(
                status: 206, header: header + Self.line("Content-Range", Array(value.utf8)), range: range)
        case .unsatisfiable:
            self.init(status: 416, header: Self.line("Content-Range", Array("bytes */\(size)".utf8)))
        }
    }

    private init(status: Int, header: [UInt8], range: Range<Int64> = 0..<0) {
        self.status = status
        self.header = header
        self.range = range
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
