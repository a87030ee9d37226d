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
    private(set) var addresses: [ListenSetting] = []

    /// - Throws: ``LoadError`` that names the address.
    init(_ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool) async throws {
        for setting in settings.addresses {
            do {
                switch setting.address {
                case .tcp(let host, let port):
                    try await listen(settings, group, pool, setting, host: host, port: port)
                case .unix(let path): try await listen(settings, group, pool, setting, path: path)
                }
            } catch {
                await close()
                throw LoadError(ListenFailure.text(error, setting.address))
            }
        }
    }

    private mutating func listen(
        _ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool,
        _ setting: ListenSetting, host: String, port: Int
    ) async throws {
        let door = door(setting)
        let listener = Listener(reusesPort: settings.reusesPort, report: pool.reportPause)
        let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        let channel = try await listener.bind(group, to: address) { try pool.install(on: $0, at: door) }.get()
        open.append(Open(channel: channel, file: nil))
        var bound = setting
        bound.address = .tcp(host: host, port: channel.localAddress?.port ?? port)
        addresses.append(bound)
    }

    private mutating func listen(
        _ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool,
        _ setting: ListenSetting, path: String
    ) async throws {
        let door = door(setting)
        let file = UnixSocketFile(path: path)
        try file.clear()
        let listener = Listener(isTCP: false, report: pool.reportPause)
        let channel = try await listener.bind(group, unixSocket: path) { try pool.install(on: $0, at: door) }
            .get()
        do {
            let identity = try file.claim(permissions: mode_t(settings.socketMode))
            open.append(Open(channel: channel, file: (file, identity)))
        } catch {
            try? await channel.close()
            throw error
        }
        addresses.append(setting)
    }

    /// A redirect comes last, when it is known what to.
    private func door(_ setting: ListenSetting) -> Door {
        let speech: Door.Speech =
            switch setting.speech {
            case .http: .http
            case .https: .https
            case .redirect:
                .redirect(
                    toPort: addresses.lazy.filter { $0.speech == .https }.compactMap(\.address.hostAndPort)
                        .first?.1 ?? 443)
            }
        return Door(speech: speech, expectsProxyHeader: setting.expectsProxyHeader)
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
