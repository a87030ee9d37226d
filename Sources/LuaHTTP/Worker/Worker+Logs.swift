// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// What is told of requests: access log, metrics, limits that clients hit, failures of scripts.
extension Worker {
    /// Requests are timed.
    var takesTime: Bool { accessLog?.format.hasDuration == true || metrics != nil }

    func logFailure(_ failure: RequestTask.Failure, of task: RequestTask) {
        if let limit = failure.limit {
            limitHit(
                limit, value(of: limit, for: task), detail: "\(failure.status) for \(task.requestLine)",
                address: task.exchange?.ipAddress ?? "-")
        }
        guard failure.status >= 500, let detail = ErrorPage.detail(of: failure) else { return }
        logger.error("\(task.requestLine): \(failure.status)\n\(LogText.block(detail))")
    }

    /// An answer that its client gets a part of, for a reason that is no error elsewhere.
    func logCut(_ task: RequestTask, _ reason: ScriptError) {
        logger.warning("\(task.requestLine): \(reason.description)")
    }

    func logAccess(_ task: RequestTask, status: Int, bytes: Int) {
        guard accessLog != nil || metrics != nil, let exchange = task.exchange else { return }
        let nanoseconds = takesTime ? max(0, (NIODeadline.now() - task.startedAt).nanoseconds) : 0
        accessLog?.write(exchange, status: status, bytes: bytes, microseconds: Int(nanoseconds / 1000))
        metrics?.series(of: task).add(status, nanoseconds: UInt64(nanoseconds))
    }

    func limitHit(_ limit: Limits.Name, _ value: Int, _ exchange: HTTPExchange) {
        // The end of a connection that was used long enough is nothing to tell.
        if limit == .requestsPerConnection { return limitLog.count(limit) }
        limitHit(limit, value, detail: "connection reset", address: exchange.ipAddress ?? "-")
    }

    func limitHit(_ limit: Limits.Name, _ value: Int, detail: String, address: String) {
        let line = limitLog.hit(
            limit, value: value, detail: detail, address: address, now: Clock.milliseconds())
        if let line { logger.warning("\(line)") }
    }

    /// The status is nginx's own for those who have not waited for theirs.
    func logCancelled(_ task: RequestTask) {
        metrics?.cancelled &+= 1
        logger.debug("\(task.requestLine): client has gone")
        logAccess(task, status: 499, bytes: task.bytesSent)
    }

    /// Of the route of `task`, or of the app.
    func value(of limit: Limits.Name, for task: RequestTask?) -> Int {
        let ofRoute = task?.route.flatMap { task?.generation.routes[$0].limits[limit] }
        return ofRoute ?? configuration.limits[limit]
    }
}
