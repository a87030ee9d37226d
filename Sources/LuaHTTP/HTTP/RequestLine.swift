// SPDX-License-Identifier: MIT

/// `method SP request-target SP HTTP-version` (RFC 9112 §3), exactly one space each.
/// Knows one line; which method a resource offers is somebody else's question.
enum RequestLine {
    static func parse(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
    ) throws(HTTPError) {
        var index = start
        while index < end, ASCII.isToken(base[index]) { index &+= 1 }
        guard index > start, index < end, base[index] == ASCII.space else {
            throw HTTPError(400, "invalid request line")
        }
        let target = index &+ 1
        guard let space = ByteScanner.find(ASCII.space, in: base, from: target, to: end), space > target
        else {
            throw HTTPError(400, "invalid request line")
        }
        head.version = try version(base + (space &+ 1), count: end &- space &- 1)
        head.method = Method(base + start, count: index &- start)
        head.methodName = HeadSlice(start, index)
        guard head.method != .connect, head.method != .trace else {
            // No tunnels, and TRACE only reflects what scripts must not read (RFC 9110 §9.3.8).
            throw HTTPError(501, "method not implemented")
        }
        head.target = HeadSlice(target, space)
        try RequestTarget.parse(base, target, space, &head)
    }

    /// Case-sensitive (RFC 9112 §2.3). A higher minor version of 1 is served as 1.1 (RFC 9110 §2.5).
    private static func version(
        _ base: UnsafePointer<UInt8>, count: Int
    ) throws(HTTPError) -> RequestHead.Version {
        guard count == 8, ASCII.equals(UnsafeRawBufferPointer(start: base, count: 5), "HTTP/"),
            ASCII.isDigit(base[5]), base[6] == 0x2E, ASCII.isDigit(base[7])
        else { throw HTTPError(400, "invalid HTTP version") }
        guard base[5] == 0x31 else { throw HTTPError(505, "HTTP version not supported") }
        return base[7] == 0x30 ? .http10 : .http11
    }
}

/// The request target (RFC 9112 §3.2): origin-form, absolute-form, `*` for OPTIONS. Splits path and query and
/// refuses what no URI holds; decoding is the router's, so that an encoded slash stays data.
enum RequestTarget {
    static func parse(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
    ) throws(HTTPError) {
        if base[start] == ASCII.slash {
            try split(base, start, end, &head)
        } else if end &- start == 1, base[start] == 0x2A {
            guard head.method == .options else { throw HTTPError(400, "invalid request target") }
            head.path = HeadSlice(start, end)
        } else {
            try absolute(base, start, end, &head)
        }
    }

    /// `http://authority[/path][?query]`
    private static func absolute(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
    ) throws(HTTPError) {
        let count = end &- start
        let isHTTP = count > 7 && ASCII.equalsIgnoringCase(.init(start: base + start, count: 7), "http://")
        let isHTTPS = count > 8 && ASCII.equalsIgnoringCase(.init(start: base + start, count: 8), "https://")
        guard isHTTP || isHTTPS else { throw HTTPError(400, "invalid request target") }
        let authority = start &+ (isHTTPS ? 8 : 7)
        var index = authority
        while index < end, base[index] != ASCII.slash, base[index] != ASCII.question { index &+= 1 }
        let host = UnsafeRawBufferPointer(start: base + authority, count: index &- authority)
        guard HostGrammar.isValid(host, allowsEmpty: false) else {
            throw HTTPError(400, "invalid host in request target")
        }
        head.host = HeadSlice(authority, index)
        head.targetIsHTTPS = isHTTPS
        try split(base, index, end, &head)
        if head.path.isEmpty { head.path = HeadSlice(authority &- 1, authority) }  // the "/" before the host
    }

    private static func split(
        _ base: UnsafePointer<UInt8>, _ start: Int, _ end: Int, _ head: inout RequestHead
    ) throws(HTTPError) {
        var index = start
        while index < end, base[index] != ASCII.question {
            let byte = base[index]
            guard isAllowed(byte), byte != ASCII.backslash else {
                throw HTTPError(400, "invalid request target")
            }
            if byte == ASCII.percent {
                let rest = UnsafeRawBufferPointer(start: base + index, count: end &- index)
                guard let decoded = PercentCoding.triplet(rest, at: 0), decoded != 0 else {
                    throw HTTPError(400, "invalid percent-encoding in path")
                }
                index &+= 3
            } else {
                index &+= 1
            }
        }
        head.path = HeadSlice(start, index)
        guard index < end else { return }
        let query = index &+ 1
        index = query
        while index < end {
            guard isAllowed(base[index]) else { throw HTTPError(400, "invalid request target") }
            index &+= 1
        }
        head.query = HeadSlice(query, end)
    }

    /// Visible ASCII without `#`. RFC 3986 allows fewer, but browsers send `|`, `^`, `{` and the like as they
    /// are.
    @inline(__always)
    private static func isAllowed(_ byte: UInt8) -> Bool { byte &- 0x21 < 0x5E && byte != 0x23 }
}
