// SPDX-License-Identifier: MIT
import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// What a socket still has to send, in the channel and in the kernel. Knows when that last became less.
struct SocketQueue {
    private var last = 0
    /// Since when nothing has gone out although something was to.
    private(set) var stuckSince: UInt64 = 0

    mutating func look(at context: ChannelHandlerContext, now: UInt64) {
        let buffered = Self.buffered(context)
        let queued = buffered &+ Self.unacknowledged(context)
        if buffered == 0 || queued < last || stuckSince == 0 { stuckSince = now }
        last = queued
    }

    /// Bytes that the channel holds.
    static func buffered(_ context: ChannelHandlerContext) -> Int {
        guard let options = context.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }

    /// Bytes in the kernel that the client has not acknowledged; 0 where the kernel does not tell.
    static func unacknowledged(_ context: ChannelHandlerContext) -> Int {
        #if os(Linux)
        let pipeline = context.pipeline.syncOperations
        let count = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { socket in
            var count: CInt = 0
            // SAFETY: SIOCOUTQ writes one int.
            return ioctl(socket, UInt(TIOCOUTQ), &count) == 0 ? Int(count) : 0
        }
        return count ?? 0
        #else
        return 0
        #endif
    }
}
