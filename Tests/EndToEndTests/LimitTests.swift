// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// Limits, hosts and header fields over real sockets, and what the log says of them.
@Suite("limits and safeguards")
struct LimitTests {
    private func source(_ config: String) -> String {
        """
        local app = require "luahttpd"
        app:config { \(config) }
        app:get("/", function(req) return app.text "hello" end)
        app:get("/own", function(req)
          return app.text("own", { headers = { ["x-frame-options"] = "DENY", ["Referrer-Policy"] = false } })
        end)
        app:post("/echo", function(req) return app.text(req.body) end)
        """
    }

    @Test("a slow head gets 408, and the log names the limit, once a second")
    func slowHead() throws {
        try RunningServer.with(source: source("limits = { head_time = '500ms' }"), ["--prod"]) { server in
            let connections = try (0..<5).map { _ in try Connection(port: server.port) }
            for connection in connections { try connection.send("GET / HT") }
            for connection in connections {
                try #expect(connection.response().status == 408)
                try #expect(connection.isClosedByPeer())
            }
            let line = "limit head_time (500ms): 408 request head timed out, client 127.0.0.1"
            try server.command.waitUntilSaid(line)
            #expect(server.command.errors.components(separatedBy: "limit head_time").count <= 4)
        }
    }

    @Test("a slow body gets 408 by its silence or by its rate")
    func slowBody() throws {
        let limits = "limits = { body_time = '1s', body_rate = '10KiB' }"
        try RunningServer.with(source: source(limits), ["--prod"]) { server in
            let head = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n"
            let silent = try Connection(port: server.port)
            try silent.send(head)
            try #expect(silent.response().status == 408)
            try server.command.waitUntilSaid("limit body_time (1s)")
            let slow = try Connection(port: server.port)
            try slow.send(head)
            let end = Date(timeIntervalSinceNow: Command.patience)
            while !server.command.errors.contains("limit body_rate (10KiB)"), Date() < end {
                try? slow.send("x")
                usleep(100_000)
            }
            #expect(server.command.errors.contains("limit body_rate (10KiB)"))
            try #expect(server.get("/").text == "hello")
        }
    }

    @Test("a client that does not read is cut, and the log says so")
    func slowReader() throws {
        let text =
            source("limits = { write_stall = '1s' }")
            + "\napp:get('/big', function() return app.text(('x'):rep(20000000)) end)"
        try RunningServer.with(source: text, ["--prod"]) { server in
            let connection = try Connection(port: server.port)
            try connection.send(Connection.bytes(of: "GET", "/big"))
            try server.command.waitUntilSaid("limit write_stall (1s): connection reset")
            try #expect(server.get("/").text == "hello")
        }
    }

    @Test("connections beyond the limit of an address get 503")
    func perAddress() throws {
        let limits = "limits = { connections_per_address = 3 }"
        try RunningServer.with(source: source(limits), ["--prod"]) { server in
            let held = try (0..<3).map { _ in try Connection(port: server.port) }
            for connection in held {
                try connection.send(Connection.bytes(of: "GET", "/"))
                try #expect(connection.response().text == "hello")
            }
            let refused = try Connection(port: server.port).response()
            #expect(refused.status == 503 && refused["retry-after"] == "1")
            try server.command.waitUntilSaid("limit connections_per_address (3): connection refused")
            // One that leaves makes room, as soon as the server has noticed.
            held[0].reset()
            let end = Date(timeIntervalSinceNow: Command.patience)
            while (try? server.get("/").text) != "hello", Date() < end { usleep(10_000) }
            #expect(Date() < end)
            withExtendedLifetime(held) {}
        }
    }

    @Test("when all connections are taken, an idle one makes room")
    func shedding() throws {
        let limits = "limits = { connections = 4 }"
        try RunningServer.with(source: source(limits), ["--prod", "--workers", "1"]) { server in
            let held = try (0..<4).map { _ in try Connection(port: server.port) }
            for connection in held {
                try connection.send(Connection.bytes(of: "GET", "/"))
                try #expect(connection.response().text == "hello")
            }
            // Not before they have been idle for a second.
            let end = Date(timeIntervalSinceNow: Command.patience)
            while (try? server.get("/").text) != "hello", Date() < end { usleep(50_000) }
            #expect(Date() < end)
            withExtendedLifetime(held) {}
        }
    }

    @Test("when all descriptors are taken, idle clients make room, and there are some for files")
    func descriptors() throws {
        let app = source("") + "\napp:static('/s', 'files')"
        let big = String(repeating: "0123456789abcdef", count: 8192)
        try AppDirectory.with(["app.lua": app, "files/big.txt": big]) { directory in
            let server = try RunningServer(
                Command(
                    shell: "ulimit -n 96; exec \"$0\" app.lua --prod --port 0 --workers 4",
                    directory: directory.url))
            // More than it may have open: the first are closed for the last.
            let held = try (0..<120).map { _ in
                let connection = try Connection(port: server.port)
                try connection.send(Connection.bytes(of: "GET", "/"))
                return connection
            }
            for _ in 0..<10 {
                let end = Date(timeIntervalSinceNow: Command.patience)
                while (try? server.get("/s/big.txt").text) != big, Date() < end { usleep(50_000) }
                #expect(Date() < end)
            }
            withExtendedLifetime(held) {}
        }
    }

    @Test("a host that is not ours gets 421, in development this machine may be named too")
    func hosts() throws {
        let config = source("hosts = { 'example.com', '*.example.org' }")
        func status(_ server: RunningServer, _ host: String) throws -> Int {
            let connection = try Connection(port: server.port)
            try connection.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
            return try connection.response().status
        }
        try RunningServer.with(source: config, ["--prod"]) { server in
            for (host, expected) in [
                ("example.com", 200), ("EXAMPLE.com:80", 200), ("a.example.org", 200), ("example.org", 421),
                ("localhost", 421), ("evil.example", 421), ("", 421),
            ] {
                try #expect(status(server, host) == expected, "\(host)")
            }
        }
        try RunningServer.with(source: config, ["--dev"]) { server in
            try #expect(status(server, "localhost:\(server.port)") == 200)
            try #expect(status(server, "evil.example") == 421)
        }
    }

    @Test("every answer has the header fields that protect it, unless the app says otherwise")
    func headers() throws {
        try RunningServer.with(source: source(""), ["--prod"]) { server in
            for path in ["/", "/no", "/echo"] {
                let answer = try server.get(path)
                #expect(answer["x-content-type-options"] == "nosniff", "\(path)")
                #expect(answer["x-frame-options"] == "SAMEORIGIN", "\(path)")
                #expect(answer["referrer-policy"] == "strict-origin-when-cross-origin", "\(path)")
            }
            let own = try server.get("/own")
            #expect(own.all("x-frame-options") == ["DENY"] && own["referrer-policy"] == nil)
            #expect(own["x-content-type-options"] == "nosniff")
        }
        let changed = source(
            "headers = { ['X-Frame-Options'] = false, ['Content-Security-Policy'] = \"default-src 'self'\" }")
        try RunningServer.with(source: changed, ["--prod"]) { server in
            let answer = try server.get("/")
            #expect(answer["content-security-policy"] == "default-src 'self'")
            #expect(answer["x-frame-options"] == nil && answer["x-content-type-options"] == "nosniff")
        }
        try RunningServer.with(source: source("headers = false"), ["--prod"]) { server in
            try #expect(server.get("/")["x-content-type-options"] == nil)
        }
    }

    @Test("error pages are not kept by caches and reflect nothing unescaped")
    func errorPages() throws {
        try RunningServer.with(source: source(""), ["--prod"]) { server in
            let attack = "/%3Cscript%3Ealert(1)%3C/script%3E?q=<script>"
            for (target, accept) in [(attack, "text/html"), (attack, "*/*"), ("/%zz<script>", "text/html")] {
                let answer = try server.get(target, headers: ["Accept": accept, "X-A": "<script>"])
                #expect(answer.status >= 400)
                #expect(answer["cache-control"] == "no-store")
                #expect(!answer.text.contains("<script>"))
            }
        }
    }

    @Test(
        "a setting out of range is shown with its line",
        arguments: [
            (
                "limits = { head_time = 'soon' }",
                "app.lua:2: limits.head_time must be seconds or a time such as"
            ),
            ("hosts = { 'a b' }", "app.lua:2: app:config: hosts: \"a b\" is no host name"),
            ("headers = { ['X Y'] = '1' }", "app.lua:2: app:config: headers: \"X Y\" is no valid name"),
            ("headers = { Date = '1' }", "app.lua:2: app:config: headers: \"Date\" is set by the server"),
            (
                "headers = { X = 'a\\nb' }",
                "app.lua:2: app:config: headers: the value of \"X\" holds a control"
            ),
            ("socket_mode = '999'", "app.lua:2: app:config: socket_mode must be three octal digits"),
        ])
    func invalid(config: String, message: String) throws {
        try AppDirectory.with(["app.lua": source(config)]) { directory in
            let run = try Command.run("check", "app.lua", directory: directory.url)
            #expect(run.code == 1)
            #expect(run.errors.contains(message), "\(run.errors)")
        }
    }
}
