// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import NIOHPACK

@testable import LuaHTTP

/// A frame as its bytes are: nothing about it is checked, so that it may be wrong.
struct RawFrame: Equatable, CustomStringConvertible {
    var type: UInt8
    var flags: UInt8 = 0
    var stream: UInt32
    var payload: [UInt8] = []
    /// Says another length than the payload has.
    var length: Int?

    static let endStream: UInt8 = 1
    static let endHeaders: UInt8 = 4

    var bytes: [UInt8] {
        let count = length ?? payload.count
        return [
            UInt8(truncatingIfNeeded: count >> 16), UInt8(truncatingIfNeeded: count >> 8),
            UInt8(truncatingIfNeeded: count), type, flags,
        ] + Self.word(stream) + payload
    }

    static func word(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
    }

    /// The 32 bits at an index of the payload.
    func word(_ index: Int) -> UInt32 {
        payload[index..<index + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    var description: String {
        let names = [
            "DATA", "HEADERS", "PRIORITY", "RST", "SETTINGS", "PUSH", "PING", "GOAWAY", "WINDOW",
            "CONTINUATION",
        ]
        let name = Int(type) < names.count ? names[Int(type)] : "type \(type)"
        switch type {
        case 3: return "\(name)(\(stream), code \(word(0)))"
        case 7: return "\(name)(last \(word(0)), code \(word(4)))"
        default: return "\(name)(\(stream), flags \(flags), \(payload.count) bytes)"
        }
    }

    // MARK: Frames

    static func data(_ stream: UInt32, _ text: String, end: Bool = true) -> RawFrame {
        RawFrame(type: 0, flags: end ? endStream : 0, stream: stream, payload: Array(text.utf8))
    }

    static func headers(_ stream: UInt32, _ block: [UInt8], flags: UInt8 = endStream | endHeaders) -> RawFrame
    {
        RawFrame(type: 1, flags: flags, stream: stream, payload: block)
    }

    static func priority(_ stream: UInt32, on other: UInt32) -> RawFrame {
        RawFrame(type: 2, stream: stream, payload: word(other) + [15])
    }

    static func reset(_ stream: UInt32, _ code: UInt32 = 8) -> RawFrame {
        RawFrame(type: 3, stream: stream, payload: word(code))
    }

    static func settings(_ values: [(UInt16, UInt32)] = []) -> RawFrame {
        RawFrame(
            type: 4, stream: 0,
            payload: values.flatMap { [UInt8($0.0 >> 8), UInt8(truncatingIfNeeded: $0.0)] + word($0.1) })
    }

    static let settingsAck = RawFrame(type: 4, flags: 1, stream: 0)
    static let ping = RawFrame(type: 6, stream: 0, payload: Array("pingpong".utf8))

    static func goAway(_ last: UInt32 = 0, _ code: UInt32 = 0) -> RawFrame {
        RawFrame(type: 7, stream: 0, payload: word(last) + word(code))
    }

    static func window(_ stream: UInt32, _ increment: UInt32) -> RawFrame {
        RawFrame(type: 8, stream: stream, payload: word(increment))
    }

    static func continuation(_ stream: UInt32, _ block: [UInt8], end: Bool = true) -> RawFrame {
        RawFrame(type: 9, flags: end ? endHeaders : 0, stream: stream, payload: block)
    }

    // MARK: Header blocks

    /// Literals without indexing, names and values as they are (RFC 7541 §6.2.2).
    static func block(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { [0] + string(Array($0.0.utf8)) + string(Array($0.1.utf8)) }
    }

    static func string(_ bytes: [UInt8]) -> [UInt8] { integer(bytes.count, prefix: 7) + bytes }

    static func integer(_ value: Int, prefix: Int, first: UInt8 = 0) -> [UInt8] {
        let most = 1 << prefix - 1
        if value < most { return [first | UInt8(value)] }
        var bytes = [first | UInt8(most)]
        var rest = value - most
        while rest >= 128 {
            bytes.append(UInt8(rest & 127) | 128)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    static let fields = [
        (":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "localhost"),
    ]

    /// A request with some fields put in place of others or added, or left out where the value is nil.
    static func request(_ changes: [(String, String?)] = []) -> [UInt8] {
        var fields = fields
        for (name, value) in changes {
            if let index = fields.firstIndex(where: { $0.0 == name }) {
                if let value { fields[index].1 = value } else { fields.remove(at: index) }
            } else if let value {
                fields.append((name, value))
            }
        }
        return block(fields)
    }
}

/// An HTTP/2 connection in memory: frames in, frames out, and the time as the test says.
final class HTTP2TestConnection {
    let application = ScriptedApplication()
    let channel: EmbeddedChannel
    let loop: LoopConnections
    private let handler: HTTP2Connection<ScriptedApplication>?
    private var received: [UInt8] = []
    private var decoder = HPACKDecoder(allocator: ByteBufferAllocator())
    /// All that came, in order.
    private(set) var frames: [RawFrame] = []
    private(set) var heads: [UInt32: [(name: String, value: String)]] = [:]
    private(set) var bodies: [UInt32: [UInt8]] = [:]
    let start = Clock.milliseconds()

    static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// - Parameter greets: the preface and SETTINGS are sent and their answers read.
    init(greets: Bool = true, _ change: (inout Limits) -> Void = { _ in }) throws {
        var limits = Limits()
        change(&limits)
        let eventLoop = EmbeddedEventLoop()
        loop = LoopConnections(eventLoop: eventLoop)
        let handlers = HTTP2Setup.handlers(
            application: application, loop: loop, limits: limits, origin: ConnectionOrigin())
        handler = handlers.last as? HTTP2Connection<ScriptedApplication>
        channel = EmbeddedChannel(handlers: handlers, loop: eventLoop)
        try channel.setOption(.allowRemoteHalfClosure, value: true).wait()
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        guard greets else { return }
        try send(bytes: Self.preface + RawFrame.settings().bytes + RawFrame.settingsAck.bytes)
        frames.removeAll()
    }

    var isOpen: Bool { handler.map { $0.phase != .lingering && $0.phase != .closed } ?? false }
    var streamCount: Int { handler?.streams.count ?? 0 }

    /// One read burst.
    func send(_ frames: RawFrame...) throws { try send(bytes: frames.flatMap(\.bytes)) }

    func send(bytes: [UInt8]) throws {
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        channel.embeddedEventLoop.run()
        try read()
    }

    func tick(_ milliseconds: UInt64) throws {
        loop.tick(now: start + milliseconds)
        try read()
    }

    /// Takes what was written meanwhile.
    func read() throws {
        while let part = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { received += buffer.readableBytesView }
        }
        while received.count >= 9 {
            let length = Int(received[0]) << 16 | Int(received[1]) << 8 | Int(received[2])
            guard received.count >= 9 + length else { return }
            let frame = RawFrame(
                type: received[3], flags: received[4],
                stream: received[5..<9].reduce(0) { $0 << 8 | UInt32($1) },
                payload: Array(received[9..<9 + length]))
            received.removeFirst(9 + length)
            frames.append(frame)
            if frame.type == 1 {
                var buffer = ByteBuffer(bytes: frame.payload)
                let fields = try decoder.decodeHeaders(from: &buffer)
                heads[frame.stream, default: []] += fields.map { (name: $0.name, value: $0.value) }
            }
            if frame.type == 0 { bodies[frame.stream, default: []] += frame.payload }
        }
    }

    func status(_ stream: UInt32) -> Int? {
        heads[stream]?.last { $0.name == ":status" }.flatMap { Int($0.value) }
    }

    func field(_ name: String, _ stream: UInt32) -> String? {
        heads[stream]?.first { $0.name == name }?.value
    }

    func text(_ stream: UInt32) -> String { String(decoding: bodies[stream] ?? [], as: UTF8.self) }

    /// The answer of a stream is complete.
    func isComplete(_ stream: UInt32) -> Bool {
        frames.contains { $0.stream == stream && $0.type < 2 && $0.flags & RawFrame.endStream != 0 }
    }

    /// The code of the last GOAWAY.
    var goAway: UInt32? { frames.last { $0.type == 7 }?.word(4) }
    func reset(_ stream: UInt32) -> UInt32? { frames.last { $0.type == 3 && $0.stream == stream }?.word(0) }
}
