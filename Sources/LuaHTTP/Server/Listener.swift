// SPDX-License-Identifier: MIT
import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// Binds an address and sets up the sockets; each accepted connection goes to one of the group's loops, where
/// the caller's closure installs the handlers, unless its client has gone by then. Does not know what is served.
/// Running out of descriptors pauses accepting and does not end it.
struct Listener: Sendable {
    /// What the kernel keeps of connections nobody has accepted yet; it cuts this to net.core.somaxconn.
    var backlog: Int32 = 4096
    /// SO_REUSEPORT: several processes, or the old and the new one during an upgrade, share the port.
    var reusesPort = false

    /// Of a Unix-domain socket: options of TCP would be refused.
    var isTCP = true
    /// Told when accepting fails and pauses.
    var report: @Sendable (any Error) -> Void = { _ in }

    /// `install` runs on the connection's loop, before its first byte is read.
    func bind(
        _ group: any EventLoopGroup, to address: SocketAddress,
        install: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        bootstrap(group, install).bind(to: address)
    }

    /// The file must not exist.
    func bind(
        _ group: any EventLoopGroup, unixSocket path: String,
        install: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        bootstrap(group, install).bind(unixDomainSocketPath: path)
    }

    /// Serves a socket that is listening already, handed over by systemd or a predecessor.
    func adopt(
        _ group: any EventLoopGroup, descriptor: CInt,
        install: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        bootstrap(group, install).withBoundSocket(descriptor)
    }

    /// Serves a connection that is accepted already, as if it had come through the listening socket.
    func serve(
        _ group: any EventLoopGroup, accepted descriptor: CInt,
        install: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        var bootstrap = ClientBootstrap(group: group)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.recvAllocator, value: Self.readBuffers)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try install(channel) }
            }
        if isTCP { bootstrap = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1) }
        return bootstrap.withConnectedSocket(descriptor)
    }

    /// A connection keeps its read buffer: 2 KiB by default, of 7 that an idle one holds. It grows with what comes.
    private static let readBuffers = AdaptiveRecvByteBufferAllocator(
        minimum: 512, initial: 512, maximum: 65536)

    private func bootstrap(
        _ group: any EventLoopGroup, _ install: @escaping @Sendable (any Channel) throws -> Void
    ) -> ServerBootstrap {
        var bootstrap = ServerBootstrap(group: group)
            .serverChannelInitializer { [report] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause(report: report))
                }
            }
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // Accept in batches: a burst of connections costs one wake-up.
            .serverChannelOption(.maxMessagesPerRead, value: 16)
            // A client that has sent its FIN still gets its answer.
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.recvAllocator, value: Self.readBuffers)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try DepartedClient.refuse(channel)
                    try install(channel)
                }
            }
        // Accepted sockets inherit it, on Linux and BSD: two system calls less for each.
        if isTCP { bootstrap = bootstrap.serverChannelOption(.tcpOption(.tcp_nodelay), value: 1) }
        if reusesPort {
            bootstrap = bootstrap.serverChannelOption(
                .socketOption(NIOBSDSocket.Option(rawValue: SO_REUSEPORT)), value: 1)
        }
        return bootstrap
    }
}
