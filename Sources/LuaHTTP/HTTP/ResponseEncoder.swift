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
            var cursor = Cursor(memory)
            cursor.put("HTTP/1.1 ")
            cursor.putStatus(head.status)
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
            var cursor = Cursor(memory)
            cursor.putHexadecimal(size)
            cursor.put("\r\n")
            return cursor.count
        }
    }

    /// Writes into memory reserved beforehand; what would not fit is left out rather than written outside.
    private struct Cursor {
        private let memory: UnsafeMutableRawBufferPointer
        private(set) var count = 0

        init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

        @inline(__always)
        mutating func put(_ text: StaticString) {
            put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        }

        @inline(__always)
        mutating func put(_ bytes: UnsafeRawBufferPointer) {
            guard let source = bytes.baseAddress, let target = memory.baseAddress,
                bytes.count <= memory.count &- count
            else { return }
            // SAFETY: the room was just compared.
            (target + count).copyMemory(from: source, byteCount: bytes.count)
            count &+= bytes.count
        }

        @inline(__always)
        private mutating func put(_ byte: UInt8) {
            guard count < memory.count else { return }
            memory[count] = byte
            count &+= 1
        }

        mutating func putStatus(_ status: Int) {
            put(UInt8(truncatingIfNeeded: status / 100 % 10 &+ 0x30))
            put(UInt8(truncatingIfNeeded: status / 10 % 10 &+ 0x30))
            put(UInt8(truncatingIfNeeded: status % 10 &+ 0x30))
            put(ASCII.space)
        }

        mutating func putDecimal(_ value: Int) {
            var divisor = 1
            while value / divisor >= 10 { divisor = divisor &* 10 }
            while divisor > 0 {
                put(UInt8(truncatingIfNeeded: value / divisor % 10 &+ 0x30))
                divisor /= 10
            }
        }

        mutating func putHexadecimal(_ value: Int) {
            var shift = 60
            while shift > 0, value &>> shift & 15 == 0 { shift &-= 4 }
            while shift >= 0 {
                put(ASCII.hexDigit(UInt8(truncatingIfNeeded: value &>> shift & 15)))
                shift &-= 4
            }
        }
    }
}
