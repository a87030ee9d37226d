// SPDX-License-Identifier: MIT
import NIOCore

/// Wraps and unwraps buffers for the pipeline. The handler below is generic, and in it NIO's own functions are called
/// unspecialised, which costs two dynamic casts a request; with this concrete type they are inlined.
enum BufferAny {
    private final class Concrete: ChannelDuplexHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
    }

    @inline(__always)
    static func unwrapInboundIn(_ data: NIOAny) -> ByteBuffer { Concrete.unwrapInboundIn(data) }

    @inline(__always)
    static func wrapOutboundOut(_ buffer: ByteBuffer) -> NIOAny { Concrete.wrapOutboundOut(buffer) }
}

/// The I/O shell of one HTTP/1.1 connection: moves bytes between the channel, parser, application and encoder
/// as ConnectionState says. Decides nothing about HTTP itself; `+Requests` reads, `+Responses` answers,
/// `+Closing` ends it.
final class HTTP1Handler<Application: HTTPApplication>: ChannelDuplexHandler, RemovableChannelHandler,
    TimedConnection
{
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    let application: Application
    let loop: LoopConnections
    let limits: Limits
    let exchange: HTTPExchange

    var context: ChannelHandlerContext?
    var state: ConnectionState
    var parser: RequestParser
    var decoder: ChunkedDecoder
    /// Received and not yet consumed: the rest of a burst, or pipelined requests that wait for an answer.
    var input = ByteBuffer()
    /// Encoded and not yet handed to the channel; borrowed from `loop`.
    var output = ByteBuffer()
    /// Of a streaming answer.
    var streaming: ResponseFraming?
    /// The bytes of the body so far, and the most it may have.
    var bodyReceived = 0
    var bodyLimit = 0
    /// `exchange` and `parser` are ready for the next head.
    var isHeadFresh = false
    /// 100 was sent.
    var hasContinued = false
    /// How to close once `output` is out.
    var closing: ConnectionState.Closing?

    /// Inside `run`: answers given meanwhile are seen by its loop.
    var isRunning = false
    /// Between channelRead and channelReadComplete: answers are collected and flushed at its end.
    var inBurst = false
    /// The channel asked to read while enough was pending.
    private var isReadHeld = false
    /// Something was written to the channel and not flushed.
    var needsFlush = false

    /// Nil where bytes must pass other handlers, as with TLS.
    private var socket: DirectSocket?
    var progress = WriteProgress()
    /// Handed to the channel and not completely sent, in order.
    var pendingFiles: [FileRegion] = []
    /// Of a file that is read here, because it is to be encrypted.
    var file: FileBodyCursor?

    var loopIndex = -1

    init(application: Application, loop: LoopConnections, limits: Limits, origin: ConnectionOrigin) {
        self.application = application
        self.loop = loop
        self.limits = limits
        exchange = HTTPExchange(origin)
        state = ConnectionState(limits: limits, now: Clock.milliseconds())
        parser = RequestParser(limits: limits)
        decoder = ChunkedDecoder(limits: limits)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        exchange.connection = self
        if !exchange.origin.isEncrypted { socket = DirectSocket(context) }
        loop.add(self)
        if loop.isDraining { beginDrain() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { detach() }

    func channelInactive(context: ChannelHandlerContext) {
        let isOwed = state.answer != .complete && (state.phase == .body || state.phase == .handling)
        state.closed()
        detach()
        if isOwed { application.cancel(exchange) }
        context.fireChannelInactive()
    }

    private func detach() {
        loop.remove(self)
        exchange.connection = nil
        exchange.reader = nil
        context = nil
        input = ByteBuffer()
        output = ByteBuffer()
        closeFile()
    }

    /// Connection reset and the like; `channelInactive` follows.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inBurst = true
        var buffer = BufferAny.unwrapInboundIn(data)
        loop.traffic.received &+= UInt64(truncatingIfNeeded: buffer.readableBytes)
        switch state.phase {
        case .lingering:
            if state.lingerReceived(buffer.readableBytes, now: Clock.milliseconds()) { closeNow() }
        case .closed, .upgraded:
            break
        case .idle, .head, .body, .handling:
            if input.readableBytes == 0 { input = buffer } else { input.writeBuffer(&buffer) }
            run()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        inBurst = false
        flushOutput()
        context.fireChannelReadComplete()
    }

    /// The channel wants to read on: not while a whole window of pipelined bytes waits already.
    func read(context: ChannelHandlerContext) {
        if wantsInput { context.read() } else { isReadHeld = true }
    }

    private var wantsInput: Bool {
        input.readableBytes < limits.pipelinedBytes || state.phase == .lingering
            || (state.phase == .body && exchange.reader?.isFull != true)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .some(.inputClosed) = event as? ChannelEvent {
            if state.inputEnded() { return closeNow() }
            let isHandling = state.phase == .handling && state.answer != .complete
            pump()
            if isHandling { application.inputClosed(exchange) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            if streaming != nil { application.writable(exchange) }
            if file != nil { sendFile() }
            pump()
        }
        context.fireChannelWritabilityChanged()
    }

    /// Goes on with what is pending. Every entry that is not a read ends here.
    func pump() {
        run()
        if !inBurst { flushOutput() }
    }

    // MARK: Writing

    /// Hands collected bytes to the channel, and closes if that was the last of them.
    func flushOutput() {
        guard let context else { return }
        var bytes = output
        output = ByteBuffer()
        write(&bytes, context)
        if needsFlush { flush(context) }
        loop.giveBack(&bytes)  // after the flush nobody else holds it, as a rule
        if let closing {
            self.closing = nil
            close(closing)
        }
        if isReadHeld, wantsInput, self.context != nil {
            isReadHeld = false
            context.read()
        }
    }

    private func write(_ bytes: inout ByteBuffer, _ context: ChannelHandlerContext) {
        guard bytes.readableBytes > 0 else { return }
        wrote(bytes.readableBytes)
        if !needsFlush { socket?.send(&bytes, context) }
        if bytes.readableBytes > 0 { pass(bytes, context) }
    }

    /// Sends collected bytes and a large body behind them, of which only what the socket does not take is copied.
    func write(body: UnsafeRawBufferPointer) {
        guard let context else { return }
        var bytes = output
        var body = body
        output = ByteBuffer()
        wrote(bytes.readableBytes &+ body.count)
        if !needsFlush { socket?.send(&bytes, &body, context) }
        if bytes.readableBytes > 0 { pass(bytes, context) } else { loop.giveBack(&bytes) }
        if !body.isEmpty { pass(ByteBuffer(bytes: body), context) }
    }

    /// As below, and counts them.
    func pass(counted bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        wrote(bytes.readableBytes)
        pass(bytes, context)
    }

    /// Hands bytes to the channel, unflushed.
    private func pass(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        needsFlush = true
        context.write(BufferAny.wrapOutboundOut(bytes), promise: nil)
    }

    func flush(_ context: ChannelHandlerContext) {
        needsFlush = false
        socket?.channelWasFlushed()
        context.flush()
    }

    /// So many bytes were handed to the channel or its socket.
    func wrote(_ count: Int) {
        progress.wrote(count)
        loop.traffic.sent &+= UInt64(truncatingIfNeeded: count)
    }

    /// Writes collected bytes without flushing, so that something larger may follow them.
    func passOutput() {
        guard let context else { return }
        if output.readableBytes > 0 { pass(counted: output, context) }
        output = ByteBuffer()
    }
}

@available(*, unavailable)
extension HTTP1Handler: Sendable {}
