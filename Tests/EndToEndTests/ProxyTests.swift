// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// scripts/proxy.lua between a client and another server.
struct ProxyTests {
    private static let backend = """
        local app = require "luahttpd"
        local counts = app.shared "counts"
        app:get("/", function() return app.text "front page" end)
        app:any("/echo", function(req)
          return app.json({ method = req.method, body = req.body, query = req.query, via = req.headers.x_forwarded_host,
            secret = req.headers.x_secret, connection = req.headers.connection, ip = req.headers.x_forwarded_for },
            { status = 201, headers = { ["X-Answer"] = "yes", ["Set-Cookie"] = { "a=1", "b=2" } } })
        end)
        app:get("/style", function() return app.text("a {}", { content_type = "text/css" }) end)
        app:get("/moved", function() return app.redirect "/echo" end)
        app:get("/flood", function()
          return app.stream(function(out)
            local chunk = ("x"):rep(65536)
            while out:write(chunk) do counts:incr "flooded" end
            counts:incr "ended"
          end)
        end)
        app:get("/count/:name", function(req) return app.text(counts:get(req.params.name) or 0) end)
        """

    private func with(_ body: (_ proxy: RunningServer, _ backend: RunningServer) throws -> Void) throws {
        try RunningServer.with(source: Self.backend, ["--prod"]) { backend in
            try RunningServer.with(
                "scripts/proxy.lua", ["--prod"],
                environment: ["BACKEND": "http://127.0.0.1:\(backend.port)"]
            ) { proxy in try body(proxy, backend) }
        }
    }

    @Test func requestsAndAnswersPassThrough() throws {
        try with { proxy, _ in
            try #expect(proxy.get("/").text == "front page")
            let client = try Connection(port: proxy.port)
            try client.send(
                Connection.bytes(
                    of: "POST", "/echo?a=1%2F2",
                    headers: ["Connection": "close, X-Secret", "X-Secret": "mine", "TE": "trailers"],
                    body: "hello"))
            let answer = try client.response()
            #expect(answer.status == 201)
            #expect(answer["x-answer"] == "yes")
            #expect(answer.all("set-cookie") == ["a=1", "b=2"])
            #expect(
                answer.text == #"{"body":"hello","ip":"127.0.0.1","method":"POST","query":{"a":"1/2"},"#
                    + #""via":"localhost"}"#)
            let moved = try proxy.get("/moved")
            #expect(moved.status == 303)
            #expect(moved["location"] == "/echo")
        }
    }

    @Test("the type of an answer is the backend's")
    func types() throws {
        try with { proxy, _ in
            try #expect(proxy.get("/style")["content-type"] == "text/css")
            try #expect(proxy.get("/count/none")["content-type"] == "text/plain; charset=utf-8")
            try #expect(proxy.get("/moved")["content-type"] == nil)
        }
    }

    @Test func aSlowClientSlowsTheBackendDown() throws {
        try with { proxy, backend in
            let client = try Connection(port: proxy.port)
            try client.send(Connection.bytes(of: "GET", "/flood"))
            // Nothing is read here: after a while the backend cannot write any more.
            var before = -1
            while true {
                let flooded = Int(try backend.get("/count/flooded").text) ?? 0
                if flooded == before, flooded > 0 { break }
                before = flooded
                usleep(300_000)
            }
            #expect(before * 65536 < 64 << 20)
            client.reset()
            let end = Date(timeIntervalSinceNow: Command.patience)
            while try backend.get("/count/ended").text != "1", Date() < end { usleep(5000) }
            try #expect(backend.get("/count/ended").text == "1")
        }
    }

    @Test func aBackendThatIsGone_Is502() throws {
        try RunningServer.with(
            "scripts/proxy.lua", ["--prod"], environment: ["BACKEND": "http://127.0.0.1:1"]
        ) { proxy in
            let answer = try proxy.get("/")
            #expect(answer.status == 502)
        }
    }
}
