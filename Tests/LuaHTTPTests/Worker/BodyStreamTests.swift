// SPDX-License-Identifier: MIT
import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// Routes that read their bodies themselves.
@Suite("BodyStream")
struct BodyStreamTests {
    private static let app = """
        local app = require "luahttpd"
        local stream = { body = "stream" }
        app:post("/read", stream, function(req)
          local out = {}
          repeat
            local bytes = req:read(4)
            out[#out + 1] = tostring(bytes)
          until not bytes
          return app.text(table.concat(out, "|"))
        end)
        app:post("/lines", stream, function(req)
          local out = {}
          for line in req:lines() do out[#out + 1] = line end
          return app.text(table.concat(out, "|"))
        end)
        app:post("/all", stream, function(req) return app.text(req:read() .. tostring(req:read(1)) .. req:read("a")) end)
        app:post("/first", stream, function(req) return app.text(req:read(2)) end)
        app:post("/none", stream, function(req) return "not read" end)
        app:post("/careful", stream, function(req)
          local good, problem = pcall(req.read, req, "a")
          return app.text(tostring(good) .. " " .. tostring(problem))
        end)
        app:post("/parts", stream, function(req)
          local out = {}
          for part in req:parts() do
            out[#out + 1] = ("%s %s %s"):format(part.name, part.filename, part.type)
            if part.name ~= "skip" then out[#out + 1] = part:read(2) .. "+" .. part:read() end
          end
          return app.text(table.concat(out, "|"))
        end)
        app:post("/stale", stream, function(req)
          local first
          for part in req:parts() do
            if first then first:read() else first = part end
          end
        end)
        app:post("/save", stream, function(req) return app.text(req:save("body.bin", { replace = true })) end)
        app:post("/saveparts", stream, function(req)
          local out = {}
          for part in req:parts() do out[#out + 1] = part:save(part.name .. ".bin") end
          return app.text(table.concat(out, " "))
        end)
        app:post("/form", stream, function(req) return app.json(req.form) end)
        note = ""
        app:post("/spawned", stream, function(req)
          app.spawn(function() note = select(2, pcall(req.read, req, 10)) end)
          app.sleep(1)
          return "done"
        end)
        app:post("/plain", function(req) return req:read() end)
        app:any("/any", stream, function(req) return app.text(req.method .. tostring(req:read(1))) end)
        app:post("/echo", { body = "stream", limits = { body = 10 } }, function(req) return req:read() end)
        """

    private func site() throws -> InMemorySite { try InMemorySite(Self.app) }

    private func head(_ path: String, _ length: Int, type: String = "text/plain") -> String {
        "POST \(path) HTTP/1.1\r\nHost: t\r\nContent-Type: \(type)\r\nContent-Length: \(length)\r\n\r\n"
    }

    /// Sends the pieces one by one, and lets what waits go on after each.
    private func send(_ site: InMemorySite, _ pieces: [[UInt8]]) throws -> String {
        var text = ""
        for piece in pieces {
            try site.channel.writeInbound(ByteBuffer(bytes: piece))
            site.channel.embeddedEventLoop.run()
            text += try site.received()
        }
        return text
    }

    private func everyCut(_ path: String, _ content: String, type: String = "text/plain") throws -> String {
        let request = Array((head(path, content.utf8.count, type: type) + content).utf8)
        let site = try site()
        let whole = InMemorySite.body(of: try send(site, [request]))
        for cut in stride(from: request.count - content.utf8.count, to: request.count, by: 3) {
            let answer = try send(site, [Array(request[..<cut]), Array(request[cut...])])
            #expect(InMemorySite.body(of: answer) == whole, "cut at \(cut)")
        }
        #expect(InMemorySite.body(of: try send(site, request.map { [$0] })) == whole)
        return whole
    }

    @Test("bytes, lines and everything, at every cut")
    func read() throws {
        #expect(try everyCut("/read", "0123456789") == "0123|4567|89|nil")
        #expect(try everyCut("/lines", "one\r\ntwo\n\nfour") == "one\r|two||four")
        #expect(try everyCut("/all", "0123456789") == "0123456789nil")
        #expect(try everyCut("/first", "0123456789") == "01")
        #expect(try everyCut("/none", "0123456789") == "not read")
    }

    @Test("parts come as they arrive, at every cut")
    func parts() throws {
        let form = MultipartText().field("a", "one").field("skip", "\r\n--\r\n").file(
            "f", "C:\\x.txt", "t\r\nwo")
        #expect(
            try everyCut("/parts", form.body, type: "multipart/form-data; boundary=\"b\"")
                == "a nil nil|on+e|skip nil nil|f x.txt text/plain|t\r+\nwo")
    }

    @Test("a handler runs before its body has arrived, and waits for it")
    func waits() throws {
        let site = try site()
        #expect(try site.send(head("/first", 4)) == "")
        #expect(site.task?.state == .running)
        #expect(try site.send("0") == "")
        #expect(try site.send("1").hasSuffix("\r\n\r\n01"))
        #expect(try site.send("23" + "GET /any HTTP/1.1\r\nHost: t\r\n\r\n").hasSuffix("GETnil"))
    }

    @Test("who reads on after the request has ended hears so, and does not wait for ever")
    func outlived() throws {
        let site = try site()
        #expect(try site.send(head("/spawned", 4)) == "")
        site.channel.embeddedEventLoop.run()
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasSuffix("done"))
        site.channel.embeddedEventLoop.run()
        #expect(try #require(try site.global("note")).hasSuffix("the request has ended"))
        #expect(site.worker.tasks.isEmpty)
    }

    @Test("a body that breaks off is an error where it is read")
    func truncated() throws {
        let site = try site()
        #expect(try site.send(head("/all", 10) + "0123") == "")
        site.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        site.channel.embeddedEventLoop.run()
        let answer = try site.received()
        #expect(
            answer.hasPrefix("HTTP/1.1 400") && answer.contains("request ended before its body was complete"))

        let careful = try self.site()
        #expect(try careful.send(head("/careful", 10) + "0123") == "")
        careful.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        careful.channel.embeddedEventLoop.run()
        let text = try careful.received()
        #expect(text.contains("Connection: close"))
        #expect(InMemorySite.body(of: text) == "false abort 400: request ended before its body was complete")
    }

    @Test("limits hold: by the announced length before the handler, by chunks where it reads")
    func limits() throws {
        #expect(try site().send(head("/echo", 11)).hasPrefix("HTTP/1.1 413"))
        #expect(try site().send(head("/echo", 10) + "0123456789").hasSuffix("0123456789"))
        let site = try site()
        let chunked =
            "POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n01234567\r\n3\r\n"
        var answer = try site.send(chunked)
        site.channel.embeddedEventLoop.run()
        answer += try site.received()
        #expect(answer.hasPrefix("HTTP/1.1 413"))
    }

    @Test("a client that goes ends its handler")
    func gone() throws {
        let site = try site()
        #expect(try site.send(head("/all", 10) + "0123") == "")
        let task = try #require(site.task)
        try site.channel.close().wait()
        #expect(task.state == .idle)
        if case .collected = task.body {} else { Issue.record("the body is still held") }
    }

    @Test("the socket is not read while the handler does not read")
    func backPressure() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:post("/", { body = "stream" }, function(req)
              local first = req:read(1)
              app.sleep(1)
              return app.text(first .. #req:read())
            end)
            """)
        let piece = String(repeating: "x", count: 100_000)
        #expect(try site.send(head("/", 400_000) + piece) == "")
        for _ in 0..<2 { #expect(try site.send(piece) == "") }
        #expect(site.handler.input.readableBytes >= 100_000, "more than the window was taken")
        site.handler.tick(now: Clock.milliseconds() + 100_000)
        #expect(try site.received() == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        var answer = try site.send(piece)
        site.channel.embeddedEventLoop.run()
        answer += try site.received()
        #expect(answer.hasSuffix("x399999"))
    }

    @Test("bodies and parts are saved as they arrive", arguments: [5, 400_000])
    func save(size: Int) throws {
        let site = try site()
        let content = String(repeating: "z", count: size)
        let request = Array((head("/save", size) + content).utf8)
        let cut = request.count / 2
        #expect(
            try send(site, [Array(request[..<cut]), Array(request[cut...]), []]).hasSuffix("\r\n\r\nbody.bin")
        )
        let root = site.worker.configuration.loader.root
        #expect(try String(contentsOfFile: root + "/body.bin", encoding: .utf8) == content)
        let form = MultipartText().field("p", content).file("q", "x", "q")
        let type = MultipartText.type
        let answer = try send(
            site, [Array((head("/saveparts", form.body.utf8.count, type: type) + form.body).utf8), [], []])
        #expect(answer.hasSuffix("\r\n\r\np.bin q.bin"))
        #expect(try String(contentsOfFile: root + "/p.bin", encoding: .utf8) == content)
        #expect(try String(contentsOfFile: root + "/q.bin", encoding: .utf8) == "q")
    }

    @Test("a body that breaks off while it is saved leaves no file")
    func saveTruncated() throws {
        let site = try site()
        #expect(try site.send(head("/save", 300_000) + String(repeating: "z", count: 200_000)) == "")
        site.channel.embeddedEventLoop.run()
        site.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        site.channel.embeddedEventLoop.run()
        #expect(try site.received().hasPrefix("HTTP/1.1 400"))
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: site.worker.configuration.loader.root) == [
                "app.lua"
            ])
    }

    @Test("mistakes are named")
    func mistakes() throws {
        func answer(_ path: String, _ body: String, type: String = "text/plain") throws -> String {
            try site().post(path, body, type: type)
        }
        #expect(try answer("/form", "a=1").contains("the route takes its body as a stream"))
        #expect(
            try answer("/plain", "x").contains("{ body = &quot;stream&quot; }")
                || answer("/plain", "x").contains("{ body = \"stream\" }"))
        #expect(try answer("/parts", "x").hasPrefix("HTTP/1.1 415"))
        #expect(try answer("/parts", "x", type: "multipart/form-data").hasPrefix("HTTP/1.1 400"))
        #expect(try answer("/parts", "--b\r\n", type: MultipartText.type).hasPrefix("HTTP/1.1 400"))
        let form = MultipartText().field("a", "1").field("b", "2")
        #expect(try answer("/stale", form.body, type: MultipartText.type).contains("the next part has begun"))
        #expect(throws: (any Error).self) {
            try InMemorySite("require('luahttpd'):post('/', { body = 'x' }, function() end)")
        }
    }

    @Test("a request without a body is at its end at once")
    func empty() throws {
        #expect(try site().get("/any").hasSuffix("GETnil"))
        #expect(try site().send(head("/read", 0)).hasSuffix("\r\n\r\nnil"))
    }
}
