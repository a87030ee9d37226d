// SPDX-License-Identifier: MIT

import NIOCore
import NIOPosix
import Testing

@testable import LuaHTTP

struct AcceptQueueTests {
    /// Says something as soon as there is a connection.
    private final class Greeter: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelActive(context: ChannelHandlerContext) {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: "hello")), promise: nil)
        }
    }

    /// What it is told, or how the connection broke.
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer

        let said: EventLoopPromise<String>

        init(_ said: EventLoopPromise<String>) { self.said = said }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            said.succeed(String(buffer: unwrapInboundIn(data)))
        }

        func channelInactive(context: ChannelHandlerContext) { said.succeed("closed") }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { said.succeed("\(error)") }
    }

    @Test func whatNobodyHadAcceptedIsServed() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let loop = group.next()
        // It never accepts.
        let listening = try await ServerBootstrap(group: group).serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try #require(listening.localAddress)
        var answers: [EventLoopFuture<String>] = []
        for _ in 0..<3 {
            let said = loop.makePromise(of: String.self)
            answers.append(said.futureResult)
            _ = try await ClientBootstrap(group: group).channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(said))
                }
            }.connect(to: address).get()
        }
        let queue = try #require(await AcceptQueue(of: listening))
        try await listening.close()
        let descriptors = queue.takeAll()
        #expect(descriptors.count == 3)
        for descriptor in descriptors {
            let channel = try await Listener().serve(group, accepted: descriptor) {
                try $0.pipeline.syncOperations.addHandler(Greeter())
            }.get()
            #expect(channel.remoteAddress?.ipAddress == "127.0.0.1")
        }
        for answer in answers { #expect(try await answer.get() == "hello") }
        try await group.shutdownGracefully()
    }
}
