// SPDX-License-Identifier: MIT

internal import NIOCore

/// The body of a request whose script reads it: bytes wait here until they are asked for, and the socket is
/// read no further meanwhile. Knows what is asked, not by whom; see Worker+Bodies.
final class BodyStream: BodyReader {
    /// Bytes that may wait unread.
    static let window = 64 << 10

    enum Demand {
        case bytes(most: Int)
        case nextPart
        case content(part: Int, most: Int)
        case save(BodySaving)
    }

    enum Outcome {
        case bytes(ByteBuffer)
        case part(MultipartPart, number: Int)
        case saved
        case end
        case failed(HostError)
    }

    private var buffer = ByteBuffer()
    private var isComplete = false
    private var failure: HTTPError?
    /// Nothing is read, and no client told to send, before the script asks for the first time.
    private var hasBegun = false
    private let limits: Limits
    /// Nil: the body is no multipart one.
    private let boundary: [UInt8]?
    private var parser: MultipartParser?
    /// Parts begun so far; the last of them is the one whose content may be read.
    private var part = 0
    private var isInPart = false
    private(set) var waiting: (demand: Demand, resume: (Outcome) -> Void)?
    /// It takes more again.
    var onRoom: () -> Void = {}

    /// - Parameter isEmpty: the request has no body.
    init(boundary: [UInt8]?, limits: Limits, isEmpty: Bool) {
        self.boundary = boundary
        self.limits = limits
        isComplete = isEmpty
    }

    // MARK: The connection's side

    var isFull: Bool { !hasBegun || buffer.readableBytes >= Self.window }
    var reportsErrors: Bool { true }

    func receive(_ piece: ByteBuffer) throws(HTTPError) {
        if buffer.readableBytes == 0 {
            buffer = piece
        } else {
            buffer.writeImmutableBuffer(piece)
        }
        advance()
    }

    func finish() throws(HTTPError) {
        isComplete = true
        advance()
    }

    func fail(_ error: HTTPError) {
        failure = error
        advance()
    }

    // MARK: The script's side

    /// What `demand` comes to now, or nil if it has to wait for the client.
    func take(_ demand: Demand) -> Outcome? {
        if let outcome = attempt(demand) { return outcome }
        hasBegun = true
        onRoom()
        return attempt(demand)
    }

    /// Calls `resume` as soon as the demand can be met.
    func wait(for demand: Demand, _ resume: @escaping (Outcome) -> Void) { waiting = (demand, resume) }

    func stopWaiting() {
        if case .save(let saving) = waiting?.demand { saving.stop() }
        waiting = nil
    }

    /// The request is over. Who waits all the same, such as a function of app.spawn, hears so.
    func cancel() {
        let last = waiting
        stopWaiting()
        last?.resume(.failed(.message("the request has ended")))
        onRoom = {}
        buffer = ByteBuffer()
        isComplete = true
    }

    /// Looks again whether what the script waits for is there.
    func advance() {
        guard let (demand, resume) = waiting, let outcome = attempt(demand) else { return }
        waiting = nil
        resume(outcome)
    }

    private func attempt(_ demand: Demand) -> Outcome? {
        let wasFull = isFull
        defer { if wasFull, hasBegun, !isFull { onRoom() } }
        switch demand {
        case .bytes(let most): return takeBytes(most)
        case .nextPart: return takePart()
        case .content(let part, let most): return takeContent(part, most)
        case .save(let saving): return save(saving)
        }
    }

    // MARK: Bytes

    private func takeBytes(_ most: Int) -> Outcome? {
        guard parser == nil else {
            return .failed(
                .message("the parts of this body are being read: its bytes cannot be read besides"))
        }
        if buffer.readableBytes == 0 { return ending }
        return cut(min(most, buffer.readableBytes))
    }

    private func cut(_ count: Int) -> Outcome? { buffer.readSlice(length: count).map { .bytes($0) } }

    /// What comes when no bytes are left: the end, an error, or more.
    private var ending: Outcome? {
        if let failure {
            return .failed(.abort(status: failure.status, message: failure.message.description))
        }
        return isComplete ? .end : nil
    }

    // MARK: Parts

    private func takePart() -> Outcome? {
        if parser == nil {
            guard let boundary else {
                return .failed(.abort(status: 415, message: "This is not a multipart body."))
            }
            parser = MultipartParser(boundary: boundary, headLimit: limits.partHead)
            guard parser != nil else {
                return .failed(.abort(status: 400, message: "The multipart body has no valid boundary."))
            }
        }
        return nextEvent(most: .max) { event in
            guard case .part(let head) = event else { return nil }
            part += 1
            guard part <= limits.parts else { return .failed(Self.refusal(Self.tooManyParts)) }
            isInPart = true
            return .part(head, number: part)
        }
    }

    private static let tooManyParts = HTTPError(413, "too many parts in the multipart body", limit: .parts)

    private func takeContent(_ number: Int, _ most: Int) -> Outcome? {
        guard number == part else {
            return .failed(.message("the next part has begun: read a part before going on to the next one"))
        }
        guard isInPart else { return .end }
        return nextEvent(most: most) { event in
            switch event {
            case .data(let data): .bytes(data)
            case .partEnd: .end
            case .part: nil
            }
        }
    }

    private enum Event {
        case part(MultipartPart)
        case data(ByteBuffer)
        case partEnd
    }

    /// Reads on until `pick` takes an event. The end of the last part is one of all.
    private func nextEvent(most: Int, _ pick: (Event) -> Outcome?) -> Outcome? {
        while true {
            let event: Event?
            do throws(HTTPError) {
                event = try nextEvent(most)
            } catch {
                failure = error
                buffer = ByteBuffer()
                return .failed(Self.refusal(error))
            }
            guard let event else { break }
            if case .partEnd = event { isInPart = false }
            if let outcome = pick(event) { return outcome }
        }
        if parser?.isComplete == true { return .end }
        guard case .end = ending else { return ending }
        return .failed(.abort(status: 400, message: "multipart body ended before its last boundary"))
    }

    private static func refusal(_ error: HTTPError) -> HostError {
        .abort(status: error.status, message: error.message.description)
    }

    private func nextEvent(_ most: Int) throws(HTTPError) -> Event? {
        guard var parser else { return nil }
        self.parser = nil  // one reference, so that it is not copied
        defer { self.parser = parser }
        var index = 0
        var result: Result<MultipartParser.Event?, HTTPError> = .success(nil)
        buffer.withUnsafeReadableBytes { bytes in
            do throws(HTTPError) {
                result = .success(try parser.next(bytes, &index, most: most))
            } catch {
                result = .failure(error)
            }
        }
        let read = buffer
        buffer.moveReaderIndex(forwardBy: index)
        switch try result.get() {
        case .part(let head): return .part(head)
        case .data(let range):
            return .data(
                read.getSlice(at: read.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer())
        case .held(let range): return .data(ByteBuffer(bytes: parser.delimiter[range]))
        case .partEnd: return .partEnd
        case .end, nil: return nil
        }
    }

    // MARK: Saving

    /// Moves what there is to the file; done when the file has its name.
    private func save(_ saving: BodySaving) -> Outcome? {
        if let outcome = saving.outcome { return outcome }
        while !saving.isFull, !saving.isClosed {
            let next = saving.part.map { takeContent($0, .max) } ?? takeBytes(.max)
            switch next {
            case .bytes(let bytes): saving.append(bytes)
            case .end: saving.close()
            case .failed(let error):
                saving.stop()
                return .failed(error)
            case nil: return nil
            case .part, .saved: return nil
            }
        }
        return saving.outcome
    }
}

@available(*, unavailable)
extension BodyStream: Sendable {}
