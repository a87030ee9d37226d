// SPDX-License-Identifier: MIT

/// What an application says about its answer before the body: a status and finished field lines.
/// Knows nothing of framing: Content-Length, Transfer-Encoding, Connection and Date are the encoder's alone.
struct ResponseHead {
    /// 200…599; anything else is sent as 500.
    var status: Int
    /// `Name: value\r\n` lines that HeaderBlock (or its equal in C) has checked. Borrowed: it must stay valid
    /// for the call it is passed to and is copied there.
    var fields: UnsafeRawBufferPointer
    /// Close the connection after this answer.
    var closes: Bool

    init(_ status: Int, fields: UnsafeRawBufferPointer = .init(start: nil, count: 0), closes: Bool = false) {
        self.status = status
        self.fields = fields
        self.closes = closes
    }
}

/// How the body of an answer is delimited (RFC 9112 §6.3, RFC 9110 §6.4.1).
struct ResponseFraming: Equatable {
    enum Header: Equatable { case none, length(Int), chunked }

    var header: Header
    /// False for HEAD and for statuses that have no body.
    var sendsBody: Bool
    /// The end of the connection is the end of the body.
    var untilClose = false

    /// `length`: of the whole body, nil if it is not known yet.
    static func decide(
        status: Int, isHead: Bool, version: RequestHead.Version, length: Int?
    ) -> ResponseFraming {
        switch status {
        case 100..<200, 204, 304:
            // RFC 9110 §8.6: no Content-Length in 1xx and 204; in 304 it would be that of the 200, not known
            // here.
            return ResponseFraming(header: .none, sendsBody: false)
        case 205:
            return ResponseFraming(header: .length(0), sendsBody: false)  // RFC 9110 §15.3.6
        default:
            break
        }
        if let length { return ResponseFraming(header: .length(length), sendsBody: !isHead) }
        // RFC 9112 §6.1: no Transfer-Encoding to a client that has not said HTTP/1.1.
        guard version == .http11 else {
            return ResponseFraming(header: .none, sendsBody: !isHead, untilClose: !isHead)
        }
        return ResponseFraming(header: .chunked, sendsBody: !isHead)
    }
}
