// SPDX-License-Identifier: MIT
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// An application that does what each test says and remembers what it was asked.
final class ScriptedApplication: HTTPApplication {
    var onAccept: (HTTPExchange) -> BodyDecision = { _ in .proceed(limit: 1000) }
    var onHandle: (HTTPExchange) -> Void = { ScriptedApplication.answer($0, ScriptedApplication.echo($0)) }
    var events: [String] = []
    var limitsHit: [Limits.Name] = []

    static func echo(_ exchange: HTTPExchange) -> String {
        "\(exchange.head.method) "
            + String(decoding: exchange.head.slice(exchange.head.target), as: UTF8.self)
            + (exchange.body.readableBytes > 0 ? " " + String(buffer: exchange.body) : "")
    }

    static func answer(_ exchange: HTTPExchange, _ text: String, status: Int = 200) {
        Array(text.utf8).withUnsafeBytes { _ = exchange.respond(ResponseHead(status), body: $0) }
    }

    func accept(_ exchange: HTTPExchange) -> BodyDecision {
        events.append("accept")
        return onAccept(exchange)
    }

    func handle(_ exchange: HTTPExchange) {
        events.append("handle " + Self.echo(exchange))
        onHandle(exchange)
    }

    func cancel(_ exchange: HTTPExchange) { events.append("cancel") }
    func writable(_ exchange: HTTPExchange) { events.append("writable") }
    func inputClosed(_ exchange: HTTPExchange) { events.append("inputClosed") }
    func limitHit(_ limit: Limits.Name, _ value: Int, _ exchange: HTTPExchange) { limitsHit.append(limit) }
}

/// A connection in memory: bytes in, bytes out, and the time as the test says.
final class TestConnection {
    let application = ScriptedApplication()
    let channel: EmbeddedChannel
    let loop: LoopConnections
    let handler: HTTP1Handler<ScriptedApplication>
    let start = Clock.milliseconds()

    init(_ change: (inout Limits) -> Void = { _ in }) throws {
        var limits = Limits()
        change(&limits)
        let eventLoop = EmbeddedEventLoop()
        loop = LoopConnections(eventLoop: eventLoop)
        handler = HTTP1Handler(
            application: application, loop: loop, limits: limits, origin: ConnectionOrigin())
        channel = EmbeddedChannel(handler: handler, loop: eventLoop)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// One read burst.
    func send(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

    func receive() throws -> String {
        var text = ""
        while let part = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let buffer) = part { text += String(buffer: buffer) }
        }
        return text
    }

    /// Status codes and bodies, without the heads.
    func answers() throws -> String {
        var text = try receive()
        while let date = text.range(of: "Date: ") {
            text.removeSubrange(date.lowerBound..<text[date.lowerBound...].range(of: "\r\n")!.upperBound)
        }
        return text
    }

    func exchange(_ text: String) throws -> String {
        try send(text)
        return try answers()
    }

    var isClosed: Bool { !channel.isActive }
    func tick(after milliseconds: UInt64) { handler.tick(now: start + milliseconds + 100) }
}

private extension StringProtocol {
    /// The first occurrence; a dozen lines instead of Foundation.
    func range(of text: String) -> Range<Index>? {
        var index = startIndex
        while index < endIndex {
            if self[index...].unicodeScalars.starts(with: text.unicodeScalars) {
                return index..<self.unicodeScalars.index(index, offsetBy: text.unicodeScalars.count)
            }
            index = unicodeScalars.index(after: index)
        }
        return nil
    }
}

@Suite("HTTP1Handler")
struct HTTP1HandlerTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: t\r\n\r\n"
    private static let getAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nget /a"
    private static let post = "POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nhello"
    private static let postAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\npost /b hello"
    private static let chunked =
        "POST /c HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: v\r\n\r\n"
    private static let chunkedAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\npost /c hello"

    @Test("requests are answered and the connection lives on")
    func keepAlive() throws {
        let connection = try TestConnection()
        #expect(try connection.exchange(Self.get) == Self.getAnswer)
        #expect(try connection.exchange(Self.post) == Self.postAnswer)
        #expect(try connection.exchange(Self.chunked) == Self.chunkedAnswer)
        #expect(try connection.exchange(Self.get) == Self.getAnswer)
        #expect(!connection.isClosed)
    }

    @Test("any cut of pipelined requests gives the same answers in order")
    func splits() throws {
        let bytes = Array((Self.post + Self.get + Self.chunked + Self.get).utf8)
        let expected = Self.postAnswer + Self.getAnswer + Self.chunkedAnswer + Self.getAnswer
        for pieces in ByteSplits.all(bytes) {
            let connection = try TestConnection()
            for piece in pieces { try connection.channel.writeInbound(ByteBuffer(bytes: piece)) }
            #expect(try connection.answers() == expected)
            #expect(!connection.isClosed)
        }
    }

    @Test("the answers of one burst leave in one write")
    func oneWrite() throws {
        let connection = try TestConnection()
        try connection.send(Self.get + Self.get + Self.get)
        let buffer = try connection.channel.readOutbound(as: IOData.self)
        #expect(buffer?.readableBytes ?? 0 > 3 * Self.getAnswer.utf8.count)
        #expect(try connection.channel.readOutbound(as: IOData.self) == nil)
    }

    @Test("one request at a time: the next waits for a late answer")
    func oneAtATime() throws {
        let connection = try TestConnection()
        connection.application.onHandle = { _ in }
        try connection.send(Self.get + Self.post)
        #expect(connection.application.events == ["accept", "handle get /a"])
        #expect(try connection.receive() == "")
        ScriptedApplication.answer(connection.handler.exchange, "one")
        #expect(
            connection.application.events == ["accept", "handle get /a"], "the next began inside the answer")
        connection.channel.embeddedEventLoop.run()
        #expect(
            connection.application.events == ["accept", "handle get /a", "accept", "handle post /b hello"])
        ScriptedApplication.answer(connection.handler.exchange, "two")
        let answers = try connection.answers()
        #expect(answers.hasSuffix("one" + "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo"))
    }

    @Test("a second answer is refused and sends nothing")
    func answeredTwice() throws {
        let connection = try TestConnection()
        connection.application.onHandle = { exchange in
            ScriptedApplication.answer(exchange, "one")
            #expect(!exchange.respond(ResponseHead(200), body: ByteBuffer(string: "two")))
            #expect(!exchange.start(ResponseHead(200)))
            #expect(!exchange.write(ByteBuffer(string: "x")))
            exchange.finish()
        }
        #expect(try connection.exchange(Self.get) == "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none")
    }

    @Test("pipelined bytes beyond the bound are not read from the socket")
    func pipelineBound() throws {
        let connection = try TestConnection { $0.pipelinedBytes = 50 }
        connection.application.onHandle = { _ in }
        let reads = ReadCounter()
        try connection.channel.pipeline.syncOperations.addHandler(reads, position: .first)
        try connection.send(Self.get + Self.get)  // one handled, 27 bytes wait
        connection.channel.read()
        #expect(reads.count == 1)
        try connection.send(Self.get)
        connection.channel.read()
        #expect(reads.count == 1)
        ScriptedApplication.answer(connection.handler.exchange, "x")
        connection.channel.embeddedEventLoop.run()
        #expect(reads.count == 2)
    }

    @Test("HEAD has the length and no body; 204 and 304 have neither")
    func noBody() throws {
        let connection = try TestConnection()
        #expect(
            try connection.exchange("HEAD /a HTTP/1.1\r\nHost: t\r\n\r\n")
                == "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n")
        connection.application.onHandle = { ScriptedApplication.answer($0, "body", status: 204) }
        #expect(try connection.exchange(Self.get) == "HTTP/1.1 204 No Content\r\n\r\n")
        connection.application.onHandle = { ScriptedApplication.answer($0, "body", status: 304) }
        #expect(try connection.exchange(Self.get) == "HTTP/1.1 304 Not Modified\r\n\r\n")
        connection.application.onHandle = { ScriptedApplication.answer($0, "", status: 99) }
        #expect(
            try connection.exchange(Self.get)
                == "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")
    }

    @Test("Connection: close is announced, obeyed, and what follows is not served")
    func close() throws {
        let connection = try TestConnection()
        let request = "GET /a HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
        #expect(
            try connection.exchange(request + Self.get)
                == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nget /a")
        #expect(connection.application.events == ["accept", "handle get /a"])
        #expect(connection.isClosed)
    }

    @Test("HTTP/1.0 closes unless it asks to keep the connection")
    func oldClients() throws {
        let closing = try TestConnection()
        #expect(
            try closing.exchange("GET /a HTTP/1.0\r\n\r\n")
                == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 6\r\n\r\nget /a")
        #expect(closing.isClosed)
        let keeping = try TestConnection()
        #expect(
            try keeping.exchange("GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")
                == "HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 6\r\n\r\nget /a")
        #expect(!keeping.isClosed)
    }

    @Test("a broken request after a good one: the good one is answered first")
    func garbageBehind() throws {
        let connection = try TestConnection()
        let text = try connection.exchange(Self.get + "\u{0}garbage\r\n\r\n")
        #expect(text.hasPrefix(Self.getAnswer + "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"))
        #expect(connection.isClosed)
        #expect(connection.application.events == ["accept", "handle get /a"])
    }

    @Test("100 is sent when the body is wanted and has not come, and only then")
    func expectContinue() throws {
        let head = "POST /b HTTP/1.1\r\nHost: t\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        let waiting = try TestConnection()
        #expect(try waiting.exchange(head) == "HTTP/1.1 100 Continue\r\n\r\n")
        #expect(try waiting.exchange("hello") == Self.postAnswer)
        let eager = try TestConnection()
        #expect(try eager.exchange(head + "hello") == Self.postAnswer)
        let old = try TestConnection()
        #expect(
            try old.exchange("POST /b HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n") == "")
        let refused = try TestConnection()
        refused.application.onAccept = { _ in .reject(HTTPError(404, "nothing here")) }
        let text = try refused.exchange(head)
        #expect(text.hasPrefix("HTTP/1.1 404 Not Found\r\nConnection: close\r\n"))
        #expect(refused.isClosed)
    }

    @Test("a body over the limit is refused by its announcement")
    func bodyLimit() throws {
        for (length, status) in [(1000, "200"), (1001, "413")] {
            let connection = try TestConnection()
            let body = length == 1000 ? String(repeating: "x", count: length) : ""
            let head = "POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: \(length)\r\n\r\n"
            #expect(try connection.exchange(head + body).hasPrefix("HTTP/1.1 \(status) "))
            #expect(connection.isClosed == (status == "413"))
        }
        let chunked = try TestConnection()
        let head = "POST /b HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n"
        #expect(try chunked.exchange(head + "3E9\r\n").hasPrefix("HTTP/1.1 413 "))
        #expect(chunked.application.events == ["accept", "cancel"])
    }

    @Test("an unwanted body is dropped and the next request served")
    func unwantedBody() throws {
        for body in [Self.post, Self.chunked] {
            for pieces in ByteSplits.all(Array((body + Self.get).utf8)) {
                let connection = try TestConnection()
                connection.application.onAccept = { exchange in
                    exchange.head.method == .post
                        ? .reject(HTTPError(404, "nothing here")) : .proceed(limit: 0)
                }
                for piece in pieces { try connection.channel.writeInbound(ByteBuffer(bytes: piece)) }
                let text = try connection.answers()
                #expect(text.hasPrefix("HTTP/1.1 404 ") && text.hasSuffix(Self.getAnswer))
                #expect(connection.application.events == ["accept", "accept", "handle get /a"])
            }
        }
    }

    @Test("a long unwanted body closes the connection instead")
    func longUnwantedBody() throws {
        let connection = try TestConnection { $0.discardedBody = 4 }
        connection.application.onAccept = { _ in .reject(HTTPError(404, "nothing here")) }
        #expect(
            try connection.exchange(Self.post).hasPrefix("HTTP/1.1 404 Not Found\r\nConnection: close\r\n"))
        #expect(connection.isClosed)
    }

    @Test("FIN after a request: it is answered, also late; FIN inside one: 400, never handled")
    func halfClose() throws {
        let whole = try TestConnection()
        whole.application.onHandle = { _ in }
        try whole.send(Self.get)
        whole.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(whole.application.events == ["accept", "handle get /a", "inputClosed"])
        #expect(!whole.isClosed)
        ScriptedApplication.answer(whole.handler.exchange, "late")
        #expect(try whole.answers().hasSuffix("late"))
        #expect(whole.isClosed)

        for cut in [
            "GET /a HT", Self.get + "GET", "POST / HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nhello",
        ] {
            let connection = try TestConnection()
            try connection.send(cut)
            connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
            #expect(
                try connection.answers().range(of: "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n") != nil
            )
            #expect(connection.isClosed)
        }
        let idle = try TestConnection()
        idle.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(try idle.receive() == "" && idle.isClosed)
    }

    @Test("a client that vanishes cancels the request; a late answer goes nowhere")
    func vanished() throws {
        let connection = try TestConnection()
        connection.application.onHandle = { _ in }
        try connection.send(Self.get)
        let exchange = connection.handler.exchange
        try connection.channel.close().wait()
        #expect(connection.application.events.last == "cancel")
        #expect(!exchange.respond(ResponseHead(200), body: ByteBuffer()))
        #expect(exchange.connection == nil && connection.loop.count == 0)
    }

    @Test("streams: chunks for 1.1, until close for 1.0, nothing for HEAD")
    func streams() throws {
        func stream(_ request: String) throws -> (String, Bool) {
            let connection = try TestConnection()
            connection.application.onHandle = { exchange in
                #expect(exchange.start(ResponseHead(200)))
                #expect(exchange.write(ByteBuffer(string: "hello")))
                #expect(exchange.write(ByteBuffer()))
                #expect(exchange.write(ByteBuffer(string: String(repeating: "x", count: 20_000))))
                exchange.finish()
            }
            return (try connection.exchange(request), connection.isClosed)
        }
        let long = String(repeating: "x", count: 20_000)
        #expect(
            try stream(Self.get)
                == (
                    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                        + "5\r\nhello\r\n4E20\r\n\(long)\r\n0\r\n\r\n",
                    false
                ))
        #expect(
            try stream("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                == ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello\(long)", true))
        #expect(
            try stream("HEAD /a HTTP/1.1\r\nHost: t\r\n\r\n")
                == ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false))
    }

    @Test("an aborted stream never looks complete")
    func aborted() throws {
        let connection = try TestConnection()
        connection.application.onHandle = { exchange in
            exchange.start(ResponseHead(200))
            exchange.write(ByteBuffer(string: "hello"))
            exchange.abort()
        }
        let text = try connection.exchange(Self.get + Self.get)
        #expect(text.hasSuffix("5\r\nhello\r\n"))
        #expect(connection.isClosed)
        #expect(connection.application.events == ["accept", "handle get /a"])
    }

    @Test("a large body is passed on, not copied")
    func largeBody() throws {
        let connection = try TestConnection()
        connection.application.onHandle = { exchange in
            exchange.respond(ResponseHead(200), body: ByteBuffer(repeating: 0x61, count: 100_000))
        }
        try connection.send(Self.get + Self.get)
        var sizes: [Int] = []
        while let part = try connection.channel.readOutbound(as: IOData.self) {
            sizes.append(part.readableBytes)
        }
        #expect(sizes.filter { $0 == 100_000 }.count == 2 && sizes.count == 4)
    }

    @Test("impossible heads and bodies become 500 instead of a trap")
    func impossibleAnswers() throws {
        let connection = try TestConnection()
        connection.application.onHandle = { exchange in
            let fields = [UInt8](repeating: 0x61, count: (1 << 20) + 1)
            fields.withUnsafeBytes { _ = exchange.respond(ResponseHead(200, fields: $0), body: ByteBuffer()) }
        }
        #expect(
            try connection.exchange(Self.get).hasPrefix(
                "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n"))
        #expect(connection.isClosed)
    }

    @Test("a body copied from memory may be of any size")
    func copiedBodies() throws {
        for size in [0, 1, 16 << 10, (16 << 10) + 1, 200_000] {
            let connection = try TestConnection()
            connection.application.onHandle = {
                ScriptedApplication.answer($0, String(repeating: "y", count: size))
            }
            let expected =
                "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n" + String(repeating: "y", count: size)
            #expect(try connection.exchange(Self.get + Self.get) == expected + expected)
        }
    }

    @Test("timeouts answer 408 or close, as ConnectionState says")
    func timeouts() throws {
        let head = try TestConnection()
        try head.send("GET /a HT")
        head.tick(after: 9_000)
        #expect(try head.receive() == "")
        head.tick(after: 10_000)
        #expect(try head.answers().hasPrefix("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n"))
        #expect(head.isClosed)
        let body = try TestConnection()
        try body.send("POST /b HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nh")
        body.tick(after: 30_000)
        #expect(try body.answers().hasPrefix("HTTP/1.1 408 "))
        #expect(body.application.events == ["accept", "cancel"])
        let idle = try TestConnection()
        _ = try idle.exchange(Self.get)
        idle.tick(after: 59_000)
        #expect(!idle.isClosed)
        idle.tick(after: 60_000)
        #expect(try idle.receive() == "" && idle.isClosed)
        let working = try TestConnection()
        working.application.onHandle = { _ in }
        try working.send(Self.get)
        working.tick(after: 1_000_000)
        #expect(!working.isClosed)
    }

    @Test("draining closes idle connections soon and lets busy ones finish")
    func drain() throws {
        let idle = try TestConnection()
        idle.loop.beginDrain()
        #expect(!idle.isClosed)
        idle.tick(after: 500)
        #expect(try idle.receive() == "" && idle.isClosed)
        let late = try TestConnection()
        late.application.onHandle = { ScriptedApplication.answer($0, "x") }
        late.loop.beginDrain()
        #expect(
            try late.exchange(Self.get)
                == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
        #expect(late.isClosed)
        let busy = try TestConnection()
        busy.application.onHandle = { _ in }
        try busy.send(Self.get)
        busy.loop.beginDrain()
        #expect(!busy.isClosed)
        ScriptedApplication.answer(busy.handler.exchange, "x")
        #expect(try busy.answers() == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
        #expect(busy.isClosed)
    }

    @Test("an upgrade hands the connection over with the bytes that came early")
    func upgrade() throws {
        let connection = try TestConnection()
        let next = InputCollector()
        connection.application.onHandle = { exchange in
            let done = Array("Upgrade: x\r\n".utf8).withUnsafeBytes { exchange.upgrade($0, to: [next]) }
            #expect(done)
        }
        let request = "GET /a HTTP/1.1\r\nHost: t\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"
        #expect(
            try connection.exchange(request + "early")
                == "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
        try connection.send("late")
        #expect(next.text == "earlylate")
        #expect(connection.loop.count == 0)
        connection.tick(after: 1_000_000)
        #expect(!connection.isClosed)
    }

    @Test("the head stays where it is until the answer, and the serial tells requests apart")
    func stability() throws {
        let connection = try TestConnection()
        connection.application.onHandle = { _ in }
        try connection.send(Self.get + Self.post)
        let exchange = connection.handler.exchange
        let base = exchange.head.base
        let serial = exchange.serial
        try connection.send(Self.get)
        #expect(exchange.head.base == base && exchange.serial == serial)
        ScriptedApplication.answer(exchange, "x")
        #expect(exchange.serial == serial, "the application may still look at the request it answers")
        connection.channel.embeddedEventLoop.run()
        #expect(exchange.serial == serial + 1)
    }

    @Test("mutated streams of requests never crash and are answered the same in any pieces")
    func fuzz() throws {
        var numbers = SeededNumbers(seed: 99)
        let seed = Array((Self.post + Self.chunked + Self.get).utf8)
        func run(_ pieces: [[UInt8]]) throws -> String {
            let connection = try TestConnection()
            for piece in pieces where connection.channel.isActive {
                try connection.channel.writeInbound(ByteBuffer(bytes: piece))
            }
            return try connection.answers() + " closed: \(connection.isClosed)"
        }
        for _ in 0..<2_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...3, using: &numbers) {
                let index = Int.random(in: 0..<bytes.count, using: &numbers)
                switch Int.random(in: 0..<3, using: &numbers) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &numbers)
                case 1: bytes.remove(at: index)
                default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &numbers)], at: index)
                }
            }
            #expect(
                try run(ByteSplits.random(bytes, &numbers)) == run([bytes]), "\(bytes.text.debugDescription)")
        }
    }
}

private final class ReadCounter: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    var count = 0

    func read(context: ChannelHandlerContext) {
        count += 1
        context.read()
    }
}

private final class InputCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    var text = ""

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        text += String(buffer: Self.unwrapInboundIn(data))
    }
}

@Suite("LoopConnections")
struct LoopConnectionsTests {
    private final class Member: TimedConnection {
        var loopIndex = -1
        let loop: LoopConnections
        let leaves: Bool
        var ticks = 0

        init(_ loop: LoopConnections, leaves: Bool) {
            self.loop = loop
            self.leaves = leaves
            loop.add(self)
        }

        func tick(now: UInt64) {
            ticks += 1
            if leaves { loop.remove(self) }
        }

        func beginDrain() { loop.remove(self) }

        func closeIfIdle(now: UInt64) -> Bool {
            if leaves { loop.remove(self) }
            return leaves
        }
    }

    @Test("each member is told once per tick, also when some leave meanwhile")
    func ticks() {
        let eventLoop = EmbeddedEventLoop()
        let loop = LoopConnections(eventLoop: eventLoop)
        let members = (0..<10).map { Member(loop, leaves: $0 % 3 == 0) }
        eventLoop.advanceTime(by: LoopConnections.interval)
        #expect(members.allSatisfy { $0.ticks == 1 } && loop.count == 6)
        eventLoop.advanceTime(by: LoopConnections.interval)
        #expect(members.map(\.ticks) == [1, 2, 2, 1, 2, 2, 1, 2, 2, 1])
        loop.beginDrain()
        #expect(loop.count == 0)
        eventLoop.advanceTime(by: .seconds(10))
        #expect(members[1].ticks == 2)
    }

    @Test("a tick that comes much too late tells nobody, the next one does")
    func lateTick() {
        let loop = LoopConnections(eventLoop: EmbeddedEventLoop())
        let member = Member(loop, leaves: false)
        loop.tick(now: 10_000)
        loop.tick(now: 10_500)
        #expect(member.ticks == 2)
        loop.tick(now: 80_000)
        #expect(member.ticks == 2)
        loop.tick(now: 80_500)
        loop.tick(now: 82_900)
        #expect(member.ticks == 4)
    }

    @Test("shedding goes round and takes those that are idle, one at a time")
    func shedding() {
        let loop = LoopConnections(eventLoop: EmbeddedEventLoop())
        #expect(!loop.shed())
        let members = (0..<9).map { Member(loop, leaves: $0 % 3 == 0) }
        for left in [8, 7, 6] {
            #expect(loop.shed())
            #expect(loop.count == left)
        }
        #expect(!loop.shed() && loop.count == 6)
        #expect(members.filter { $0.loopIndex >= 0 }.allSatisfy { !$0.leaves })
    }

    @Test("a member removed twice harms no other")
    func removedTwice() {
        let loop = LoopConnections(eventLoop: EmbeddedEventLoop())
        let first = Member(loop, leaves: false)
        let second = Member(loop, leaves: false)
        loop.remove(first)
        loop.remove(first)
        #expect(loop.count == 1 && second.loopIndex == 0)
    }
}
