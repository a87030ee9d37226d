// SPDX-License-Identifier: MIT

internal import NIOCore

/// Between the socket and NIOHTTP2Handler, which does what RFC 9113 says in three places where a server wants more:
/// our limits hold from the first frame, not from their acknowledgement; the client is told limits below those that
/// end the connection; and its table for our heads has a bound. Knows frames by their first nine bytes only.
final class HTTP2FrameGate: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private enum Kind {
        static let settings: UInt8 = 4
        static let alternativeService: UInt8 = 0xA
        static let origin: UInt8 = 0xC
        /// One that nobody knows, and that is ignored therefore (RFC 9113 §5.5).
        static let unknown: UInt8 = 0xFF
    }

    private static let headSize = 9
    private static let entrySize = 6
    private static let largestFrame = 1 << 14
    /// What encoders begin with (RFC 7541, SETTINGS_HEADER_TABLE_SIZE): they may always use less than is allowed.
    private static let largestTable: UInt32 = 4096

    /// SETTINGS for the client, until they take the place of those that NIOHTTP2 keeps to.
    private var announcement: ByteBuffer?
    /// Bytes until the next frame begins; first those of the preface.
    private var left = 24
    /// A head, or SETTINGS, that has not arrived as a whole.
    private var held: ByteBuffer?
    private var isGreeted = false
    private var isAcknowledged = false
    private var expectsAcknowledgement = false

    /// - Parameter settings: what the client is told.
    init(announcing settings: [(parameter: UInt16, value: UInt32)]) {
        var frame = ByteBuffer()
        frame.writeBytes([0, 0, UInt8(truncatingIfNeeded: settings.count &* Self.entrySize)])
        frame.writeBytes([Kind.settings, 0, 0, 0, 0, 0])
        for (parameter, value) in settings {
            frame.writeInteger(parameter)
            frame.writeInteger(value)
        }
        announcement = frame
    }

    // MARK: Writing

    /// The first that NIOHTTP2 writes are its SETTINGS (RFC 9113 §3.4).
    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard let frame = announcement else { return context.write(data, promise: promise) }
        announcement = nil
        context.write(Self.wrapOutboundOut(.byteBuffer(frame)), promise: promise)
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var input = Self.unwrapInboundIn(data)
        if var before = held {
            held = nil
            before.writeBuffer(&input)
            input = before
        }
        while true {
            dropAcknowledgement(&input)
            let count = pass(&input)
            guard let part = input.readSlice(length: count), count > 0 else { break }
            context.fireChannelRead(Self.wrapInboundOut(part))
            acknowledge(context)
        }
        if input.readableBytes > 0 { held = input }
    }

    /// In the client's name, as soon as it has said SETTINGS: our limits hold from here on.
    private func acknowledge(_ context: ChannelHandlerContext) {
        guard isGreeted, !isAcknowledged else { return }
        isAcknowledged = true
        expectsAcknowledgement = true
        context.fireChannelRead(
            Self.wrapInboundOut(ByteBuffer(bytes: [0, 0, 0, Kind.settings, 1, 0, 0, 0, 0])))
    }

    /// The client's own has been taken already.
    private func dropAcknowledgement(_ input: inout ByteBuffer) {
        guard expectsAcknowledgement, left == 0,
            let head = Head(input, at: input.readerIndex), head.isAcknowledgement
        else { return }
        expectsAcknowledgement = false
        input.moveReaderIndex(forwardBy: Self.headSize)
    }

    /// How many bytes go on as they are now: up to the end of the first SETTINGS, to the acknowledgement that is
    /// dropped, or to what has not arrived as a whole.
    private func pass(_ input: inout ByteBuffer) -> Int {
        var at = input.readerIndex
        while true {
            let count = min(left, input.writerIndex &- at)
            at &+= count
            left &-= count
            guard left == 0, let head = Head(input, at: at) else { break }
            if expectsAcknowledgement, head.isAcknowledgement { break }
            switch head.kind {
            case Kind.settings where head.length <= Self.largestFrame:
                let payload = at &+ Self.headSize
                guard payload &+ head.length <= input.writerIndex else { return at &- input.readerIndex }
                boundTable(&input, from: payload, to: payload &+ head.length)
                at = payload &+ head.length
                if !isGreeted, !head.isAcknowledged {
                    isGreeted = true
                    return at &- input.readerIndex
                }
                continue
            case Kind.alternativeService, Kind.origin:
                // RFC 7838 §4, RFC 8336 §2.1: nothing that a server looks at, broken or not.
                input.setInteger(Kind.unknown, at: at &+ 3)
            default: break
            }
            at &+= Self.headSize
            left = head.length
        }
        return at &- input.readerIndex
    }

    /// SETTINGS_HEADER_TABLE_SIZE: a client that allows gigabytes would have us keep, and search, all field lines that
    /// we ever sent it.
    private func boundTable(_ input: inout ByteBuffer, from start: Int, to end: Int) {
        var at = start
        while at &+ Self.entrySize <= end {
            if input.getInteger(at: at, as: UInt16.self) == 1,
                let size = input.getInteger(at: at &+ 2, as: UInt32.self), size > Self.largestTable
            {
                input.setInteger(Self.largestTable, at: at &+ 2)
            }
            at &+= Self.entrySize
        }
    }

    /// RFC 9113 §4.1
    private struct Head {
        let length: Int
        let kind: UInt8
        /// Of SETTINGS and PING.
        let isAcknowledged: Bool
        private let stream: UInt32

        init?(_ input: ByteBuffer, at index: Int) {
            guard index &+ HTTP2FrameGate.headSize <= input.writerIndex,
                let word = input.getInteger(at: index, as: UInt32.self),
                let flags = input.getInteger(at: index &+ 4, as: UInt8.self),
                let stream = input.getInteger(at: index &+ 5, as: UInt32.self)
            else { return nil }
            length = Int(word >> 8)
            kind = UInt8(truncatingIfNeeded: word)
            isAcknowledged = flags & 1 != 0
            self.stream = stream & 0x7FFF_FFFF
        }

        var isAcknowledgement: Bool { kind == Kind.settings && isAcknowledged && length == 0 && stream == 0 }
    }
}

@available(*, unavailable)
extension HTTP2FrameGate: Sendable {}
