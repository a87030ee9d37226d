// SPDX-License-Identifier: MIT

import Testing

@testable import LuaHTTP

/// Clients that mean harm: each attack ends the connection, with little done and nothing kept.
struct HTTP2FloodTests {
    private let get = RawFrame.headers(1, RawFrame.request())

    private func expectCalm(_ connection: HTTP2TestConnection) {
        #expect(connection.goAway == HTTP2Case.calm, "\(connection.frames.suffix(3))")
        #expect(!connection.isOpen)
        #expect(connection.streamCount == 0)
    }

    /// Streams 1, 3, 5, …
    private func id(_ index: Int) -> UInt32 { UInt32(2 * index + 1) }

    /// CVE-2023-44487
    @Test func rapidResetEndsTheConnectionWithinTwoHundredResets() throws {
        let connection = try HTTP2TestConnection()
        connection.application.onHandle = { _ in }  // handlers that wait
        for burst in 0..<100 where connection.isOpen {
            let frames = (0..<100).flatMap { index -> [RawFrame] in
                [.headers(id(100 * burst + index), RawFrame.request()), .reset(id(100 * burst + index))]
            }
            try connection.send(bytes: frames.flatMap(\.bytes))
        }
        expectCalm(connection)
        let started = connection.application.events.filter { $0.hasPrefix("handle") }.count
        let cancelled = connection.application.events.filter { $0 == "cancel" }.count
        #expect(started <= 300)
        #expect(cancelled == started)
    }

    /// CVE-2025-8671: the client makes us reset.
    @Test(arguments: ["window 0", "data after the end", "overflow"])
    func streamsThatWeMustResetEndTheConnection(_ way: String) throws {
        let connection = try HTTP2TestConnection()
        connection.application.onHandle = { _ in }
        for index in 0..<1000 where connection.isOpen {
            let stream = id(index)
            let fault: RawFrame =
                switch way {
                case "window 0": .window(stream, 0)
                case "overflow": .window(stream, 0x7FFF_FFFF)
                default: .data(stream, "x")
                }
            try connection.send(.headers(stream, RawFrame.request()), fault)
        }
        expectCalm(connection)
        let started = connection.application.events.filter { $0.hasPrefix("handle") }.count
        #expect(started <= 300)
        #expect(connection.application.events.filter { $0 == "cancel" }.count == started)
    }

    @Test func moreStreamsThanAllowedAreRefused() throws {
        let connection = try HTTP2TestConnection { $0.streams = 10 }
        connection.application.onHandle = { _ in }
        for index in 0..<11 { try connection.send(.headers(id(index), RawFrame.request())) }
        #expect(connection.application.events.filter { $0.hasPrefix("handle") }.count == 10)
        #expect(connection.reset(id(10)) == HTTP2Case.refused)
        #expect(connection.application.limitsHit == [.streams])
        // Room again.
        connection.application.onHandle = { ScriptedApplication.answer($0, "yes") }
        try connection.send(.reset(id(3)), .headers(id(11), RawFrame.request()))
        #expect(connection.text(id(11)) == "yes")
        #expect(connection.isOpen)
    }

    @Test func streamsBeyondTheLimitAreNotRefusedForEver() throws {
        let connection = try HTTP2TestConnection {
            $0.streams = 10
            $0.streamResets = 50
        }
        connection.application.onHandle = { _ in }
        for index in 0..<60 { try connection.send(.headers(id(index), RawFrame.request())) }
        #expect(connection.isOpen)
        try connection.send(.headers(id(60), RawFrame.request()))
        expectCalm(connection)
        #expect(connection.application.limitsHit.last == .streamResets)
    }

    /// CVE-2024-27316 and its family
    @Test func theSixthContinuationEndsTheConnection() throws {
        let connection = try HTTP2TestConnection()
        try connection.send(.headers(1, RawFrame.request(), flags: RawFrame.endStream))
        for _ in 0..<5 { try connection.send(.continuation(1, [], end: false)) }
        #expect(connection.isOpen)
        try connection.send(.continuation(1, [], end: false))
        expectCalm(connection)
        #expect(connection.application.events.isEmpty)
    }

    @Test func aHeadAboveTheLimitIsRefusedAndTheConnectionEnds() throws {
        let connection = try HTTP2TestConnection { $0.headerBytes = 4096 }
        let field = RawFrame.block([("a", String(repeating: "b", count: 5000))])
        try connection.send(.headers(1, RawFrame.request() + field))
        #expect(connection.status(1) == 431, "\(connection.frames)")
        #expect(connection.application.events.isEmpty)
        #expect(connection.goAway == HTTP2Case.noError)
        try connection.send(.init(type: 6, flags: 1, stream: 0, payload: [UInt8](repeating: 0, count: 8)))
        #expect(!connection.isOpen)
    }

    @Test func aHeadFarAboveTheLimitEndsTheConnectionAndNamesIt() throws {
        let connection = try HTTP2TestConnection { $0.headerBytes = 4096 }
        let block = RawFrame.request() + RawFrame.block([("a", String(repeating: "b", count: 70_000))])
        try connection.send(.headers(1, Array(block[..<16_000]), flags: RawFrame.endStream))
        for part in 1...4 where connection.isOpen {
            let rest = block.dropFirst(part * 16_000).prefix(16_000)
            try connection.send(.continuation(1, Array(rest), end: part == 4))
        }
        #expect(!connection.isOpen)
        #expect(connection.application.limitsHit == [.headerBytes])
    }

    /// CVE-2016-6580: one entry of the table, and a block of nothing but its index.
    @Test func anHPACKBombIsNotUnpacked() throws {
        let connection = try HTTP2TestConnection()
        let value = [UInt8](repeating: 0x61, count: 4000)
        let entry = [0x40] + RawFrame.string([0x78]) + RawFrame.string(value)
        let bomb = RawFrame.request() + entry + [UInt8](repeating: 0xBE, count: 10_000)
        try connection.send(.headers(1, bomb))
        #expect(connection.goAway != nil)
        #expect(connection.application.limitsHit == [.headerBytes])
        #expect(!connection.isOpen)
        #expect(connection.application.events.isEmpty)
    }

    /// CVE-2019-9512
    @Test func aFloodOfPINGEndsTheConnection() throws {
        let connection = try HTTP2TestConnection()
        for _ in 0..<12 where connection.isOpen {
            try connection.send(bytes: (0..<100).flatMap { _ in RawFrame.ping.bytes })
        }
        expectCalm(connection)
        #expect(connection.frames.filter { $0.type == 6 }.count <= 1000)
    }

    /// CVE-2019-9515
    @Test func aFloodOfSETTINGSEndsTheConnection() throws {
        let connection = try HTTP2TestConnection()
        for _ in 0..<12 where connection.isOpen {
            try connection.send(bytes: (0..<100).flatMap { _ in RawFrame.settings([(4, 65535)]).bytes })
        }
        expectCalm(connection)
    }

    /// CVE-2019-9513
    @Test func aFloodOfPRIORITYEndsTheConnection() throws {
        let connection = try HTTP2TestConnection()
        for _ in 0..<12 where connection.isOpen {
            try connection.send(bytes: (0..<100).flatMap { _ in RawFrame.priority(1, on: 0).bytes })
        }
        expectCalm(connection)
    }

    /// CVE-2019-9518
    @Test func aFloodOfEmptyDATAEndsTheConnection() throws {
        let connection = try HTTP2TestConnection()
        try connection.send(.headers(1, RawFrame.request([(":method", "POST")]), flags: RawFrame.endHeaders))
        for _ in 0..<100 where connection.isOpen { try connection.send(.data(1, "", end: false)) }
        expectCalm(connection)
    }

    /// CVE-2019-9511
    @Test func aFloodOfWINDOWUPDATEEndsTheConnection() throws {
        let connection = try HTTP2TestConnection()
        for _ in 0..<12 where connection.isOpen {
            try connection.send(bytes: (0..<100).flatMap { _ in RawFrame.window(0, 1).bytes })
        }
        expectCalm(connection)
    }

    /// CVE-2019-9517: a byte of window at a time.
    @Test func aWindowOfOneByteAtATimeIsNotServedForever() throws {
        let connection = try HTTP2TestConnection()
        connection.application.onHandle = {
            ScriptedApplication.answer($0, String(repeating: "x", count: 10_000))
        }
        try connection.send(.settings([(4, 1)]), get)
        for _ in 0..<20 where connection.isOpen {
            try connection.send(bytes: (0..<100).flatMap { _ in RawFrame.window(1, 1).bytes })
        }
        expectCalm(connection)
        #expect(connection.text(1).count <= 1010)
    }

    /// CVE-2019-9517, the other half: a window that is closed.
    @Test func aClosedWindowEndsTheStreamWhenTimeIsUp() throws {
        let connection = try HTTP2TestConnection { $0.writeStall = 30_000 }
        connection.application.onHandle = {
            ScriptedApplication.answer($0, String(repeating: "x", count: 100_000))
        }
        try connection.send(.settings([(4, 0)]), get)
        #expect(connection.status(1) == 200)
        #expect(connection.text(1) == "")
        for second in 1..<29 { try connection.tick(UInt64(second) * 1000) }
        #expect(connection.reset(1) == nil)
        for second in 29..<32 { try connection.tick(UInt64(second) * 1000) }
        #expect(connection.reset(1) != nil)
        #expect(connection.streamCount == 0)
        #expect(connection.isOpen)
    }

    @Test func framesInHonestNumbersAreServed() throws {
        let connection = try HTTP2TestConnection()
        for index in 0..<500 { try connection.send(.headers(id(index), RawFrame.request()), .window(0, 100)) }
        for _ in 0..<100 { try connection.send(.ping) }
        #expect(connection.isOpen)
        #expect(connection.status(id(499)) == 200)
    }
}
