// SPDX-License-Identifier: MIT

internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The sockets that a server listens on: all of them, or none and the reason.
struct Listeners: Sendable {
    private struct Open: Sendable {
        let channel: any Channel
        let file: (UnixSocketFile, UnixSocketFile.Identity)?
    }

    private var open: [Open] = []
    /// As they are: port 0 has become a real one.
    private(set) var addresses: [ListenAddress] = []

    /// - Throws: ``LoadError`` that names the address.
    init(_ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool) async throws {
        for address in settings.addresses {
            do {
                switch address {
                case .tcp(let host, let port):
                    try await listen(settings, group, pool, host: host, port: port)
                case .unix(let path): try await listen(settings, group, pool, path: path)
                }
            } catch {
                await close()
                throw LoadError(ListenFailure.text(error, address))
            }
        }
    }

    private mutating func listen(
        _ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool, host: String, port: Int
    ) async throws {
        let listener = Listener(reusesPort: settings.reusesPort, report: pool.reportPause)
        let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        let channel = try await listener.bind(group, to: address) { try pool.install(on: $0) }.get()
        open.append(Open(channel: channel, file: nil))
        addresses.append(.tcp(host: host, port: channel.localAddress?.port ?? port))
    }

    private mutating func listen(
        _ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool, path: String
    ) async throws {
        let file = UnixSocketFile(path: path)
        try file.clear()
        let listener = Listener(isTCP: false, report: pool.reportPause)
        let channel = try await listener.bind(group, unixSocket: path) { try pool.install(on: $0) }.get()
        do {
            let identity = try file.claim(permissions: mode_t(settings.socketMode))
            open.append(Open(channel: channel, file: (file, identity)))
        } catch {
            try? await channel.close()
            throw error
        }
        addresses.append(.unix(path: path))
    }

    /// Stops accepting; what has been accepted goes on.
    func close() async {
        for each in open {
            // Before the socket: nobody may find a file that nobody serves.
            if let (file, identity) = each.file { file.remove(identity) }
            try? await each.channel.close()
        }
    }
}
