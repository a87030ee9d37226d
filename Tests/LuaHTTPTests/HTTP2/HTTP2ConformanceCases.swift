// SPDX-License-Identifier: MIT

@testable import LuaHTTP

/// One thing that RFC 9113 or RFC 7541 says of what a client sends, and what must come of it.
struct HTTP2Case: Sendable, CustomStringConvertible {
    enum Expected: Sendable {
        /// The connection ends with one of these codes.
        case goAway([UInt32])
        /// Stream 1, or another, ends with one of these codes; so may the connection.
        case reset([UInt32], stream: UInt32 = 1)
        /// Stream 1, or another, is answered so, and the connection goes on.
        case status(Int, stream: UInt32 = 1)
        /// Nothing: the connection goes on.
        case alive
    }

    let description: String
    let bytes: [UInt8]
    let expected: Expected
    /// Instead of a preface and SETTINGS.
    var isRaw = false

    init(_ description: String, _ frames: [RawFrame], _ expected: Expected) {
        self.description = description
        bytes = frames.flatMap(\.bytes)
        self.expected = expected
    }

    init(raw description: String, _ bytes: [UInt8], _ expected: Expected) {
        self.description = description
        self.bytes = bytes
        self.expected = expected
        isRaw = true
    }

    // RFC 9113 §7
    static let noError: UInt32 = 0
    static let protocolError: UInt32 = 1
    static let flowControl: UInt32 = 3
    static let streamClosed: UInt32 = 5
    static let frameSize: UInt32 = 6
    static let refused: UInt32 = 7
    static let compression: UInt32 = 9
    static let calm: UInt32 = 11

    static let all = frames + prefaces + settings + streams + blocks + fields + bodies + windows

    private static let get = RawFrame.headers(1, RawFrame.request())
    private static let post = RawFrame.headers(
        1, RawFrame.request([(":method", "POST")]), flags: RawFrame.endHeaders)

    private static func request(_ what: String, _ changes: [(String, String?)], _ expected: Expected)
        -> HTTP2Case
    {
        HTTP2Case(what, [.headers(1, RawFrame.request(changes))], expected)
    }

    private static func listed(_ what: String, _ fields: [(String, String)], _ expected: Expected)
        -> HTTP2Case
    {
        HTTP2Case(what, [.headers(1, RawFrame.block(fields))], expected)
    }

    private static let zeros = [UInt8](repeating: 0, count: 16385)

    // MARK: Frames

    static let frames: [HTTP2Case] = [
        .init(
            "§4.1 a frame of an unknown type is ignored", [RawFrame(type: 0x16, stream: 0, payload: [1, 2])],
            .alive),
        .init(
            "§5.5 a frame of an unknown type on a stream is ignored",
            [post, RawFrame(type: 0x16, flags: 0xFF, stream: 1, payload: [1]), .data(1, "a")], .status(200)),
        .init(
            "7838 §4 ALTSVC from a client", [RawFrame(type: 10, stream: 0, payload: [0, 1, 0x61])], .alive),
        .init("7838 §4 broken ALTSVC", [RawFrame(type: 10, stream: 0, payload: [0xFF, 0xFF, 1])], .alive),
        .init("8336 §2.1 broken ORIGIN", [RawFrame(type: 12, stream: 0, payload: [0, 9, 1])], .alive),
        .init(
            "§6.2 ORIGIN inside a block", [.headers(1, [], flags: 1), RawFrame(type: 12, stream: 0)],
            .goAway([protocolError])),
        .init(
            "§4.1 undefined flags are ignored",
            [RawFrame(type: 6, flags: 0xFE, stream: 0, payload: RawFrame.ping.payload)], .alive),
        .init(
            "§4.1 the reserved bit of a stream identifier is ignored",
            [RawFrame(type: 1, flags: 5, stream: 0x8000_0001, payload: RawFrame.request())], .status(200)),
        .init(
            "§4.2 DATA above the frame size", [post, RawFrame(type: 0, stream: 1, payload: zeros)],
            .reset([frameSize])),
        .init(
            "§4.2 HEADERS above the frame size", [RawFrame(type: 1, flags: 5, stream: 1, payload: zeros)],
            .goAway([frameSize])),
        .init(
            "§4.2 an unknown frame above the frame size", [RawFrame(type: 0x20, stream: 0, payload: zeros)],
            .goAway([frameSize])),
        .init("§6.1 DATA on stream 0", [RawFrame.data(0, "a")], .goAway([protocolError])),
        .init(
            "§6.1 padding longer than DATA",
            [post, RawFrame(type: 0, flags: 8, stream: 1, payload: [5, 1, 2])], .goAway([protocolError])),
        .init(
            "§6.1 padding as long as DATA", [post, RawFrame(type: 0, flags: 8, stream: 1, payload: [2, 0])],
            .goAway([protocolError])),
        .init(
            "§6.1 DATA without its pad length", [post, RawFrame(type: 0, flags: 8, stream: 1)],
            .goAway([protocolError, frameSize])),
        .init(
            "§6.1 padded DATA", [post, RawFrame(type: 0, flags: 9, stream: 1, payload: [2, 0x61, 0, 0])],
            .status(200)),
        .init(
            "§6.1 DATA of padding only", [post, RawFrame(type: 0, flags: 9, stream: 1, payload: [2, 0, 0])],
            .status(200)),
        .init("§6.2 HEADERS on stream 0", [.headers(0, RawFrame.request())], .goAway([protocolError])),
        .init(
            "§6.2 padding longer than HEADERS",
            [RawFrame(type: 1, flags: 13, stream: 1, payload: [200] + RawFrame.request())],
            .goAway([protocolError])),
        .init(
            "§6.2 padded HEADERS",
            [RawFrame(type: 1, flags: 13, stream: 1, payload: [3] + RawFrame.request() + [0, 0, 0])],
            .status(200)),
        .init(
            "§6.2 HEADERS with priority",
            [RawFrame(type: 1, flags: 37, stream: 1, payload: [0, 0, 0, 3, 15] + RawFrame.request())],
            .status(200)),
        .init("§6.3 PRIORITY on stream 0", [.priority(0, on: 1)], .goAway([protocolError])),
        .init(
            "§6.3 PRIORITY of 4 bytes", [get, RawFrame(type: 2, stream: 3, payload: [0, 0, 0, 1])],
            .reset([frameSize], stream: 3)),
        .init("§6.4 RST_STREAM on stream 0", [.reset(0)], .goAway([protocolError])),
        .init(
            "§6.4 RST_STREAM of 3 bytes", [post, RawFrame(type: 3, stream: 1, payload: [0, 0, 8])],
            .goAway([frameSize])),
        .init("§6.4 RST_STREAM on an idle stream", [.reset(1)], .goAway([protocolError])),
        .init(
            "§6.6 PUSH_PROMISE from a client",
            [post, RawFrame(type: 5, flags: 4, stream: 1, payload: [0, 0, 0, 2] + RawFrame.request())],
            .goAway([protocolError])),
        .init(
            "§6.7 PING of 7 bytes", [RawFrame(type: 6, stream: 0, payload: Array("pingpon".utf8))],
            .goAway([frameSize])),
        .init(
            "§6.7 PING of 9 bytes", [RawFrame(type: 6, stream: 0, payload: Array("pingpongs".utf8))],
            .goAway([frameSize])),
        .init(
            "§6.7 PING on a stream", [post, RawFrame(type: 6, stream: 1, payload: RawFrame.ping.payload)],
            .goAway([protocolError])),
        .init(
            "§6.7 an answer to no PING",
            [RawFrame(type: 6, flags: 1, stream: 0, payload: RawFrame.ping.payload)], .alive),
        .init(
            "§6.8 GOAWAY on a stream",
            [post, RawFrame(type: 7, stream: 1, payload: [UInt8](repeating: 0, count: 8))],
            .goAway([protocolError])),
        .init(
            "§6.8 GOAWAY of 7 bytes",
            [RawFrame(type: 7, stream: 0, payload: [UInt8](repeating: 0, count: 7))], .goAway([frameSize])),
        .init(
            "§6.9 WINDOW_UPDATE of 3 bytes", [RawFrame(type: 8, stream: 0, payload: [0, 0, 1])],
            .goAway([frameSize])),
        .init("§6.10 CONTINUATION on stream 0", [.continuation(0, [])], .goAway([protocolError])),
    ]

    static let prefaces: [HTTP2Case] = [
        .init(
            raw: "§3.4 another preface", Array("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".utf8),
            .goAway([protocolError])),
        .init(
            raw: "§3.4 a request of HTTP/1.1", Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8),
            .goAway([protocolError])),
        .init(
            raw: "§3.4 PING before SETTINGS", HTTP2TestConnection.preface + RawFrame.ping.bytes,
            .goAway([protocolError])),
        .init(
            raw: "§3.4 HEADERS before SETTINGS", HTTP2TestConnection.preface + get.bytes,
            .goAway([protocolError])),
    ]

    // MARK: SETTINGS

    static let settings: [HTTP2Case] = [
        .init("§6.5 SETTINGS on a stream", [post, RawFrame(type: 4, stream: 1)], .goAway([protocolError])),
        .init(
            "§6.5 SETTINGS of 5 bytes", [RawFrame(type: 4, stream: 0, payload: [0, 3, 0, 0, 0])],
            .goAway([frameSize])),
        .init(
            "§6.5 an acknowledgement with a payload",
            [RawFrame(type: 4, flags: 1, stream: 0, payload: [0, 3, 0, 0, 0, 1])], .goAway([frameSize])),
        .init("§6.5 empty SETTINGS", [.settings()], .alive),
        .init("§6.5.2 ENABLE_PUSH 0", [.settings([(2, 0)])], .alive),
        .init("§6.5.2 ENABLE_PUSH 2", [.settings([(2, 2)])], .goAway([protocolError])),
        .init("§6.5.2 INITIAL_WINDOW_SIZE 2³¹−1", [.settings([(4, 0x7FFF_FFFF)])], .alive),
        .init("§6.5.2 INITIAL_WINDOW_SIZE 2³¹", [.settings([(4, 0x8000_0000)])], .goAway([flowControl])),
        .init("§6.5.2 MAX_FRAME_SIZE 16383", [.settings([(5, 16383)])], .goAway([protocolError])),
        .init("§6.5.2 MAX_FRAME_SIZE 16384", [.settings([(5, 16384)])], .alive),
        .init("§6.5.2 MAX_FRAME_SIZE 2²⁴−1", [.settings([(5, (1 << 24) - 1)])], .alive),
        .init("§6.5.2 MAX_FRAME_SIZE 2²⁴", [.settings([(5, 1 << 24)])], .goAway([protocolError])),
        .init("§6.5.2 HEADER_TABLE_SIZE 0", [.settings([(1, 0)]), get], .status(200)),
        .init(
            "§6.5.2 HEADER_TABLE_SIZE 2³²−1 is more than is used", [.settings([(1, 0xFFFF_FFFF)]), get],
            .status(200)),
        .init(
            "§6.5.2 HEADER_TABLE_SIZE 0, then 2³²−1",
            [.settings([(1, 0)]), .settings([(4, 9), (1, 0xFFFF_FFFF)]), get], .status(200)),
        .init(
            "§6.5.2 MAX_CONCURRENT_STREAMS 0 is about streams of ours", [.settings([(3, 0)]), get],
            .status(200)),
        .init("§6.5.2 an unknown setting is ignored", [.settings([(0xFF, 1)]), get], .status(200)),
        .init(
            "§6.5.3 the last of several values holds", [.settings([(4, 0), (4, 65535)]), get], .status(200)),
    ]

    // MARK: Streams

    static let streams: [HTTP2Case] = [
        .init("§5.1 DATA on an idle stream", [.data(1, "a")], .goAway([protocolError])),
        .init("§5.1 WINDOW_UPDATE on an idle stream", [.window(1, 1)], .goAway([protocolError])),
        .init(
            "§5.1 CONTINUATION on an idle stream", [.continuation(1, RawFrame.request())],
            .goAway([protocolError])),
        .init("§5.1 PRIORITY on an idle stream", [.priority(3, on: 0), get], .status(200)),
        .init("§5.1 DATA after END_STREAM", [post, .data(1, "a"), .data(1, "b")], .reset([streamClosed])),
        .init("§5.1 HEADERS after END_STREAM", [get, get], .reset([streamClosed, protocolError])),
        .init("§5.1 DATA after RST_STREAM", [post, .reset(1), .data(1, "a")], .reset([streamClosed])),
        .init(
            "§5.1 HEADERS after RST_STREAM", [post, .reset(1), get], .reset([streamClosed, protocolError])),
        .init("§5.1 WINDOW_UPDATE after END_STREAM", [get, .window(1, 1)], .status(200)),
        .init("§5.1 RST_STREAM after END_STREAM", [get, .reset(1)], .alive),
        .init("§5.1 PRIORITY on a closed stream", [get, .priority(1, on: 0)], .status(200)),
        .init("§5.1.1 an even stream", [.headers(2, RawFrame.request())], .goAway([protocolError])),
        .init(
            "§5.1.1 a stream below the last",
            [.headers(5, RawFrame.request()), .headers(3, RawFrame.request())],
            .goAway([protocolError, streamClosed])),
        .init(
            "§5.1.1 identifiers may be left out", [.headers(101, RawFrame.request())],
            .status(200, stream: 101)),
        .init(
            "§5.1.1 the largest identifier", [.headers(0x7FFF_FFFF, RawFrame.request())],
            .status(200, stream: 0x7FFF_FFFF)),
        .init("§5.3.1 PRIORITY on itself", [get, .priority(3, on: 3)], .reset([protocolError], stream: 3)),
        .init(
            "§5.3.1 HEADERS with a dependency on itself",
            [RawFrame(type: 1, flags: 37, stream: 1, payload: [0, 0, 0, 1, 15] + RawFrame.request())],
            .reset([protocolError])),
        .init(
            "§6.8 a client that leaves is answered what it asked", [post, .goAway(), .data(1, "a")],
            .status(200)),
    ]

    // MARK: Header blocks

    static let blocks: [HTTP2Case] = [
        .init(
            "§6.10 a block in two frames",
            [
                .headers(1, Array(RawFrame.request()[..<20]), flags: 1),
                .continuation(1, Array(RawFrame.request()[20...])),
            ],
            .status(200)),
        .init(
            "§6.10 an empty first part", [.headers(1, [], flags: 1), .continuation(1, RawFrame.request())],
            .status(200)),
        .init(
            "§6.2 another frame inside a block", [.headers(1, [], flags: 1), .ping], .goAway([protocolError])),
        .init(
            "§6.2 DATA inside a block", [.headers(1, RawFrame.request(), flags: 0), .data(1, "a")],
            .goAway([protocolError])),
        .init(
            "§6.2 a frame of an unknown type inside a block",
            [.headers(1, [], flags: 1), RawFrame(type: 0x16, stream: 0)], .goAway([protocolError])),
        .init(
            "§6.2 a block of another stream inside a block",
            [.headers(1, [], flags: 1), .continuation(3, RawFrame.request())], .goAway([protocolError])),
        .init(
            "§6.2 HEADERS inside a block", [.headers(1, [], flags: 1), .headers(3, RawFrame.request())],
            .goAway([protocolError])),
        .init(
            "§6.10 CONTINUATION after the end of a block", [post, .continuation(1, [])],
            .goAway([protocolError])),
        .init("7541 §2.3.3 index 0", [.headers(1, [0x80])], .goAway([compression])),
        .init("7541 §2.3.3 an index beyond the tables", [.headers(1, [0xFF, 0x20])], .goAway([compression])),
        .init(
            "7541 §6.2 the name of an index beyond the tables", [.headers(1, [0x0F, 0x70, 1, 0x61])],
            .goAway([compression])),
        .init(
            "7541 §5.1 an integer that never ends",
            [.headers(1, [0xFF] + [UInt8](repeating: 0xFF, count: 12))], .goAway([compression])),
        .init("7541 §5.1 an integer that is cut off", [.headers(1, [0xFF, 0x80])], .goAway([compression])),
        .init(
            "7541 §5.2 a string longer than the block", [.headers(1, [0, 0x7F, 0x61])], .goAway([compression])
        ),
        .init(
            "7541 §5.2 Huffman padding of zeros", [.headers(1, [0, 0x81, 0x18, 1, 0x61])],
            .goAway([compression])),
        .init(
            "7541 §5.2 Huffman padding of a byte", [.headers(1, [0, 0x82, 0x1F, 0xFF, 1, 0x61])],
            .goAway([compression])),
        .init(
            "7541 §5.2 the EOS symbol", [.headers(1, [0, 0x84, 0xFF, 0xFF, 0xFF, 0xFF, 1, 0x61])],
            .goAway([compression])),
        .init(
            "7541 §6.3 a table larger than allowed", [.headers(1, [0x3F, 0xE2, 0x1F] + RawFrame.request())],
            .goAway([compression])),
        .init(
            "7541 §4.2 a change of the table inside a block", [.headers(1, RawFrame.request() + [0x20])],
            .goAway([compression])),
        .init("7541 §4.2 a smaller table", [.headers(1, [0x20] + RawFrame.request())], .status(200)),
        .init(
            "7541 §6.1 fields of the static table",
            [.headers(1, [0x82, 0x84, 0x87] + RawFrame.block([(":authority", "a")]))], .status(200)),
    ]

    // MARK: Fields

    static let fields: [HTTP2Case] = [
        request("§8.3.1 a request", [], .status(200)),
        request("§8.3.1 without :method", [(":method", nil)], .reset([protocolError])),
        request("§8.3.1 without :scheme", [(":scheme", nil)], .reset([protocolError])),
        request("§8.3.1 an empty :scheme", [(":scheme", "")], .status(400)),
        request("§8.3.1 without :path", [(":path", nil)], .reset([protocolError])),
        request("§8.3.1 an empty :path", [(":path", "")], .reset([protocolError])),
        listed("§8.3 :method twice", RawFrame.fields + [(":method", "GET")], .reset([protocolError])),
        listed("§8.3 :scheme twice", RawFrame.fields + [(":scheme", "https")], .reset([protocolError])),
        listed("§8.3 :path twice", RawFrame.fields + [(":path", "/")], .reset([protocolError])),
        listed("§8.3 :authority twice", RawFrame.fields + [(":authority", "b")], .reset([protocolError])),
        request("§8.3 an unknown pseudo-header field", [(":foo", "a")], .reset([protocolError])),
        request("§8.3.2 :status in a request", [(":status", "200")], .reset([protocolError])),
        listed(
            "§8.3 a pseudo-header field after others", [("a", "b")] + RawFrame.fields, .reset([protocolError])
        ),
        request(
            "8441 §3 :protocol without being asked", [(":protocol", "websocket")], .reset([protocolError])),
        request("§8.5 CONNECT with a path", [(":method", "CONNECT")], .reset([protocolError])),
        listed("§8.5 CONNECT", [(":method", "CONNECT"), (":authority", "a:1")], .status(501)),
        request("§8.3.1 TRACE", [(":method", "TRACE")], .status(501)),
        request("§8.3.1 a method that is no token", [(":method", "G(T")], .status(400)),
        request("§8.3.1 a blank in :path", [(":path", "/a b")], .reset([protocolError])),
        request("§8.3.1 a fragment in :path", [(":path", "/a#b")], .status(400)),
        request("§8.3.1 :path in absolute form", [(":path", "http://localhost/")], .status(400)),
        request("§8.3.1 :path without a slash", [(":path", "a")], .status(400)),
        request("§8.3.1 * for GET", [(":path", "*")], .status(400)),
        request("§8.3.1 * for OPTIONS", [(":method", "OPTIONS"), (":path", "*")], .status(200)),
        request("§8.3.1 a host that is none", [(":authority", "a/b")], .status(400)),
        request("§8.3.1 user information in :authority", [(":authority", "me@localhost")], .status(400)),
        request("§8.3.1 neither :authority nor Host", [(":authority", nil)], .status(400)),
        request(
            "§8.3.1 Host in place of :authority", [(":authority", nil), ("host", "localhost")], .status(200)),
        request("§8.3.1 Host as :authority", [("host", "LOCALHOST")], .status(200)),
        request("§8.3.1 Host unlike :authority", [("host", "other")], .status(400)),
        request("§8.2.1 a name with a capital letter", [("Accept", "a")], .reset([protocolError])),
        request("§8.2.1 an empty name", [("", "a")], .reset([protocolError, compression])),
        request("§8.2.1 a blank in a name", [("a b", "c")], .reset([protocolError])),
        request("§8.2.1 a colon in a name", [("a:b", "c")], .reset([protocolError])),
        request("§8.2.1 CR in a value", [("a", "b\rc")], .reset([protocolError])),
        request("§8.2.1 LF in a value", [("a", "b\nc: d")], .reset([protocolError])),
        request("§8.2.1 NUL in a value", [("a", "b\0c")], .reset([protocolError])),
        request("§8.2.1 LF in :path", [(":path", "/\nx")], .reset([protocolError])),
        request("§8.2.1 a blank before a value", [("a", " b")], .status(400)),
        request("§8.2.1 a blank after a value", [("a", "b ")], .status(400)),
        request("§8.2.1 an empty value", [("a", "")], .status(200)),
        request("§8.2.2 Connection", [("connection", "close")], .reset([protocolError])),
        request("§8.2.2 Keep-Alive", [("keep-alive", "1")], .reset([protocolError])),
        request("§8.2.2 Proxy-Connection", [("proxy-connection", "close")], .reset([protocolError])),
        request("§8.2.2 Transfer-Encoding", [("transfer-encoding", "chunked")], .reset([protocolError])),
        request("§8.2.2 Upgrade", [("upgrade", "websocket")], .reset([protocolError])),
        request("§8.2.2 TE with another value", [("te", "gzip")], .reset([protocolError])),
        request("§8.2.2 TE: trailers", [("te", "trailers")], .status(200)),
        request("§8.2.3 crumbs of cookies", [("cookie", "a=1"), ("x", "y")], .status(200)),
    ]

    // MARK: Bodies

    private static func posted(_ length: String, _ frames: [RawFrame], _ what: String, _ expected: Expected)
        -> HTTP2Case
    {
        let block = RawFrame.request([(":method", "POST"), ("content-length", length)])
        return HTTP2Case(what, [.headers(1, block, flags: RawFrame.endHeaders)] + frames, expected)
    }

    static let bodies: [HTTP2Case] = [
        .init("§8.1 a body", [post, .data(1, "abc")], .status(200)),
        .init(
            "§8.1 a body in pieces",
            [post, .data(1, "a", end: false), .data(1, "b", end: false), .data(1, "c")], .status(200)),
        .init(
            "§8.1 an empty DATA frame at the end", [post, .data(1, "a", end: false), .data(1, "")],
            .status(200)),
        posted("3", [.data(1, "abc")], "§8.1.1 Content-Length as it is", .status(200)),
        posted("4", [.data(1, "abc")], "§8.1.1 Content-Length above the body", .reset([protocolError])),
        posted("2", [.data(1, "abc")], "§8.1.1 Content-Length below the body", .reset([protocolError])),
        posted(
            "3", [.data(1, "ab", end: false), .data(1, "cd")],
            "§8.1.1 Content-Length below the body in pieces", .reset([protocolError])),
        request("§8.1.1 Content-Length without a body", [("content-length", "5")], .reset([protocolError])),
        request("§8.1.1 Content-Length 0 without a body", [("content-length", "0")], .status(200)),
        posted(
            "abc", [.data(1, "abc")], "§8.1.1 a Content-Length that is no number", .reset([protocolError])),
        posted("-1", [.data(1, "abc")], "§8.1.1 a negative Content-Length", .reset([protocolError])),
        .init(
            "§8.1 trailers", [post, .data(1, "a", end: false), .headers(1, RawFrame.block([("x", "y")]))],
            .status(200)),
        .init(
            "§8.1 a pseudo-header field in trailers",
            [post, .data(1, "a", end: false), .headers(1, RawFrame.block([(":method", "GET")]))],
            .reset([protocolError])),
        .init(
            "§8.1 trailers that do not end the stream",
            [
                post, .data(1, "a", end: false),
                .headers(1, RawFrame.block([("x", "y")]), flags: RawFrame.endHeaders),
            ],
            .reset([protocolError])),
    ]

    // MARK: Flow control

    static let windows: [HTTP2Case] = [
        .init("§6.9 WINDOW_UPDATE of 0", [.window(0, 0)], .goAway([protocolError])),
        .init("§6.9 WINDOW_UPDATE of 0 on a stream", [post, .window(1, 0)], .reset([protocolError])),
        .init("§6.9.1 a window above 2³¹−1", [.window(0, 0x7FFF_FFFF)], .goAway([flowControl])),
        .init(
            "§6.9.1 a window of a stream above 2³¹−1", [post, .window(1, 0x7FFF_FFFF)], .reset([flowControl])),
        .init("§6.9.1 the largest window", [.window(0, 0x7FFF_FFFF - 65535), get], .status(200)),
        .init(
            "§6.9.2 a window of a stream above 2³¹−1 by SETTINGS",
            [post, .window(1, 0x7FFF_FFFF - 65535), .settings([(4, 65536)])], .goAway([flowControl])),
        .init(
            "§6.9 the reserved bit of an increment is ignored", [.window(0, 0x8000_0001), get], .status(200)),
    ]
}
