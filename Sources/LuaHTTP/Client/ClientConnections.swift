// SPDX-License-Identifier: MIT

internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import Synchronization

/// The connections of one worker to other servers: on the worker's own loop, so that answers need no hop.
/// Nothing of it exists before the first request.
final class ClientConnections: Sendable {
    private struct Content {
        var client: HTTPClient?
        var isClosed = false
    }

    private let loop: any EventLoop
    private let content = Mutex(Content())

    /// To one host at a time; further requests wait for one of them.
    static let mostPerHost = 64

    init(loop: any EventLoop) { self.loop = loop }

    /// Begins a request; what comes of it is told to `exchange`. On the loop.
    ///
    /// - Throws: why it cannot even be tried.
    func begin(_ request: OutgoingRequest, for exchange: ClientExchange) throws {
        var headers = HTTPHeaders()
        for (name, value) in request.fields { headers.add(name: name, value: value) }
        if !headers.contains(name: "User-Agent") {
            headers.add(name: "User-Agent", value: "luahttpd/" + LuaHTTPVersion.text)
        }
        var tls: TLSConfiguration?
        if let certificates = request.certificates {
            tls = TLSConfiguration.makeClientConfiguration()
            tls?.trustRoots = .file(certificates)
        }
        let body: HTTPClient.Body? =
            switch request.body {
            case .none: nil
            case .bytes(let bytes): .byteBuffer(ByteBuffer(bytes: bytes))
            case .stream(let length):
                .stream(contentLength: length) { [loop] writer in
                    loop.preconditionInEventLoop()
                    return exchange.beginUpload(writer)
                }
            }
        let outgoing = try HTTPClient.Request(
            url: request.url.text, method: HTTPMethod(rawValue: request.method), headers: headers, body: body,
            tlsConfiguration: tls)
        guard let client = client() else { throw ChannelError.ioOnClosedChannel }
        exchange.began(
            client.execute(request: outgoing, delegate: exchange, eventLoop: .delegateAndChannel(on: loop)))
    }

    private func client() -> HTTPClient? {
        content.withLock { content in
            if content.isClosed { return nil }
            if let client = content.client { return client }
            var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
            configuration.timeout.connect = .seconds(2)
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.mostPerHost
            // One that is refused says so now, not when the time is up.
            configuration.connectionPool.retryConnectionEstablishment = false
            let client = HTTPClient(eventLoopGroupProvider: .shared(loop), configuration: configuration)
            content.client = client
            return client
        }
    }

    /// Closes all connections; what is under way fails.
    func shutDown() async {
        let client = content.withLock { content in
            content.isClosed = true
            defer { content.client = nil }
            return content.client
        }
        try? await client?.shutdown()
    }

    deinit {
        content.withLock { content in
            content.client?.shutdown { _ in }
            content.client = nil
        }
    }
}
