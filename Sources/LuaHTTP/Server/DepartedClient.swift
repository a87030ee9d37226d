// SPDX-License-Identifier: MIT
internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// The client of an accepted connection went before it sent anything, as scanners and the checks of balancers do.
/// Nobody waits for an answer, and most of what such a connection costs is to be registered and taken out again.
struct DepartedClient: Error {
    /// Looks at what the kernel has received without taking it. On the channel's loop; throws what it is named after.
    static func refuse(_ channel: any Channel) throws {
        let received = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { handle in
            var byte: UInt8 = 0
            // SAFETY: one byte, which lives through the call; the channel keeps the descriptor open meanwhile.
            let count = recv(handle, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
            return count < 0 && errno == ECONNRESET ? 0 : count
        }
        if received == 0 { throw DepartedClient() }
    }
}
