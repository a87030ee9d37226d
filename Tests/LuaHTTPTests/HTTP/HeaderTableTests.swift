// SPDX-License-Identifier: MIT
import Testing

@testable import LuaHTTP

@Suite("HeaderName")
struct HeaderNameTests {
    static let names: [HeaderName: String] = [
        .te: "TE", .via: "Via", .date: "Date", .host: "Host", .range: "Range", .accept: "Accept",
        .cookie: "Cookie", .expect: "Expect", .origin: "Origin", .referer: "Referer", .trailer: "Trailer",
        .upgrade: "Upgrade", .forwarded: "Forwarded", .connection: "Connection", .ifMatch: "If-Match",
        .ifRange: "If-Range", .keepAlive: "Keep-Alive", .userAgent: "User-Agent",
        .contentType: "Content-Type",
        .authorization: "Authorization", .ifNoneMatch: "If-None-Match", .contentLength: "Content-Length",
        .acceptEncoding: "Accept-Encoding", .acceptLanguage: "Accept-Language",
        .contentEncoding: "Content-Encoding", .transferEncoding: "Transfer-Encoding",
        .ifModifiedSince: "If-Modified-Since", .ifUnmodifiedSince: "If-Unmodified-Since",
        .xForwardedFor: "X-Forwarded-For", .xForwardedHost: "X-Forwarded-Host",
        .xForwardedProto: "X-Forwarded-Proto", .xRequestID: "X-Request-ID", .cacheControl: "Cache-Control",
        .secWebSocketKey: "Sec-WebSocket-Key", .secWebSocketVersion: "Sec-WebSocket-Version",
        .secWebSocketProtocol: "Sec-WebSocket-Protocol", .secWebSocketExtensions: "Sec-WebSocket-Extensions",
        .secFetchSite: "Sec-Fetch-Site", .xRequestedWith: "X-Requested-With", .hxRequest: "HX-Request",
        .lastEventID: "Last-Event-ID",
    ]

    private func identify(_ text: String) -> HeaderName? {
        Array(text.utf8).withUnsafeBytes { HeaderName.identify($0) }
    }

    @Test("each name is known in any case, and nothing else is")
    func identification() {
        #expect(Self.names.count == HeaderName.count && HeaderName.count <= 64)
        for (id, name) in Self.names {
            #expect(identify(name) == id)
            #expect(identify(name.lowercased()) == id)
            #expect(identify(name.uppercased()) == id)
            #expect(identify(name + "x") == nil)
            #expect(identify(String(name.dropLast())) == nil)
            for index in name.indices {
                var other = name
                other.replaceSubrange(index...index, with: "_")
                #expect(identify(other) == nil)
            }
        }
    }
}

@Suite("HeaderTable")
struct HeaderTableTests {
    @Test("first and following lines of a name are found, in order")
    func order() {
        var table = HeaderTable()
        let names: [HeaderName?] = [.host, nil, .cookie, nil, .cookie, .accept, .cookie]
        for (index, name) in names.enumerated() {
            table.append(
                HeaderEntry(nameOffset: UInt32(index), nameLength: 1, valueOffset: 0, valueLength: 0), name)
        }
        #expect(table.count == 7 && table[4].nameOffset == 4)
        #expect(table.contains(.host) && !table.contains(.date))
        #expect(!table.isRepeated(.host) && table.isRepeated(.cookie))
        #expect(table.firstIndex(.cookie) == 2)
        #expect(table.nextIndex(.cookie, after: 2) == 4)
        #expect(table.nextIndex(.cookie, after: 4) == 6)
        #expect(table.nextIndex(.cookie, after: 6) == nil)
        #expect(table.nextIndex(.host, after: 0) == nil)
        table.reset()
        #expect(table.count == 0 && !table.contains(.cookie) && table.firstIndex(.host) == nil)
    }

    @Test("beyond its lines there is nothing, and no end of the process")
    func outside() {
        var table = HeaderTable()
        let nothing = HeaderEntry(nameOffset: 0, nameLength: 0, valueOffset: 0, valueLength: 0)
        table.append(HeaderEntry(nameOffset: 1, nameLength: 2, valueOffset: 3, valueLength: 4), .host)
        for index in [-1, 1, 15, 16, Int.max, Int.min] { #expect(table[index] == nothing) }
        table.reset()
        #expect(table[0] == nothing)
    }

    @Test("it grows and keeps what it has")
    func growth() {
        var table = HeaderTable()
        for index in 0..<1000 {
            table.append(
                HeaderEntry(nameOffset: UInt32(index), nameLength: 1, valueOffset: 2, valueLength: 3),
                index == 999 ? .via : nil)
        }
        for index in 0..<1000 { #expect(table[index].nameOffset == UInt32(index)) }
        #expect(table.firstIndex(.via) == 999)
    }

    @Test("an entry is four UInt32 in the order C expects")
    func layout() {
        #expect(MemoryLayout<HeaderEntry>.size == 16 && MemoryLayout<HeaderEntry>.stride == 16)
        #expect(MemoryLayout<HeaderEntry>.offset(of: \.nameOffset) == 0)
        #expect(MemoryLayout<HeaderEntry>.offset(of: \.nameLength) == 4)
        #expect(MemoryLayout<HeaderEntry>.offset(of: \.valueOffset) == 8)
        #expect(MemoryLayout<HeaderEntry>.offset(of: \.valueLength) == 12)
    }
}
