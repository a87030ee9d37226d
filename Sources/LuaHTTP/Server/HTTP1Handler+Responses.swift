// SPDX-License-Identifier: MIT
import NIOCore

/// Answering: what the application says through its exchange → bytes in `output` or on the channel.
extension HTTP1Handler: ExchangeConnection {
    /// Bodies up to this are copied behind their head; larger ones are written as they are.
    private static var copiedBody: Int { 16 << 10 }
    private static var largestBody: Int { 1 << 30 }
    /// No client takes so many; a script that made them is in a loop.
    private static var largestFields: Int { 1 << 20 }

    var isWritable: Bool {
        guard let context else { return false }
        return context.channel.isWritable && output.readableBytes < 64 << 10
    }

    var isInputClosed: Bool { state.inputClosed }

    // MARK: Whole answers

    func respond(_ head: ResponseHead, _ body: UnsafeRawBufferPointer) -> Bool {
        // ByteBuffer counts in UInt32: beyond, it would trap.
        guard body.count <= Self.largestBody else { return fail(HTTPError(500, "response too large")) }
        guard let framing = begin(head, length: body.count) else { return false }
        if framing.sendsBody {
            if body.count <= Self.copiedBody {
                output.writeBytes(body)
            } else {
                write(body: body)
            }
        }
        end()
        return true
    }

    func respond(_ head: ResponseHead, buffer: ByteBuffer) -> Bool {
        guard let framing = begin(head, length: buffer.readableBytes) else { return false }
        if framing.sendsBody { append(buffer) }
        end()
        return true
    }

    func respond(_ head: ResponseHead, file: FileBody) -> Bool {
        let handle = file.handle
        guard let context, let framing = begin(head, length: file.length) else {
            try? handle.close()
            return false
        }
        let last = file.pieces.lastIndex { !$0.range.isEmpty }
        guard framing.sendsBody, let last else {
            try? handle.close()
            end()
            return true
        }
        if exchange.origin.isEncrypted {
            self.file = FileBodyCursor(file)
            sendFile()
            return true
        }
        for (index, piece) in file.pieces.enumerated() {
            takeOutput()
            append(piece.before)
            guard !piece.range.isEmpty else { continue }
            passOutput()
            let region = FileRegion(
                fileHandle: handle, readerIndex: piece.range.lowerBound, endIndex: piece.range.upperBound)
            let done = context.eventLoop.makePromise(of: Void.self)
            done.futureResult.assumeIsolated().whenComplete { _ in
                self.pendingFiles.removeFirst()
                if index == last { try? handle.close() }
            }
            pendingFiles.append(region)
            wrote(region.readableBytes)
            context.write(Self.wrapOutboundOut(.fileRegion(region)), promise: done)
            needsFlush = true
        }
        end()
        return true
    }

    func fail(_ error: HTTPError) -> Bool {
        var page = ByteBuffer()
        let fields = application.errorPage(error, exchange, into: &page)
        return fields.withUnsafeReadableBytes {
            respond(ResponseHead(error.status, fields: $0), buffer: page)
        }
    }

    // MARK: Streamed answers

    func start(_ head: ResponseHead) -> Bool {
        guard let framing = begin(head, length: nil) else { return false }
        streaming = framing
        pump()
        return true
    }

    func write(_ bytes: ByteBuffer) -> Bool {
        guard let framing = streaming else { return false }
        if framing.sendsBody, bytes.readableBytes > 0 {
            takeOutput()
            if framing.header == .chunked {
                ResponseEncoder.writeChunkSize(bytes.readableBytes, into: &output)
                append(bytes)
                takeOutput()
                output.writeStaticString("\r\n")
            } else {
                append(bytes)
            }
            if !inBurst || output.readableBytes >= Self.copiedBody { flushOutput() }
        }
        return isWritable
    }

    func probe() {
        guard state.inputClosed else { return }
        if let framing = streaming {
            // RFC 9112 §7.1: a chunk size may begin with zeros; the next one will.
            guard framing.sendsBody, framing.header == .chunked else { return }
            takeOutput()
            output.writeStaticString("0")
        } else {
            // RFC 9110 §15.2.1: a client that did not ask for 100 ignores it. Clients of 1.0 do not know it.
            guard state.mayAnswer, exchange.head.version == .http11 else { return }
            takeOutput()
            output.writeStaticString(ResponseEncoder.continueLine)
        }
        flushOutput()
    }

    func finish() {
        guard let framing = streaming else { return }
        if framing.sendsBody, framing.header == .chunked {
            takeOutput()
            output.writeStaticString(ResponseEncoder.lastChunk)
        }
        end()
    }

    func abort() {
        guard let framing = streaming else {
            if state.mayAnswer { closeNow() }
            return
        }
        streaming = nil
        // Without a last chunk a client sees the cut; a body that ends with the connection needs an RST.
        if framing.untilClose { return reset() }
        beginClose()
        pump()
    }

    // MARK: Upgrade

    func upgrade(_ fields: UnsafeRawBufferPointer, to handlers: [any ChannelHandler]) -> Bool {
        guard let context, state.mayAnswer, exchange.head.framing == .none else { return false }
        takeOutput()
        ResponseEncoder.writeHead(
            ResponseHead(101, fields: fields), ResponseFraming(header: .none, sendsBody: false), .upgrade,
            date: loop.date.current(), into: &output
        )
        state.upgraded()
        flushOutput()
        let rest = input
        let pipeline = context.pipeline.syncOperations
        do {
            try pipeline.addHandlers(handlers, position: .after(self))
        } catch {
            closeNow()
            return false
        }
        if rest.readableBytes > 0 {
            context.fireChannelRead(Self.wrapInboundOut(rest))
            context.fireChannelReadComplete()
        }
        pipeline.removeHandler(context: context, promise: nil)
        return true
    }

    // MARK: Parts

    /// Encodes the head, or nil if the request takes no answer.
    private func begin(_ head: ResponseHead, length: Int?) -> ResponseFraming? {
        guard context != nil, state.mayAnswer else { return nil }
        var head = head
        if head.status < 200 || head.status > 599 { head.status = 500 }
        if head.fields.count > Self.largestFields { head = ResponseHead(500, closes: true) }
        let framing = ResponseFraming.decide(
            status: head.status, isHead: exchange.isHead, version: exchange.head.version, length: length
        )
        state.answerBegan(closes: head.closes || framing.untilClose || !isRestWorthReading)
        takeOutput()
        ResponseEncoder.writeHead(
            head, framing, connectionField(head.status), date: date, into: &output
        )
        return framing
    }

    func end() {
        streaming = nil
        if exchange.reader != nil { exchange.reader = nil }
        switch state.answerCompleted(now: Clock.milliseconds()) {
        case .wait: break
        case .next: exchange.dropBody()
        case .last: beginClose()
        }
        guard !isRunning, input.readableBytes > 0, let context else { return pump() }
        // A late answer, and the next request is here already: it begins when the application has returned
        // from this call, for until then it may look at the one it answers.
        context.eventLoop.assumeIsolated().execute { self.pump() }
        if !inBurst { flushOutput() }
    }

    private var date: UnsafeRawBufferPointer {
        exchange.origin.isEncrypted ? loop.encryptedDate.current() : loop.date.current()
    }

    private func connectionField(_ status: Int) -> ResponseEncoder.Connection {
        if !state.persists { return .close }
        if status == 426 { return .upgrade }  // RFC 9110 §7.8: Upgrade is a hop-by-hop field
        return exchange.head.version == .http10 ? .keepAlive : .none
    }

    /// An answer before the end of the body: can the rest be read and dropped? Not if it is long; and if the
    /// client waits for 100, nobody can tell whether it will send it (RFC 9110 §10.1.1).
    private var isRestWorthReading: Bool {
        guard state.phase == .body else { return true }
        if exchange.head.expectsContinue, !hasContinued, input.readableBytes == 0 { return false }
        if case .length(let length) = exchange.head.framing {
            return length &- bodyReceived <= limits.discardedBody
        }
        return true
    }

    func takeOutput() {
        if output.capacity == 0 { output = loop.takeBuffer() }
    }

    private func append(_ bytes: ByteBuffer) {
        if bytes.readableBytes <= Self.copiedBody {
            output.writeImmutableBuffer(bytes)
            return
        }
        guard let context else { return }
        passOutput()
        pass(counted: bytes, context)
    }
}
