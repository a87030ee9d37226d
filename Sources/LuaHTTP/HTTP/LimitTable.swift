// SPDX-License-Identifier: MIT

/// The one table of limits: the name that `app:config { limits = … }`, the log and `luahttpd config` use, what
/// values are allowed, and what happens when one is hit. Does not know where a value was set.
extension Limits {
    /// Which limit: the raw value is its key in the configuration.
    enum Name: String, Sendable, CaseIterable {
        case requestLine = "target"
        case headerBytes = "head"
        case fieldLine = "header"
        case fieldCount = "fields"
        case headTime = "head_time"
        case bodyBytes = "body"
        case bodyTime = "body_time"
        case bodyRate = "body_rate"
        case chunkOverhead = "chunk_overhead"
        case trailers
        case parts
        case partHead = "part_head"
        case formField = "field"
        case formFile = "file"
        case inflation
        case streams
        case streamResets = "resets"
        case controlFrames = "control_frames"
        case handshakeTime = "handshake_time"
        case idleTime = "idle_time"
        case writeStall = "write_stall"
        case requestsPerConnection = "requests"
        case pipelinedBytes = "pipelined"
        case connections
        case connectionsPerAddress = "connections_per_address"
        case cpuTime = "cpu"
        case memory
        case time
        case vmMemory = "vm_memory"
        case pageBytes = "page"
        case pageSteps = "page_steps"
    }

    struct Row: Sendable {
        enum Unit: Sendable { case bytes, count, milliseconds }

        let unit: Unit
        /// Values that may be set, in bytes, pieces or milliseconds.
        let range: ClosedRange<Int>
        /// What it bounds, and what a client gets.
        let meaning: String
        /// A route may have its own.
        var isPerRoute = false
    }

    /// The value of a limit, as an integer of the row's unit.
    subscript(name: Name) -> Int {
        get {
            switch name.storage {
            case .number(let path): self[keyPath: path]
            case .time(let path): Int(clamping: self[keyPath: path])
            }
        }
        set {
            switch name.storage {
            case .number(let path): self[keyPath: path] = newValue
            case .time(let path): self[keyPath: path] = UInt64(clamping: newValue)
            }
        }
    }

    /// The default limits with those changed that a script has set.
    init(changing values: [Name: Int]) {
        self.init()
        for (name, value) in values { self[name] = value }
    }

    /// These with some changed, such as those of a route.
    func changed(by values: [Name: Int]) -> Limits {
        var limits = self
        for (name, value) in values { limits[name] = value }
        return limits
    }

    /// Least bytes that must arrive in each `bodyTime`.
    var bodyBytesPerWindow: Int {
        let (bytes, overflow) = bodyRate.multipliedReportingOverflow(by: Int(clamping: bodyTime) / 1000)
        return overflow ? .max : bytes
    }
}

extension Limits.Name {
    fileprivate enum Storage {
        case number(WritableKeyPath<Limits, Int>)
        case time(WritableKeyPath<Limits, UInt64>)
    }

    fileprivate var storage: Storage {
        switch self {
        case .requestLine: .number(\.requestLine)
        case .headerBytes: .number(\.headerBytes)
        case .fieldLine: .number(\.fieldLine)
        case .fieldCount: .number(\.fieldCount)
        case .headTime: .time(\.headTime)
        case .bodyBytes: .number(\.bodyBytes)
        case .bodyTime: .time(\.bodyTime)
        case .bodyRate: .number(\.bodyRate)
        case .chunkOverhead: .number(\.chunkOverhead)
        case .trailers: .number(\.trailerBytes)
        case .parts: .number(\.parts)
        case .partHead: .number(\.partHead)
        case .formField: .number(\.formField)
        case .formFile: .number(\.formFile)
        case .inflation: .number(\.inflation)
        case .streams: .number(\.streams)
        case .streamResets: .number(\.streamResets)
        case .controlFrames: .number(\.controlFrames)
        case .handshakeTime: .time(\.handshakeTime)
        case .idleTime: .time(\.idleTime)
        case .writeStall: .time(\.writeStall)
        case .requestsPerConnection: .number(\.requestsPerConnection)
        case .pipelinedBytes: .number(\.pipelinedBytes)
        case .connections: .number(\.connections)
        case .connectionsPerAddress: .number(\.connectionsPerAddress)
        case .cpuTime: .time(\.cpuTime)
        case .memory: .number(\.memory)
        case .time: .time(\.time)
        case .vmMemory: .number(\.vmMemory)
        case .pageBytes: .number(\.pageBytes)
        case .pageSteps: .number(\.pageSteps)
        }
    }

    private static let day = 86_400_000
    /// A head is kept whole, in memory that every connection can ask for.
    private static let head = 16 << 20

    var row: Limits.Row {
        switch self {
        case .requestLine: .init(unit: .bytes, range: 64...Self.head, meaning: "request line → 414")
        case .headerBytes: .init(unit: .bytes, range: 64...Self.head, meaning: "all header lines → 431")
        case .fieldLine: .init(unit: .bytes, range: 64...Self.head, meaning: "one header line → 431")
        case .fieldCount: .init(unit: .count, range: 1...65535, meaning: "header lines → 431")
        case .headTime:
            .init(
                unit: .milliseconds, range: 500...Self.day,
                meaning: "from the first byte of a head to its last → 408")
        case .bodyBytes:
            .init(unit: .bytes, range: 1...(1 << 40), meaning: "request body → 413", isPerRoute: true)
        case .bodyTime:
            .init(unit: .milliseconds, range: 500...Self.day, meaning: "silence inside a body → 408")
        case .bodyRate:
            .init(unit: .bytes, range: 0...(1 << 30), meaning: "least bytes of a body each second → 408")
        case .chunkOverhead:
            .init(unit: .bytes, range: 64...(1 << 30), meaning: "chunk sizes and extensions of a body → 400")
        case .trailers: .init(unit: .bytes, range: 64...Self.head, meaning: "trailer section → 431")
        case .parts:
            .init(
                unit: .count, range: 1...65535, meaning: "parts of a multipart body → 413", isPerRoute: true)
        case .partHead:
            .init(unit: .bytes, range: 64...Self.head, meaning: "head of a part → 413", isPerRoute: true)
        case .formField:
            .init(
                unit: .bytes, range: 1...(1 << 30), meaning: "field of a multipart form, in memory → 413",
                isPerRoute: true)
        case .formFile:
            .init(
                unit: .bytes, range: 1...(1 << 40), meaning: "file of a multipart form, on disk → 413",
                isPerRoute: true)
        case .inflation:
            .init(
                unit: .count, range: 1...2000, meaning: "bytes out of one byte of a compressed body → 413",
                isPerRoute: true)
        case .streams:
            .init(
                unit: .count, range: 1...65535,
                meaning: "HTTP/2: requests at a time on a connection; more are refused")
        case .streamResets:
            .init(unit: .count, range: 1...1_000_000, meaning: "HTTP/2: streams reset in 30 s → closed")
        case .controlFrames:
            .init(
                unit: .count, range: 10...1_000_000,
                meaning: "HTTP/2: frames in 10 s that only make work → closed")
        case .handshakeTime:
            .init(
                unit: .milliseconds, range: 500...Self.day,
                meaning: "TLS handshake, or PROXY header → closed")
        case .idleTime:
            .init(
                unit: .milliseconds, range: 500...Self.day, meaning: "kept open between requests, then closed"
            )
        case .writeStall:
            .init(unit: .milliseconds, range: 500...Self.day, meaning: "an answer makes no progress → reset")
        case .requestsPerConnection:
            .init(unit: .count, range: 1...1_000_000_000, meaning: "requests, then Connection: close")
        case .pipelinedBytes:
            .init(
                unit: .bytes, range: 1024...Self.head,
                meaning: "requests waiting behind one that is answered; the rest is not read")
        case .connections:
            .init(unit: .count, range: 1...10_000_000, meaning: "open connections; idle ones make room → 503")
        case .connectionsPerAddress:
            .init(unit: .count, range: 1...10_000_000, meaning: "open connections of one address → 503")
        case .cpuTime:
            .init(
                unit: .milliseconds, range: 10...Self.day,
                meaning: "processor time of a handler between two waits → 503", isPerRoute: true)
        case .memory:
            .init(
                unit: .bytes, range: (64 << 10)...(1 << 40),
                meaning: "Lua memory that one request may add → 503", isPerRoute: true)
        case .vmMemory:
            .init(unit: .bytes, range: (1 << 20)...(1 << 40), meaning: "memory of each Lua VM → 503")
        case .time:
            .init(
                unit: .milliseconds, range: 1...Self.day,
                meaning: "a handler, from its first wait on, without waits for its body; not streams → 503",
                isPerRoute: true)
        case .pageBytes:
            .init(
                unit: .bytes, range: 1024...(1 << 40), meaning: "a page that a template makes → 503, or cut")
        case .pageSteps:
            .init(
                unit: .count, range: 1000...1_000_000_000_000,
                meaning: "rounds and items that a page goes through → 503, or cut")
        }
    }
}
