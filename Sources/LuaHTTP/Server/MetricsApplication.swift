// SPDX-License-Identifier: MIT

internal import NIOCore

/// Serves `/metrics` on a listener of its own. Knows no Lua and no routes.
final class MetricsApplication: HTTPApplication {
    private static let allow = ByteBuffer(
        string: "Allow: GET, HEAD\r\nContent-Type: text/plain; charset=utf-8\r\n")

    private let metrics: ServerMetrics
    private let loop: any EventLoop

    init(metrics: ServerMetrics, loop: any EventLoop) {
        self.metrics = metrics
        self.loop = loop
    }

    func accept(_ exchange: HTTPExchange) -> BodyDecision {
        guard exchange.head.slice(exchange.head.path).elementsEqual("/metrics".utf8) else {
            return .reject(HTTPError(404, "only /metrics is here"))
        }
        guard exchange.head.method == .get || exchange.isHead else {
            Self.allow.withUnsafeReadableBytes {
                _ = exchange.respond(
                    ResponseHead(405, fields: $0), body: ByteBuffer(string: "metrics can only be read\n"))
            }
            return .answered
        }
        return .proceed(limit: 0)
    }

    func handle(_ exchange: HTTPExchange) {
        let serial = exchange.serial
        metrics.text(on: loop).assumeIsolated().whenComplete { result in
            // The client may have gone, and another request have come.
            guard exchange.serial == serial else { return }
            guard case .success(let text) = result else {
                exchange.fail(HTTPError(503, "the server stops"))
                return
            }
            let fields = UnsafeRawBufferPointer(
                start: MetricsText.contentType.utf8Start, count: MetricsText.contentType.utf8CodeUnitCount)
            exchange.respond(ResponseHead(200, fields: fields), body: ByteBuffer(string: text))
        }
    }
}

extension WorkerPool {
    /// Installs what serves metrics on a new connection; on its loop.
    func install(_ metrics: ServerMetrics, on channel: any Channel) throws {
        guard let seat = seats.first(where: { $0.loop === channel.eventLoop }) else {
            return channel.close(promise: nil)
        }
        try channel.pipeline.syncOperations.addHandler(
            HTTP1Handler(
                application: MetricsApplication(metrics: metrics, loop: seat.loop),
                loop: seat.watchers.value, limits: Limits(),
                origin: ConnectionOrigin(remoteAddress: channel.remoteAddress)))
    }
}
