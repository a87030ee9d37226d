// SPDX-License-Identifier: MIT

import NIOCore

@testable import LuaHTTP

/// What a reader makes of a stream of requests: the complete ones, and how it ended.
struct ReadStream: Equatable {
    struct Message: Equatable, CustomStringConvertible {
        var method: [UInt8] = []
        var target: [UInt8] = []
        var body: [UInt8] = []

        var description: String { "\(method.text) \(target.text) [\(body.text.debugDescription)]" }
    }

    var messages: [Message] = []
    /// Why it was refused; nil while more may follow.
    var failure: String?
    /// The last request was to be the last.
    var isClosed = false
}

/// Our own parser, framing and chunk decoder as a connection drives them, without the connection.
struct OwnReader: ~Copyable {
    private var parser = RequestParser(limits: Limits())
    private var head = RequestHead()
    private var decoder = ChunkedDecoder(limits: Limits())
    private var body = ByteBuffer()
    private var received = 0
    private var isInBody = false
    private var input = ByteBuffer()
    private(set) var stream = ReadStream()

    static func read(_ pieces: [[UInt8]]) -> ReadStream {
        var reader = OwnReader()
        for piece in pieces { reader.feed(piece) }
        return reader.stream
    }

    private mutating func feed(_ piece: [UInt8]) {
        guard stream.failure == nil, !stream.isClosed else { return }
        input.writeBytes(piece)
        do throws(HTTPError) {
            while try step() {}
        } catch {
            stream.failure = "\(error.message)"
        }
    }

    /// True: look again.
    private mutating func step() throws(HTTPError) -> Bool {
        guard input.readableBytes > 0, !stream.isClosed else { return false }
        if !isInBody {
            guard try parser.parse(&input, into: &head) else { return false }
            isInBody = true
            received = 0
            body.clear()
            decoder = ChunkedDecoder(limits: Limits())
            if head.framing != .none { return true }
        }
        switch head.framing {
        case .none: break
        case .length(let length):
            let count = min(length &- received, input.readableBytes)
            if let bytes = input.readBytes(length: count) { body.writeBytes(bytes) }
            received += count
            guard received == length else { return false }
        case .chunked:
            guard
                try decoder.decode(&input, into: &body, received: &received, limit: 8 << 20, discards: false)
            else { return false }
        }
        stream.messages.append(
            ReadStream.Message(
                method: Array(head.slice(head.methodName)), target: Array(head.slice(head.target)),
                body: Array(body.readableBytesView)))
        stream.isClosed = !head.isPersistent
        isInBody = false
        head.reset()
        parser.reset()
        return true
    }
}
