// SPDX-License-Identifier: MIT
import NIOCore

/// What a connection beyond a limit gets: 503 and the end, without waiting for its request.
final class RefusingHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let head = ByteBuffer(
        string: "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 1\r\n"
            + "Cache-Control: no-store\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 25\r\n")
    private static let body = ByteBuffer(string: "\r\n503 Too many connections\n")

    private let fields: StandardFields

    init(fields: StandardFields) { self.fields = fields }

    /// Behind a PROXY header the connection is active already.
    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { refuse(context) }
    }

    func channelActive(context: ChannelHandlerContext) { refuse(context) }

    private func refuse(_ context: ChannelHandlerContext) {
        var answer = Self.head
        answer.writeImmutableBuffer(fields.block)
        answer.writeImmutableBuffer(Self.body)
        context.writeAndFlush(Self.wrapOutboundOut(answer), promise: nil)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

@available(*, unavailable)
extension RefusingHandler: Sendable {}
