// SPDX-License-Identifier: MIT
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The socket of a plain connection, to which an answer is written at once while the channel holds nothing. The
/// channel's queue of writes and its pipeline cost a sixth of a small answer; what the socket does not take goes there.
struct DirectSocket {
    private let handle: NIOBSDSocket.Handle
    /// The channel was flushed since it was last known to hold nothing.
    private var mayQueue = false

    #if os(Linux)
    private static let flags = CInt(MSG_NOSIGNAL | MSG_DONTWAIT)
    #else
    private static let flags = CInt(MSG_DONTWAIT)  // the channel has set SO_NOSIGPIPE
    #endif

    /// Nil for channels without a socket, as in tests.
    init?(_ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        guard let handle = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self, { $0 })
        else { return nil }
        self.handle = handle
    }

    /// Bytes went by way of the channel: it may hold some of them, which come before any others.
    mutating func channelWasFlushed() { mayQueue = true }

    /// Moves the reader index of `bytes` behind what the socket took. Faults are left for the channel to meet.
    mutating func send(_ bytes: inout ByteBuffer, _ context: ChannelHandlerContext) {
        guard isFree(context) else { return }
        // SAFETY: reads so many bytes of a buffer that lives through the call.
        let count = bytes.withUnsafeReadableBytes {
            sendto(handle, $0.baseAddress, $0.count, Self.flags, nil, 0)
        }
        if count > 0 { bytes.moveReaderIndex(forwardBy: min(count, bytes.readableBytes)) }
    }

    /// As above, of `bytes` and `body` behind them.
    mutating func send(
        _ bytes: inout ByteBuffer, _ body: inout UnsafeRawBufferPointer, _ context: ChannelHandlerContext
    ) {
        guard isFree(context) else { return }
        // SAFETY: both pieces live through the call, which only reads them.
        let count = bytes.withUnsafeReadableBytes { first in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: 2) { pieces in
                pieces[0] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: first.baseAddress), iov_len: first.count)
                pieces[1] = iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: body.baseAddress), iov_len: body.count)
                var message = msghdr()
                message.msg_iov = pieces.baseAddress
                message.msg_iovlen = 2
                return sendmsg(handle, &message, Self.flags)
            }
        }
        guard count > 0 else { return }
        let ofFirst = min(count, bytes.readableBytes)
        bytes.moveReaderIndex(forwardBy: ofFirst)
        body = UnsafeRawBufferPointer(rebasing: body.dropFirst(count - ofFirst))
    }

    private mutating func isFree(_ context: ChannelHandlerContext) -> Bool {
        // The channel closes its socket and becomes inactive in one step: until then the handle is this connection's.
        guard context.channel.isActive else { return false }
        if mayQueue { mayQueue = SocketQueue.buffered(context) > 0 }
        return !mayQueue
    }
}
