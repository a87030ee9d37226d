// SPDX-License-Identifier: MIT

internal import NIOCore

/// Which route a request is for, and the answers to those that no route takes.
extension Worker {
    /// Looks for the route.
    func dispatch(_ exchange: HTTPExchange) -> BodyDecision {
        let task = takeTask()
        exchange.task = task
        task.begin(exchange)
        if let hosts = generation.hosts, !hosts.allows(exchange.head.slice(exchange.head.host)),
            !asksForReadiness(exchange)
        {
            return .reject(HTTPError(421, "this server does not serve the host of this URL"))
        }
        let path = exchange.head.slice(exchange.head.path)
        switch generation.table.match(method(of: exchange), path, into: &task.match) {
        case .found(let route):
            task.route = route
            if exchange.head.framing == .none, !generation.routes[route].streamsBody {
                return .proceed(limit: 0)
            }
            return acceptBody(of: task, exchange, route)
        case .notFound:
            return refuse(task, RequestTask.Failure(status: 404), exchange)
        case .methodNotAllowed(let methods):
            let allow = allowField(methods)
            return refuse(task, RequestTask.Failure(status: 405, fields: allow), exchange)
        case .options(let methods):
            task.respond(status: 204, fields: allowField(methods))
        case .redirect(let slash):
            task.respond(
                status: exchange.head.method == .get || exchange.isHead ? 301 : 308,
                fields: location(of: exchange, slash))
        case .badRequest:
            return refuse(
                task, RequestTask.Failure(status: 400, message: "The path of this URL is not valid."),
                exchange)
        }
        return .answered
    }

    /// Who asks that names the machine, not the site.
    private func asksForReadiness(_ exchange: HTTPExchange) -> Bool {
        guard let path = generation.settings.readiness else { return false }
        return exchange.head.slice(exchange.head.path).elementsEqual(path.utf8)
    }

    /// Errors found before the handler runs: the app's own page, if it can be made at once, else the built-in.
    func refuse(_ task: RequestTask, _ failure: RequestTask.Failure, _ exchange: HTTPExchange)
        -> BodyDecision
    {
        let serial = exchange.serial
        task.fail(with: failure)
        guard exchange.serial == serial, self.task(of: exchange) === task else { return .answered }
        // The error handler waits: only a request without a body can wait with it. A page that has begun
        // goes on beside the body.
        if exchange.head.framing == .none || task.rendering?.hasStarted == true { return .answered }
        task.abandon()
        return .reject(HTTPError(failure.status, ""))
    }

    func method(of exchange: HTTPExchange) -> RouteMethod {
        switch exchange.head.method {
        case .get: .get
        case .head: .head
        case .post: .post
        case .put: .put
        case .patch: .patch
        case .delete: .delete
        case .options: .options
        case .connect, .trace, .other:
            generation.table.method(named: exchange.head.slice(exchange.head.methodName))
        }
    }

    private func allowField(_ methods: RouteMethodSet) -> ByteBuffer {
        var field = ByteBuffer()
        field.writeStaticString("Allow: ")
        field.writeBytes(generation.table.allow(methods))
        field.writeStaticString("\r\n")
        return field
    }

    /// The same path with one slash more or less, and the query. The router never says so of a path that
    /// would name another host.
    private func location(of exchange: HTTPExchange, _ slash: RouteOutcome.TrailingSlash) -> ByteBuffer {
        var field = ByteBuffer()
        field.writeStaticString("Location: ")
        let path = exchange.head.slice(exchange.head.path)
        switch slash {
        case .add:
            field.writeBytes(path)
            field.writeStaticString("/")
        case .remove:
            field.writeBytes(path.dropLast())
        }
        if !exchange.head.query.isEmpty {
            field.writeStaticString("?")
            field.writeBytes(exchange.head.slice(exchange.head.query))
        }
        field.writeStaticString("\r\n")
        return field
    }
}
