// SPDX-License-Identifier: MIT

internal import NIOCore

/// Counts the bytes of an HTTP/2 connection both ways, heads and frames included. Changes nothing; HTTP/1.1 counts its
/// own.
final class TrafficCounter: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private let loop: LoopConnections

    init(loop: LoopConnections) { self.loop = loop }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        loop.traffic.received &+= UInt64(truncatingIfNeeded: Self.unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        loop.traffic.sent &+= UInt64(truncatingIfNeeded: Self.unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
    }
}

@available(*, unavailable)
extension TrafficCounter: Sendable {}
