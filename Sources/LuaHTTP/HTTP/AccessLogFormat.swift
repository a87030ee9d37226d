// SPDX-License-Identifier: MIT

/// How a line of the access log looks. Makes lines of facts about one exchange; knows neither where they go nor when.
enum AccessLogFormat: String, Sendable, CaseIterable {
    /// `GET /path 200 1.2 ms 345 B`, for people.
    case short
    /// Common Log Format, for tools.
    case common
    /// The same with Referer and User-Agent.
    case combined
    /// One JSON object.
    case json

    /// How long it took is part of it.
    var hasDuration: Bool {
        switch self {
        case .short, .json: true
        case .common, .combined: false
        }
    }

    /// What a line says, beside the request itself.
    struct Facts {
        /// "-" where there is none.
        var client: String
        var status: Int
        /// Of the body as it was sent.
        var bytes: Int
        var microseconds: Int
    }

    /// Longer fields are cut.
    static let longestTarget = 2048
    static let longestField = 512

    /// Most bytes of a line: each byte of the client's may become six.
    static func room(_ head: borrowing RequestHead) -> Int {
        let target =
            min(Int(head.target.length), longestTarget) &+ min(Int(head.methodName.length), longestField)
        return 512 &+ 6 &* (target &+ 3 &* longestField)
    }

    func write(
        _ head: borrowing RequestHead, _ facts: Facts, _ time: LogTime, to cursor: inout ByteCursor
    ) {
        switch self {
        case .short: writeShort(head, facts, &cursor)
        case .common, .combined: writeCommon(head, facts, time, &cursor)
        case .json: writeJSON(head, facts, time, &cursor)
        }
        cursor.put(ASCII.lf)
    }

    private func writeShort(_ head: borrowing RequestHead, _ facts: Facts, _ cursor: inout ByteCursor) {
        writeRequest(head, &cursor)
        cursor.put(ASCII.space)
        cursor.putStatus(facts.status)
        cursor.put(ASCII.space)
        cursor.putDecimal(facts.microseconds / 1000)
        cursor.put(".")
        cursor.putDecimal(facts.microseconds % 1000 / 100)
        cursor.put(" ms ")
        cursor.putDecimal(facts.bytes)
        cursor.put(" B")
    }

    private func writeCommon(
        _ head: borrowing RequestHead, _ facts: Facts, _ time: LogTime, _ cursor: inout ByteCursor
    ) {
        writeClient(facts, &cursor)
        cursor.put(" - - [")
        time.withCommon { cursor.put($0) }
        cursor.put("] \"")
        writeRequest(head, &cursor)
        cursor.put(ASCII.space)
        cursor.put(Self.name(of: head.version))
        cursor.put("\" ")
        cursor.putStatus(facts.status)
        cursor.put(ASCII.space)
        cursor.putDecimal(facts.bytes)
        guard case .combined = self else { return }
        cursor.put(" \"")
        writeField(head.value(.referer), ifEmpty: "-", &cursor)
        cursor.put("\" \"")
        writeField(head.value(.userAgent), ifEmpty: "-", &cursor)
        cursor.put("\"")
    }

    private func writeJSON(
        _ head: borrowing RequestHead, _ facts: Facts, _ time: LogTime, _ cursor: inout ByteCursor
    ) {
        cursor.put("{\"time\":\"")
        time.withISO { cursor.put($0) }
        cursor.put("\",\"client\":\"")
        writeClient(facts, &cursor)
        cursor.put("\",\"method\":\"")
        writeField(head.slice(head.methodName), ifEmpty: "", &cursor)
        cursor.put("\",\"target\":\"")
        Self.escape(head.slice(head.target).prefix(Self.longestTarget), asJSON: true, &cursor)
        cursor.put("\",\"protocol\":\"")
        cursor.put(Self.name(of: head.version))
        cursor.put("\",\"status\":")
        cursor.putStatus(facts.status)
        cursor.put(",\"bytes\":")
        cursor.putDecimal(facts.bytes)
        cursor.put(",\"ms\":")
        cursor.putDecimal(facts.microseconds / 1000)
        cursor.put(".")
        cursor.putStatus(facts.microseconds % 1000)
        cursor.put(",\"host\":\"")
        writeField(head.slice(head.host), ifEmpty: "", &cursor)
        cursor.put("\",\"referer\":\"")
        writeField(head.value(.referer), ifEmpty: "", &cursor)
        cursor.put("\",\"agent\":\"")
        writeField(head.value(.userAgent), ifEmpty: "", &cursor)
        cursor.put("\"}")
    }

    private static func name(of version: RequestHead.Version) -> StaticString {
        switch version {
        case .http10: "HTTP/1.0"
        case .http11: "HTTP/1.1"
        case .http2: "HTTP/2.0"
        }
    }

    // MARK: Parts

    private func writeRequest(_ head: borrowing RequestHead, _ cursor: inout ByteCursor) {
        writeField(head.slice(head.methodName), ifEmpty: "-", &cursor)
        cursor.put(ASCII.space)
        let target = head.slice(head.target)
        if target.isEmpty { cursor.put("-") }
        Self.escape(target.prefix(Self.longestTarget), asJSON: false, &cursor)
    }

    private func writeClient(_ facts: Facts, _ cursor: inout ByteCursor) {
        var client = facts.client
        client.withUTF8 { cursor.put(UnsafeRawBufferPointer($0)) }
    }

    private func writeField(
        _ value: UnsafeRawBufferPointer?, ifEmpty: StaticString, _ cursor: inout ByteCursor
    ) {
        guard let value, !value.isEmpty else { return cursor.put(ifEmpty) }
        if case .json = self {
            Self.escape(value.prefix(Self.longestField), asJSON: true, &cursor)
        } else {
            Self.escape(value.prefix(Self.longestField), asJSON: false, &cursor)
        }
    }

    /// Client bytes never forge a line, a field or a terminal escape: visible ASCII but quotes and backslashes as it
    /// is, all else as \xHH, or \u00HH in JSON.
    private static func escape(
        _ bytes: Slice<UnsafeRawBufferPointer>, asJSON: Bool, _ cursor: inout ByteCursor
    ) {
        let bytes = UnsafeRawBufferPointer(rebasing: bytes)
        guard let first = bytes.firstIndex(where: { !isPlain($0) }) else { return cursor.put(bytes) }
        cursor.put(UnsafeRawBufferPointer(rebasing: bytes[..<first]))
        for byte in bytes[first...] {
            guard !isPlain(byte) else {
                cursor.put(byte)
                continue
            }
            cursor.put(asJSON ? "\\u00" : "\\x")
            cursor.put(ASCII.hexDigit(byte &>> 4))
            cursor.put(ASCII.hexDigit(byte & 15))
        }
    }

    @inline(__always)
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte &- 0x20 < 0x5F && byte != ASCII.quote && byte != ASCII.backslash
    }
}

/// The time of a line, as text: made once a second.
struct LogTime {
    private var second: Int64 = -1
    private var common: [UInt8] = []
    private var iso: [UInt8] = []

    mutating func update(_ now: Int64) {
        guard now != second else { return }
        second = now
        let date = HTTPDate.bytes(now)
        let day = Array(date[5..<7])
        let clock = Array(date[17..<25])
        // 23/Nov/2026:10:31:00 +0000
        common = day + [ASCII.slash] + date[8..<11] + [ASCII.slash] + date[12..<16]
        common += [ASCII.colon] + clock + Array(" +0000".utf8)
        // 2026-11-23T10:31:00Z
        let month = HTTPDate.month(now)
        let digits = [
            UInt8(truncatingIfNeeded: month / 10 + 0x30), UInt8(truncatingIfNeeded: month % 10 + 0x30),
        ]
        iso = date[12..<16] + Array("-".utf8) + digits + Array("-".utf8) + day
        iso += Array("T".utf8) + clock + Array("Z".utf8)
    }

    func withCommon(_ body: (UnsafeRawBufferPointer) -> Void) { common.withUnsafeBytes(body) }
    func withISO(_ body: (UnsafeRawBufferPointer) -> Void) { iso.withUnsafeBytes(body) }
}
