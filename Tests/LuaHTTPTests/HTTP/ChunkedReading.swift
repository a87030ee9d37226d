// SPDX-License-Identifier: MIT
import NIOCore

@testable import LuaHTTP

/// What a chunked body came to, comparable.
enum ChunkedReading: Equatable {
    case body(String, rest: String), incomplete(String), failed(Int, Limits.Name?)

    static func of(
        _ pieces: [[UInt8]], limits: Limits = Limits(), limit: Int = 1 << 20, discards: Bool = false
    ) -> ChunkedReading {
        var decoder = ChunkedDecoder(limits: limits)
        var body = ByteBuffer()
        var received = 0
        var rest: [UInt8] = []
        var isDone = false
        for piece in pieces {
            guard !isDone else {
                rest += piece
                continue
            }
            var input = ByteBuffer(bytes: piece)
            do throws(HTTPError) {
                isDone = try decoder.decode(
                    &input, into: &body, received: &received, limit: limit, discards: discards)
            } catch {
                return .failed(error.status, error.limit)
            }
            rest += Array(input.readableBytesView)
        }
        let text = String(buffer: body)
        return isDone ? .body(text, rest: rest.text) : .incomplete(text)
    }
}
