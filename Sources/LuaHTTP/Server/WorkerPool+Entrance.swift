// SPDX-License-Identifier: MIT

internal import Logging
internal import NIOCore

/// What connections meet before a worker does, the same on all addresses.
struct Entrance: Sendable {
    let gate: ConnectionGate
    /// Nil: no address is encrypted.
    let certificates: CertificateKeeper?
    /// The value of Strict-Transport-Security.
    let strictTransport: String?
}

/// One address that is listened on, as its connections see it.
struct Door: Sendable {
    enum Speech: Sendable {
        case http, https
        case redirect(toPort: Int)
    }

    var speech = Speech.http
    var expectsProxyHeader = false
}

/// From an accepted socket to the handlers that serve it, on its loop: PROXY header, limits, TLS, HTTP/1.1 or 2.
extension WorkerPool {
    func install(on channel: any Channel, at door: Door) throws {
        guard let seat = seats.first(where: { $0.loop === channel.eventLoop }) else {
            return channel.close(promise: nil)
        }
        seat.connections.value.traffic.accepted &+= 1
        guard door.expectsProxyHeader else {
            return try admit(channel, seat, door, ConnectionOrigin(remoteAddress: channel.remoteAddress))
        }
        let handler = ProxyHeaderHandler(
            loop: seat.connections.value, limits: seat.worker.value.configuration.limits
        ) { [self] sender in
            try admit(
                channel, seat, door,
                ConnectionOrigin(
                    remoteAddress: sender.socketAddress ?? channel.remoteAddress, isSecure: sender.isSecure))
        }
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    private func admit(
        _ channel: any Channel, _ seat: Seat, _ door: Door, _ origin: ConnectionOrigin
    ) throws {
        let worker = seat.worker.value
        let address = AddressKey(origin.remoteAddress)
        let verdict = entrance.gate.enter(address)
        channel.closeFuture.whenComplete { [gate = entrance.gate] _ in gate.leave(address) }
        if case .full(let limit) = verdict, limit != .connections || !seat.connections.value.shed() {
            worker.limitHit(
                limit, worker.configuration.limits[limit], detail: "connection refused",
                address: origin.remoteAddress?.ipAddress ?? "-")
            if case .https = door.speech { return channel.close(promise: nil) }
            return try channel.pipeline.syncOperations.addHandler(
                RefusingHandler(fields: worker.generation.standardFields))
        }
        var origin = origin
        if let proxies = worker.configuration.trustedProxies, proxies.trusts(peer: origin.remoteAddress) {
            origin.proxies = proxies
        }
        let pipeline = channel.pipeline.syncOperations
        switch door.speech {
        case .http: try pipeline.addHandlers(handlers(worker, seat, origin, isHTTP2: false))
        case .https: try pipeline.addHandler(handshake(seat, origin))
        case .redirect(let port):
            try pipeline.addHandlers(handlers(RedirectApplication(port: port), seat, origin, isHTTP2: false))
        }
    }

    private func handshake(_ seat: Seat, _ origin: ConnectionOrigin) throws -> HandshakeHandler {
        guard let certificates = entrance.certificates else { throw ChannelError.operationUnsupported }
        var origin = origin
        origin.isEncrypted = true
        origin.isSecure = true
        return HandshakeHandler(
            certificates: certificates, loop: seat.connections.value,
            limits: seat.worker.value.configuration.limits
        ) { [self, origin] isHTTP2 in
            handlers(seat.worker.value, seat, origin, isHTTP2: isHTTP2)
        }
    }

    private func handlers<Application: HTTPApplication>(
        _ application: Application, _ seat: Seat, _ origin: ConnectionOrigin, isHTTP2: Bool
    ) -> [any ChannelHandler] {
        let (loop, limits) = (seat.connections.value, seat.worker.value.configuration.limits)
        if isHTTP2 {
            return HTTP2Setup.handlers(application: application, loop: loop, limits: limits, origin: origin)
        }
        return [HTTP1Handler(application: application, loop: loop, limits: limits, origin: origin)]
    }
}
