// SPDX-License-Identifier: MIT
import NIOCore

/// What a connection beyond a limit gets: 503 and the end, without waiting for its request.
final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let answer = ByteBuffer(
        string: "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
            + "Cache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 25\r\n\r\n"
            + "503 Too many connections\n")

    /// Behind a PROXY header the connection is active already.
    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { refuse(context) }
    }

    func channelActive(context: ChannelHandlerContext) { refuse(context) }

    private func refuse(_ context: ChannelHandlerContext) {
        context.writeAndFlush(Self.wrapOutboundOut(Self.answer), promise: nil)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@available(*, unavailable)
extension RefusingHandler: Sendable {}
