// SPDX-License-Identifier: MIT

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import NIOCore

/// One line for each request, collected by each worker and written to standard output in batches.
///
/// No timer runs while nothing is logged.
final class AccessLog {
    enum Style: Sendable {
        /// `GET /path 200 1.2 ms 345 B`, for people.
        case short
        /// Common Log Format, for tools.
        case common
    }

    private let loop: any EventLoop
    private let style: Style
    private var lines = ByteBuffer()
    private var isScheduled = false
    private static let batch = 16 << 10
    private static let delay = TimeAmount.milliseconds(200)

    init(loop: any EventLoop, style: Style) {
        self.loop = loop
        self.style = style
    }

    func write(_ exchange: HTTPExchange, status: Int, bytes: Int, since start: NIODeadline) {
        switch style {
        case .short: writeShort(exchange, status, bytes, start)
        case .common: writeCommon(exchange, status, bytes)
        }
        if lines.readableBytes >= Self.batch { return flush() }
        guard !isScheduled else { return }
        isScheduled = true
        loop.assumeIsolated().scheduleTask(in: Self.delay) { self.flush() }
    }

    /// A request that no worker saw: malformed, too large, too slow.
    func refused(_ exchange: HTTPExchange, status: Int) {
        write(exchange, status: status, bytes: 0, since: .now())
    }

    private func writeShort(_ exchange: HTTPExchange, _ status: Int, _ bytes: Int, _ start: NIODeadline) {
        writeEscaped(exchange.head.slice(exchange.head.methodName), ifEmpty: "-")
        lines.writeStaticString(" ")
        writeEscaped(exchange.head.slice(exchange.head.target), ifEmpty: "-")
        lines.writeStaticString(" ")
        writeDecimal(status)
        lines.writeStaticString(" ")
        let microseconds = max(0, (NIODeadline.now() - start).nanoseconds / 1000)
        writeDecimal(Int(microseconds / 1000))
        lines.writeStaticString(".")
        writeDecimal(Int(microseconds % 1000 / 100))
        lines.writeStaticString(" ms ")
        writeDecimal(bytes)
        lines.writeStaticString(" B\n")
    }

    private func writeCommon(_ exchange: HTTPExchange, _ status: Int, _ bytes: Int) {
        lines.writeString(exchange.ipAddress ?? "-")
        lines.writeStaticString(" - - [")
        writeTime(Clock.seconds())
        lines.writeStaticString("] \"")
        writeEscaped(exchange.head.slice(exchange.head.methodName), ifEmpty: "-")
        lines.writeStaticString(" ")
        writeEscaped(exchange.head.slice(exchange.head.target), ifEmpty: "-")
        lines.writeStaticString(Self.protocolName(exchange.head.version))
        writeDecimal(status)
        lines.writeStaticString(" ")
        writeDecimal(bytes)
        lines.writeStaticString("\n")
    }

    private static func protocolName(_ version: RequestHead.Version) -> StaticString {
        switch version {
        case .http10: " HTTP/1.0\" "
        case .http11: " HTTP/1.1\" "
        case .http2: " HTTP/2.0\" "
        }
    }

    /// `23/Nov/2026:10:31:00 +0000`, out of the words of the HTTP date.
    private func writeTime(_ seconds: Int64) {
        let date = HTTPDate.bytes(seconds)
        lines.writeBytes(date[5..<7])
        lines.writeStaticString("/")
        lines.writeBytes(date[8..<11])
        lines.writeStaticString("/")
        lines.writeBytes(date[12..<16])
        lines.writeStaticString(":")
        lines.writeBytes(date[17..<25])
        lines.writeStaticString(" +0000")
    }

    private func writeDecimal(_ value: Int) { lines.writeString(String(value)) }

    /// Client bytes never forge a line or a terminal escape: \xHH for all but visible ASCII, quotes, backslash.
    private func writeEscaped(_ bytes: UnsafeRawBufferPointer, ifEmpty: StaticString) {
        if bytes.isEmpty { lines.writeStaticString(ifEmpty) }
        for byte in bytes.prefix(2048) {
            if byte > 0x20, byte < 0x7F, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") {
                lines.writeInteger(byte)
            } else {
                lines.writeStaticString("\\x")
                lines.writeInteger(ASCII.hexDigit(byte &>> 4))
                lines.writeInteger(ASCII.hexDigit(byte))
            }
        }
    }

    func flush() {
        isScheduled = false
        lines.withUnsafeReadableBytes { bytes in
            var rest = bytes
            while let base = rest.baseAddress, !rest.isEmpty {
                // A log that cannot be written must not stop the server: what is left is dropped.
                let count = systemWrite(STDOUT_FILENO, base, rest.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { return }
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            }
        }
        lines.clear()
    }
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int {
    write(file, bytes, count)
}
