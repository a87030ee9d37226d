// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// The recipes of docs/operations.md, with the files of deploy/ as they are but for their ports.
@Suite("recipes")
struct RecipeTests {
    private static let app = """
        local app = require "luahttpd"
        app:get("/", function(req)
          return app.json { ip = req.ip, forwarded = req.headers.x_forwarded_for, host = req.host,
            standard = req.headers.forwarded, named = req.headers.x_forwarded_host }
        end)
        app:get("/long", function() return app.text(("words and more "):rep(1000)) end)
        app:get("/slow", function() app.sleep(0.5) return "slow" end)
        app:get("/stream", function() return app.stream(function(out)
          out:write("first\\n") app.sleep(3600)
        end, { content_type = "text/plain" }) end)
        app:post("/upload", { body = "stream" }, function(req)
          local count = 0
          for piece in req:chunks() do count = count + #piece end
          return app.json { bytes = count }
        end)
        """

    private static func find(_ name: String) -> URL? {
        ["/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/"].map { URL(filePath: $0 + name) }
            .first { FileManager.default.isExecutableFile(atPath: $0.path) }
    }

    /// Below those that the kernel gives to clients and to servers that take any: none of the other tests gets it meanwhile.
    private static func freePort() throws -> UInt16 {
        for _ in 0..<100 {
            let port = UInt16.random(in: 20_000..<32_000)
            if (try? Connection(port: port)) == nil { return port }
        }
        throw Command.Failure(description: "no free port")
    }

    private func waitForPort(_ port: UInt16) throws {
        let end = Date(timeIntervalSinceNow: Command.patience)
        while (try? Connection(port: port)) == nil {
            guard Date() < end else { throw Command.Failure(description: "nobody listens on \(port)") }
            usleep(10_000)
        }
    }

    private func get(_ path: String, port: UInt16, headers: [String: String] = [:]) throws -> Response {
        let connection = try Connection(port: port)
        try connection.send(
            Connection.bytes(of: "GET", path, headers: headers.merging(["Connection": "close"]) { $1 }))
        return try connection.response()
    }

    /// What a client says of itself.
    private static let forged = [
        "X-Forwarded-For": "6.6.6.6", "X-Forwarded-Host": "evil.test", "Forwarded": "for=6.6.6.6",
    ]

    // MARK: Proxies

    @Test("behind nginx requests, streams and compressed answers pass", .enabled(if: find("nginx") != nil))
    func nginx() throws {
        let nginx = try #require(Self.find("nginx"))
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            try RunningServer.with("app.lua", ["--prod"], directory: directory.url) { server in
                let port = try Self.freePort()
                let block = try Project.text("deploy/nginx.conf")
                    .replacingOccurrences(of: "127.0.0.1:8080", with: "127.0.0.1:\(server.port)")
                    .replacingOccurrences(of: "127.0.0.1:8000", with: "127.0.0.1:\(port)")
                let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
                    .map { "\($0)_temp_path \(directory.path($0));" }.joined(separator: "\n")
                try directory.write(
                    "nginx.conf",
                    "daemon off; pid \(directory.path("pid")); error_log stderr;\nworker_processes 1;\n"
                        + "events { }\nhttp { access_log off;\n\(temporary)\n\(block)\n}\n")
                let proxy = try Command(
                    ["-c", directory.path("nginx.conf"), "-p", directory.url.path, "-e", "stderr"],
                    directory: directory.url, executable: nginx)
                try withExtendedLifetime(proxy) {
                    try waitForPort(port)
                    let answer = try get("/", port: port, headers: Self.forged)
                    #expect(answer.text.contains("\"forwarded\":\"127.0.0.1\""))
                    #expect(!answer.text.contains("6.6.6.6") && !answer.text.contains("evil"))
                    #expect(answer.text.contains("\"host\":\"localhost\""))
                    let long = try get("/long", port: port, headers: ["Accept-Encoding": "gzip"])
                    #expect(long["content-encoding"] == "gzip")
                    let stream = try Connection(port: port)
                    try stream.send(Connection.bytes(of: "GET", "/stream"))
                    _ = try stream.text(through: "first\n")
                    try checkUpload(port)
                }
            }
        }
    }

    private func checkUpload(_ port: UInt16) throws {
        let connection = try Connection(port: port)
        try connection.send(
            Connection.bytes(of: "POST", "/upload", body: String(repeating: "x", count: 3 << 20)))
        try #expect(connection.response().text == "{\"bytes\":\(3 << 20)}")
    }

    @Test(
        "behind HAProxy no request is lost while one server after the other is restarted",
        .enabled(if: find("haproxy") != nil))
    func haproxy() throws {
        let haproxy = try #require(Self.find("haproxy"))
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            let flags = ["--prod", "--ready", "/ready", "--stop-delay", "2s"]
            let first = try RunningServer(
                Command(["app.lua", "--port", "0"] + flags, directory: directory.url))
            let second = try RunningServer(
                Command(["app.lua", "--port", "0"] + flags, directory: directory.url))
            let port = try Self.freePort()
            try directory.write(
                "haproxy.cfg",
                Project.text("deploy/haproxy.cfg")
                    .replacingOccurrences(of: "127.0.0.1:8081", with: "127.0.0.1:\(first.port)")
                    .replacingOccurrences(of: "127.0.0.1:8082", with: "127.0.0.1:\(second.port)")
                    .replacingOccurrences(of: "127.0.0.1:8000", with: "127.0.0.1:\(port)"))
            let proxy = try Command(
                ["-db", "-f", directory.path("haproxy.cfg")], directory: directory.url, executable: haproxy)
            try withExtendedLifetime(proxy) {
                try waitForPort(port)
                let answer = try get("/", port: port, headers: Self.forged)
                #expect(answer.text.contains("\"forwarded\":\"127.0.0.1\""))
                #expect(!answer.text.contains("6.6.6.6") && !answer.text.contains("evil"))
                var statuses: Set<Int> = []
                first.command.signal(SIGTERM)
                while first.command.isRunning { statuses.insert(try get("/", port: port).status) }
                for _ in 0..<20 { statuses.insert(try get("/slow", port: port).status) }
                #expect(statuses == [200])
                let again = try RunningServer(
                    Command(["app.lua", "--port", "\(first.port)"] + flags, directory: directory.url))
                try withExtendedLifetime(again) {
                    // The proxy sees that it is back before the other goes.
                    let end = Date(timeIntervalSinceNow: Command.patience)
                    while !again.command.output.contains(" 200 "), Date() < end {
                        _ = try get("/", port: port)
                    }
                    second.command.signal(SIGTERM)
                    while second.command.isRunning { statuses.insert(try get("/", port: port).status) }
                    #expect(statuses == [200])
                }
            }
        }
    }

    // MARK: Files

    @Test("systemd has nothing to say against the units", .enabled(if: find("systemd-analyze") != nil))
    func units() throws {
        let analyze = try #require(Self.find("systemd-analyze"))
        try AppDirectory.with([:]) { directory in
            // The program is where the test built it.
            for name in ["luahttpd.service", "luahttpd.socket"] {
                try directory.write(
                    name,
                    Project.text("deploy/" + name)
                        .replacingOccurrences(of: "/usr/local/bin/luahttpd", with: Project.binary.path))
            }
            let run = try Command(
                ["verify", directory.path("luahttpd.service"), directory.path("luahttpd.socket")],
                directory: directory.url, executable: analyze)
            try #expect(run.exitCode() == 0)
            #expect(!run.errors.contains("luahttpd"), "\(run.errors)")
        }
    }

    @Test("flags and settings that deploy/ and docs/operations.md name are there")
    func names() throws {
        let help = try Command.run("serve", "--help").output
        let settings = try Command.run("config").output
        let files =
            try FileManager.default.contentsOfDirectory(atPath: Project.root.path + "/deploy")
            .map { "deploy/" + $0 } + ["Dockerfile", "docs/operations.md"]
        var flags = 0
        for file in files {
            let text = try Project.text(file)
            // The options of other programs are in lines that do not name ours.
            for line in text.split(separator: "\n")
            where line.contains("luahttpd") || file.hasSuffix(".md") {
                for match in line.matches(of: /(?:^|[ `"])(--[a-z][a-z-]+)/)
                where !["--kill-who", "--signal", "--rm", "--from"].contains(String(match.1)) {
                    #expect(
                        help.contains(match.1) || help.contains(match.1.dropFirst(5)), "\(file): \(match.1)")
                    flags += 1
                }
            }
            for match in text.matches(of: /LUAHTTPD_([A-Z_]+[A-Z])/) {
                #expect(settings.contains(match.1.lowercased() + " "), "\(file): LUAHTTPD_\(match.1)")
            }
        }
        #expect(flags > 10)
    }
}
