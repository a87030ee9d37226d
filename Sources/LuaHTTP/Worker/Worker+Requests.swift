// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// What connections tell a worker about their requests, and what it makes of each event.
extension Worker: HTTPApplication {
    func accept(_ exchange: HTTPExchange) -> BodyDecision {
        if let live, live.takes(exchange) { return .answered }
        // What becomes of a body is decided now: only a request without one can wait for its route.
        if let freshness = configuration.freshness, exchange.head.framing == .none, freshness.isInDoubt() {
            return hold(exchange, freshness)
        }
        return dispatch(exchange)
    }

    func handle(_ exchange: HTTPExchange) {
        if configuration.freshness != nil, completeHeld(exchange) { return }
        guard let task = task(of: exchange), let route = task.route else { return }
        // Not by the generation in force: another may have come while the body was on its way.
        switch task.generation.routes[route].target {
        case .handler(let number, let takesRequest): task.run(handler: number, takesRequest: takesRequest)
        case .files(let number): task.sendStatic(task.generation.mounts[number])
        case .readiness: task.sendReadiness()
        }
    }

    func cancel(_ exchange: HTTPExchange) {
        if let live, live.drop(exchange) { return }
        task(of: exchange)?.cancel()
    }

    func writable(_ exchange: HTTPExchange) { task(of: exchange)?.clientIsReady() }

    func inputClosed(_ exchange: HTTPExchange) {
        if let live, live.drop(exchange) { return }
        task(of: exchange)?.inputClosed()
    }

    func errorPage(_ error: HTTPError, _ exchange: HTTPExchange, into body: inout ByteBuffer) -> ByteBuffer {
        let task = task(of: exchange)
        if let limit = error.limit {
            limitHit(
                limit, value(of: limit, for: task), detail: "\(error)", address: exchange.ipAddress ?? "-")
        } else {
            logger.debug("request refused: \(error)", metadata: ["client": "\(exchange.ipAddress ?? "?")"])
        }
        let page = ErrorPage(
            status: error.status, message: error.message.description, report: nil,
            format: ErrorPage.Format(accept: exchange.head.value(.accept)))
        body.writeImmutableBuffer(page.body)
        // Not `fields`: an answer may be in the making there, which turned out to be too large.
        var lines = HeaderBlock()
        lines.begin((task?.generation ?? generation).standardFields)
        lines.append(page.fields)
        lines.finish()
        if let task {
            logAccess(task, status: error.status, bytes: page.body.readableBytes)
            task.abandon()
        } else {
            // Malformed, or too slow: nobody has looked for a route.
            accessLog?.write(
                exchange, status: error.status, bytes: page.body.readableBytes, microseconds: 0)
            metrics?.unmatched.add(error.status, nanoseconds: 0)
        }
        return lines.bytes
    }

    func task(of exchange: HTTPExchange) -> RequestTask? {
        guard let task = exchange.task else { return nil }
        if configuration.freshness != nil, task is HeldRequest {
            exchange.task = nil
            return nil
        }
        // SAFETY: `dispatch` and `hold` are the only ones that set an exchange's task, and `hold` only where there is a
        // freshness.
        return unsafeDowncast(task, to: RequestTask.self)
    }
}
