// SPDX-License-Identifier: MIT

internal import NIOCore

/// Reports of failures, in development only: what the worker knows of the request and its routes, put together.
extension Worker {
    func errorPage(for failure: RequestTask.Failure, exchange: HTTPExchange) -> ErrorPage {
        ErrorPage(
            status: failure.status, message: failure.message,
            report: isDevelopment ? report(of: failure, exchange: exchange) : nil,
            format: ErrorPage.Format(accept: exchange.head.value(.accept)))
    }

    func report(of failure: RequestTask.Failure, exchange: HTTPExchange) -> FailureReport {
        let task = task(of: exchange)
        let reporter = FailureReporter(configuration)
        let generation = task?.generation ?? generation
        // A route that was found speaks for itself.
        let isUnserved = (failure.status == 404 || failure.status == 405) && task?.route == nil
        return reporter.report(
            of: failure,
            request: RequestSummary(
                exchange, parameters: task?.parameters ?? [],
                route: task?.route.map { reporter.route(generation.table.routes[$0], of: generation.table) }),
            templates: generation.templates,
            routing: isUnserved
                ? reporter.routing(
                    of: generation.table, method(of: exchange), exchange.head.slice(exchange.head.path)) : nil
        )
    }

    /// The app's own error page says little to its author: what is behind it is kept, and the page links to it.
    func keepReport(of failure: RequestTask.Failure, exchange: HTTPExchange) {
        guard let live, let connection = exchange.connection as? LiveConnection else { return }
        connection.offer(live.keep(report(of: failure, exchange: exchange)))
    }
}

extension RequestTask {
    /// Parameters of the path, as text.
    fileprivate var parameters: [ScriptVariable] {
        guard let exchange, route != nil else { return [] }
        let path = exchange.head.slice(exchange.head.path)
        return (0..<match.count).map { index in
            let parameter = match[index]
            let name = generation.table.parameterNames[Int(parameter.name)]
            let value = match.withBytes(of: parameter, in: path) { RequestSummary.text($0) }
            return ScriptVariable(name: name, value: SecretName.isSecret(name) ? SecretName.mask : value)
        }
    }
}

extension FailureReporter {
    init(_ configuration: WorkerConfiguration) {
        self.init(root: configuration.loader.root, editor: configuration.editor)
    }
}
