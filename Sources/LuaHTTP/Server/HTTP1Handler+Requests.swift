// SPDX-License-Identifier: MIT
import NIOCore

/// Reading: bytes → head → body → application, one request at a time.
extension HTTP1Handler {
    /// Answers that wait for the end of the burst; beyond, they are sent in between.
    private static var burstBytes: Int { 64 << 10 }

    /// Does all that can be done with the bytes at hand.
    func run() {
        guard !isRunning, context != nil else { return }
        isRunning = true
        while step() {}
        isRunning = false
        // Keep no read buffer: the channel reuses it if nobody else holds it.
        if input.readableBytes == 0 { input = ByteBuffer() }
    }

    /// True: something happened, look again.
    private func step() -> Bool {
        switch state.phase {
        case .idle, .head: readHead()
        case .body: readBody(now: Clock.milliseconds())
        case .handling, .upgraded, .lingering, .closed: false
        }
    }

    // MARK: Head

    private func readHead() -> Bool {
        guard input.readableBytes > 0 else {
            if state.inputClosed { endOfInput() }
            return false
        }
        if output.readableBytes >= Self.burstBytes { flushOutput() }
        // A client that does not read its answers is not read either.
        guard let context, context.channel.isWritable else { return false }
        if !isHeadFresh { beginRequest() }
        do throws(HTTPError) {
            guard try parser.parse(&input, into: &exchange.head) else {
                if parser.hasBegun { state.headBegan(now: Clock.milliseconds()) }
                return true  // look again: the input may have ended
            }
        } catch {
            if error.status == 505, beginHTTP2() { return false }
            refuse(error)
            return false
        }
        headComplete()
        return true
    }

    /// As late as possible: an application may look at its last request until the next one arrives.
    private func beginRequest() {
        exchange.begin()
        parser.reset()
        isHeadFresh = true
        hasContinued = false
    }

    private func headComplete() {
        isHeadFresh = false
        let framing = exchange.head.framing
        state.headCompleted(
            persists: exchange.head.isPersistent, hasBody: framing != .none, now: Clock.milliseconds()
        )
        bodyReceived = 0
        bodyLimit = 0
        if framing == .chunked { decoder = ChunkedDecoder(limits: limits) }
        exchange.takeForwarded()
        let serial = exchange.serial
        switch application.accept(exchange) {
        case .proceed(let limit):
            guard exchange.serial == serial, state.mayAnswer else { return }
            proceed(framing, limit)
        case .stream(let reader, let limit, let handlesNow):
            exchange.reader = reader
            beginBody(framing, limit)
            if handlesNow, exchange.reader === reader { application.handle(exchange) }
        case .reject(let error):
            _ = fail(error)
        case .answered:
            break
        }
    }

    private func proceed(_ framing: BodyFraming, _ limit: Int) {
        if framing == .none { return application.handle(exchange) }
        beginBody(framing, min(limit, 1 << 30))  // ByteBuffer counts in UInt32 and doubles
    }

    private func beginBody(_ framing: BodyFraming, _ limit: Int) {
        bodyLimit = limit
        if case .length(let length) = framing, length > limit {
            exchange.reader = nil
            return refuse(HTTPError(413, "request body too large", limit: .bodyBytes))
        }
        if exchange.reader?.isFull != true { sendContinue() }
    }

    /// RFC 9110 §10.1.1: needless once the body has begun to arrive, wrong once the answer has begun.
    private func sendContinue() {
        guard exchange.head.expectsContinue, !hasContinued, input.readableBytes == 0, state.answer == .none
        else { return }
        hasContinued = true
        takeOutput()
        output.writeStaticString(ResponseEncoder.continueLine)
    }

    // MARK: Body

    func readBody() {
        guard state.phase == .body else { return }
        sendContinue()
        pump()
    }

    private func readBody(now: UInt64) -> Bool {
        if let reader = exchange.reader {
            guard !reader.isFull else {
                state.pauseBody()
                return false
            }
            state.resumeBody(now: now)
        }
        guard input.readableBytes > 0 else {
            if state.inputClosed { endOfInput() }
            return false
        }
        let before = input.readableBytes
        let isDropped = state.answer != .none && exchange.reader == nil
        let isComplete: Bool
        do throws(HTTPError) {
            isComplete = try takeBody(isDropped)
        } catch {
            refuse(error)
            return false
        }
        state.bodyReceived(before - input.readableBytes, isDropped: isDropped, now: now)
        if let reader = exchange.reader {
            deliver(to: reader, isLast: isComplete, now)
            return true
        }
        guard isComplete else {
            if state.hasDroppedEnough {
                beginClose()
                return false
            }
            return true
        }
        switch state.bodyCompleted(now: now) {
        case .wait: if state.answer == .none { application.handle(exchange) }
        case .next: exchange.dropBody()
        case .last: beginClose()
        }
        return true
    }

    /// Moves body bytes from the input to `exchange.body`; true at the end of the body.
    private func takeBody(_ isDropped: Bool) throws(HTTPError) -> Bool {
        switch exchange.head.framing {
        case .none:
            return true
        case .length(let length):
            let count = min(length &- bodyReceived, input.readableBytes)
            if !isDropped, let slice = input.getSlice(at: input.readerIndex, length: count) {
                if exchange.reader != nil {
                    exchange.body = slice
                } else {
                    exchange.body.writeImmutableBuffer(slice)
                }
            }
            input.moveReaderIndex(forwardBy: count)
            bodyReceived &+= count
            return bodyReceived == length
        case .chunked:
            return try decoder.decode(
                &input, into: &exchange.body, received: &bodyReceived,
                limit: isDropped ? .max : bodyLimit, discards: isDropped
            )
        }
    }

    /// Gives what has arrived to the reader, which may answer meanwhile: the state is settled before.
    private func deliver(to reader: any BodyReader, isLast: Bool, _ now: UInt64) {
        let piece = exchange.body
        exchange.body = ByteBuffer()
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

    // MARK: Faults

    /// FIN in the middle of a request: it is answered for what it is, and never handled.
    private func endOfInput() {
        switch state.phase {
        case .idle: beginClose()
        case .head: refuse(HTTPError(400, "request ended before its head was complete"))
        case .body: refuse(HTTPError(400, "request ended before its body was complete"))
        case .handling, .upgraded, .lingering, .closed: break
        }
    }

    /// Answers an error after which nothing on this connection can be trusted, and closes.
    func refuse(_ error: HTTPError) {
        if state.phase == .idle || state.phase == .head { exchange.forgetForwarded() }
        let reader = exchange.reader
        exchange.reader = nil
        if let reader, reader.reportsErrors {
            state.failed()
            input = ByteBuffer()
            return reader.fail(error)
        }
        let wasAnswered = state.phase == .body && state.answer != .none
        let wasAccepted = (state.phase == .body || state.phase == .handling) && state.answer == .none
        guard !wasAnswered else {
            // Its early answer is out or on its way; there is nobody to tell.
            if state.answer == .complete { beginClose() } else { abort() }
            return
        }
        state.failed()
        if !fail(error) { closeNow() }
        if wasAccepted { application.cancel(exchange) }
    }
}
