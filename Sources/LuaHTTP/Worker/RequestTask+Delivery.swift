// SPDX-License-Identifier: MIT

internal import NIOCore

/// What becomes of a body between the app and the connection: nothing at all where the client has it already, a
/// compressed form where that pays. Most answers are too small for either, and do not come here.
extension RequestTask {
    /// What may be done to the body of an answer.
    struct Treatment {
        var compresses = true
        /// A validator is made of the body.
        var tags = false
    }

    /// A whole body of so many bytes goes out as it is, and nobody makes conditions.
    func isPlain(_ count: Int) -> Bool {
        guard count < worker.compressors.setting.least, let exchange else { return false }
        return !exchange.head.headers.hasPreconditions
    }

    /// What the app, the route and the answer allow. A page that gets a tag during development is nobody's to keep.
    func treatment(_ answer: Answer, isPage: Bool) -> Treatment {
        if worker.live != nil, exchange?.connection is LiveConnection {
            return Treatment(compresses: false, tags: false)
        }
        let rules = route.map { generation.routes[$0] }
        return Treatment(
            compresses: answer.compresses && rules?.compresses != false && worker.compressors.setting.isOn,
            tags: isPage && answer.status == 200 && isRead && rules?.tags ?? generation.settings.tagsPages)
    }

    /// The request is a GET or HEAD: the only ones that can be answered with 304.
    private var isRead: Bool { exchange.map { $0.head.method == .get || $0.isHead } ?? false }

    // MARK: Whole bodies

    /// Answers and completes.
    func deliver(_ status: Int, _ lines: ByteBuffer, _ body: UnsafeRawBufferPointer, _ treatment: Treatment) {
        guard let exchange else { return end() }
        var fields = AnswerFields(lines)
        if treatment.tags, !fields.hasTag, !fields.forbidsStoring { fields.addTag(of: body) }
        let mayCompress =
            treatment.compresses && body.count >= worker.compressors.setting.least && Self.hasBody(status)
            && fields.isCompressible
        if mayCompress { fields.vary() }
        if (200..<300).contains(status), isRead {
            switch fields.decide(on: exchange.head) {
            case .notModified where status == 200: return deliverNothing(fields, exchange)
            case .preconditionFailed: return fail(with: Failure(status: 412))
            case .notModified, .proceed: break
            }
        }
        if mayCompress, let coding = coding(for: exchange) {
            if body.count > Self.compressedAtOnce, sentString != nil {
                if deliverSlowly(status, fields, coding) { return }
            } else if let coded = worker.compressors.compress(body, coding) {
                fields.encode(coding)
                fields.lines.withUnsafeReadableBytes {
                    _ = exchange.respond(ResponseHead(status, fields: $0), body: coded)
                }
                return complete(status: status, bytes: coded.readableBytes)
            }
        }
        fields.lines.withUnsafeReadableBytes {
            _ = exchange.respond(ResponseHead(status, fields: $0), body: body)
        }
        complete(status: status, bytes: body.count)
    }

    /// The client has it.
    private func deliverNothing(_ fields: AnswerFields, _ exchange: HTTPExchange) {
        fields.ofNotModified.withUnsafeReadableBytes {
            _ = exchange.respond(ResponseHead(304, fields: $0), body: .init(start: nil, count: 0))
        }
        complete(status: 304, bytes: 0)
    }

    /// The best of what the client takes and what is made here; nil for identity.
    private func coding(for exchange: HTTPExchange) -> AnswerCoding? {
        guard exchange.head.headers.contains(.acceptEncoding) else { return nil }
        let best = AcceptEncoding(of: exchange.head).best(CompressionSetting.makes)
        return best == .identity ? nil : best
    }

    private static func hasBody(_ status: Int) -> Bool { ![204, 205, 206, 304].contains(status) }

    // MARK: Bodies in pieces

    /// The compressor for a body that comes piece by piece, and the lines that go with it. Nil: as it is.
    func beginCompressing(_ status: Int, _ lines: inout ByteBuffer, _ treatment: Treatment) -> Compressor? {
        guard treatment.compresses, Self.hasBody(status), let exchange else { return nil }
        var fields = AnswerFields(lines)
        guard fields.isCompressible else { return nil }
        fields.vary()
        defer { lines = fields.lines }
        guard let coding = coding(for: exchange), let compressor = worker.compressors.begin(coding) else {
            return nil
        }
        fields.encode(coding)
        return compressor
    }

    // MARK: Large strings

    /// Compressing more takes milliseconds in which the loop serves nobody else: a piece, and then others have
    /// their turn.
    private static var compressedAtOnce: Int { 512 << 10 }
    private static var piece: Int { 128 << 10 }

    /// The string stays on the stack of the coroutine until the answer is complete.
    /// False where no compressor is to be had.
    private func deliverSlowly(_ status: Int, _ fields: AnswerFields, _ coding: AnswerCoding) -> Bool {
        guard let exchange, let compressor = worker.compressors.begin(coding) else { return false }
        var fields = fields
        fields.encode(coding)
        let started = fields.lines.withUnsafeReadableBytes {
            exchange.start(ResponseHead(status, fields: $0))
        }
        guard started else {
            worker.compressors.end(compressor)
            cancel()
            return true
        }
        state = .sending
        sending = Sending(status: status, compressor: compressor)
        goOnSending()
        return true
    }

    /// A large string on its way.
    struct Sending {
        let status: Int
        let compressor: Compressor
        var offset = 0
        /// A turn has been asked for.
        var isWaiting = false
    }

    func goOnSending() {
        guard state == .sending, var sending, !sending.isWaiting, let exchange, let index = sentString,
            let body = coroutine?.stack.bytes(at: index)
        else { return }
        let end = min(sending.offset + Self.piece, body.count)
        var output = ByteBuffer()
        sending.compressor.pass(
            UnsafeRawBufferPointer(rebasing: body[min(sending.offset, end)..<end]), into: &output,
            end == body.count ? .end : .none)
        sending.offset = end
        sending.isWaiting = end < body.count
        self.sending = sending
        let isTaken = output.readableBytes > 0 ? exchange.write(output) : exchange.isWritable
        guard state == .sending else { return }  // writing may find the client gone
        if end == body.count {
            exchange.finish()
            return complete(status: sending.status, bytes: sending.compressor.produced)
        }
        guard isTaken else {
            self.sending?.isWaiting = false
            return  // `clientIsReady` goes on
        }
        worker.later { [serial = exchange.serial] in
            guard self.exchange === exchange, exchange.serial == serial, self.state == .sending else {
                return
            }
            self.sending?.isWaiting = false
            self.goOnSending()
        }
    }

    func dropSending() {
        if let sending { worker.compressors.end(sending.compressor) }
        (sending, sentString) = (nil, nil)
    }
}
