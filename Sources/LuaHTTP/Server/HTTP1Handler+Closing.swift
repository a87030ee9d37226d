// SPDX-License-Identifier: MIT
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Ending: after the last answer, after too much time, or at once. When and why is ConnectionState's
/// business.
extension HTTP1Handler {
    // MARK: Closing

    /// Everything owed is encoded: close when it is out.
    func beginClose() {
        if state.requests >= limits.requestsPerConnection {
            application.limitHit(.requestsPerConnection, limits[.requestsPerConnection], exchange)
        }
        closing = state.close()
        input = ByteBuffer()
        exchange.reader = nil
        exchange.dropBody()
    }

    func close(_ closing: ConnectionState.Closing) {
        guard let context else { return }
        let done = context.eventLoop.makePromise(of: Void.self)
        done.futureResult.assumeIsolated().whenComplete { _ in
            if self.state.outputClosed(now: Clock.milliseconds()) { self.closeNow() }
        }
        switch closing {
        case .linger: context.close(mode: .output, promise: done)
        // A full close would drop what is not sent yet: wait behind it with an empty write.
        case .now: context.writeAndFlush(Self.wrapOutboundOut(.byteBuffer(ByteBuffer())), promise: done)
        }
    }

    func closeNow() {
        guard let context else { return }
        state.closed()
        context.close(promise: nil)
    }

    /// Ends the connection with RST: the client must not take what it has for complete.
    func reset() {
        guard let context else { return }
        if let socket = context.channel as? any SocketOptionProvider {
            // struct linger { int on, seconds }: on with zero seconds makes close send RST.
            let linger: InlineArray<2, CInt> = [1, 0]
            _ = socket.unsafeSetSocketOption(level: .socket, name: .so_linger, value: linger)
        }
        state.closed()
        context.channel.closeAtOnce()
    }

    // MARK: Time

    func tick(now: UInt64) {
        if isStalled(now) {
            application.limitHit(.writeStall, limits[.writeStall], exchange)
            return reset()
        }
        if isFileTruncated { return reset() }
        switch state.tick(now: now) {
        case .none: return
        case .fail(let error): refuse(error)
        case .linger: beginClose()
        case .close: return closeNow()
        }
        pump()
    }

    func beginDrain() { state.drain(now: Clock.milliseconds()) }

    /// Long enough that the client is not just about to send its next request.
    private static var sheddingAge: UInt64 { 1000 }

    func closeIfIdle(now: UInt64) -> Bool {
        guard state.hasBeenIdle(for: Self.sheddingAge, now: now), output.readableBytes == 0, let context,
            SocketQueue.buffered(context) == 0
        else { return false }
        // Without lingering, which would keep the descriptor for seconds.
        closeNow()
        return true
    }

    /// sendfile from beyond the end of a file sends nothing for ever: the promised bytes no longer exist, and
    /// the only honest answer is to cut the connection.
    private var isFileTruncated: Bool {
        guard let file = pendingFiles.first else { return false }
        let size = try? file.fileHandle.withUnsafeFileDescriptor { descriptor in
            var status = stat()
            return fstat(descriptor, &status) == 0 ? Int(status.st_size) : nil
        }
        return size.map { $0 < file.endIndex } ?? true
    }

    /// Asks the channel only if something was written that is not known to have arrived.
    private func isStalled(_ now: UInt64) -> Bool {
        guard progress.isPending, let context else { return false }
        return progress.isStalled(
            buffered: SocketQueue.buffered(context), unacknowledged: SocketQueue.unacknowledged(context),
            now: now,
            limit: limits.writeStall
        )
    }
}
