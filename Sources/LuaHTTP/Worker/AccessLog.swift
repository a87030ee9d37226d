// SPDX-License-Identifier: MIT

internal import NIOCore

/// One line for each request, collected by each worker and handed on in batches.
///
/// No timer runs while nothing is logged.
final class AccessLog {
    let format: AccessLogFormat
    let output: LogOutput
    private let loop: any EventLoop
    private var lines = ByteBuffer()
    private var count = 0
    private var time = LogTime()
    private var isScheduled = false
    private static let batch = 32 << 10
    private static let delay = TimeAmount.milliseconds(200)

    init(loop: any EventLoop, format: AccessLogFormat, output: LogOutput) {
        self.loop = loop
        self.format = format
        self.output = output
    }

    func write(_ exchange: HTTPExchange, status: Int, bytes: Int, microseconds: Int) {
        time.update(Clock.seconds())
        let facts = AccessLogFormat.Facts(
            client: exchange.ipAddress ?? "-", status: status, bytes: exchange.isHead ? 0 : bytes,
            microseconds: microseconds)
        if lines.capacity == 0 { lines.reserveCapacity(Self.batch) }
        lines.writeWithUnsafeMutableBytes(minimumWritableBytes: AccessLogFormat.room(exchange.head)) { room in
            var cursor = ByteCursor(room)
            format.write(exchange.head, facts, time, to: &cursor)
            return cursor.count
        }
        count &+= 1
        if lines.readableBytes >= Self.batch { return flush() }
        guard !isScheduled else { return }
        isScheduled = true
        loop.assumeIsolated().scheduleTask(in: Self.delay) {
            self.isScheduled = false
            self.flush()
        }
    }

    func flush() {
        guard lines.readableBytes > 0 else { return }
        output.write(lines, lines: count)
        lines = ByteBuffer()
        count = 0
    }
}
