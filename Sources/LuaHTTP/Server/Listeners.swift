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
        var file: (UnixSocketFile, UnixSocketFile.Identity)?
        /// Of a port that others listen on as well: serves what was not accepted at the end.
        var serve: (@Sendable (CInt) async -> Void)?
    }

    private var open: [Open] = []
    /// As they are: port 0 has become a real one.
    private(set) var addresses: [ListenSetting] = []
    /// Where metrics are served.
    private(set) var metrics: ListenAddress?

    /// What serves a new connection; called on its loop.
    private typealias Install = @Sendable (any Channel) throws -> Void

    /// - Throws: ``LoadError`` that names the address.
    init(
        _ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool,
        _ metrics: ServerMetrics?
    ) async throws {
        // A redirect comes last, when it is known what to.
        for socket in settings.sockets where socket.name != "redirect" {
            try await adopt(socket, settings, group, pool)
        }
        for socket in settings.sockets where socket.name == "redirect" {
            try await adopt(socket, settings, group, pool)
        }
        let hasRedirect = addresses.contains { $0.speech == .redirect }
        for var setting in settings.addresses
        where settings.sockets.isEmpty || setting.speech == .redirect && !hasRedirect {
            let door = door(setting)
            setting.address = try await listen(setting.address, settings, group, pool) {
                try pool.install(on: $0, at: door)
            }
            addresses.append(setting)
        }
        if let metrics, let address = settings.metrics {
            self.metrics = try await listen(address, settings, group, pool) {
                try pool.install(metrics, on: $0)
            }
        }
    }

    private mutating func listen(
        _ address: ListenAddress, _ settings: ResolvedSettings, _ group: any EventLoopGroup,
        _ pool: WorkerPool, _ install: @escaping Install
    ) async throws -> ListenAddress {
        do {
            switch address {
            case .tcp(let host, let port):
                return try await listen(settings, group, pool, host: host, port: port, install)
            case .unix(let path):
                try await listen(settings, group, pool, path: path, install)
                return address
            }
        } catch {
            await close()
            throw LoadError(ListenFailure.text(error, address))
        }
    }

    private mutating func listen(
        _ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool, host: String,
        port: Int, _ install: @escaping Install
    ) async throws -> ListenAddress {
        let listener = Listener(reusesPort: settings.reusesPort, report: pool.pauseAccepting)
        let address = try SocketAddress.makeAddressResolvingHost(host, port: port)
        let channel = try await listener.bind(group, to: address, install: install).get()
        var one = Open(channel: channel)
        if settings.reusesPort {
            one.serve = { _ = try? await listener.serve(group, accepted: $0, install: install).get() }
        }
        open.append(one)
        return .tcp(host: host, port: channel.localAddress?.port ?? port)
    }

    private mutating func listen(
        _ settings: ResolvedSettings, _ group: any EventLoopGroup, _ pool: WorkerPool, path: String,
        _ install: @escaping Install
    ) async throws {
        let file = UnixSocketFile(path: path)
        try file.clear()
        let listener = Listener(isTCP: false, report: pool.pauseAccepting)
        let channel = try await listener.bind(group, unixSocket: path, install: install).get()
        do {
            let identity = try file.claim(permissions: mode_t(settings.socketMode))
            open.append(Open(channel: channel, file: (file, identity)))
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// Serves a socket that is listening already. Its file, if it has one, belongs to whoever made it.
    private mutating func adopt(
        _ handed: ResolvedSettings.Socket, _ settings: ResolvedSettings, _ group: any EventLoopGroup,
        _ pool: WorkerPool
    ) async throws {
        let descriptor = handed.descriptor
        do {
            let socket = try InheritedSocket(descriptor)
            let isEncrypted = settings.tls.certificates != nil
            let setting = ListenSetting(socket.address, named: handed.name, isEncrypted: isEncrypted)
            guard setting.speech == .http || isEncrypted else {
                throw LoadError("its name is \(handed.name); \(TLSSettings.hint)")
            }
            let door = door(setting)
            let listener = Listener(isTCP: socket.isTCP, report: pool.pauseAccepting)
            let channel = try await listener.adopt(group, descriptor: descriptor) {
                try pool.install(on: $0, at: door)
            }.get()
            open.append(Open(channel: channel))
            addresses.append(setting)
        } catch {
            await close()
            throw LoadError("the socket handed over as descriptor \(descriptor) cannot be served: \(error)")
        }
    }

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
            let queue = each.serve == nil ? nil : await AcceptQueue(of: each.channel)
            try? await each.channel.close()
            if let queue, let serve = each.serve {
                for descriptor in queue.takeAll() { await serve(descriptor) }
            }
        }
    }
}
