// SPDX-License-Identifier: MIT
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Remembers what it was given, and takes as much as the test says.
private final class RecordingReader: BodyReader {
    var isFull = false
    var reportsErrors = false
    var events: [String] = []
    var text = ""
    var onReceive: () throws(HTTPError) -> Void = {}

    func receive(_ piece: ByteBuffer) throws(HTTPError) {
        text += String(buffer: piece)
        try onReceive()
    }

    func finish() throws(HTTPError) { events.append("finish") }
    func fail(_ error: HTTPError) { events.append("fail \(error.status)") }
}

/// Bodies that a reader takes as they arrive.
@Suite("BodyReader")
struct BodyReaderTests {
    private static let head = "POST /b HTTP/1.1\r\nHost: t\r\n"
    private static let fixed = head + "Content-Length: 10\r\n\r\n0123456789"
    private static let chunked =
        head + "Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"
    private static let get = "GET /a HTTP/1.1\r\nHost: t\r\n\r\n"
    private static let getAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nget /a"

    private func connection(
        _ reader: RecordingReader, limit: Int = 1000, handlesNow: Bool = false,
        limits: (inout Limits) -> Void = { _ in }
    ) throws -> TestConnection {
        let connection = try TestConnection(limits)
        connection.application.onAccept = { exchange in
            exchange.head.framing == .none
                ? .proceed(limit: limit) : .stream(to: reader, limit: limit, handlesNow: handlesNow)
        }
        if handlesNow { connection.application.onHandle = { _ in } }
        return connection
    }

    @Test("every cut gives the same bytes, and then the end", arguments: [fixed, chunked])
    func splits(request: String) throws {
        for pieces in ByteSplits.all(Array((request + Self.get).utf8)) {
            let reader = RecordingReader()
            let connection = try connection(reader)
            for piece in pieces { try connection.channel.writeInbound(ByteBuffer(bytes: piece)) }
            #expect(reader.text == "0123456789" && reader.events == ["finish"])
            #expect(connection.application.events == ["accept"], "the next request waits for the answer")
            ScriptedApplication.answer(connection.handler.exchange, "done")
            connection.channel.embeddedEventLoop.run()
            #expect(
                try connection.answers() == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone"
                    + Self.getAnswer)
        }
    }

    @Test("a reader that is full stops the socket, without a time limit")
    func backPressure() throws {
        let reader = RecordingReader()
        let connection = try connection(reader) { $0.pipelinedBytes = 4 }
        reader.onReceive = { () throws(HTTPError) in reader.isFull = true }
        try connection.send(Self.head + "Content-Length: 30\r\n\r\n01234")
        try connection.send("56789")
        #expect(reader.text == "01234")
        connection.tick(after: 100_000)
        #expect(!connection.isClosed && reader.events == [])
        reader.isFull = false
        connection.handler.exchange.readBody()
        #expect(reader.text == "0123456789")
        reader.isFull = false
        reader.onReceive = {}
        connection.handler.exchange.readBody()
        connection.tick(after: 20_000)
        #expect(reader.events == [])
        connection.tick(after: 200_000)
        #expect(try connection.answers().hasPrefix("HTTP/1.1 408"))
    }

    @Test("a client that waits for 100 is told when the reader wants its body")
    func expectation() throws {
        let reader = RecordingReader()
        reader.isFull = true
        let connection = try connection(reader, handlesNow: true)
        try connection.send(Self.head + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try connection.receive() == "")
        reader.isFull = false
        connection.handler.exchange.readBody()
        #expect(try connection.receive() == "HTTP/1.1 100 Continue\r\n\r\n")
        connection.handler.exchange.readBody()
        #expect(try connection.receive() == "")
        try connection.send("01234")
        #expect(reader.text == "01234" && reader.events == ["finish"])
    }

    @Test("a client that waits for 100 and is answered without its body is not waited for")
    func expectationAnswered() throws {
        let reader = RecordingReader()
        reader.isFull = true
        let connection = try connection(reader, handlesNow: true)
        connection.application.onHandle = { ScriptedApplication.answer($0, "no") }
        try connection.send(Self.head + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(
            try connection.answers() == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno")
    }

    @Test("what is wrong is told to the handler at work, whose answer is the last")
    func faults() throws {
        let broken = [
            Self.head + "Transfer-Encoding: chunked\r\n\r\n4\r\n0123\r\nx\r\n",
            Self.head + "Transfer-Encoding: chunked\r\n\r\nFFFF\r\n",
        ]
        for (request, status) in zip(broken, [400, 413]) {
            let reader = RecordingReader()
            reader.reportsErrors = true
            let connection = try connection(reader, handlesNow: true)
            try connection.send(request)
            #expect(reader.events == ["fail \(status)"])
            #expect(try connection.receive() == "")
            ScriptedApplication.answer(connection.handler.exchange, "sorry")
            #expect(
                try connection.answers()
                    == "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nsorry")
        }
    }

    @Test("a body that ends early, or comes too slowly, is told to the handler at work")
    func truncated() throws {
        let reader = RecordingReader()
        reader.reportsErrors = true
        let first = try connection(reader, handlesNow: true)
        try first.send(Self.head + "Content-Length: 30\r\n\r\n01234")
        first.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        #expect(reader.events == ["fail 400"] && reader.text == "01234")

        let slow = RecordingReader()
        slow.reportsErrors = true
        let second = try connection(slow, handlesNow: true)
        try second.send(Self.head + "Content-Length: 30\r\n\r\n01234")
        second.tick(after: 40_000)
        #expect(slow.events == ["fail 408"])
    }

    @Test("what a reader throws is answered and closes the connection")
    func refused() throws {
        let reader = RecordingReader()
        let connection = try connection(reader)
        reader.onReceive = { () throws(HTTPError) in throw HTTPError(413, "too many parts") }
        try connection.send(Self.head + "Content-Length: 30\r\n\r\n01234")
        let answer = try connection.answers()
        #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("Connection: close"))
        #expect(connection.application.events == ["accept", "cancel"])
    }

    @Test("a body that is announced too long is refused before its handler begins")
    func tooLong() throws {
        let reader = RecordingReader()
        reader.reportsErrors = true
        let connection = try connection(reader, limit: 9, handlesNow: true)
        try connection.send(Self.fixed)
        #expect(try connection.answers().hasPrefix("HTTP/1.1 413"))
        #expect(connection.application.events == ["accept", "cancel"] && reader.events == [])
    }

    @Test("after the answer the rest is dropped and the connection lives on")
    func answeredEarly() throws {
        for request in [Self.fixed, Self.chunked] {
            let bytes = Array(request.utf8)
            for cut in (bytes.count - 12)..<bytes.count {
                let reader = RecordingReader()
                let connection = try connection(reader)
                reader.onReceive = { () throws(HTTPError) in
                    ScriptedApplication.answer(connection.handler.exchange, "done")
                }
                try connection.channel.writeInbound(ByteBuffer(bytes: bytes[..<cut]))
                try connection.channel.writeInbound(ByteBuffer(bytes: bytes[cut...]))
                try connection.send(Self.get)
                connection.channel.embeddedEventLoop.run()
                #expect(
                    try connection.answers()
                        == "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone" + Self.getAnswer,
                    "cut at \(cut)")
                #expect(!connection.isClosed)
            }
        }
    }

    @Test("an answer may stream while the body is still read")
    func duplex() throws {
        let reader = RecordingReader()
        let connection = try connection(reader, handlesNow: true)
        connection.application.onHandle = { _ = $0.start(ResponseHead(200)) }
        reader.onReceive = { () throws(HTTPError) in
            connection.handler.exchange.write(ByteBuffer(string: "<\(reader.text)>"))
        }
        try connection.send(Self.head + "Content-Length: 4\r\n\r\nab")
        try connection.send("cd")
        #expect(reader.events == ["finish"])
        connection.handler.exchange.finish()
        #expect(try connection.answers().contains("4\r\n<ab>\r\n6\r\n<abcd>\r\n0\r\n\r\n"))
        connection.application.onHandle = { ScriptedApplication.answer($0, ScriptedApplication.echo($0)) }
        #expect(try connection.exchange(Self.get) == Self.getAnswer)
    }

    @Test("a client that goes is told to the application, and the reader let go")
    func gone() throws {
        let reader = RecordingReader()
        reader.reportsErrors = true
        let connection = try connection(reader, handlesNow: true)
        try connection.send(Self.head + "Content-Length: 30\r\n\r\n01234")
        try connection.channel.close().wait()
        #expect(connection.application.events.last == "cancel" && reader.events == [])
        #expect(connection.handler.exchange.reader == nil)
    }
}
