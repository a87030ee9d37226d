// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// What an operator relies on: logs, metrics, readiness, and what systemd hands over and wants to hear.
@Suite("operation")
struct OperationTests {
    private static let app = """
        local app = require "luahttpd"
        app:get("/", function(req) return "hello" end)
        app:get("/users/:id<int>", function(req) return app.json { id = req.params.id } end)
        app:get("/fail", function(req) error "no" end)
        """

    private func wait(for what: String, _ body: () throws -> Bool) throws {
        let end = Date(timeIntervalSinceNow: Command.patience)
        while try !body() {
            guard Date() < end else { throw Command.Failure(description: "waited in vain for \(what)") }
            usleep(5000)
        }
    }

    // MARK: Logs

    @Test("the access log is written to its file, which is opened anew on SIGUSR1")
    func logFile() throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let log = directory.path("access.log")
            func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
            let flags = ["--prod", "--access-log-file", log, "--access-log-format", "json"]
            try RunningServer.with("app.lua", flags, directory: directory.url) { server in
                _ = try server.get("/users/7", headers: ["User-Agent": "test"])
                try wait(for: "the line") { text(log).hasSuffix("\n") }
                #expect(text(log).contains("\"target\":\"/users/7\""))
                #expect(text(log).contains("\"agent\":\"test\""))
                try FileManager.default.moveItem(atPath: log, toPath: log + ".1")
                server.command.signal(SIGUSR1)
                try server.command.waitUntilSaid("access log opened anew")
                _ = try server.get("/")
                try wait(for: "the second line") { text(log).hasSuffix("\n") }
                #expect(text(log).contains("\"target\":\"/\""))
                #expect(!text(log + ".1").contains("\"target\":\"/\","))
                #expect(server.command.output.isEmpty)
            }
        }
    }

    @Test("a log whose reader has stopped holds nobody up, at the end neither")
    func stuckReader() throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let pipe = directory.path("pipe")
            #expect(mkfifo(pipe, 0o600) == 0)
            let reader = open(pipe, O_RDONLY | O_NONBLOCK)
            defer { close(reader) }
            let flags = ["--prod", "--workers", "1", "--access-log-file", pipe, "--metrics", "127.0.0.1:0"]
            try RunningServer.with("app.lua", flags, directory: directory.url) { server in
                let connection = try Connection(port: server.port)
                let target = "/users/7?" + String(repeating: "x", count: 2000)
                for _ in 0..<60 {
                    let burst = (0..<50).flatMap { _ in Connection.bytes(of: "GET", target) }
                    try connection.send(burst)
                    for _ in 0..<50 { try #expect(connection.response().status == 200) }
                }
                let metrics = try metricsPort(server)
                try wait(for: "dropped lines") {
                    let text = try get("/metrics", port: metrics).text
                    return text.firstMatch(of: /access_log_dropped_lines_total [1-9]/) != nil
                }
                server.command.signal(SIGTERM)
                try #expect(server.command.exitCode() == 0)
            }
        }
    }

    @Test("a log file that cannot be opened is said at the start")
    func noLogFile() throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let run = try Command.run(
                "app.lua", "--access-log-file", "/nowhere/access.log", directory: directory.url)
            #expect(run.code == 1)
            #expect(run.errors.contains("/nowhere/access.log cannot be opened"))
            let format = try Command.run("app.lua", "--access-log-format", "xml", directory: directory.url)
            #expect(format.code == 1)
            #expect(format.errors.contains("must be short, common, combined or json"))
        }
    }

    // MARK: Metrics

    private func metricsPort(_ server: RunningServer) throws -> UInt16 {
        try server.command.waitUntilSaid("metrics on ")
        let match = try #require(
            server.command.errors.firstMatch(of: /metrics on http:\/\/127\.0\.0\.1:(\d+)/))
        return try #require(UInt16(match.1))
    }

    private func get(_ path: String, port: UInt16) throws -> Response {
        let connection = try Connection(port: port)
        try connection.send(Connection.bytes(of: "GET", path, headers: ["Connection": "close"]))
        return try connection.response()
    }

    @Test("metrics count requests by route and status, over reloads")
    func metrics() throws {
        let flags = ["--prod", "--workers", "2", "--metrics", "127.0.0.1:0", "--no-access-log"]
        try RunningServer.with(source: Self.app, flags) { server in
            let port = try metricsPort(server)
            for id in 1...3 { _ = try server.get("/users/\(id)") }
            _ = try server.get("/fail")
            _ = try server.get("/nothing")
            server.command.signal(SIGHUP)
            try server.command.waitUntilSaid("reloaded in")
            _ = try server.get("/users/4")
            let answer = try get("/metrics", port: port)
            #expect(answer["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            let text = answer.text
            func has(_ line: String) -> Bool { text.split(separator: "\n").contains { $0 == line } }
            #expect(
                has("luahttpd_requests_total{route=\"/users/:id<int>\",methods=\"GET\",status=\"200\"} 4"))
            #expect(has("luahttpd_requests_total{route=\"/fail\",methods=\"GET\",status=\"500\"} 1"))
            #expect(has("luahttpd_requests_total{route=\"\",methods=\"\",status=\"404\"} 1"))
            #expect(has("luahttpd_app_generation 2"))
            #expect(text.contains("luahttpd_lua_memory_bytes{worker=\"1\"} "))
            #expect(text.contains("luahttpd_connections_accepted_total{worker=\"0\"} "))
            // Each name is declared before its samples, and no sample comes twice.
            var seen: Set<Substring> = []
            for line in text.split(separator: "\n") where !line.hasPrefix("#") {
                let name = line.split(separator: " ")[0]
                #expect(seen.insert(name).inserted, "\(name) twice")
            }
            try #expect(get("/", port: port).status == 404)
            let posting = try Connection(port: port)
            try posting.send(Connection.bytes(of: "POST", "/metrics", headers: ["Connection": "close"]))
            let refused = try posting.response()
            #expect(refused.status == 405 && refused["allow"] == "GET, HEAD")
            try #expect(server.get("/metrics").status == 404)
        }
    }

    @Test("collections of Lua's garbage and limits that were hit are counted")
    func collections() throws {
        let source =
            Self.app + """

                app:get("/garbage", function() collectgarbage() collectgarbage() return "clean" end)
                app:post("/small", { limits = { body = 1 } }, function() return "" end)
                """
        try RunningServer.with(source: source, ["--prod", "--workers", "1", "--metrics", "127.0.0.1:0"]) {
            server in
            let port = try metricsPort(server)
            _ = try server.get("/garbage")
            _ = try server.request("POST", "/small", body: "too long")
            let text = try get("/metrics", port: port).text
            #expect(text.firstMatch(of: /lua_collections_total\{worker="0"\} [2-9]/) != nil)
            #expect(text.contains("luahttpd_limit_hits_total{limit=\"body\"} 1\n"))
        }
    }

    // MARK: Readiness

    @Test("readiness is turned off when the server is to stop, and requests are still served for a while")
    func readiness() throws {
        let source =
            Self.app + "\napp:config { ready = '/ready', stop_delay = '3s', hosts = { 'site.example' } }"
        try RunningServer.with(source: source, ["--prod"]) { server in
            let ready = try server.get("/ready")
            #expect(ready.status == 200)
            #expect(ready.text == "ready\n")
            try #expect(server.get("/").status == 421)
            server.command.signal(SIGTERM)
            try server.command.waitUntilSaid("stopping")
            try wait(for: "the end of readiness") { try server.get("/ready").status == 503 }
            try #expect(server.get("/", headers: ["Host": "site.example"]).status >= 200)
            try #expect(server.command.exitCode() == 0)
            #expect(!server.command.output.contains("/ready"))
        }
    }

    @Test("the readiness route cannot hide one of the app")
    func readinessConflict() throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let run = try Command.run("app.lua", "--ready", "/", directory: directory.url)
            #expect(run.code == 1)
            #expect(run.errors.contains("--ready") || run.errors.contains("app.lua:2"))
        }
    }

    // MARK: systemd

    @Test("a socket that systemd listens on is served, and it hears how things stand")
    func systemd() throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let notifications = try DatagramSocket(path: directory.path("notify"))
            let (listener, port) = try DatagramSocket.listen()
            let script = """
                exec 3<&0 </dev/null
                LISTEN_FDS=1 LISTEN_PID=$$ exec "$0" app.lua --prod --port 1
                """
            let command = try Command(
                ["-c", script, Project.binary.path], environment: ["NOTIFY_SOCKET": directory.path("notify")],
                directory: directory.url, executable: URL(filePath: "/bin/sh"), input: listener)
            try #expect(notifications.receive() == "READY=1")
            #expect(command.errors.contains("http://127.0.0.1:\(port)/"))
            try #expect(get("/", port: port).text == "hello")
            command.signal(SIGHUP)
            try #expect(notifications.receive().hasPrefix("RELOADING=1\nMONOTONIC_USEC="))
            try #expect(notifications.receive() == "READY=1")
            command.signal(SIGTERM)
            try #expect(notifications.receive() == "STOPPING=1")
            try #expect(command.exitCode() == 0)
        }
    }

    @Test("a socket of systemd speaks what its name says, and the redirect is listened on beside it")
    func namedSocket() throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let (listener, port) = try DatagramSocket.listen()
            let script = """
                exec 3<&0 </dev/null
                LISTEN_FDS=1 LISTEN_FDNAMES=http LISTEN_PID=$$ exec "$0" app.lua --prod --tls-self-signed \
                  --tls-redirect 127.0.0.1:0
                """
            let command = try Command(
                ["-c", script, Project.binary.path], directory: directory.url,
                executable: URL(filePath: "/bin/sh"), input: listener)
            try command.waitUntilSaid("on http://127.0.0.1:\(port)/ and http://127.0.0.1:")
            let said = try #require(
                command.errors.firstMatch(of: /and http:\/\/127\.0\.0\.1:(\d+)\/ \(redirect\)/))
            try #expect(get("/", port: port).text == "hello")
            let redirect = try get("/", port: #require(UInt16(said.1)))
            #expect(redirect.status == 301)
            command.signal(SIGTERM)
            try #expect(command.exitCode() == 0)
        }
    }

    @Test(
        "a socket in the abstract namespace hears it, too, and descriptors for another process are left alone"
    )
    func abstractSocket() throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let name = "luahttpd-\(UUID().uuidString)"
            let notifications = try DatagramSocket(path: "\0" + name)
            try RunningServer.with(
                "app.lua", ["--prod"],
                environment: ["NOTIFY_SOCKET": "@" + name, "LISTEN_FDS": "1", "LISTEN_PID": "1"],
                directory: directory.url
            ) { server in
                try #expect(notifications.receive() == "READY=1")
                try #expect(server.get("/").text == "hello")
            }
        }
    }

    @Test("a descriptor that is no listening socket is refused with its number")
    func noSocket() throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let command = try Command(
                shell: "exec 3</dev/null; LISTEN_FDS=1 LISTEN_PID=$$ exec \"$0\" app.lua --prod",
                directory: directory.url)
            try #expect(command.exitCode() == 1)
            #expect(command.errors.contains("descriptor 3 cannot be served"))
        }
    }
}
