// SPDX-License-Identifier: MIT

internal import NIOCore

/// The first of a connection on a port that a balancer connects to: waits for the header of the PROXY protocol, and
/// then lets the connection be set up for the client that it names.
final class ProxyHeaderHandler: ChannelInboundHandler, RemovableChannelHandler, TimedConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let loop: LoopConnections
    private let deadline: UInt64
    /// Adds the handlers for the client.
    private let admit: (ProxyHeader.Sender) throws -> Void
    private var input = ByteBuffer()
    private var isOver = false
    private var context: ChannelHandlerContext?
    var loopIndex = -1

    init(loop: LoopConnections, limits: Limits, admit: @escaping (ProxyHeader.Sender) throws -> Void) {
        self.loop = loop
        self.admit = admit
        deadline = Clock.milliseconds() &+ limits.handshakeTime
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        loop.remove(self)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        loop.remove(self)
        context.fireChannelInactive()
    }

    func tick(now: UInt64) {
        if now >= deadline { context?.close(promise: nil) }
    }

    func beginDrain() {}
    func closeIfIdle(now: UInt64) -> Bool { false }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // Half a header will not become a whole one.
        if !isOver, case .some(.inputClosed) = event as? ChannelEvent { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return context.fireChannelRead(data) }
        var bytes = BufferAny.unwrapInboundIn(data)
        input.writeBuffer(&bytes)
        switch input.withUnsafeReadableBytes(ProxyHeader.parse) {
        case .needsMore: return
        case .invalid:
            isOver = true
            context.close(promise: nil)
        case .complete(let sender, let length):
            isOver = true
            input.moveReaderIndex(forwardBy: length)
            do { try admit(sender) } catch { return context.close(promise: nil) }
            let rest = input
            input = ByteBuffer()
            if rest.readableBytes > 0 { context.fireChannelRead(BufferAny.wrapOutboundOut(rest)) }
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        }
    }
}

@available(*, unavailable)
extension ProxyHeaderHandler: Sendable {}
