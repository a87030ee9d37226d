// SPDX-License-Identifier: MIT

import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Requests, bodies and answers over HTTP/2, and how a connection ends.
struct HTTP2StreamTests {
    private let get = RawFrame.headers(1, RawFrame.request())

    private func post(_ stream: UInt32, _ changes: [(String, String?)] = []) -> RawFrame {
        .headers(stream, RawFrame.request([(":method", "POST")] + changes), flags: RawFrame.endHeaders)
    }

    // MARK: Requests

    @Test func aRequestLooksAsItDoesOverHTTP1() throws {
        let connection = try HTTP2TestConnection()
        var seen: [String] = []
        connection.application.onHandle = { exchange in
            let head = exchange.head.slab.bytes
            seen.append(String(decoding: head, as: UTF8.self))
            seen.append(String(decoding: exchange.head.slice(exchange.head.path), as: UTF8.self))
            seen.append(String(decoding: exchange.head.slice(exchange.head.query), as: UTF8.self))
            seen.append(exchange.head.value(.cookie).map { String(decoding: $0, as: UTF8.self) } ?? "-")
            ScriptedApplication.answer(exchange, "ok")
        }
        let block = RawFrame.block(
            [(":method", "GET"), (":scheme", "https"), (":path", "/a?b=c"), (":authority", "x.test:1")]
                + [("cookie", "a=1"), ("x-y", "z"), ("cookie", "b=2")])
        try connection.send(.headers(1, block))
        #expect(seen[0] == "GET /a?b=c HTTP/2.0\r\nhost: x.test:1\r\nx-y: z\r\ncookie: a=1; b=2\r\n\r\n")
        #expect(Array(seen[1...]) == ["/a", "b=c", "a=1; b=2"])
        #expect(connection.text(1) == "ok")
        #expect(connection.field("content-length", 1) == "2")
        #expect(connection.field("date", 1) != nil)
    }

    @Test(
        arguments: [
            (0, 414, [(":path", "/" + String(repeating: "a", count: 300))]),
            (1, 431, [("a", String(repeating: "b", count: 300))]),
            (2, 431, (0..<20).map { ("a\($0)", "b") }),
            (3, 431, (0..<9).map { ("a\($0)", String(repeating: "b", count: 90)) }),
        ] as [(Int, Int, [(String, String)])])
    func theLimitsOfAHeadAreThoseOfHTTP1(_ number: Int, _ status: Int, _ fields: [(String, String)]) throws {
        let connection = try HTTP2TestConnection {
            $0.requestLine = 200
            $0.fieldLine = 200
            $0.fieldCount = 16
            if number == 3 { $0.headerBytes = 700 }
        }
        try connection.send(.headers(1, RawFrame.request(fields.map { ($0.0, $0.1) })))
        #expect(connection.status(1) == status)
        #expect(connection.application.events.isEmpty)
        try connection.send(.headers(3, RawFrame.request()))
        #expect(connection.status(3) == 200)
    }

    @Test func streamsAreAnsweredInAnyOrder() throws {
        let connection = try HTTP2TestConnection()
        var waiting: [HTTPExchange] = []
        connection.application.onHandle = { waiting.append($0) }
        try connection.send(get, .headers(3, RawFrame.request([(":path", "/b")])))
        ScriptedApplication.answer(waiting[1], "second")
        ScriptedApplication.answer(waiting[0], "first")
        try connection.read()
        #expect(connection.text(1) == "first")
        #expect(connection.text(3) == "second")
        #expect(connection.frames.filter { $0.type == 0 }.map(\.stream) == [3, 1])
        #expect(connection.streamCount == 0)
    }

    @Test func aStreamIsUsedAgain() throws {
        let connection = try HTTP2TestConnection()
        for index in 0..<100 {
            let stream = UInt32(2 * index + 1)
            try connection.send(.headers(stream, RawFrame.request([(":path", "/\(index)")])))
            #expect(connection.text(stream) == "get /\(index)")
        }
    }

    @Test func headIsAnsweredWithoutABody() throws {
        let connection = try HTTP2TestConnection()
        try connection.send(.headers(1, RawFrame.request([(":method", "HEAD")])))
        #expect(connection.field("content-length", 1) == "6")
        #expect(connection.text(1) == "")
        #expect(connection.isComplete(1))
    }

    // MARK: Bodies

    @Test func aBodyIsCollected() throws {
        let connection = try HTTP2TestConnection()
        try connection.send(post(1), .data(1, "abc", end: false))
        #expect(connection.application.events == ["accept"])
        try connection.send(.data(1, "def"))
        #expect(connection.text(1) == "post / abcdef")
    }

    @Test func aBodyAboveTheLimitIsRefusedByItsLength() throws {
        let connection = try HTTP2TestConnection()
        try connection.send(post(1, [("content-length", "1001")]))
        #expect(connection.status(1) == 413)
        #expect(connection.reset(1) == HTTP2Case.noError)
        #expect(connection.isOpen)
        #expect(connection.streamCount == 0)
    }

    @Test func aBodyAboveTheLimitIsRefusedWhenItGetsThere() throws {
        let connection = try HTTP2TestConnection()
        try connection.send(post(1), .data(1, String(repeating: "x", count: 1001), end: false))
        #expect(connection.status(1) == 413)
        #expect(connection.reset(1) == HTTP2Case.noError)
        #expect(connection.application.events == ["accept", "cancel"])
    }

    @Test func anAnswerBeforeTheBodyTellsTheClientToStop() throws {
        let connection = try HTTP2TestConnection()
        connection.application.onAccept = {
            ScriptedApplication.answer($0, "no")
            return .answered
        }
        try connection.send(post(1))
        #expect(connection.text(1) == "no")
        let types = connection.frames.filter { $0.stream == 1 }.map(\.type)
        #expect(types == [1, 0, 3])
        #expect(connection.reset(1) == HTTP2Case.noError)
        try connection.send(.headers(3, RawFrame.request()))
        #expect(connection.status(3) != nil)
    }

    @Test func continueIsSentToThoseWhoWait() throws {
        let connection = try HTTP2TestConnection()
        try connection.send(post(1, [("expect", "100-continue")]))
        #expect(connection.status(1) == 100)
        try connection.send(.data(1, "a"))
        #expect(connection.status(1) == 200)
    }

    @Test func aBodyThatDoesNotComeTimesOut() throws {
        let connection = try HTTP2TestConnection { $0.bodyTime = 30_000 }
        try connection.send(post(1), .data(1, "a", end: false))
        try connection.tick(31_000)
        #expect(connection.status(1) == 408)
        #expect(connection.streamCount == 0)
        #expect(connection.isOpen)
    }

    @Test func windowsAreOpenedAsBodiesAreTaken() throws {
        let connection = try HTTP2TestConnection()
        connection.application.onAccept = { _ in .proceed(limit: 1 << 20) }
        connection.application.onHandle = { ScriptedApplication.answer($0, "\($0.body.readableBytes)") }
        try connection.send(post(1))
        let piece = String(repeating: "x", count: 16_000)
        for _ in 0..<20 { try connection.send(.data(1, piece, end: false)) }
        try connection.send(.data(1, "end"))
        #expect(connection.text(1) == "320003")
        #expect(connection.frames.contains { $0.type == 8 && $0.stream == 1 })
        #expect(connection.frames.contains { $0.type == 8 && $0.stream == 0 })
    }

    /// Takes pieces while it has room.
    private final class Reader: BodyReader {
        var isFull = false
        var text = ""
        var isFinished = false
        func receive(_ piece: ByteBuffer) { text += String(buffer: piece) }
        func finish() { isFinished = true }
    }

    @Test func aReaderThatIsFullHoldsTheClientBack() throws {
        let connection = try HTTP2TestConnection()
        let reader = Reader()
        var exchange: HTTPExchange?
        connection.application.onAccept = {
            exchange = $0
            return .stream(to: reader, limit: 1 << 20, handlesNow: false)
        }
        reader.isFull = true
        try connection.send(post(1))
        let piece = String(repeating: "x", count: 16_000)
        for _ in 0..<4 { try connection.send(.data(1, piece, end: false)) }
        #expect(reader.text == "")
        #expect(!connection.frames.contains { $0.type == 8 && $0.stream == 1 })
        try connection.tick(60_000)  // it is not the client who is late
        #expect(connection.reset(1) == nil)
        reader.isFull = false
        exchange?.readBody()
        try connection.read()
        #expect(reader.text.count == 64_000)
        #expect(connection.frames.contains { $0.type == 8 && $0.stream == 1 })
        try connection.send(.data(1, "end"))
        #expect(reader.text.hasSuffix("xend"))
        #expect(reader.isFinished)
    }

    @Test func moreThanTheWindowIsAnError() throws {
        let connection = try HTTP2TestConnection()
        let reader = Reader()
        reader.isFull = true
        connection.application.onAccept = { _ in .stream(to: reader, limit: 1 << 20, handlesNow: false) }
        try connection.send(post(1))
        let piece = String(repeating: "x", count: 16_384)
        for _ in 0..<5 { try connection.send(.data(1, piece, end: false)) }
        #expect((connection.reset(1) ?? connection.goAway) == HTTP2Case.flowControl)
        #expect(connection.application.events == ["accept", "cancel"])
    }

    // MARK: Answers

    @Test func aStreamedAnswerWaitsForTheWindow() throws {
        let connection = try HTTP2TestConnection()
        var exchange: HTTPExchange?
        connection.application.onHandle = {
            exchange = $0
            _ = $0.start(ResponseHead(200))
        }
        try connection.send(get)
        let piece = ByteBuffer(string: String(repeating: "x", count: 50_000))
        #expect(exchange?.write(piece) == true)
        #expect(exchange?.write(piece) == true)
        #expect(exchange?.write(piece) == false)
        try connection.read()
        #expect(connection.text(1).count == 65535)
        try connection.send(.window(1, 1 << 20), .window(0, 1 << 20))
        #expect(connection.application.events.last == "writable")
        #expect(connection.text(1).count == 150_000)
        exchange?.finish()
        try connection.read()
        #expect(connection.isComplete(1))
        #expect(connection.streamCount == 0)
    }

    @Test func anAnswerThatBreaksOffIsReset() throws {
        let connection = try HTTP2TestConnection()
        connection.application.onHandle = {
            _ = $0.start(ResponseHead(200))
            _ = $0.write(ByteBuffer(string: "half"))
            $0.abort()
        }
        try connection.send(get)
        #expect(connection.reset(1) == 2)
        #expect(!connection.isComplete(1))
        #expect(connection.isOpen)
    }

    @Test func aClientThatResetsIsTold() throws {
        let connection = try HTTP2TestConnection()
        var exchange: HTTPExchange?
        connection.application.onHandle = { exchange = $0 }
        try connection.send(get, .reset(1))
        #expect(connection.application.events.last == "cancel")
        if let exchange { ScriptedApplication.answer(exchange, "too late") }
        try connection.read()
        #expect(connection.status(1) == nil)
    }

    @Test func whatBelongsToHTTP1IsLeftOut() throws {
        let connection = try HTTP2TestConnection()
        connection.application.onHandle = { exchange in
            let lines = "Connection: close\r\nX-Name: Value\r\nSet-Cookie: a=b\r\n"
            Array(lines.utf8).withUnsafeBytes {
                _ = exchange.respond(ResponseHead(204, fields: $0), body: ByteBuffer())
            }
        }
        try connection.send(get)
        #expect(connection.heads[1]?.map(\.name) == [":status", "date", "x-name", "set-cookie"])
        #expect(connection.field("x-name", 1) == "Value")
    }

    // MARK: The end

    @Test func drainingFinishesWhatIsUnderWay() throws {
        let connection = try HTTP2TestConnection()
        var exchange: HTTPExchange?
        connection.application.onHandle = { exchange = $0 }
        try connection.send(get)
        connection.loop.beginDrain()
        try connection.read()
        #expect(connection.frames.last { $0.type == 7 }?.payload == [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        // A stream that was on its way is still served.
        try connection.send(.headers(3, RawFrame.request()))
        #expect(connection.application.events.filter { $0.hasPrefix("handle") }.count == 2)
        let ping = connection.frames.last { $0.type == 6 }
        try connection.send(RawFrame(type: 6, flags: 1, stream: 0, payload: ping?.payload ?? []))
        #expect(connection.frames.last { $0.type == 7 }?.word(0) == 3)
        if let exchange { ScriptedApplication.answer(exchange, "second") }
        try connection.read()
        #expect(connection.text(3) == "second")
        #expect(connection.isOpen)
        // Nobody answers stream 1: the test let go of it.
        try connection.send(.reset(1))
        #expect(!connection.isOpen)
    }

    @Test func aConnectionWithNothingToDoIsClosed() throws {
        let connection = try HTTP2TestConnection { $0.idleTime = 60_000 }
        try connection.send(get)
        try connection.tick(59_000)
        #expect(connection.isOpen)
        try connection.tick(61_500)
        #expect(connection.goAway == HTTP2Case.noError)
        #expect(!connection.isOpen)
    }

    /// Nobody can open its window any more.
    @Test func aClientThatHasLeftBehindAClosedWindowIsNotWaitedFor() throws {
        let connection = try HTTP2TestConnection { $0.writeStall = 30_000 }
        try connection.send(.settings([(4, 1)]), get)
        #expect(connection.text(1).count == 1)
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        try connection.tick(1000)
        #expect(connection.streamCount == 0)
        #expect(connection.reset(1) != nil)
        #expect(connection.loop.count == 0)
    }

    @Test func aClientThatOnlyConnectsIsClosedSoon() throws {
        let connection = try HTTP2TestConnection(greets: false) { $0.headTime = 10_000 }
        try connection.tick(9_000)
        #expect(connection.isOpen)
        try connection.tick(11_000)
        #expect(!connection.isOpen)
    }

    @Test func theLastRequestOfAConnectionIsSaid() throws {
        let connection = try HTTP2TestConnection { $0.requestsPerConnection = 3 }
        for stream in [1, 3] as [UInt32] { try connection.send(.headers(stream, RawFrame.request())) }
        #expect(connection.goAway == nil)
        try connection.send(.headers(5, RawFrame.request()))
        #expect(connection.goAway == HTTP2Case.noError)
        #expect(connection.status(5) == 200)
    }

    @Test func aBrokenConnectionCancelsEverything() throws {
        let connection = try HTTP2TestConnection()
        connection.application.onHandle = { _ in }
        try connection.send(get, .headers(3, RawFrame.request()))
        connection.channel.pipeline.fireChannelInactive()
        #expect(connection.application.events.filter { $0 == "cancel" }.count == 2)
        #expect(connection.loop.count == 0)
    }
}
