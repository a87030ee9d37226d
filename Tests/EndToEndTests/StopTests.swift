// SPDX-License-Identifier: MIT

import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Signals: the first drains, the second does not wait.
@Suite("stopping")
struct StopTests {
    private func serve(waiting seconds: Double, _ body: (RunningServer, Connection) throws -> Void) throws {
        let source = """
            local app = require "luahttpd"
            app:get("/", function(req)
              app.log.info("waiting")
              app.sleep(\(seconds))
              return "done"
            end)
            """
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            try connection.send(Connection.bytes(of: "GET", "/"))
            try server.command.waitUntilSaid("waiting\n")
            try body(server, connection)
        }
    }

    @Test("an idle server ends at once", arguments: [SIGTERM, SIGINT])
    func idle(signal: Int32) throws {
        try RunningServer.with(source: "require \"luahttpd\"") { server in
            let idle = try Connection(port: server.port)
            server.command.signal(signal)
            try #expect(server.command.exitCode() == 0)
            try #expect(idle.isClosedByPeer())
        }
    }

    @Test("an answer under way is finished first", arguments: [SIGTERM, SIGINT])
    func drains(signal: Int32) throws {
        try serve(waiting: 1) { server, connection in
            server.command.signal(signal)
            let answer = try connection.response()
            #expect(answer.text == "done")
            #expect(answer["connection"] == "close")
            try #expect(server.command.exitCode() == 0)
            #expect(throws: Command.Failure.self) { try Connection(port: server.port) }
        }
    }

    @Test("a keep-alive client whose request is on its way is told that its answer is the last")
    func tellsKeepAliveClients() throws {
        let source = "require('luahttpd'):get('/', function() return 'x' end)"
        try RunningServer.with(source: source, ["--workers", "1"]) { server in
            let connection = try Connection(port: server.port)
            let request = Connection.bytes(of: "GET", "/")
            // In one segment: who has answered the first has read the beginning of the second.
            try connection.send(request + request.prefix(20))
            #expect(try connection.response()["connection"] == nil)
            server.command.signal(SIGTERM)
            try waitUntilItStops(server)
            try connection.send(Array(request.dropFirst(20)))
            #expect(try connection.response()["connection"] == "close")
            try #expect(server.command.exitCode() == 0)
        }
    }

    @Test("a client that begins HTTP/2 meanwhile ends nobody's answer")
    func begunMeanwhile() throws {
        try serve(waiting: 2) { server, connection in
            let other = try Connection(port: server.port)
            try other.send("PRI * HT")
            server.command.signal(SIGTERM)
            try waitUntilItStops(server)
            // The rest of the preface, and SETTINGS.
            try other.send(Array("TP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0])
            #expect(try other.receiveSome())
            #expect(try connection.response().text == "done")
            try #expect(server.command.exitCode() == 0)
        }
    }

    /// The one loop drains before it closes the listener.
    private func waitUntilItStops(_ server: RunningServer) throws {
        _ = try server.command.wait(for: "end of accepting") {
            (try? Connection(port: server.port)) == nil ? true : nil
        }
    }

    @Test("an event stream that begins while the server stops ends well and does not hold it up")
    func eventsDuringDrain() throws {
        let source = """
            local app = require "luahttpd"
            app:sse("/", function(req, out)
              while out:send "tick" do app.sleep(3600) end
            end)
            """
        try RunningServer.with(source: source, ["--workers", "1"]) { server in
            let connection = try Connection(port: server.port)
            let request = Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8)
            try connection.send(Array("OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n".utf8) + request.prefix(20))
            #expect(try connection.response().status == 204)
            server.command.signal(SIGTERM)
            try waitUntilItStops(server)
            try connection.send(Array(request.dropFirst(20)))
            let answer = try connection.response()
            #expect(answer.status == 200 && answer.text.contains("data: tick"))
            try #expect(server.command.exitCode() == 0)
            #expect(!server.command.errors.contains("cut after"))
        }
    }

    @Test("a handler in an endless loop does not hold up the end for ever")
    func endlessLoop() throws {
        let source = """
            local app = require "luahttpd"
            app:config { limits = { cpu = "1h" } }
            app:get("/", function(req) app.log.info("looping") while true do end end)
            """
        try RunningServer.with(source: source) { server in
            let connection = try Connection(port: server.port)
            try connection.send(Connection.bytes(of: "GET", "/"))
            try server.command.waitUntilSaid("looping\n")
            server.command.signal(SIGTERM)
            try #expect(server.command.exitCode() == 0)
            #expect(server.command.errors.contains("stopped: a handler did not come to its end"))
        }
    }

    @Test("a second signal does not wait")
    func forces() throws {
        try serve(waiting: 3600) { server, connection in
            server.command.signal(SIGTERM)
            try server.command.waitUntilSaid("stopping")
            #expect(server.command.isRunning)
            server.command.signal(SIGTERM)
            try #expect(server.command.exitCode() == 130)
        }
    }
}
