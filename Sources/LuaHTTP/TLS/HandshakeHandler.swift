// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// The first of a connection on a port that speaks TLS: looks whether a handshake begins, lets NIOSSL do it, and
/// makes way for the protocol that was agreed on. A handshake that takes too long ends, and whoever speaks plain HTTP
/// is told so.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler, TimedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let certificates: CertificateKeeper
    private let loop: LoopConnections
    private let deadline: UInt64
    private let lingerBytes: Int
    /// The handlers for what follows; true: HTTP/2.
    private let handlers: (Bool) -> [any ChannelHandler]
    private var hasBegun = false
    private var context: ChannelHandlerContext?
    var loopIndex = -1

    init(
        certificates: CertificateKeeper, loop: LoopConnections, limits: Limits,
        handlers: @escaping (Bool) -> [any ChannelHandler]
    ) {
        self.certificates = certificates
        self.loop = loop
        self.handlers = handlers
        deadline = Clock.milliseconds() &+ limits.handshakeTime
        lingerBytes = limits.lingerBytes
    }

    // MARK: Life

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
        if now >= deadline { close() }
    }

    func beginDrain() {}
    func closeIfIdle(now: UInt64) -> Bool { false }

    /// Past NIOSSL, which would wait for a client that has stopped speaking.
    private func close() {
        guard let context else { return }
        if let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !hasBegun else { return context.fireChannelRead(data) }
        let bytes = BufferAny.unwrapInboundIn(data)
        guard let first = bytes.readableBytesView.first else { return }
        hasBegun = true
        // RFC 8446 §5.1: a record of the type handshake.
        guard first == 0x16 else { return refuse(bytes, context) }
        let pipeline = context.pipeline
        do {
            let tls = NIOSSLServerHandler(context: certificates.context)
            try pipeline.syncOperations.addHandler(tls, position: .before(self))
        } catch {
            return context.close(promise: nil)
        }
        pipeline.fireChannelRead(bytes)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let name): begin(isHTTP2: name == "h2", context)
        case ChannelEvent.inputClosed: close()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// A handshake that fails is between NIOSSL and the client, who gets an alert.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

    private func begin(isHTTP2: Bool, _ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            // At the end, which is after this one: `.after` would begin with the last of them, and each speaks to those
            // before it as soon as it is added.
            try pipeline.addHandlers(handlers(isHTTP2))
        } catch {
            return close()
        }
        pipeline.removeHandler(context: context, promise: nil)
    }

    // MARK: Not TLS

    private static let page = "400 This port speaks HTTPS: the URL begins with https\n"
    private static let answer = ByteBuffer(
        string: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n"
            + "Content-Length: \(page.utf8.count)\r\n\r\n\(page)")

    /// What looks like a request is answered; FIN, then the rest is dropped.
    private func refuse(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        guard bytes.readableBytesView.first.map(ASCII.isAlpha) == true else {
            return context.close(promise: nil)
        }
        context.writeAndFlush(Self.wrapOutboundOut(Self.answer), promise: nil)
        let sink = LingeringHandler(limit: lingerBytes)
        try? context.pipeline.syncOperations.addHandler(sink, position: .before(self))
        context.close(mode: .output, promise: nil)
    }
}

@available(*, unavailable)
extension HandshakeHandler: Sendable {}
