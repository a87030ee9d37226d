// SPDX-License-Identifier: MIT

import Foundation
import NIOCore
import NIOPosix
import NIOSSL
import Testing

@testable import LuaHTTP

/// The client against a server that speaks TLS with the certificate of Tests/Fixtures/tls, which is for
/// `localhost` and signed by nobody.
struct ClientConnectionsTests {
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "Fixtures/tls").path

    /// Answers every request at once.
    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let isHead = unwrapInboundIn(data).readableBytesView.starts(with: "HEAD".utf8)
            let answer = ByteBuffer(
                string: "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n" + (isHead ? "" : "secret"))
            context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
        }
    }

    private func serve(on group: any EventLoopGroup) async throws -> any Channel {
        let certificates = try NIOSSLCertificate.fromPEMFile(Self.fixtures + "/localhost.pem")
        let key = try NIOSSLPrivateKey(file: Self.fixtures + "/localhost-key.pem", format: .pem)
        let context = try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
        return try await ServerBootstrap(group: group).childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandlers(
                    NIOSSLServerHandler(context: context), Answering())
            }
        }.bind(host: "127.0.0.1", port: 0).get()
    }

    /// The status, or why there is none.
    private func ask(
        _ url: String, _ method: String = "GET", certificates: String?, _ connections: ClientConnections,
        on loop: any EventLoop
    ) async throws -> String {
        let promise = loop.makePromise(of: String.self)
        try await loop.submit {
            var request = OutgoingRequest(method: method, url: try ClientURL(url.utf8))
            request.certificates = certificates
            let exchange = ClientExchange(request, loop: loop)
            exchange.onChange = { [unowned exchange] in
                switch exchange.inbox.end {
                case nil: return
                case .complete:
                    let body = String(buffer: exchange.readAll())
                    promise.succeed("\(exchange.answer?.status ?? 0) \(body) of \(exchange.announcedLength)")
                case .failed(let reason): promise.succeed(reason)
                }
            }
            try connections.begin(request, for: exchange)
        }.get()
        return try await promise.futureResult.get()
    }

    @Test func certificateAndNameAreVerified() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let server = try await serve(on: group)
        let port = server.localAddress?.port ?? 0
        let loop = group.any()
        let connections = ClientConnections(loop: loop)
        let own = Self.fixtures + "/localhost.pem"
        let trusted = try await ask("https://localhost:\(port)/", certificates: own, connections, on: loop)
        #expect(trusted == "200 secret of 6")
        let head = try await ask(
            "https://localhost:\(port)/", "HEAD", certificates: own, connections, on: loop)
        #expect(head == "200  of 0")
        let unknown = try await ask("https://localhost:\(port)/", certificates: nil, connections, on: loop)
        #expect(unknown == "the certificate of the other server cannot be trusted")
        let misnamed = try await ask("https://127.0.0.1:\(port)/", certificates: own, connections, on: loop)
        #expect(misnamed == "the certificate of the other server does not fit its name")
        let missing = try await ask(
            "https://localhost:\(port)/", certificates: "/none", connections, on: loop)
        #expect(missing.hasPrefix("localhost:\(port): "))
        let key = Self.fixtures + "/localhost-key.pem"
        let useless = try await ask("https://localhost:\(port)/", certificates: key, connections, on: loop)
        #expect(useless == "cannot use ca_file \(key): there is no certificate in it")
        await connections.shutDown()
        try await server.close()
        try await group.shutdownGracefully()
    }
}
