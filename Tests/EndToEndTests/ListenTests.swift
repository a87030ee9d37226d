// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// Where the server listens: several addresses, Unix-domain sockets, and what happens to their files.
@Suite("listening")
struct ListenTests {
    private let source = "require('luahttpd'):get('/', function(req) return 'hello from ' .. req.ip end)"

    private func hello(_ connection: Connection) throws -> String {
        try connection.send(Connection.bytes(of: "GET", "/", headers: ["Connection": "close"]))
        return try connection.response().text
    }

    @Test("several addresses serve the same app")
    func several() throws {
        try AppDirectory.with(["app.lua": source]) { directory in
            let socket = directory.path("s")
            let flags = ["--listen", "127.0.0.1:0", "--listen", "unix:" + socket, "--listen", "[::1]:0"]
            let command = try Command(["app.lua"] + flags, directory: directory.url)
            try command.waitUntilSaid(" with ")
            let line = try #require(command.errors.split(separator: "\n").first { $0.contains(" serves ") })
            #expect(line.contains(" and unix:\(socket) and http://[::1]:"))
            let port = try #require(line.firstMatch(of: /127\.0\.0\.1:(\d+)/)?.1)
            #expect(try hello(Connection(port: UInt16(port) ?? 0)) == "hello from 127.0.0.1")
            #expect(try hello(Connection(path: socket)) == "hello from ")
            command.signal(15)
            try #expect(command.exitCode() == 0)
            #expect(!FileManager.default.fileExists(atPath: socket))
        }
    }

    @Test(
        "the file of a socket has the rights that were asked for; a stale one is replaced, a live one is not")
    func socketFiles() throws {
        let app = source + "\nrequire('luahttpd'):config { listen = 'unix:s', socket_mode = '600' }"
        try AppDirectory.with(["app.lua": app]) { directory in
            func start() throws -> Command {
                let command = try Command(["app.lua"], directory: directory.url)
                try command.waitUntilSaid(" with ")
                return command
            }
            let first = try start()
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.path("s"))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let second = try Command.run("app.lua", directory: directory.url)
            #expect(second.code == 1)
            #expect(second.errors.contains("cannot listen on unix:s: another program answers there"))
            first.signal(9)
            try #expect(first.exitCode() == 128 + 9)
            #expect(FileManager.default.fileExists(atPath: directory.path("s")))
            let third = try start()
            #expect(try hello(Connection(path: directory.path("s"))) == "hello from ")
            third.signal(15)
            try #expect(third.exitCode() == 0)
            try directory.write("s", "no socket")
            let fourth = try Command.run("app.lua", directory: directory.url)
            #expect(fourth.code == 1 && fourth.errors.contains("there is a file that is no socket"))
        }
    }

    @Test("an address that is none is refused by its name", arguments: ["--listen", "LUAHTTPD_LISTEN"])
    func invalid(how: String) throws {
        try AppDirectory.with(["app.lua": source]) { directory in
            let run =
                how == "--listen"
                ? try Command.run("app.lua", "--listen", "::1", directory: directory.url)
                : try Command.run("app.lua", environment: [how: "::1"], directory: directory.url)
            #expect(run.code == 1)
            #expect(run.errors.contains("listen address \"::1\": must be host:port, [ipv6]:port"))
        }
    }

    @Test("two servers share a port if both say so")
    func reusePort() throws {
        try RunningServer.with(source: source, ["--prod", "--reuse-port"]) { server in
            try RunningServer.with(source: source, ["--prod", "--reuse-port", "--port", "\(server.port)"]) {
                other in
                #expect(other.port == server.port)
                try #expect(other.get("/").status == 200)
                other.command.signal(SIGTERM)
                try #expect(other.command.exitCode() == 0)
            }
            try #expect(server.get("/").status == 200)
        }
    }
}
