// SPDX-License-Identifier: MIT

import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import LuaHTTP

struct ListenerTests {
    /// Connections that their clients have left before they are accepted, those that only stopped sending, and those
    /// that wait: the handlers are installed for whom there may be something to do.
    @Test(.timeLimit(.minutes(1))) func clientsThatHaveGoneGetNoHandlers() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let clients = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let installed = NIOLockedValueBox(0)
        let listening = try await Listener().bind(group, to: .init(ipAddress: "127.0.0.1", port: 0)) { _ in
            installed.withLockedValue { $0 += 1 }
        }.get()
        let address = try #require(listening.localAddress)
        // Nothing is accepted until all of them have come, and some have gone.
        let held = DispatchSemaphore(value: 0)
        await withCheckedContinuation { isHeld in
            group.next().execute {
                isHeld.resume()
                held.wait()
            }
        }
        var staying: [any Channel] = []
        for number in 0..<12 {
            let client = try await ClientBootstrap(group: clients).connect(to: address).get()
            switch number % 4 {
            case 0: try await client.close()
            case 1:
                // RST instead of FIN.
                let options = try #require(client as? any SocketOptionProvider)
                try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
                try await client.close()
            case 2:
                try await client.writeAndFlush(ByteBuffer(string: "GET / HTTP/1.1\r\n\r\n"))
                staying.append(client)
            default: staying.append(client)
            }
        }
        held.signal()
        // Accepted in the order in which they came: after the last of them all were seen.
        let last = try await ClientBootstrap(group: clients).connect(to: address).get()
        while installed.withLockedValue({ $0 }) < 7 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(installed.withLockedValue { $0 } == 7)
        for client in staying + [last] { try await client.close() }
        try await listening.close()
        try await clients.shutdownGracefully()
        try await group.shutdownGracefully()
    }
}
