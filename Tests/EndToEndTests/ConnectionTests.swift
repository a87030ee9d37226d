// SPDX-License-Identifier: MIT

import Testing

/// What happens on connections, seen through an app: keep-alive, pipelining, limits, clients that leave.
@Suite("connections")
struct ConnectionTests {
    private let source = """
        local app = require "luahttpd"
        app:get("/", function(req) return app.text("hello") end)
        app:post("/echo", function(req) return app.text(req.body) end)
        app:post("/small", { limits = { body = "1KiB" } }, function(req) return app.text(#req.body) end)
        app:get("/n/:n<int>", function(req) return app.text(req.params.n) end)
        app:get("/wait", function(req) app.log.info("waiting") app.sleep(0.05) return "waited" end)
        app:get("/forever", function(req)
          local guard <close> = setmetatable({}, { __close = function() app.log.info("closed properly") end })
          app.log.info("waiting")
          app.sleep(3600)
        end)
        app:get("/big", function(req) return app.text(("x"):rep(3000000)) end)
        """

    @Test("a connection serves one request after another")
    func keepAlive() throws {
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            for number in 0..<200 {
                try connection.send(Connection.bytes(of: "GET", "/n/\(number)"))
                try #expect(connection.response().text == "\(number)")
            }
            try connection.send(Connection.bytes(of: "GET", "/", headers: ["Connection": "close"]))
            let last = try connection.response()
            #expect(last["connection"] == "close")
            try #expect(connection.isClosedByPeer())
        }
    }

    @Test("pipelined requests are answered in order, those that wait too")
    func pipelining() throws {
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            var burst: [UInt8] = []
            for number in 0..<50 {
                burst += Connection.bytes(of: "GET", number % 10 == 3 ? "/wait" : "/n/\(number)")
                burst += Connection.bytes(of: "POST", "/echo", body: "body \(number)")
            }
            try connection.send(burst)
            for number in 0..<50 {
                try #expect(connection.response().text == (number % 10 == 3 ? "waited" : "\(number)"))
                try #expect(connection.response().text == "body \(number)")
            }
        }
    }

    @Test("a request may come byte by byte")
    func byteByByte() throws {
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            for byte in Connection.bytes(of: "POST", "/echo", body: "slowly") { try connection.send([byte]) }
            try #expect(connection.response().text == "slowly")
        }
    }

    @Test("a chunked body arrives whole")
    func chunked() throws {
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            try connection.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + "5\r\nhello\r\n7;x=y\r\n, world\r\n0\r\nTrailer: t\r\n\r\n")
            try #expect(connection.response().text == "hello, world")
            try connection.send(Connection.bytes(of: "GET", "/"))
            try #expect(connection.response().text == "hello")
        }
    }

    @Test("Expect: 100-continue is answered before the body is sent, or refused")
    func expectContinue() throws {
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            try connection.send(
                "POST /echo HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
            try #expect(connection.interim() == 100)
            try connection.send("body")
            try #expect(connection.response().text == "body")
            try connection.send(
                "POST /small HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4000\r\n\r\n")
            try #expect(connection.response().status == 413)
        }
    }

    @Test("a body beyond the limit is answered with 413 before it is read")
    func tooLarge() throws {
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            try connection.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n")
            let refused = try connection.response()
            #expect(refused.status == 413)
            #expect(refused["connection"] == "close")
            let body = String(repeating: "x", count: 1025)
            try #expect(server.request("POST", "/small", body: body).status == 413)
            try #expect(server.request("POST", "/small", body: String(body.dropLast())).text == "1024")
            let streamed = try Connection(port: server.port)
            try streamed.send(
                "POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n401\r\n\(body)\r\n0\r\n\r\n"
            )
            try #expect(streamed.response().status == 413)
        }
    }

    @Test(
        "a request that is none gets one answer and the end of the connection",
        arguments: [
            ("GET / HTTP/1.1\r\n\r\n", 400), ("nonsense\r\n\r\n", 400),
            (
                "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                400
            ),
            ("GET / HTTP/1.1\r\nHost: a\r\nBad name: 1\r\n\r\n", 400),
            ("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
            ("GET /" + String(repeating: "a", count: 17000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
            ("GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 17000) + "\r\n\r\n", 431),
        ])
    func malformed(request: String, status: Int) throws {
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            try connection.send(request)
            let answer = try connection.response()
            #expect(answer.status == status)
            #expect(answer["connection"] == "close")
            try #expect(connection.isClosedByPeer())
            try #expect(server.get("/").text == "hello")
        }
    }

    @Test("a client that leaves while its request waits takes nothing with it")
    func clientLeaves() throws {
        try RunningServer.with(source: source, ["--dev", "--workers", "1", "--log-level", "debug"]) {
            server in
            let connection = try Connection(port: server.port)
            try connection.send(Connection.bytes(of: "GET", "/forever"))
            try server.command.waitUntilSaid("waiting")
            connection.reset()
            try server.command.waitUntilSaid("closed properly")
            try #expect(server.get("/").text == "hello")
        }
    }

    @Test("a client that has only finished sending gets its answer")
    func halfClose() throws {
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            try connection.send(Connection.bytes(of: "GET", "/wait"))
            connection.finishSending()
            try #expect(connection.response().text == "waited")
            try #expect(connection.isClosedByPeer())
        }
    }

    @Test("clients that leave in the middle of an answer do not stop others")
    func clientLeavesMidAnswer() throws {
        try RunningServer.with(source: source, ["--dev", "--workers", "1"]) { server in
            for _ in 0..<20 {
                let connection = try Connection(port: server.port)
                try connection.send(Connection.bytes(of: "GET", "/big"))
            }
            try #expect(server.get("/big").body.count == 3_000_000)
        }
    }

    @Test("other requests go on while one waits, on one worker")
    func waitingDoesNotBlock() throws {
        try RunningServer.with(source: source, ["--dev", "--workers", "1"]) { server in
            let waiting = try Connection(port: server.port)
            try waiting.send(Connection.bytes(of: "GET", "/forever"))
            try server.command.waitUntilSaid("waiting")
            try #expect(server.get("/").text == "hello")
        }
    }

    @Test("two workers serve, each with its own state")
    func twoWorkers() throws {
        let source = """
            local app = require "luahttpd"
            local me = tostring({})
            app:get("/", function(req) return app.text(me) end)
            """
        try RunningServer.with(source: source, ["--dev", "--workers", "2"]) { server in
            #expect(server.command.errors.contains("with 2 workers"))
            var seen: Set<String> = []
            for _ in 0..<16 { seen.insert(try server.get("/").text) }
            #expect(seen.count == 2)
        }
    }
}
