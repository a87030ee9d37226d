// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOHTTP2

/// Answering: what the application says through its exchange → HEADERS and DATA.
extension HTTP2Stream: ExchangeConnection {
    private static var largestBody: Int { 1 << 30 }
    private static var largestFields: Int { 1 << 20 }
    private static var filePiece: Int { 64 << 10 }

    var isWritable: Bool { connection.isWritable && unsent < Self.highWater }

    var isInputClosed: Bool { connection.inputClosed }

    // MARK: Whole answers

    func respond(_ head: ResponseHead, _ body: UnsafeRawBufferPointer) -> Bool {
        guard body.count <= Self.largestBody else { return fail(HTTPError(500, "response too large")) }
        return respond(head, buffer: ByteBuffer(bytes: body))
    }

    func respond(_ head: ResponseHead, buffer: ByteBuffer) -> Bool {
        guard state.mayAnswer else { return false }
        let framing = framing(head.status, length: buffer.readableBytes)
        let hasData = framing.sendsBody && buffer.readableBytes > 0
        begin(head, framing, isLast: !hasData)
        if hasData { send(buffer, isLast: true) }
        end()
        return true
    }

    func respond(_ head: ResponseHead, file: FileBody) -> Bool {
        guard state.mayAnswer else {
            try? file.handle.close()
            return false
        }
        let framing = framing(head.status, length: file.length)
        let hasData = framing.sendsBody && file.length > 0
        begin(head, framing, isLast: !hasData)
        guard hasData else {
            try? file.handle.close()
            end()
            return true
        }
        self.file = FileBodyCursor(file)
        sendFile()
        return true
    }

    func fail(_ error: HTTPError) -> Bool {
        var page = ByteBuffer()
        let fields = connection.application.errorPage(error, exchange, into: &page)
        return fields.withUnsafeReadableBytes {
            respond(ResponseHead(error.status, fields: $0), buffer: page)
        }
    }

    /// Answers, or ends what has begun: nothing of the request is read any more.
    func refuse(_ error: HTTPError) {
        let reader = exchange.reader
        exchange.reader = nil
        if let reader, reader.reportsErrors {
            state.failed()
            return reader.fail(error)
        }
        switch state.answer {
        case .none:
            _ = fail(error)
            connection.application.cancel(exchange)
        case .begun: abort()
        case .complete: reset(.noError)
        }
        connection.flush()
    }

    // MARK: Streamed answers

    func start(_ head: ResponseHead) -> Bool {
        guard state.mayAnswer else { return false }
        let framing = framing(head.status, length: nil)
        streaming = framing
        begin(head, framing, isLast: false)
        connection.flush()
        return true
    }

    func write(_ bytes: ByteBuffer) -> Bool {
        guard let framing = streaming else { return false }
        if framing.sendsBody, bytes.readableBytes > 0 {
            send(bytes, isLast: false)
            connection.flush()
        }
        wantsToWrite = !isWritable
        return !wantsToWrite
    }

    func finish() {
        guard streaming != nil else { return }
        connection.write(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true)), on: id)
        end()
    }

    func abort() {
        guard streaming != nil || state.mayAnswer else { return }
        streaming = nil
        reset(.internalError)
    }

    /// There is no other protocol to change to (RFC 9113 §8.6).
    func upgrade(_ fields: UnsafeRawBufferPointer, to handlers: [any ChannelHandler]) -> Bool { false }

    // MARK: Progress

    /// Called from within the codec: nothing may be written here. True: there is more to be had.
    func sent(_ count: Int) -> Bool {
        unsent = max(0, unsent &- count)
        lastSent = Clock.milliseconds()
        if unsent == 0, stopsReading { return true }
        return unsent < Self.highWater / 2 && (wantsToWrite || file != nil)
    }

    /// The client or the socket takes more.
    func resume() {
        if stopsReading, unsent == 0 { return reset(.noError) }
        guard isWritable else { return }
        if file != nil { return sendFile() }
        guard wantsToWrite, streaming != nil else { return }
        wantsToWrite = false
        connection.application.writable(exchange)
    }

    private func sendFile() {
        while isWritable, var cursor = file {
            guard let piece = cursor.next(most: Self.filePiece) else { return reset(.internalError) }
            file = cursor
            let isLast = cursor.isAtEnd
            send(piece, isLast: isLast)
            if isLast {
                closeFile()
                return end()
            }
            connection.flush()
        }
    }

    func closeFile() {
        file?.close()
        file = nil
    }

    // MARK: Parts

    private func framing(_ status: Int, length: Int?) -> ResponseFraming {
        .decide(status: status, isHead: exchange.isHead, version: .http11, length: length)
    }

    private func begin(_ head: ResponseHead, _ framing: ResponseFraming, isLast: Bool) {
        var head = head
        if head.status < 200 || head.status > 599 { head.status = 500 }
        if head.fields.count > Self.largestFields { head = ResponseHead(500) }
        var length: Int?
        if case .length(let count) = framing.header { length = count }
        state.answerBegan(closes: false)
        let block = connection.loop.http2Heads.block(
            status: head.status, lines: head.fields, length: length,
            isEncrypted: connection.origin.isEncrypted)
        connection.write(.headers(.init(headers: block, endStream: isLast)), on: id)
        if head.closes { connection.beginDrain() }
    }

    /// What goes out is counted by `sent`; NIOHTTP2 cuts it to the size of frames.
    private func send(_ bytes: ByteBuffer, isLast: Bool) {
        if unsent == 0 { lastSent = Clock.milliseconds() }
        unsent &+= bytes.readableBytes
        connection.write(.data(.init(data: .byteBuffer(bytes), endStream: isLast)), on: id)
    }

    private func end() {
        streaming = nil
        exchange.reader = nil
        _ = state.answerCompleted(now: Clock.milliseconds())
        // RFC 9113 §8.1: an answer that is complete before its request asks the client to stop; behind the answer.
        stopsReading = clientSends
        if stopsReading, unsent == 0 { reset(.noError) } else { connection.flush() }
    }
}
