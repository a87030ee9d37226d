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

    @Test("a keep-alive client is told that its answer is the last")
    func tellsKeepAliveClients() throws {
        try RunningServer.with(source: "require('luahttpd'):get('/', function() return 'x' end)") { server in
            let connection = try Connection(port: server.port)
            try connection.send(Connection.bytes(of: "GET", "/"))
            #expect(try connection.response()["connection"] == nil)
            server.command.signal(SIGTERM)
            try server.command.waitUntilSaid("stopping")
            try connection.send(Connection.bytes(of: "GET", "/"))
            #expect(try connection.response()["connection"] == "close")
            try #expect(server.command.exitCode() == 0)
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
