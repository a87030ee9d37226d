// SPDX-License-Identifier: MIT

/// Every number of HTTP/1.1 that a client can push, with its default and the reason for it.
/// Times are milliseconds, sizes bytes. LimitTable names those that can be configured.
struct Limits: Sendable, Equatable {
    /// Longest request line, without CRLF → 414. Twice nginx's 8 KiB; RFC 9112 §3 asks for at least 8000.
    var requestLine = 16 << 10
    /// The header section with its CRLFs → 431. Cookies plus one long token fit; a flood does not.
    var headerBytes = 64 << 10
    /// Longest field line, without CRLF → 431.
    var fieldLine = 16 << 10
    /// Field lines → 431. Browsers send about 20, proxies add 10.
    var fieldCount = 256
    /// Empty lines before a request line that are forgiven (RFC 9112 §2.2 asks for at least one).
    var leadingEmptyLines = 2
    /// From the first byte of a head to its last → 408. In total, so that a byte every few seconds does not
    /// help.
    var headTime: UInt64 = 10_000

    /// Request body → 413, by Content-Length before a byte of it is read. A route may set its own.
    var bodyBytes = 8 << 20
    /// Longest silence while a body is expected → 408.
    var bodyTime: UInt64 = 30_000
    /// Least bytes that must arrive in each second, on average over each `bodyTime` → 408.
    var bodyRate = 1 << 10
    /// Bytes of an unwanted body that are read and dropped to keep the connection; beyond, it is closed.
    var discardedBody = 1 << 20
    /// Chunk-size lines and extensions are allowed this much per message, or 16 bytes for each chunk plus one
    /// for each byte of data, whichever is more → 400 (CVE-2023-39326: overhead without data).
    var chunkOverhead = 16 << 10
    /// Trailer section → 431. Trailers are read and dropped (RFC 9110 §6.5.1: never merge unasked).
    var trailerBytes = 8 << 10
    var trailerCount = 32

    /// Parts of a multipart body → 413. A page of a hundred files is a long one.
    var parts = 128
    /// The head of a part → 413.
    var partHead = 8 << 10
    /// A field of a multipart form → 413. Fields are kept in memory.
    var formField = 1 << 20
    /// A file of a multipart form → 413. Files are kept on disk; `bodyBytes` bounds them all.
    var formFile = 1 << 40

    /// Bytes that may come of one byte of a compressed body → 413. Text shrinks to a fifth; only zeros to a thousandth.
    var inflation = 100

    /// Requests under way on one HTTP/2 connection; the client is told, more are refused.
    var streams = 100
    /// Streams that a client may reset, or make us reset, in 30 s → GOAWAY (CVE-2023-44487, CVE-2025-8671).
    var streamResets = 200
    /// Frames that ask for work and bring nothing (PING, SETTINGS, PRIORITY, WINDOW_UPDATE) in 10 s → GOAWAY.
    var controlFrames = 1000
    /// TLS handshake, or PROXY header → closed.
    var handshakeTime: UInt64 = 5_000

    /// Keep-alive without a request: the connection is closed.
    var idleTime: UInt64 = 60_000
    /// The same when the server stops.
    var drainTime: UInt64 = 500
    /// Requests on one connection; the last answer says `Connection: close`. Lets balancers rebalance.
    var requestsPerConnection = 10_000
    /// Answer bytes that make no progress → reset. The client has gone or does not read.
    var writeStall: UInt64 = 30_000
    /// Pipelined bytes kept while an answer is pending; beyond, the socket is not read.
    var pipelinedBytes = 64 << 10

    /// Connections in all, of all workers; 0: 80 % of the descriptors that the process may open. The rest is for
    /// files, so that a crowd of clients never keeps the server from reading one.
    var connections = 0
    /// Connections of one address, an IPv6 one being its /64.
    var connectionsPerAddress = 256

    /// Processor time of a handler from one wait to the next.
    var cpuTime: UInt64 = 2_000
    /// Bytes by which one request may let its Lua VM grow.
    var memory = 64 << 20
    /// Bytes of each Lua VM.
    var vmMemory = 256 << 20
    /// From a handler's first wait to its answer → 503. Browsers give up later, and nobody waits that long.
    var time: UInt64 = 30_000

    /// Bytes of a page that a template makes, and its steps: rounds of loops, items that filters look at.
    var pageBytes = 64 << 20
    var pageSteps = 50_000_000

    /// Lingering close (RFC 9112 §9.6): after the answer, what the client still sends is dropped for so long
    /// and so much, so that a reset cannot destroy the answer on its way.
    var lingerIdle: UInt64 = 2_000
    var lingerTotal: UInt64 = 5_000
    var lingerBytes = 1 << 20

    init() {}
}
