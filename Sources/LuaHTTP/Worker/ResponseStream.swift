// SPDX-License-Identifier: MIT

internal import NIOCore

/// An answer that a script writes piece by piece.
///
/// Pieces are collected and go out together when the script waits or ends, or when there are many. The head goes
/// with the first of them: until then an error still has a page. Knows no Lua.
final class ResponseStream {
    /// Pieces are sent when there is so much; what a slow client has not taken is not collected beyond.
    private static let pieceSize = 16 << 10

    let number: Int64
    let status: Int
    private var fields: ByteBuffer
    private let treatment: RequestTask.Treatment
    private var compressor: Compressor?
    /// Nil when the answer has ended or the client has gone.
    private var exchange: HTTPExchange?
    // SAFETY: the worker outlives its streams.
    private unowned(unsafe) let worker: Worker
    private var pending = ByteBuffer()
    private(set) var hasStarted = false
    /// Bytes written.
    private var bytes = 0
    /// Bytes of the body as it was sent.
    private(set) var bytesSent = 0
    /// Fibers that wait for the client.
    private var waiting: [(fiber: Fiber, wait: UInt64)] = []
    private var heartbeat: Heartbeat?

    /// A comment line now and then, so that nobody on the way takes a quiet stream for a dead one.
    private struct Heartbeat {
        let nanoseconds: UInt64
        var alarm: WorkerTimers.ID?
        var lastWrite: UInt64
    }

    init(
        number: Int64, status: Int, fields: ByteBuffer, treatment: RequestTask.Treatment,
        exchange: HTTPExchange, worker: Worker
    ) {
        self.number = number
        self.status = status
        self.fields = fields
        self.treatment = treatment
        self.exchange = exchange
        self.worker = worker
    }

    var isOpen: Bool { exchange != nil }
    /// Its client comes back by itself when it ends.
    var isOfEvents: Bool { heartbeat != nil }
    var task: RequestTask? { exchange?.task as? RequestTask }

    // MARK: Writing

    func write(_ piece: UnsafeRawBufferPointer) {
        guard isOpen else { return }
        if pending.readableBytes == 0 { worker.unflushed.append(self) }
        pending.writeBytes(piece)
        bytes += piece.count
        if pending.readableBytes >= Self.pieceSize { send(.none) }
    }

    /// Sends the head, if it is not out, and what was written since the last time: all of it can be read then.
    func flush() { send(.all) }

    private func send(_ flush: Deflater.Flush) {
        guard let exchange else { return }
        if !hasStarted {
            hasStarted = true
            compressor = task?.beginCompressing(status, &fields, treatment)
            guard fields.withUnsafeReadableBytes({ exchange.start(ResponseHead(status, fields: $0)) }) else {
                return close()
            }
        }
        guard pending.readableBytes > 0 || compressor?.holdsBack == true || flush == .end else { return }
        let piece = compressor?.pass(pending, flush) ?? pending
        pending = ByteBuffer()
        bytesSent += piece.readableBytes
        heartbeat?.lastWrite = worker.loop.now.uptimeNanoseconds
        if piece.readableBytes > 0 { exchange.write(piece) }
    }

    var progress: StreamProgress {
        guard let exchange else { return .ended }
        return exchange.isWritable ? .ready : .full
    }

    // MARK: Waiting for the client

    func addWaiting(_ fiber: Fiber, _ wait: UInt64) { waiting.append((fiber, wait)) }

    func removeWaiting(_ fiber: Fiber) { waiting.removeAll { $0.fiber === fiber } }

    func hasWaiting(_ fiber: Fiber) -> Bool { waiting.contains { $0.fiber === fiber } }

    /// The client takes more, or has gone.
    func wakeWaiting() {
        let (isOpen, woken) = (isOpen, waiting)
        waiting = []
        for (fiber, wait) in woken { fiber.endWait(wait) { $0.push(isOpen) } }
    }

    // MARK: The end

    /// The script is done: the rest goes out. One that was short gets a length, as other answers do.
    func finish() {
        guard let exchange else { return }
        if hasStarted {
            send(.end)
            exchange.finish()
            return close()
        }
        let (task, body) = (task, pending)
        close()
        body.withUnsafeReadableBytes { task?.deliver(status, fields, $0, treatment) }
    }

    /// Cuts the answer so that the client notices, if it has begun.
    func abort() {
        let exchange = exchange
        close()
        exchange?.abort()
    }

    /// Nothing is sent any more.
    func close() {
        exchange = nil
        pending = ByteBuffer()
        if let compressor { worker.compressors.end(compressor) }
        compressor = nil
        if let alarm = heartbeat?.alarm { worker.timers.cancel(alarm) }
        heartbeat = nil
        wakeWaiting()
    }

    // MARK: Heartbeat

    func beat(every nanoseconds: UInt64) {
        heartbeat = Heartbeat(nanoseconds: nanoseconds, lastWrite: worker.loop.now.uptimeNanoseconds)
        setAlarm(inNanoseconds: nanoseconds)
    }

    private func setAlarm(inNanoseconds delay: UInt64) {
        heartbeat?.alarm = worker.timers.add(
            .call { [weak self] in self?.alarmRang() }, inNanoseconds: delay)
    }

    private func alarmRang() {
        guard let heartbeat else { return }
        let now = worker.loop.now.uptimeNanoseconds
        let quiet = now >= heartbeat.lastWrite ? now - heartbeat.lastWrite : 0
        guard quiet >= heartbeat.nanoseconds else {
            return setAlarm(inNanoseconds: heartbeat.nanoseconds - quiet)
        }
        beat()
        if isOpen { setAlarm(inNanoseconds: heartbeat.nanoseconds) }
    }

    /// The client has sent FIN. If it has gone, what is sent now makes it say so.
    func inputClosed() {
        if heartbeat != nil { beat() } else if hasStarted { exchange?.probe() }
    }

    private func beat() {
        guard progress == .ready else { return }
        write(UnsafeRawBufferPointer(start: Self.comment.utf8Start, count: Self.comment.utf8CodeUnitCount))
        flush()
    }

    /// An event stream's comment: listeners do not see it.
    private static let comment: StaticString = ":\n\n"
}

@available(*, unavailable)
extension ResponseStream: Sendable {}
