// SPDX-License-Identifier: MIT

internal import NIOCore

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Connections that the kernel has given to a listening socket and nobody has accepted when it closes. Where processes
/// share a port (SO_REUSEPORT) the kernel does not give them to another one: it resets them. So a second descriptor
/// keeps the socket until they are taken. What comes in the microsecond between the last of them and the end is lost,
/// unless net.ipv4.tcp_migrate_req is on.
struct AcceptQueue: Sendable {
    private let descriptor: CInt

    /// Nil: the channel has no socket any more, or there are no descriptors left.
    init?(of channel: any Channel) async {
        let copy = try? await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                fcntl($0, F_DUPFD_CLOEXEC, 0)
            }
        }.get()
        guard let copy, copy >= 0 else { return nil }
        descriptor = copy
    }

    /// Once, after the channel was closed. The caller owns what is returned.
    consuming func takeAll() -> [CInt] {
        defer { _ = close(descriptor) }
        var taken: [CInt] = []
        while taken.count < Int(UInt16.max) {
            let accepted = Self.accept(descriptor)
            if accepted >= 0 {
                taken.append(accepted)
            } else if errno != EINTR, errno != ECONNABORTED {
                break
            }
        }
        return taken
    }

    private static func accept(_ descriptor: CInt) -> CInt {
        #if canImport(Glibc)
        let accepted = Glibc.accept(descriptor, nil, nil)
        #else
        let accepted = Darwin.accept(descriptor, nil, nil)
        #endif
        // Programs that a script starts must not hold it open.
        if accepted >= 0 { _ = fcntl(accepted, F_SETFD, FD_CLOEXEC) }
        return accepted
    }
}
