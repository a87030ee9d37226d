// SPDX-License-Identifier: MIT

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1

/// One request to another server and its answer, as it comes. Holds back the other side while nobody reads, and
/// whoever writes while the other side does not. Knows no Lua.
/// @unchecked: the client is told to call on `loop` only, which is where everything else happens.
final class ClientExchange: HTTPClientResponseDelegate, @unchecked Sendable {
    typealias Response = Void

    /// The body that the script sends piece by piece.
    private enum Upload {
        case none
        /// There is no connection yet.
        case pending
        case ready(HTTPClient.Body.StreamWriter, EventLoopPromise<Void>)
        /// A piece is on its way.
        case busy(HTTPClient.Body.StreamWriter, EventLoopPromise<Void>)
        /// All is sent, or nobody wants more.
        case ended
    }

    private let loop: any EventLoop
    private var head: HTTPResponseHead?
    private(set) var inbox = ResponseInbox()
    private var upload: Upload
    private var task: HTTPClient.Task<Void>?
    /// The client waits for it before it reads on.
    private var space: EventLoopPromise<Void>?
    /// Set when the exchange was called off: what the client says of it then is of no interest.
    private var isCancelled = false
    /// Called when there is something new: a head, bytes, room to write, the end.
    var onChange: () -> Void = {}

    /// Without its body, which is not to be held any longer than it is sent.
    private let request: OutgoingRequest

    init(_ request: OutgoingRequest, loop: any EventLoop) {
        self.loop = loop
        if case .stream = request.body { upload = .pending } else { upload = .none }
        var request = request
        request.body = .none
        self.request = request
    }

    func began(_ task: HTTPClient.Task<Void>) {
        self.task = task
        if isCancelled { task.cancel() }
    }

    /// Status, names and values of the head, once it is there.
    var answer: (status: Int, fields: [(name: String, value: String)])? {
        head.map { (Int($0.status.code), $0.headers.map { ($0.name, $0.value) }) }
    }

    /// Bytes of the body that is to come, as the head says; 0 where it does not, or where none comes
    /// (RFC 9110 §8.6).
    var announcedLength: Int {
        guard let head, request.method != "HEAD", head.status != .notModified else { return 0 }
        return head.headers.first(name: "Content-Length").flatMap { Int($0) } ?? 0
    }

    var hasEnded: Bool { inbox.end != nil }

    // MARK: Sending

    func beginUpload(_ writer: HTTPClient.Body.StreamWriter) -> EventLoopFuture<Void> {
        let promise = loop.makePromise(of: Void.self)
        if case .pending = upload, !isCancelled {
            upload = .ready(writer, promise)
            changed()
        } else {
            promise.fail(HTTPClientError.cancelled)
        }
        return promise.futureResult
    }

    enum WriteState {
        /// A piece can be given.
        case ready
        /// The connection, or the other side, is not ready for more.
        case busy
        /// The other side wants no more: it has answered, or is gone.
        case ended
    }

    var writeState: WriteState {
        switch upload {
        case .pending, .busy: hasEnded ? .ended : .busy
        case .ready: .ready
        case .none, .ended: .ended
        }
    }

    /// Sends a piece; only when ready.
    func write(_ bytes: ByteBuffer) {
        guard case .ready(let writer, let promise) = upload, bytes.readableBytes > 0 else { return }
        upload = .busy(writer, promise)
        writer.write(.byteBuffer(bytes)).assumeIsolated().whenComplete { result in
            guard case .busy(let writer, let promise) = self.upload else { return }
            switch result {
            case .success: self.upload = .ready(writer, promise)
            case .failure(let error):
                self.upload = .ended
                promise.fail(error)
            }
            self.changed()
        }
    }

    /// The body is complete; only when ready.
    func endUpload() {
        guard case .ready(_, let promise) = upload else { return }
        upload = .ended
        promise.succeed(())
    }

    private func dropUpload() {
        switch upload {
        case .ready(_, let promise), .busy(_, let promise):
            upload = .ended
            promise.fail(HTTPClientError.requestStreamCancelled)
        case .pending: upload = .ended
        case .none, .ended: break
        }
    }

    // MARK: Receiving

    /// How much is kept before the other side is held back.
    func setCapacity(_ bytes: Int) {
        inbox.capacity = bytes
        makeSpace()
    }

    func read(atMost count: Int = .max) -> ByteBuffer? {
        defer { makeSpace() }
        return inbox.read(atMost: count)
    }

    func readAll() -> ByteBuffer {
        defer { makeSpace() }
        return inbox.readAll()
    }

    private func makeSpace() {
        guard !inbox.isFull, let space else { return }
        self.space = nil
        space.succeed(())
    }

    // MARK: What the client says

    func didReceiveHead(task: HTTPClient.Task<Void>, _ head: HTTPResponseHead) -> EventLoopFuture<Void> {
        self.head = head
        changed()
        return loop.makeSucceededVoidFuture()
    }

    func didReceiveBodyPart(task: HTTPClient.Task<Void>, _ buffer: ByteBuffer) -> EventLoopFuture<Void> {
        guard !isCancelled else { return loop.makeSucceededVoidFuture() }
        inbox.append(buffer)
        changed()
        guard inbox.isFull, !isCancelled else { return loop.makeSucceededVoidFuture() }
        let promise = loop.makePromise(of: Void.self)
        space = promise
        return promise.futureResult
    }

    func didReceiveError(task: HTTPClient.Task<Void>, _ error: any Error) {
        finish(.failed(ClientFailure.text(error, of: request)))
    }

    func didFinishRequest(task: HTTPClient.Task<Void>) { finish(.complete) }

    // MARK: The end

    /// Ends it from this side; whoever waits is told `reason`.
    func cancel(_ reason: String) {
        guard !isCancelled, inbox.end == nil else { return }
        isCancelled = true
        inbox.removeAll()
        let task = task
        finish(.failed(reason))
        task?.cancel()
    }

    private func finish(_ end: ResponseInbox.End) {
        guard inbox.end == nil else { return }
        inbox.end = end
        task = nil
        dropUpload()
        let space = space
        self.space = nil
        space?.succeed(())
        changed()
    }

    private func changed() { onChange() }
}
