// SPDX-License-Identifier: MIT
import NIOCore

/// Stops accepting for a while when it fails, because the process or the system is out of descriptors or memory.
/// NIO's own AcceptBackoffHandler delays reads, but the socket stays registered and each of its events fails again:
/// a spinning loop. So the socket is taken out of the selector. Stands before NIO's handlers.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = Channel
    typealias InboundOut = Channel

    static let duration = TimeAmount.milliseconds(500)

    private let report: @Sendable (any Error) -> Void
    private var isPaused = false

    /// - Parameter report: told of each pause, on the loop of the listening socket.
    init(report: @escaping @Sendable (any Error) -> Void) { self.report = report }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isPaused, let options = context.channel.syncOptions else { return }
        isPaused = true
        try? options.setOption(.autoRead, value: false)
        report(error)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.duration) {
            self.isPaused = false
            try? options.setOption(.autoRead, value: true)
        }
    }
}

@available(*, unavailable)
extension AcceptPause: Sendable {}
