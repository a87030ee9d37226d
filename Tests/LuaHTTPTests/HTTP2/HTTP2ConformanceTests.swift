// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

struct HTTP2ConformanceTests {
    @Test(arguments: HTTP2Case.all) func frame(_ test: HTTP2Case) throws {
        try check(test) { connection in try connection.send(bytes: test.bytes) }
    }

    /// Where the input is cut makes no difference.
    @Test(arguments: HTTP2Case.all) func frameByteByByte(_ test: HTTP2Case) throws {
        try check(test) { connection in
            for byte in test.bytes.prefix(600) { try connection.send(bytes: [byte]) }
            if test.bytes.count > 600 { try connection.send(bytes: Array(test.bytes.dropFirst(600))) }
        }
    }

    @Test func thereAreEnoughOfThem() { #expect(HTTP2Case.all.count >= 80) }

    private func check(_ test: HTTP2Case, _ send: (HTTP2TestConnection) throws -> Void) throws {
        let connection = try HTTP2TestConnection(greets: !test.isRaw)
        connection.application.onAccept = { _ in .proceed(limit: 1 << 20) }
        try send(connection)
        switch test.expected {
        case .goAway(let codes):
            #expect(connection.goAway.map(codes.contains) == true, "\(connection.frames)")
            #expect(!connection.isOpen)
        case .reset(let codes, let stream):
            let code = connection.reset(stream) ?? connection.goAway
            #expect(code.map(codes.contains) == true, "\(connection.frames)")
        case .status(let status, let stream):
            #expect(connection.status(stream) == status, "\(connection.frames)")
            #expect(connection.isComplete(stream))
            #expect(connection.goAway ?? 0 == 0)
        case .alive: try expectAlive(connection)
        }
    }

    private func expectAlive(_ connection: HTTP2TestConnection) throws {
        try connection.send(.ping)
        let answer = RawFrame(type: 6, flags: 1, stream: 0, payload: RawFrame.ping.payload)
        #expect(connection.frames.last == answer, "\(connection.frames)")
        #expect(connection.isOpen)
    }
}
