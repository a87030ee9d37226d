// SPDX-License-Identifier: MIT
import NIOCore

/// What a connection asks of the application on its event loop; all calls happen on that loop.
/// A generic parameter of the handler, not an existential, so that the calls are direct.
protocol HTTPApplication: AnyObject {
    /// The head is complete and valid, the body not yet read: decide whether and how much of it to take.
    /// The place to refuse early, before a client waiting for 100 sends its body.
    func accept(_ exchange: HTTPExchange) -> BodyDecision

    /// The request is complete, its body in `exchange.body`. Must answer through the exchange exactly once,
    /// now or later.
    func handle(_ exchange: HTTPExchange)

    /// An accepted request will not be handled, or its answer will not arrive: the client is gone or its body
    /// was broken. The exchange takes no answer any more.
    func cancel(_ exchange: HTTPExchange)

    /// A streaming answer whose `write` returned false may go on.
    func writable(_ exchange: HTTPExchange)

    /// The client sent FIN while its request is handled. It may still read: an answer is owed.
    func inputClosed(_ exchange: HTTPExchange)

    /// A client hit a limit that no error page tells it about.
    func limitHit(_ limit: Limits.Name, _ value: Int, _ exchange: HTTPExchange)

    /// Appends the page for an error the connection answers itself and returns its header lines. Also the place to
    /// log and count it. `exchange.head` may be incomplete.
    func errorPage(_ error: HTTPError, _ exchange: HTTPExchange, into body: inout ByteBuffer) -> ByteBuffer
}

enum BodyDecision {
    /// Read the body, if there is one, up to so many bytes, then `handle`.
    case proceed(limit: Int)
    /// Give the body, which there must be, to the reader; the application handles the request when it sees fit,
    /// at once if `handlesNow`.
    case stream(to: any BodyReader, limit: Int, handlesNow: Bool)
    /// Answer with an error page. The body is read and dropped, or the connection closed, whichever is
    /// cheaper.
    case reject(HTTPError)
    /// `accept` has answered through the exchange itself; the body is dropped as above.
    case answered
}

extension HTTPApplication {
    func cancel(_ exchange: HTTPExchange) {}
    func writable(_ exchange: HTTPExchange) {}
    func inputClosed(_ exchange: HTTPExchange) {}
    func limitHit(_ limit: Limits.Name, _ value: Int, _ exchange: HTTPExchange) {}

    func errorPage(_ error: HTTPError, _ exchange: HTTPExchange, into body: inout ByteBuffer) -> ByteBuffer {
        body.writeString("\(error.status) ")
        body.writeStaticString(StatusLine.reason(error.status))
        body.writeStaticString(": ")
        body.writeStaticString(error.message)
        body.writeStaticString("\n")
        return ByteBuffer(string: "Content-Type: text/plain; charset=utf-8\r\n")
    }
}
