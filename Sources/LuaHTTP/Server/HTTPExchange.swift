// SPDX-License-Identifier: MIT
import NIOCore

/// One request and the way to answer it. One per connection, reused: `serial` tells a late completion that
/// its request is over. Knows the request's bytes and where the answer goes, not how either is framed.
final class HTTPExchange {
    /// Stable from `accept` to the end of the answer.
    var head = RequestHead()
    /// Complete when `handle` is called.
    var body = ByteBuffer()
    /// Takes the body instead, while there is more of it to come and the answer is not complete.
    var reader: (any BodyReader)?
    /// Goes up with each request of the connection.
    private(set) var serial: UInt64 = 0
    let origin: ConnectionOrigin
    /// The client speaks to us, or to a proxy that we trust, over TLS.
    private(set) var isSecure: Bool
    /// What a trusted proxy says of the client's address.
    private var forwardedAddress: String?
    /// The application's own state of this connection or request.
    var task: AnyObject?
    /// Where answers go; nil when the connection is gone. The connection breaks this cycle when it closes.
    var connection: (any ExchangeConnection)?

    init(_ origin: ConnectionOrigin) {
        self.origin = origin
        isSecure = origin.isSecure
    }

    var isHead: Bool { head.method == .head }
    /// Text is made once per connection, and only if somebody asks.
    private lazy var peerAddress: String? = origin.remoteAddress?.ipAddress
    var ipAddress: String? { forwardedAddress ?? peerAddress }

    /// The head is complete: believes what it says of the client, if it comes from a proxy that is to be believed.
    @inline(__always)
    func takeForwarded() {
        if let proxies = origin.proxies { takeForwarded(trusting: proxies) }
    }

    private func takeForwarded(trusting proxies: TrustedProxies) {
        let client = ForwardedClient(head, trusting: proxies)
        forwardedAddress = client.address?.description
        isSecure = client.isSecure ?? origin.isSecure
        if let host = client.host { head.host = host }
    }

    /// The head is none that anything can be taken from; what the one before said is not of this one.
    func forgetForwarded() {
        forwardedAddress = nil
        isSecure = origin.isSecure
    }

    func begin() {
        serial &+= 1
        head.reset()
    }

    /// Larger bodies are not kept from request to request.
    func dropBody() {
        if body.capacity > 16 << 10 { body = ByteBuffer() } else { body.clear() }
    }
}

/// The answering side of a connection. Each call is ignored (and says so) when the request takes no answer
/// any more: answered twice, or the client gone.
protocol ExchangeConnection: AnyObject {
    func respond(_ head: ResponseHead, _ body: UnsafeRawBufferPointer) -> Bool
    func respond(_ head: ResponseHead, buffer: ByteBuffer) -> Bool
    func respond(_ head: ResponseHead, file: FileBody) -> Bool
    func fail(_ error: HTTPError) -> Bool
    func start(_ head: ResponseHead) -> Bool
    func write(_ bytes: ByteBuffer) -> Bool
    func finish()
    func abort()
    func readBody()
    func refuse(_ error: HTTPError)
    func probe()
    func upgrade(_ fields: UnsafeRawBufferPointer, to handlers: [any ChannelHandler]) -> Bool
    var isWritable: Bool { get }
    var isInputClosed: Bool { get }
}

extension ExchangeConnection {
    func probe() {}
}

extension HTTPExchange {
    /// A complete answer; the bytes are copied.
    @discardableResult
    func respond(_ head: ResponseHead, body: UnsafeRawBufferPointer) -> Bool {
        connection?.respond(head, body) ?? false
    }

    /// A complete answer; a large buffer is sent as it is.
    @discardableResult
    func respond(_ head: ResponseHead, body: ByteBuffer) -> Bool {
        connection?.respond(head, buffer: body) ?? false
    }

    /// A complete answer from a file (sendfile; not over TLS). The connection closes the file, whatever
    /// comes.
    @discardableResult
    func respond(_ head: ResponseHead, file: FileBody) -> Bool {
        connection?.respond(head, file: file) ?? false
    }

    /// Answers with the error's page.
    @discardableResult
    func fail(_ error: HTTPError) -> Bool { connection?.fail(error) ?? false }

    /// Begins an answer of unknown length: chunked, or ended by closing for HTTP/1.0.
    @discardableResult
    func start(_ head: ResponseHead) -> Bool { connection?.start(head) ?? false }

    /// A piece of a started answer. False: the client is slow; wait for `writable`. The piece is taken
    /// anyway.
    @discardableResult
    func write(_ bytes: ByteBuffer) -> Bool { connection?.write(bytes) ?? false }

    /// Sends a client that has sent FIN what means nothing to one that still reads; one that has gone answers
    /// with RST, and then this exchange is cancelled. Nothing happens where nothing meaningless can be sent.
    func probe() { connection?.probe() }

    /// Ends a started answer.
    func finish() { connection?.finish() }

    /// Cuts a started answer off so that the client notices: no last chunk, the connection is closed.
    func abort() { connection?.abort() }

    /// The reader of the body takes more: goes on with it, and tells a client that waits for it to send
    /// (RFC 9110 §10.1.1).
    func readBody() { connection?.readBody() }

    /// Ends a request whose body cannot be taken: answers with the error's page, if no answer has begun, and closes.
    func refuse(_ error: HTTPError) { connection?.refuse(error) }

    /// Answers 101 with `fields` (Upgrade and the protocol's own) and hands the connection to `handlers`, the
    /// first nearest to the socket. Bytes already received are passed on to them.
    @discardableResult
    func upgrade(_ fields: UnsafeRawBufferPointer, to handlers: [any ChannelHandler]) -> Bool {
        connection?.upgrade(fields, to: handlers) ?? false
    }

    var isWritable: Bool { connection?.isWritable ?? false }

    /// The client has sent FIN: it may be gone, or may only have finished sending.
    var isInputClosed: Bool { connection?.isInputClosed ?? true }
}

@available(*, unavailable)
extension HTTPExchange: Sendable {}
