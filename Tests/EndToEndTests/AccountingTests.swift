// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// What log and metrics say of requests that came to no good end.
@Suite("accounting")
struct AccountingTests {
    private static let app = """
        local app = require "luahttpd"
        app:config { workers = 1, limits = { cpu = "100ms", time = "200ms", memory = "1MiB", page = "64KiB",
          page_steps = 1000000, requests = 20 } }
        app:get("/", function() return "hello" end)
        app:post("/small", { limits = { body = 1 } }, function() return "" end)
        app:get("/slow", { limits = { time = "1h" } }, function() app.log.info "begun" app.sleep(3600) end)
        app:get("/stream", function()
          return app.stream(function(out) out:write("x") app.sleep(3600) end)
        end)
        app:get("/cpu", function() while true do end end)
        app:get("/memory", function() return ("x"):rep(1e9) end)
        app:get("/time", function() app.sleep(3600) end)
        app:get("/page", { limits = { cpu = "1m" } }, function() return {}, "page.html" end)
        app:get("/page_steps", { limits = { cpu = "1m" } }, function() return {}, "steps.html" end)
        """

    private static let files = [
        "templates/page.html": "{% for i in range(20000) %}0123456789{% endfor %}",
        "templates/steps.html":
            "{% for a in range(2000) %}{% for b in range(2000) %}{% endfor %}{% endfor %}",
    ]

    private func with(_ body: (RunningServer) throws -> Void) throws {
        let flags = ["--prod", "--metrics", "127.0.0.1:0", "--access-log-format", "json"]
        try RunningServer.with(source: Self.app, flags, files: Self.files, body)
    }

    private func metrics(_ server: RunningServer) throws -> String {
        try server.command.waitUntilSaid("metrics on ")
        let match = try #require(
            server.command.errors.firstMatch(of: /metrics on http:\/\/127\.0\.0\.1:(\d+)/))
        let connection = try Connection(port: #require(UInt16(match.1)))
        try connection.send(Connection.bytes(of: "GET", "/metrics", headers: ["Connection": "close"]))
        return try connection.response().text
    }

    private func line(_ server: RunningServer, _ parts: String...) throws {
        _ = try server.command.wait(for: "a line with \(parts)") {
            server.command.output.split(separator: "\n").contains { line in
                parts.allSatisfy { line.contains($0) }
            } ? true : nil
        }
    }

    @Test(
        "refused requests are logged with their page, counted for their route, and have the standard fields")
    func refused() throws {
        try with { server in
            let large = try server.request("POST", "/small", body: "too long")
            #expect(large.status == 413)
            #expect(large["x-content-type-options"] == "nosniff")
            try line(server, "\"target\":\"/small\"", "\"status\":413,\"bytes\":\(large.text.utf8.count),")
            let connection = try Connection(port: server.port)
            let long = String(repeating: "a", count: 3000)
            try connection.send("GET /?\(long) HTTP/1.1\r\nHost: a\r\nUser-Agent: test\r\nno field\r\n\r\n")
            let malformed = try connection.response()
            #expect(malformed.status == 400)
            #expect(malformed["x-frame-options"] == "SAMEORIGIN")
            try line(
                server, "\"method\":\"GET\"", "\"target\":\"/?aaa", "\"agent\":\"test\"",
                "\"status\":400,\"bytes\":\(malformed.text.utf8.count),")
            let text = try metrics(server)
            #expect(
                text.contains("luahttpd_requests_total{route=\"/small\",methods=\"POST\",status=\"413\"} 1\n")
            )
            #expect(text.contains("luahttpd_requests_total{route=\"\",methods=\"\",status=\"400\"} 1\n"))
        }
    }

    @Test("a client that leaves has the status 499, with what it got")
    func left() throws {
        try with { server in
            let waiting = try Connection(port: server.port)
            try waiting.send(Connection.bytes(of: "GET", "/slow"))
            try server.command.waitUntilSaid("begun")
            waiting.reset()
            try line(server, "\"target\":\"/slow\"", "\"status\":499,\"bytes\":0,")
            let reading = try Connection(port: server.port)
            try reading.send(Connection.bytes(of: "GET", "/stream"))
            _ = try reading.text(through: "\r\nx\r\n")
            reading.reset()
            try line(server, "\"target\":\"/stream\"", "\"status\":499,\"bytes\":1,")
            let text = try metrics(server)
            #expect(
                text.contains("luahttpd_requests_total{route=\"/slow\",methods=\"GET\",status=\"499\"} 1\n"))
            #expect(text.contains("luahttpd_requests_cancelled_total{worker=\"0\"} 2\n"))
        }
    }

    @Test("limits of handlers and pages are logged with the client, and counted")
    func limits() throws {
        try with { server in
            let limits = [
                ("cpu", "100ms"), ("memory", "1MiB"), ("time", "200ms"), ("page", "64KiB"),
                ("page_steps", "1000000"),
            ]
            for (name, value) in limits {
                let line = "limit \(name) (\(value)): 503 for GET /\(name), client 127.0.0.1"
                // A line a second for each client: the others are counted.
                _ = try server.command.wait(for: line) {
                    _ = try? server.get("/" + name)
                    return server.command.errors.contains(line) ? true : nil
                }
            }
            let kept = try Connection(port: server.port)
            for _ in 0..<20 {
                try kept.send(Connection.bytes(of: "GET", "/"))
                try #expect(kept.response().status == 200)
            }
            try #expect(kept.isClosedByPeer())
            let text = try metrics(server)
            for (name, _) in limits {
                #expect(text.contains("luahttpd_limit_hits_total{limit=\"\(name)\"} "), "\(name)")
            }
            #expect(text.contains("luahttpd_limit_hits_total{limit=\"requests\"} 1\n"))
            #expect(!server.command.errors.contains("limit requests"))
        }
    }
}
