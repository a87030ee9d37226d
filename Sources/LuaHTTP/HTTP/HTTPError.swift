// SPDX-License-Identifier: MIT

/// What any layer throws to mean "answer the client this". The message is public; the cause is for the log
/// only. Does not know how the answer is rendered or sent.
struct HTTPError: Error {
    let status: Int
    /// Shown to the client: fixed text, so nothing the client sent can be reflected.
    let message: StaticString
    /// Never shown: what to look for when this turns up in a log.
    let cause: String?
    /// The limit that was hit, for the log line and the counter.
    let limit: Limits.Name?

    init(_ status: Int, _ message: StaticString, cause: String? = nil, limit: Limits.Name? = nil) {
        self.status = status
        self.message = message
        self.cause = cause
        self.limit = limit
    }
}

extension HTTPError: Equatable {
    static func == (left: HTTPError, right: HTTPError) -> Bool {
        left.status == right.status && left.limit == right.limit && left.cause == right.cause
            && left.message.description == right.message.description
    }
}

extension HTTPError: CustomStringConvertible {
    var description: String { "\(status) \(message)" + (cause.map { " (\($0))" } ?? "") }
}
