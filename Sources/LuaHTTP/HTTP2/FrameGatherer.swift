// SPDX-License-Identifier: MIT

internal import NIOCore

/// Gathers what is written before a flush. NIOHTTP2 writes the head and the payload of each frame apart, and NIOSSL
/// makes a record of each: three for a small answer, which both sides encrypt and check one by one.
final class FrameGatherer: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    /// One record (RFC 8446 §5.1). More goes on, so that the channel knows how much is waiting.
    static let most = 16 << 10
    /// Longer ones are not worth a copy.
    static let longest = 4 << 10

    private var gathered: ByteBuffer?

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard promise == nil, case .byteBuffer(var bytes) = Self.unwrapOutboundIn(data),
            bytes.readableBytes <= Self.longest
        else {
            pass(context)
            return context.write(data, promise: promise)
        }
        if let gathered, gathered.readableBytes &+ bytes.readableBytes > Self.most { pass(context) }
        if gathered == nil { gathered = context.channel.allocator.buffer(capacity: 256) }
        gathered?.writeBuffer(&bytes)
    }

    func flush(context: ChannelHandlerContext) {
        pass(context)
        context.flush()
    }

    private func pass(_ context: ChannelHandlerContext) {
        guard let bytes = gathered else { return }
        gathered = nil
        context.write(Self.wrapOutboundOut(.byteBuffer(bytes)), promise: nil)
    }
}

@available(*, unavailable)
extension FrameGatherer: Sendable {}
