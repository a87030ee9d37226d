// SPDX-License-Identifier: MIT
internal import NIOCore

/// Takes the body of one request as it arrives, instead of `exchange.body`. Called on the connection's loop;
/// may answer from within any of its calls. Does not know how the body is framed.
protocol BodyReader: AnyObject {
    /// Takes no more for now: the socket is not read until `exchange.readBody()`, and no time limit runs.
    var isFull: Bool { get }

    /// The next bytes; never none. What it throws is answered, and ends the connection.
    func receive(_ piece: ByteBuffer) throws(HTTPError)

    /// The body is complete.
    func finish() throws(HTTPError)

    /// What is wrong with the body goes to `fail`, since a handler is at work that will answer. Otherwise the
    /// connection answers.
    var reportsErrors: Bool { get }

    /// The body ends here: broken, late or too large. Nothing more is received.
    func fail(_ error: HTTPError)
}

extension BodyReader {
    var reportsErrors: Bool { false }
    func fail(_ error: HTTPError) {}
}
