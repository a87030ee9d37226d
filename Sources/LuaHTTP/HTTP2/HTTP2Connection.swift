// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// Wraps and unwraps frames for the pipeline, for the reason that BufferAny gives.
enum FrameAny {
    private final class Concrete: ChannelDuplexHandler {
        typealias InboundIn = HTTP2Frame
        typealias OutboundIn = HTTP2Frame
        typealias OutboundOut = HTTP2Frame
    }

    @inline(__always)
    static func unwrapInboundIn(_ data: NIOAny) -> HTTP2Frame { Concrete.unwrapInboundIn(data) }

    @inline(__always)
    static func wrapOutboundOut(_ frame: HTTP2Frame) -> NIOAny { Concrete.wrapOutboundOut(frame) }
}

/// The I/O shell of one HTTP/2 connection, behind NIOHTTP2Handler: hands frames to their streams, which are plain
/// objects and no channels of their own. NIOHTTP2 knows the protocol and most of its attacks; this knows which streams
/// there are, when the connection ends, and nothing of requests.
final class HTTP2Connection<Application: HTTPApplication>: ChannelInboundHandler, TimedConnection {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    enum Phase { case open, leaving, left, lingering, closed }

    let application: Application
    let loop: LoopConnections
    let limits: Limits
    let origin: ConnectionOrigin

    var context: ChannelHandlerContext?
    var streams: [HTTP2StreamID: HTTP2Stream<Application>] = [:]
    /// Between requests; a browser's connection has a few at a time.
    private var idle: [HTTP2Stream<Application>] = []
    private static var mostIdle: Int { 16 }

    var phase = Phase.open
    /// Of requests that were begun.
    var lastStream = HTTP2StreamID.rootStream
    private var requests = 0
    /// SETTINGS of the client have come: it does speak HTTP/2.
    private var isGreeted = false
    /// Why NIOHTTP2 has said GOAWAY.
    private var failure: HTTP2ErrorCode?
    private(set) var inBurst = false
    private(set) var inputClosed = false
    private var updates: WindowUpdateBudget
    /// Bytes of bodies that nobody has taken yet, and what the client may still send.
    private var held = 0
    private var windowSize = HTTP2Setup.initialWindow
    private var hasReceivedData = false
    /// A stream has been sent enough of what it had to go on.
    private var needsResume = false
    private var isSettling = false

    /// When the connection is closed if nothing happens; says nothing while there are streams.
    var deadline: UInt64
    /// When the client is told the last stream that is served, if it does not answer before.
    var leavesAt: UInt64 = .max
    var progress = SocketQueue()
    /// Of streams beyond the limit, and malformed ones.
    private var refusals: RefusalBudget

    var loopIndex = -1

    init(application: Application, loop: LoopConnections, limits: Limits, origin: ConnectionOrigin) {
        self.application = application
        self.loop = loop
        self.limits = limits
        self.origin = origin
        let now = Clock.milliseconds()
        deadline = now &+ limits.headTime
        updates = WindowUpdateBudget(free: limits.controlFrames, now: now)
        refusals = RefusalBudget(most: limits.streamResets, now: now)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        loop.add(self)
        if loop.isDraining { beginDrain() }
    }

    func handlerRemoved(context: ChannelHandlerContext) { detach() }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        endStreams()
        detach()
        context.fireChannelInactive()
    }

    private func detach() {
        loop.remove(self)
        context = nil
        endStreams()
        for stream in idle { stream.detach() }
        idle.removeAll()
    }

    /// Their answers reach nobody.
    func endStreams() {
        let ended = streams.values
        streams.removeAll()
        for stream in ended {
            stream.closed()
            stream.detach()
        }
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inBurst = true
        guard phase != .lingering, phase != .closed else { return }
        let frame = FrameAny.unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let headers): receive(headers, on: frame.streamID)
        case .data(let data): receive(data, on: frame.streamID)
        case .windowUpdate:
            if !updates.receive(now: Clock.milliseconds()) {
                tellOfLimit(.controlFrames)
                fail(.enhanceYourCalm)
            }
        case .settings(.settings): greet()
        case .ping(_, ack: true): if phase == .leaving { leave() }
        case .goAway: clientLeaves()
        case .settings(.ack), .ping, .priority, .rstStream, .pushPromise, .alternativeService, .origin: break
        }
    }

    /// What was written meanwhile was flushed by NIOHTTP2Handler, before it passed this on; what follows is not.
    func channelReadComplete(context: ChannelHandlerContext) {
        inBurst = false
        settle()
        context.fireChannelReadComplete()
    }

    /// Does what had to wait for the end of what was going on.
    func settle() {
        guard !isSettling else { return }
        isSettling = true
        while needsResume {
            needsResume = false
            resumeStreams()
        }
        isSettling = false
        if phase == .left, streams.isEmpty { beginClose() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as StreamClosedEvent: streamClosed(event)
        case let event as NIOHTTP2WindowUpdatedEvent:
            if event.streamID == .rootStream, let size = event.inboundWindowSize { refill(size) }
        case is NIOHTTP2StreamCreatedEvent: break
        case ChannelEvent.inputClosed:
            inputClosed = true
            if phase == .lingering { return closeNow() }
            clientLeaves()
            for stream in Array(streams.values) { stream.inputClosed() }
            flush()
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            needsResume = true
            if !inBurst { settle() }
        }
        context.fireChannelWritabilityChanged()
    }

    /// Stream errors come here as well as errors of the connection: only the latter are followed by GOAWAY. What is
    /// none of NIOHTTP2's is a socket that broke.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let failure {
            tellOfLimit(error, failure)
            return beginClose()
        }
        if !(error is any NIOHTTP2Error) { context.close(promise: nil) }
    }

    private func greet() {
        guard !isGreeted else { return }
        isGreeted = true
        deadline = Clock.milliseconds() &+ limits.idleTime
    }

    // MARK: Streams

    private func receive(_ headers: HTTP2Frame.FramePayload.Headers, on id: HTTP2StreamID) {
        if let stream = streams[id] {
            guard HTTP2FieldRules.isWellFormed(trailers: headers.headers) else {
                return refuse(id, .protocolError)
            }
            // Trailers are read and dropped.
            if headers.endStream { stream.receive(ByteBuffer(), used: 0, isLast: true) }
            return
        }
        guard phase != .left else { return write(.rstStream(.refusedStream), on: id) }
        guard streams.count < limits.streams else {
            tellOfLimit(.streams)
            return refuse(id, .refusedStream)
        }
        guard HTTP2FieldRules.isWellFormed(request: headers.headers) else {
            return refuse(id, .protocolError)
        }
        requests &+= 1
        lastStream = id
        let stream = idle.popLast() ?? HTTP2Stream(connection: self)
        streams[id] = stream
        stream.begin(id, headers.headers, endsStream: headers.endStream)
        if requests == limits.requestsPerConnection {
            tellOfLimit(.requestsPerConnection)
            beginDrain()
        }
    }

    /// A malformed request (RFC 9113 §8.1.1), or more at a time than the client was told, or has been able to read
    /// (§5.1.2): it may ask for those again (§8.7).
    private func refuse(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        write(.rstStream(code), on: id)
        guard !refusals.receive(now: Clock.milliseconds()) else { return }
        tellOfLimit(.streamResets)
        fail(.enhanceYourCalm)
    }

    private func receive(_ data: HTTP2Frame.FramePayload.Data, on id: HTTP2StreamID) {
        hasReceivedData = true
        guard let stream = streams[id], case .byteBuffer(let buffer) = data.data else { return }
        let padding = data.paddingBytes.map { $0 &+ 1 } ?? 0
        stream.receive(buffer, used: buffer.readableBytes &+ padding, isLast: data.endStream)
    }

    private func streamClosed(_ event: StreamClosedEvent) {
        guard let stream = streams.removeValue(forKey: event.streamID) else { return }
        stream.closed()
        if idle.count < Self.mostIdle { idle.append(stream) } else { stream.detach() }
        if streams.isEmpty { deadline = Clock.milliseconds() &+ limits.idleTime }
    }

    private func resumeStreams() {
        for stream in Array(streams.values) { stream.resume() }
        if !inBurst { context?.flush() }
    }

    // MARK: Writing

    func write(_ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID) {
        guard let context else { return }
        context.write(FrameAny.wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: nil)
    }

    /// Inside a burst the end of it does.
    func flush() {
        guard !inBurst else { return }
        context?.flush()
        settle()
    }

    var isWritable: Bool { context?.channel.isWritable ?? false }

    // MARK: Window of the connection

    /// The window as NIOHTTP2 counts it: data of streams that are gone are in it as well.
    private func refill(_ size: Int) {
        windowSize = size
        let missing = HTTP2Setup.connectionWindow &- held &- size
        guard hasReceivedData, missing >= HTTP2Setup.connectionWindow / 2, phase != .lingering,
            phase != .closed
        else { return }
        write(.windowUpdate(windowSizeIncrement: missing), on: .rootStream)
        flush()
    }

    /// Bytes of a body are kept because nobody takes them.
    func hold(_ count: Int) { held &+= count }

    func release(_ count: Int) {
        held = max(0, held &- count)
        refill(windowSize)
    }
}

/// Learns what has really been sent, after flow control.
extension HTTP2Connection: NIOHTTP2FrameDelegate {
    func wroteFrame(_ frame: HTTP2Frame) {
        switch frame.payload {
        case .data(let data):
            let count = data.data.readableBytes
            updates.sent(count)
            if let stream = streams[frame.streamID], stream.sent(count) { needsResume = true }
        case .goAway(_, let code, _):
            if code != .noError { failure = code }
        default: break
        }
    }
}

@available(*, unavailable)
extension HTTP2Connection: Sendable {}
