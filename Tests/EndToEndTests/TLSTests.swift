// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// Encrypted connections to the built server, with curl and openssl as clients.
struct TLSTests {
    private static let app = """
        local app = require "luahttpd"
        app:get("/", function() return "hello" end)
        app:get("/req", function(req) return app.text(req.ip .. " " .. req.scheme .. " " .. req.host .. " " .. tostring(req.is_secure)) end)
        app:post("/echo", { limits = { body = "16MiB" } }, function(req) return req.body end)
        app:get("/slow", function() app.log.info("begun") app.sleep(1) return "late" end)
        app:get("/stream", function()
          return app.stream(function(out) for i = 1, 400 do out:write(("x"):rep(10000)) end end)
        end)
        app:sse("/events", function(req, out) for i = 1, 3 do out:send("tick " .. i) app.sleep(0.01) end end)
        app:static("/files", "files")
        """

    private static let flags = ["--prod", "--tls-cert", "own.pem", "--tls-key", "own.key"]

    /// Serves the app with a certificate for localhost and 127.0.0.1, in own.pem and own.key.
    private func with(
        _ arguments: [String] = flags, app: String = app,
        _ body: (_ server: RunningServer, _ directory: AppDirectory) throws -> Void
    ) throws {
        try AppDirectory.with(["app.lua": app, "files/a.txt": "a file"]) { directory in
            try Tool.makeCertificate("own", for: "DNS:localhost,IP:127.0.0.1", in: directory.url)
            try Tool.makeCertificate("a", for: "DNS:a.test", in: directory.url)
            try Tool.makeCertificate("b", for: "DNS:*.b.test", in: directory.url)
            try RunningServer.with("app.lua", arguments, directory: directory.url) { try body($0, directory) }
        }
    }

    private func get(
        _ target: String, _ server: RunningServer, _ directory: AppDirectory, _ more: [String] = []
    ) throws -> Tool.Result {
        try Tool.run(
            "curl",
            ["-sS", "--max-time", "50", "--cacert", "own.pem"] + more + [
                "https://localhost:\(server.port)\(target)"
            ],
            directory: directory.url)
    }

    // MARK: Both versions

    @Test(arguments: ["--http1.1", "--http2"]) func aPage(_ version: String) throws {
        try with { server, directory in
            let answer = try get("/", server, directory, [version, "-w", " %{http_version}"])
            #expect(answer.output == (version == "--http2" ? "hello 2" : "hello 1.1"), "\(answer.errors)")
            try #expect(get("/req", server, directory, [version]).output == "127.0.0.1 https localhost true")
        }
    }

    @Test(arguments: ["--http1.1", "--http2"]) func bodiesAndFilesBothWays(_ version: String) throws {
        try with { server, directory in
            var numbers = SystemRandomNumberGenerator()
            let bytes = Data((0..<3_000_000).map { _ in UInt8.random(in: 0...255, using: &numbers) })
            try bytes.write(to: directory.url.appending(path: "files/large"))
            for arguments in [["/files/large"], ["/echo", "--data-binary", "@files/large"]] {
                let file = directory.url.appending(path: "answer")
                let answer = try get(
                    arguments[0], server, directory, [version, "-o", "answer"] + arguments.dropFirst())
                #expect(answer.code == 0, "\(answer.errors)")
                try #expect(Data(contentsOf: file) == bytes)
            }
            let range = try get(
                "/files/large", server, directory, [version, "-r", "1000000-1999999", "-o", "answer"])
            #expect(range.code == 0)
            try #expect(
                Data(contentsOf: directory.url.appending(path: "answer")) == bytes[1_000_000..<2_000_000])
        }
    }

    @Test(arguments: ["--http1.1", "--http2"]) func streamsAndEvents(_ version: String) throws {
        try with { server, directory in
            let stream = try get("/stream", server, directory, [version])
            #expect(stream.output.utf8.count == 4_000_000, "\(stream.errors)")
            let events = try get("/events", server, directory, [version])
            #expect(events.output.contains("data: tick 3"), "\(events.errors)")
        }
    }

    @Test func priorKnowledgeOfHTTP2OnAPlainPort() throws {
        try RunningServer.with(source: Self.app, ["--prod"], files: ["files/a.txt": "a file"]) { server in
            let answer = try Tool.curl(
                "--http2-prior-knowledge", "-w", " %{http_version}",
                "http://localhost:\(server.port)/files/a.txt")
            #expect(answer.output == "a file 2", "\(answer.errors)")
        }
    }

    // MARK: Certificates

    @Test func theCertificateOfTheNameIsShown() throws {
        let more = ["--tls-cert", "a.pem", "--tls-key", "a.key", "--tls-cert", "b.pem", "--tls-key", "b.key"]
        try with(Self.flags + more) { server, directory in
            for (host, file) in [("a.test", "a"), ("x.b.test", "b"), ("localhost", "own")] {
                let answer = try Tool.curl(
                    "--cacert", "\(file).pem", "--resolve", "\(host):\(server.port):127.0.0.1",
                    "https://\(host):\(server.port)/", directory: directory.url)
                #expect(answer.output == "hello", "\(host): \(answer.errors)")
            }
        }
    }

    private func replaceOwn(by name: String, _ directory: AppDirectory) throws {
        for suffix in ["key", "pem"] {
            let new = try Data(contentsOf: directory.url.appending(path: "\(name).\(suffix)"))
            try new.write(to: directory.url.appending(path: "own.\(suffix)"), options: .atomic)
        }
    }

    /// What curl says about the server's certificate when it is to be that of a.test.
    private func hasNewCertificate(_ server: RunningServer, _ directory: AppDirectory) throws -> Bool {
        try Tool.curl(
            "--cacert", "a.pem", "--resolve", "a.test:\(server.port):127.0.0.1",
            "https://a.test:\(server.port)/",
            directory: directory.url
        ).output == "hello"
    }

    @Test func hangUpLoadsTheCertificateAgain() throws {
        try with { server, directory in
            try #expect(!hasNewCertificate(server, directory))
            try replaceOwn(by: "a", directory)
            server.command.signal(SIGHUP)
            try server.command.waitUntilSaid("reloaded")
            try #expect(hasNewCertificate(server, directory))
        }
    }

    @Test func aBrokenCertificateLeavesTheOldOneInForce() throws {
        try with { server, directory in
            try directory.write("own.pem", "nothing of use")
            server.command.signal(SIGHUP)
            try server.command.waitUntilSaid(
                "the certificate that was in force goes on: own.pem: no certificate")
            let answer = try Tool.curl("-k", "https://localhost:\(server.port)/", directory: directory.url)
            #expect(answer.output == "hello")
            #expect(server.command.errors.components(separatedBy: "goes on").count == 2)
        }
    }

    @Test func aChangedCertificateIsNoticedWhereFilesAreWatched() throws {
        try with(Self.flags + ["--watch"]) { server, directory in
            try #expect(!hasNewCertificate(server, directory))
            try replaceOwn(by: "a", directory)
            let end = Date(timeIntervalSinceNow: Command.patience)
            while try !hasNewCertificate(server, directory), Date() < end { usleep(50_000) }
            try #expect(hasNewCertificate(server, directory))
        }
    }

    @Test(arguments: [
        (["--tls-cert", "own.pem"], "each has one"),
        (["--tls-cert", "none.pem", "--tls-key", "own.key"], "none.pem: the certificate cannot be read"),
        (["--tls-cert", "own.key", "--tls-key", "own.key"], "own.key: no certificate"),
        (["--tls-cert", "own.pem", "--tls-key", "own.pem"], "own.pem: no private key"),
        (["--tls-cert", "own.pem", "--tls-key", "a.key"], "does not belong to the certificate"),
        (["--tls-redirect", ":0"], "tls_redirect \":0\": there is nothing encrypted"),
        (["--tls-hsts", "1d"], "tls_hsts: there is nothing encrypted"),
        (["--listen", "https://:0"], "--tls-cert"),
        (["--tls-cert", "own.pem", "--tls-key", "own.key", "--tls-self-signed"], "one or the other"),
    ])
    func whatIsWrongWithThemIsSaidAtStart(_ arguments: [String], _ text: String) throws {
        try AppDirectory.with(["app.lua": Self.app]) { directory in
            try FileManager.default.createDirectory(
                at: directory.url.appending(path: "files"), withIntermediateDirectories: true)
            for name in ["own", "a"] {
                try Tool.makeCertificate(name, for: "DNS:\(name).test", in: directory.url)
            }
            let ended = try Command(
                ["app.lua", "--port", "0", "--prod"] + arguments, directory: directory.url)
            #expect(try ended.exitCode() == 1)
            #expect(ended.errors.contains(text), "\(ended.errors)")
        }
    }

    @Test func aSelfSignedCertificateIsMadeAndNamed() throws {
        try with(["--prod", "--tls-self-signed"]) { server, directory in
            #expect(server.command.errors.contains("self-signed certificate for localhost, 127.0.0.1, ::1"))
            #expect(server.command.errors.contains("SHA-256 "))
            let trusting = try Tool.curl("-k", "https://localhost:\(server.port)/", directory: directory.url)
            #expect(trusting.output == "hello")
            let careful = try Tool.curl("https://localhost:\(server.port)/", directory: directory.url)
            #expect(careful.code == 60)
        }
    }

    @Test func aSelfSignedCertificateIsForWhatIsListenedOn() throws {
        try with(["--prod", "--tls-self-signed", "--listen", "https+proxy://127.0.0.2:0", "--listen", ":0"]) {
            server, _ in
            #expect(
                server.command.errors.contains(
                    "self-signed certificate for localhost, 127.0.0.1, ::1, 127.0.0.2, trusted by nobody"))
            #expect(server.command.errors.contains("on https+proxy://127.0.0.2:"))
        }
    }

    @Test func theScriptMaySetItAll() throws {
        let app =
            Self.app + """

                app:config { tls_cert = "own.pem", tls_key = "own.key", tls_hsts = "1d", trusted_proxies = "127.0.0.1" }
                """
        try with(["--prod"], app: app) { server, directory in
            let answer = try get("/", server, directory, ["-i"])
            #expect(answer.output.lowercased().contains("strict-transport-security: max-age=86400"))
            let forwarded = try get("/req", server, directory, ["-H", "X-Forwarded-For: 1.2.3.4"])
            #expect(forwarded.output == "1.2.3.4 https localhost true")
        }
    }

    // MARK: Ports

    @Test func thePlainPortRedirects() throws {
        try AppDirectory.with(["app.lua": Self.app, "files/a.txt": ""]) { directory in
            try Tool.makeCertificate("own", for: "DNS:localhost", in: directory.url)
            let flags = Self.flags + ["--tls-redirect", "127.0.0.1:0", "--tls-hsts", "1d"]
            try RunningServer.with("app.lua", flags, directory: directory.url) { server in
                let said = try #require(
                    server.command.errors.firstMatch(of: /and http:\/\/127.0.0.1:([0-9]+)\/ \(redirect\)/))
                let answer = try Tool.curl("-i", "http://localhost:\(said.1)/a/b?c=d")
                #expect(answer.output.contains("301 Moved Permanently"))
                #expect(answer.output.contains("Location: https://localhost:\(server.port)/a/b?c=d\r\n"))
                #expect(!answer.output.contains("Strict-Transport"))
                let posted = try Tool.curl("-i", "-d", "x=y", "http://localhost:\(said.1)/")
                #expect(posted.output.contains("308 Permanent Redirect"))
            }
        }
    }

    @Test func plainBytesOnTheEncryptedPortGetACleanEnd() throws {
        try with { server, directory in
            let plain = try Connection(port: server.port)
            try plain.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            let answer = try plain.response()
            #expect(answer.status == 400)
            #expect(answer.text.contains("HTTPS"))
            plain.finishSending()
            #expect(try plain.isClosedByPeer())
            let garbage = try Connection(port: server.port)
            try garbage.send([0, 1, 2, 3])
            #expect((try? garbage.isClosedByPeer()) != false)
            // A handshake that is none after its first byte.
            let half = try Connection(port: server.port)
            try half.send([0x16, 3, 1, 0, 5] + Array("hello".utf8))
            half.finishSending()
            _ = try? half.skip(1 << 20)
            try #expect(get("/", server, directory).output == "hello")
        }
    }

    @Test func tlsOnThePlainPortGetsACleanEnd() throws {
        try RunningServer.with(source: Self.app, ["--prod"], files: ["files/a.txt": ""]) { server in
            let connection = try Connection(port: server.port)
            try connection.send([0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3] + [UInt8](repeating: 7, count: 500))
            connection.finishSending()
            #expect(try connection.response().status == 400)
            #expect(try connection.isClosedByPeer())
            try #expect(server.get("/").text == "hello")
        }
    }

    @Test func aSlowHandshakeEnds() throws {
        let app = Self.app + "\napp:config { limits = { handshake_time = \"500ms\" } }"
        try with(app: app) { server, _ in
            let silent = try Connection(port: server.port)
            #expect(try silent.isClosedByPeer())
            let slow = try Connection(port: server.port)
            try slow.send([0x16, 3, 1])
            #expect(try slow.isClosedByPeer())
        }
    }

    @Test(arguments: [
        ["-tls1_1"], ["-tls1_2", "-cipher", "AES128-SHA"], ["-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"],
    ])
    func whatIsOldIsRefused(_ arguments: [String]) throws {
        try with { server, directory in
            let result = try Tool.run(
                "openssl", ["s_client", "-connect", "127.0.0.1:\(server.port)"] + arguments,
                directory: directory.url)
            #expect(result.code != 0)
            #expect(!result.output.contains("BEGIN CERTIFICATE"))
            try #expect(get("/", server, directory).output == "hello")
        }
    }

    // MARK: Proxies

    @Test func theProxyHeaderNamesTheClient() throws {
        try RunningServer.with(
            source: Self.app, ["--prod", "--listen", "http+proxy://127.0.0.1:0"], files: ["files/a.txt": ""]
        ) { server in
            let told = try Connection(port: server.port)
            try told.send(
                "PROXY TCP4 1.2.3.4 10.0.0.1 1234 80\r\nGET /req HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try told.response().text == "1.2.3.4 http localhost false")
            let split = try Connection(port: server.port)
            for byte in Array("PROXY UNKNOWN\r\nGET /req HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8) {
                try split.send([byte])
            }
            #expect(try split.response().text == "127.0.0.1 http localhost false")
            let untold = try Connection(port: server.port)
            try untold.send("GET /req HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect((try? untold.isClosedByPeer()) != false)
        }
    }

    @Test func theProxyHeaderComesBeforeTheHandshake() throws {
        let flags = Self.flags + ["--listen", "https+proxy://127.0.0.1:0"]
        try with(flags) { server, directory in
            for version in ["--http1.1", "--http2"] {
                let answer = try get("/req", server, directory, [version, "--haproxy-protocol"])
                #expect(answer.output == "127.0.0.1 https localhost true", "\(answer.errors)")
            }
        }
    }

    @Test func forwardedFieldsAreBelievedOfTrustedProxiesOnly() throws {
        let fields = [
            "X-Forwarded-For": "6.6.6.6, 1.2.3.4", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.test",
        ]
        try RunningServer.with(source: Self.app, ["--prod"], files: ["files/a.txt": ""]) { server in
            try #expect(server.get("/req", headers: fields).text == "127.0.0.1 http localhost false")
        }
        try RunningServer.with(
            source: Self.app, ["--prod", "--trusted-proxy", "127.0.0.0/8"], files: ["files/a.txt": ""]
        ) { server in
            try #expect(server.get("/req", headers: fields).text == "1.2.3.4 https a.test true")
            let forged = fields.merging(["Forwarded": "for=6.6.6.6;proto=http;host=evil.test"]) { $1 }
            try #expect(server.get("/req", headers: forged).text == "1.2.3.4 https a.test true")
            try #expect(server.get("/req").text == "127.0.0.1 http localhost false")
        }
    }

    @Test func aProxyThatWritesForwardedIsReadByIt() throws {
        let fields = [
            "Forwarded": "for=\"open, for=1.2.3.4;proto=https;host=a.test", "X-Forwarded-For": "6.6.6.6",
        ]
        try RunningServer.with(
            source: Self.app, ["--prod", "--trusted-proxy", "127.0.0.1", "--forwarded", "forwarded"],
            files: ["files/a.txt": ""]
        ) { server in
            try #expect(server.get("/req", headers: fields).text == "1.2.3.4 https a.test true")
        }
    }

    // MARK: The end

    @Test func stoppingFinishesRequestsOfHTTP2() throws {
        try with { server, directory in
            let client = try Command(
                ["-sS", "--http2", "--cacert", "own.pem", "https://localhost:\(server.port)/slow"],
                directory: directory.url, executable: URL(filePath: "/usr/bin/curl"))
            try server.command.waitUntilSaid("begun")
            server.command.signal(SIGTERM)
            #expect(try client.exitCode() == 0)
            #expect(client.output == "late")
            #expect(try server.command.exitCode() == 0)
        }
    }
}
