// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOHTTP2

/// Ending a connection: politely in two steps (RFC 9113 §6.8), because of an error, or because nothing happens.
extension HTTP2Connection {
    /// Longest wait for the answer to the PING that follows the first GOAWAY.
    private static var patience: UInt64 { 1000 }

    // MARK: Leaving

    /// No more streams, please; those on the way are still served. The PING comes back when the client knows.
    func beginDrain() {
        guard phase == .open, context != nil else { return }
        phase = .leaving
        leavesAt = Clock.milliseconds() &+ Self.patience
        writeFirstGoAway()
        write(.ping(HTTP2PingData(withInteger: 0), ack: false), on: .rootStream)
        flush()
    }

    /// GOAWAY with the largest stream. Past NIOHTTP2Handler, which would from then on refuse streams that the client
    /// has sent before it could know; it writes whole frames, so one more fits between any two.
    private func writeFirstGoAway() {
        guard let pipeline = context?.pipeline.syncOperations,
            let codec = try? pipeline.context(handlerType: NIOHTTP2Handler.self)
        else { return }
        let frame: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
        codec.write(BufferAny.wrapOutboundOut(ByteBuffer(bytes: frame)), promise: nil)
    }

    /// From now on no stream is begun.
    func leave() {
        guard phase == .open || phase == .leaving else { return }
        phase = .left
        write(.goAway(lastStreamID: lastStream, errorCode: .noError, opaqueData: nil), on: .rootStream)
        flush()
        if !inBurst { settle() }
    }

    /// The client has said GOAWAY or FIN: what it asked for is served.
    func clientLeaves() {
        if phase == .open || phase == .leaving { phase = .left }
    }

    /// The client does what it must not.
    func fail(_ code: HTTP2ErrorCode) {
        guard phase != .lingering, phase != .closed else { return }
        write(.goAway(lastStreamID: lastStream, errorCode: code, opaqueData: nil), on: .rootStream)
        flush()
        beginClose()
    }

    // MARK: Limits

    /// Which limit of ours NIOHTTP2 has ended the connection for, if it was one.
    func tellOfLimit(_ error: any Error, _ code: HTTP2ErrorCode) {
        switch error {
        case is NIOHTTP2Errors.ExcessiveRSTFrames, is NIOHTTP2Errors.ExcessiveStreamErrors,
            is NIOHTTP2Errors.ExcessiveNumberOfGlitches:
            tellOfLimit(.streamResets)
        case is NIOHTTP2Errors.ExcessiveControlFrames, is NIOHTTP2Errors.ExcessiveEmptyDataFrames,
            is NIOHTTP2Errors.ExcessiveOutboundFrameBuffering, is NIOHTTP2Errors.ExcessiveContinuationFrames:
            tellOfLimit(.controlFrames)
        case is NIOHTTP2Errors.ExcessivelyLargeHeaderBlock: tellOfLimit(.headerBytes)
        // A list that is too long unpacked, or a broken one: NIOHTTP2 does not say which.
        case _ where code == .compressionError: tellOfLimit(.headerBytes)
        default: break
        }
    }

    func tellOfLimit(_ limit: Limits.Name) {
        application.limitHit(limit, limits[limit], HTTPExchange(origin))
    }

    // MARK: Closing

    /// FIN, then what still comes is dropped: an unread byte would make the kernel send RST, and the client lose what
    /// it was sent last.
    func beginClose() {
        guard let context, phase != .lingering, phase != .closed else { return }
        phase = .lingering
        deadline = Clock.milliseconds() &+ limits.lingerTotal
        endStreams()
        context.flush()
        guard !inputClosed else { return closeNow() }
        if let codec = try? context.pipeline.syncOperations.handler(type: NIOHTTP2Handler.self) {
            let sink = LingeringHandler(limit: limits.lingerBytes)
            try? context.pipeline.syncOperations.addHandler(sink, position: .before(codec))
        }
        context.close(mode: .output, promise: nil)
    }

    func closeNow() {
        phase = .closed
        context?.close(promise: nil)
    }

    // MARK: Time

    func tick(now: UInt64) {
        switch phase {
        case .closed: return
        case .lingering:
            if now >= deadline { closeNow() }
            return
        case .open, .leaving, .left: break
        }
        if !streams.isEmpty, let context { progress.look(at: context, now: now) }
        for stream in Array(streams.values) { stream.tick(now: now) }
        guard phase != .closed, phase != .lingering else { return }
        if now >= leavesAt {
            leavesAt = .max
            leave()
        }
        if streams.isEmpty, now >= deadline {
            leave()
            beginClose()
        }
        flush()
    }

    private static var sheddingAge: UInt64 { 1000 }

    func closeIfIdle(now: UInt64) -> Bool {
        guard phase == .open, streams.isEmpty, now &+ limits.idleTime >= deadline &+ Self.sheddingAge
        else { return false }
        leave()
        beginClose()
        return true
    }
}

/// Drops what arrives after the end, before anybody looks at it.
final class LingeringHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var left: Int

    init(limit: Int) { left = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        left &-= BufferAny.unwrapInboundIn(data).readableBytes
        if left < 0 { context.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent { context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }
}

@available(*, unavailable)
extension LingeringHandler: Sendable {}
