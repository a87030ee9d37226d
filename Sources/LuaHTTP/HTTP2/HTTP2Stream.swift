// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One request and its answer on an HTTP/2 connection: what HTTP1Handler is to a whole connection, over the same
/// exchange, with the same clocks and limits. Used again when its request is over. `+Responses` answers.
final class HTTP2Stream<Application: HTTPApplication> {
    unowned let connection: HTTP2Connection<Application>
    let exchange: HTTPExchange
    var id = HTTP2StreamID.rootStream

    var state: ConnectionState
    var streaming: ResponseFraming?
    /// The application was asked and has not heard of the end.
    private var isAccepted = false
    private var hasContinued = false

    private var bodyReceived = 0
    private var bodyLimit = 0
    private var window = InboundWindow(initial: HTTP2Setup.initialWindow)
    /// Arrived while the reader was full.
    private var waiting = ByteBuffer()
    private var isLastWaiting = false

    /// Written and not sent yet: the client's window is closed, or the socket full.
    var unsent = 0
    var lastSent: UInt64 = 0
    /// The client has not ended the stream.
    var clientSends = false
    /// Once the answer is out, the client is told to send no more.
    var stopsReading = false
    /// `write` has said no.
    var wantsToWrite = false
    /// Of a file that is being sent.
    var file: FileBodyCursor?

    static var highWater: Int { 64 << 10 }

    init(connection: HTTP2Connection<Application>) {
        self.connection = connection
        exchange = HTTPExchange(connection.origin)
        state = ConnectionState(limits: connection.limits, now: 0)
        exchange.connection = self
    }

    private var application: Application { connection.application }
    private var limits: Limits { connection.limits }

    /// The connection is gone, or this is not used again.
    func detach() {
        exchange.connection = nil
        exchange.reader = nil
    }

    // MARK: The request

    func begin(_ id: HTTP2StreamID, _ block: HPACKHeaders, endsStream: Bool) {
        self.id = id
        let now = Clock.milliseconds()
        state = ConnectionState(limits: limits, now: now)
        (streaming, isAccepted, hasContinued, wantsToWrite) = (nil, false, false, false)
        (bodyReceived, bodyLimit, unsent, lastSent) = (0, 0, 0, now)
        (clientSends, stopsReading) = (!endsStream, false)
        window = InboundWindow(initial: HTTP2Setup.initialWindow)
        waiting = ByteBuffer()
        isLastWaiting = false
        exchange.begin()
        exchange.connection = self
        var refusal: HTTPError?
        do throws(HTTPError) {
            try HTTP2RequestHead.fill(&exchange.head, from: block, endsStream: endsStream, limits: limits)
        } catch {
            refusal = error
        }
        state.headCompleted(persists: true, hasBody: !endsStream, now: now)
        guard let refusal else { return accept() }
        _ = fail(refusal)
        // As over HTTP/1.1, whoever sends so much is left.
        if refusal.limit == .headerBytes { connection.beginDrain() }
    }

    private func accept() {
        exchange.takeForwarded()
        isAccepted = true
        let serial = exchange.serial
        switch application.accept(exchange) {
        case .proceed(let limit):
            guard exchange.serial == serial, state.mayAnswer else { return }
            if exchange.head.framing == .none { return application.handle(exchange) }
            beginBody(min(limit, 1 << 30))  // ByteBuffer counts in UInt32 and doubles
        case .stream(let reader, let limit, let handlesNow):
            exchange.reader = reader
            beginBody(limit)
            if handlesNow, exchange.reader === reader { application.handle(exchange) }
        case .reject(let error):
            _ = fail(error)
        case .answered:
            break
        }
    }

    private func beginBody(_ limit: Int) {
        bodyLimit = limit
        window.target = HTTP2Setup.streamWindow
        if case .length(let length) = exchange.head.framing, length > limit {
            exchange.reader = nil
            return refuse(HTTPError(413, "request body too large", limit: .bodyBytes))
        }
        if exchange.reader?.isFull != true { sendContinue() }
    }

    private func sendContinue() {
        guard exchange.head.expectsContinue, !hasContinued, bodyReceived == 0, state.answer == .none else {
            return
        }
        hasContinued = true
        connection.write(.headers(.init(headers: [":status": "100"])), on: id)
    }

    // MARK: The body

    /// - Parameter used: of the window, padding included.
    func receive(_ bytes: ByteBuffer, used: Int, isLast: Bool) {
        if isLast { clientSends = false }
        guard state.phase == .body else { return }
        let now = Clock.milliseconds()
        window.received(used)
        state.bodyReceived(bytes.readableBytes, isDropped: isDropped, now: now)
        if let reader = exchange.reader, reader.isFull || waiting.readableBytes > 0 {
            var bytes = bytes
            connection.hold(bytes.readableBytes)
            waiting.writeBuffer(&bytes)
            isLastWaiting = isLast
            state.pauseBody()
            return
        }
        take(bytes, isLast: isLast, now)
        refill()
    }

    private var isDropped: Bool { state.answer != .none && exchange.reader == nil }

    private func take(_ bytes: ByteBuffer, isLast: Bool, _ now: UInt64) {
        let (sum, overflow) = bodyReceived.addingReportingOverflow(bytes.readableBytes)
        bodyReceived = sum
        guard isDropped || (!overflow && sum <= bodyLimit) else {
            return refuse(HTTPError(413, "request body too large", limit: .bodyBytes))
        }
        if let reader = exchange.reader { return deliver(bytes, to: reader, isLast: isLast, now) }
        if !isDropped { exchange.body.writeImmutableBuffer(bytes) }
        guard isLast else { return }
        switch state.bodyCompleted(now: now) {
        case .wait: if state.answer == .none { application.handle(exchange) }
        case .next, .last: exchange.dropBody()
        }
    }

    private func deliver(_ piece: ByteBuffer, to reader: any BodyReader, isLast: Bool, _ now: UInt64) {
        if isLast { _ = state.bodyCompleted(now: now) }
        do throws(HTTPError) {
            if piece.readableBytes > 0 { try reader.receive(piece) }
            if isLast, exchange.reader === reader {
                try reader.finish()
                exchange.reader = nil
            }
        } catch {
            refuse(error)
        }
    }

    func readBody() {
        guard state.phase == .body || isLastWaiting else { return }
        sendContinue()
        guard waiting.readableBytes > 0 || isLastWaiting, exchange.reader?.isFull != true else {
            return connection.flush()
        }
        let now = Clock.milliseconds()
        let (bytes, isLast) = (waiting, isLastWaiting)
        waiting = ByteBuffer()
        isLastWaiting = false
        state.resumeBody(now: now)
        connection.release(bytes.readableBytes)
        take(bytes, isLast: isLast, now)
        refill()
        connection.flush()
    }

    /// What was taken may be sent again.
    private func refill() {
        guard state.phase == .body, let increment = window.increment(holding: waiting.readableBytes) else {
            return
        }
        connection.write(.windowUpdate(windowSizeIncrement: increment), on: id)
    }

    // MARK: The end

    /// The stream is over, in whatever way.
    func closed() {
        let isOwed = isAccepted && state.answer != .complete
        if waiting.readableBytes > 0 { connection.release(waiting.readableBytes) }
        waiting = ByteBuffer()
        isLastWaiting = false
        exchange.reader = nil
        closeFile()
        streaming = nil
        state.closed()
        exchange.connection = nil
        if isOwed { application.cancel(exchange) }
        exchange.dropBody()
    }

    func inputClosed() {
        if state.phase == .body { return reset(.cancel) }  // the rest of the body cannot come
        if state.answer != .complete { application.inputClosed(exchange) }
    }

    /// RST_STREAM; `closed` follows.
    func reset(_ code: HTTP2ErrorCode) {
        guard state.phase != .closed else { return }
        connection.write(.rstStream(code), on: id)
        connection.flush()
    }

    // MARK: Time

    func tick(now: UInt64) {
        if unsent > 0, connection.inputClosed, connection.isWritable {
            return reset(.cancel)  // the window is closed, and nobody is left to open it
        }
        if isStalled(now) {
            application.limitHit(.writeStall, limits[.writeStall], exchange)
            return reset(.cancel)
        }
        switch state.tick(now: now) {
        case .fail(let error): refuse(error)
        case .close: reset(.cancel)
        case .none, .linger: break
        }
    }

    /// Something is to be sent, and none of it has been for so long: neither through the client's window, nor by the
    /// socket.
    private func isStalled(_ now: UInt64) -> Bool {
        guard unsent > 0 else { return false }
        let since = connection.isWritable ? lastSent : max(lastSent, connection.progress.stuckSince)
        return now >= since && now &- since >= limits.writeStall
    }
}

@available(*, unavailable)
extension HTTP2Stream: Sendable {}
