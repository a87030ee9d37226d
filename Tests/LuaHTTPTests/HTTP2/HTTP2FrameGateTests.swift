// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import NIOHPACK
import Testing

@testable import LuaHTTP

/// Limits of ours that hold although the client has not acknowledged them, and those that it is told.
struct HTTP2FrameGateTests {
    private let get = RawFrame.headers(1, RawFrame.request())

    @Test func theClientIsToldOurLimits() throws {
        let connection = try HTTP2TestConnection(greets: false) {
            $0.streams = 7
            $0.headerBytes = 5000
        }
        try connection.read()
        #expect(connection.frames.first == .settings([(3, 7), (6, 5000)]))
    }

    /// All in one piece, and byte by byte.
    @Test(arguments: [false, true]) func aLargeHeadBeforeTheAcknowledgement(_ isCut: Bool) throws {
        let connection = try HTTP2TestConnection(greets: false) { $0.fieldLine = 60_000 }
        let block = RawFrame.request([("a", String(repeating: "b", count: 30_000))])
        let frames: [RawFrame] = [
            .settings([(4, 65535)]),
            .headers(1, Array(block[..<16_000]), flags: RawFrame.endStream),
            .continuation(1, Array(block[16_000...])), .settingsAck, .ping,
        ]
        let bytes = HTTP2TestConnection.preface + frames.flatMap(\.bytes)
        if isCut {
            for byte in bytes { try connection.send(bytes: [byte]) }
        } else {
            try connection.send(bytes: bytes)
        }
        #expect(connection.status(1) == 200, "\(connection.frames)")
        #expect(connection.frames.contains { $0.type == 6 }, "the answer to the PING behind it")
        #expect(connection.isOpen)
    }

    @Test(arguments: 1...60) func whereTheGreetingIsCutMakesNoDifference(_ cut: Int) throws {
        let connection = try HTTP2TestConnection(greets: false)
        let frames: [RawFrame] = [.settings([(1, 1 << 30), (4, 65535)]), .settingsAck, get]
        let bytes = HTTP2TestConnection.preface + frames.flatMap(\.bytes)
        try connection.send(bytes: Array(bytes[..<cut]))
        try connection.send(bytes: Array(bytes[cut...]))
        #expect(connection.status(1) == 200, "\(connection.frames)")
        // One SETTINGS and one acknowledgement of the client's.
        #expect(connection.frames.filter { $0.type == 4 }.map(\.flags) == [0, 1])
    }

    @Test func theLimitOfStreamsHoldsBeforeTheAcknowledgement() throws {
        let connection = try HTTP2TestConnection(greets: false) { $0.streams = 2 }
        connection.application.onHandle = { _ in }
        let heads = [1, 3, 5].flatMap { RawFrame.headers(UInt32($0), RawFrame.request()).bytes }
        try connection.send(bytes: HTTP2TestConnection.preface + RawFrame.settings().bytes + heads)
        #expect(connection.reset(5) == HTTP2Case.refused)
        #expect(connection.streamCount == 2)
    }

    /// Begun in the middle of the preface, when the server was already told to stop.
    @Test func aConnectionThatBeginsWhileTheServerStops() throws {
        let connection = try TestConnection()
        try connection.send("PRI * HTTP/2")
        connection.loop.beginDrain()
        let rest = HTTP2TestConnection.preface.dropFirst(12) + RawFrame.settings().bytes
        try connection.channel.writeInbound(ByteBuffer(bytes: rest))
        var sent: [UInt8] = []
        while let part = try connection.channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { sent += buffer.readableBytesView }
        }
        var types: [UInt8] = []
        while sent.count >= 9 {
            types.append(sent[3])
            sent.removeFirst(min(sent.count, 9 + Int(sent[1]) << 8 + Int(sent[2])))
        }
        #expect(types.prefix(3) == [4, 7, 6], "SETTINGS, GOAWAY, PING: \(types)")
    }
}
