// SPDX-License-Identifier: MIT
import NIOCore

/// Answers → bytes in a buffer that may hold earlier answers already. Writes what it is told;
/// ResponseFraming and ConnectionState decide what that is.
enum ResponseEncoder {
    /// The Connection field of the answer.
    enum Connection { case none, close, keepAlive, upgrade }

    /// RFC 9110 §15.2.1
    static let continueLine: StaticString = "HTTP/1.1 100 Continue\r\n\r\n"
    static let lastChunk: StaticString = "0\r\n\r\n"

    /// Status line, Date, framing, the application's lines, empty line: one reservation, one pass.
    static func writeHead(
        _ head: ResponseHead, _ framing: ResponseFraming, _ connection: Connection,
        date: UnsafeRawBufferPointer, into output: inout ByteBuffer
    ) {
        // 160 covers the status line with the longest reason, Connection, Content-Length and the empty line.
        let room = 160 &+ date.count &+ head.fields.count
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { memory in
            var cursor = ByteCursor(memory)
            cursor.put("HTTP/1.1 ")
            cursor.putStatus(head.status)
            cursor.put(ASCII.space)
            cursor.put(StatusLine.reason(head.status))
            cursor.put("\r\n")
            cursor.put(date)
            switch connection {
            case .none: break
            case .close: cursor.put("Connection: close\r\n")
            case .keepAlive: cursor.put("Connection: keep-alive\r\n")
            case .upgrade: cursor.put("Connection: upgrade\r\n")
            }
            switch framing.header {
            case .none: break
            case .length(let length):
                cursor.put("Content-Length: ")
                cursor.putDecimal(length)
                cursor.put("\r\n")
            case .chunked: cursor.put("Transfer-Encoding: chunked\r\n")
            }
            cursor.put(head.fields)
            cursor.put("\r\n")
            return cursor.count
        }
    }

    /// `SIZE\r\n`; the data and `\r\n` follow. Nothing for no data, which would end the body.
    static func writeChunkSize(_ size: Int, into output: inout ByteBuffer) {
        output.writeWithUnsafeMutableBytes(minimumWritableBytes: 18) { memory in
            var cursor = ByteCursor(memory)
            cursor.putHexadecimal(size)
            cursor.put("\r\n")
            return cursor.count
        }
    }
}
