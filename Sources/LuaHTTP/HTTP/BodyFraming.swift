// SPDX-License-Identifier: MIT

/// How long the request's body is. RFC 9112 §6 in one place: every decision that request smuggling rests on.
/// Stricter than §6.3 where it allows a choice: two framings, or one said twice, are refused.
enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked

    /// What the Transfer-Encoding lines come to.
    enum Coding: Equatable { case absent, chunked, malformed, unknown }
    /// What the Content-Length lines come to.
    enum Length: Equatable { case absent, value(Int), overflow, malformed }

    static func decide(
        coding: Coding, length: Length, version: RequestHead.Version
    ) throws(HTTPError) -> BodyFraming {
        switch (coding, length) {
        case (.absent, .absent): return .none  // §6.3 item 7
        case (.absent, .value(0)): return .none
        case (.absent, .value(let count)): return .length(count)  // §6.3 item 6
        case (.absent, .overflow): throw HTTPError(413, "request body too large", limit: .bodyBytes)
        case (.absent, .malformed): throw HTTPError(400, "invalid Content-Length")  // §6.3 item 5
        case (.malformed, _): throw HTTPError(400, "invalid Transfer-Encoding")  // §6.3 item 4
        case (.chunked, .value), (.chunked, .overflow), (.chunked, .malformed),
            (.unknown, .value), (.unknown, .overflow), (.unknown, .malformed):
            // §6.1: "may indicate … request smuggling … ought to be handled as an error"
            throw HTTPError(400, "both Transfer-Encoding and Content-Length")
        case (.unknown, .absent): throw HTTPError(501, "unsupported transfer coding")  // §6.1
        case (.chunked, .absent):
            guard version == .http11 else {
                throw HTTPError(400, "Transfer-Encoding in HTTP/1.0")  // §6.1: framing is faulty, must close
            }
            return .chunked
        }
    }

    static func coding(of head: borrowing RequestHead) -> Coding {
        guard var index = head.headers.firstIndex(.transferEncoding) else { return .absent }
        var chunked = 0
        var others = 0
        var lastIsChunked = false
        while true {
            var list = FieldList(head.value(index))
            while let element = list.next() {
                lastIsChunked = ASCII.equalsIgnoringCase(element, "chunked")
                if lastIsChunked {
                    chunked += 1
                } else if element.allSatisfy(ASCII.isToken), !ASCII.equalsIgnoringCase(element, "identity") {
                    others += 1
                } else {
                    return .malformed  // parameters, quotes, two words; `identity` was removed by RFC 7230
                }
            }
            guard let next = head.headers.nextIndex(.transferEncoding, after: index) else { break }
            index = next
        }
        switch (chunked, others) {
        case (1, 0): return .chunked
        case (0, 1...): return .unknown
        case (1, 1...): return lastIsChunked ? .unknown : .malformed
        default: return .malformed  // empty, or chunked twice
        }
    }

    static func length(of head: borrowing RequestHead) -> Length {
        guard let index = head.headers.firstIndex(.contentLength) else { return .absent }
        // RFC 9110 §8.6 lets "5, 5" and two equal lines pass; refusing both leaves nothing to disagree about.
        guard !head.headers.isRepeated(.contentLength) else { return .malformed }
        switch ASCII.decimal(head.value(index)) {
        case .value(let count): return .value(count)
        case .overflow: return .overflow
        case .invalid: return .malformed
        }
    }
}
