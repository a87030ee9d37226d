// SPDX-License-Identifier: MIT

/// The head of one request: its bytes in stable memory and where in them everything is. No Strings.
/// Filled by RequestParser; knows neither the connection nor the body's bytes.
struct RequestHead: ~Copyable {
    enum Version: UInt8, Sendable { case http10, http11, http2 }

    /// What the Connection field asks for (RFC 9112 §9.3, §9.6; RFC 9110 §7.8).
    struct ConnectionOptions: OptionSet, Sendable {
        let rawValue: UInt8
        static let close = ConnectionOptions(rawValue: 1)
        static let keepAlive = ConnectionOptions(rawValue: 2)
        static let upgrade = ConnectionOptions(rawValue: 4)
    }

    var slab = RequestSlab()
    var headers = HeaderTable()

    var method = Method.get
    var version = Version.http11
    var methodName = HeadSlice()
    /// The request target as sent.
    var target = HeadSlice()
    /// Undecoded and valid: begins with `/` (or is `*`), each `%` is a triplet, none of them NUL.
    var path = HeadSlice()
    /// Undecoded, without the `?`.
    var query = HeadSlice()
    /// `host[:port]`: the target's authority if it has one, else the Host field (RFC 9112 §3.2.2).
    var host = HeadSlice()
    /// Of an absolute-form target or the transport; for an origin-form one it is the transport that knows.
    var targetIsHTTPS = false
    var connection: ConnectionOptions = []
    var framing = BodyFraming.none
    /// The client waits for 100 before it sends the body. Never true for HTTP/1.0.
    var expectsContinue = false

    /// The bytes as received, from the request line to the empty line.
    var bytes: UnsafeRawBufferPointer { slab.bytes }

    var base: UnsafePointer<UInt8> { UnsafePointer(slab.base) }

    /// The connection may carry another request after this one (RFC 9112 §9.3).
    var isPersistent: Bool {
        if connection.contains(.close) { return false }
        return version != .http10 || connection.contains(.keepAlive)
    }

    @inline(__always)
    func slice(_ slice: HeadSlice) -> UnsafeRawBufferPointer {
        let end = Int(slice.offset) &+ Int(slice.length)
        // SAFETY: checked against the slab, so a stale slice reads nothing instead of foreign memory.
        guard end <= slab.count else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: slab.base + Int(slice.offset), count: Int(slice.length))
    }

    func name(_ index: Int) -> UnsafeRawBufferPointer {
        let entry = headers[index]
        return UnsafeRawBufferPointer(start: slab.base + Int(entry.nameOffset), count: Int(entry.nameLength))
    }

    func value(_ index: Int) -> UnsafeRawBufferPointer {
        let entry = headers[index]
        return UnsafeRawBufferPointer(
            start: slab.base + Int(entry.valueOffset), count: Int(entry.valueLength))
    }

    /// The first value of a well-known field.
    func value(_ name: HeaderName) -> UnsafeRawBufferPointer? {
        headers.firstIndex(name).map { value($0) }
    }

    /// The values of all lines of a well-known field; nothing is allocated where there are none.
    func values(_ name: HeaderName) -> [UnsafeRawBufferPointer] {
        var values: [UnsafeRawBufferPointer] = []
        var line = headers.firstIndex(name)
        while let index = line {
            values.append(value(index))
            line = headers.nextIndex(name, after: index)
        }
        return values
    }

    mutating func reset() {
        slab.reset()
        headers.reset()
        method = .get  // an error found before the method is known is not answered as to HEAD
        version = .http11
        methodName = HeadSlice()
        target = HeadSlice()
        path = HeadSlice()
        host = HeadSlice()
        query = HeadSlice()
        targetIsHTTPS = false
        connection = []
        framing = .none
        expectsContinue = false
    }
}
