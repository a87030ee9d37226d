// SPDX-License-Identifier: MIT

import Foundation
import Testing

#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// Uploads over real sockets: scripts/upload.lua as somebody uses it, and what becomes of memory and disk.
@Suite("Uploads")
struct UploadTests {
    private static let app = """
        local app = require "luahttpd"
        app:config { uploads = "spool", limits = { body = "8GiB" } }
        app:post("/form", function(req)
          local file = req.files.f
          file:save("saved.bin", { replace = true })
          return app.json { size = file.size }
        end)
        app:post("/stream", { body = "stream" }, function(req)
          local size = 0
          for chunk in req:chunks() do size = size + #chunk end
          return app.json { size = size }
        end)
        app:post("/save", { body = "stream" }, function(req)
          req:save("saved.bin", { replace = true })
          return app.json { size = tonumber(req.headers.content_length) }
        end)
        app:get("/", function(req) return "alive" end)
        """

    private func server<Result>(
        environment: [String: String] = [:], _ body: (RunningServer, AppDirectory) throws -> Result
    ) throws -> Result {
        try AppDirectory.with(["app.lua": Self.app, "spool/.keep": ""]) { directory in
            try RunningServer.with("app.lua", ["--prod", "--workers", "1"], directory: directory.url) {
                try body($0, directory)
            }
        }
    }

    private static let boundary = "--b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n\r\n"

    /// Bytes of the server in memory that are its own.
    private func resident(_ server: RunningServer) throws -> Int {
        let status = try String(
            contentsOfFile: "/proc/\(server.command.processIdentifier)/status", encoding: .utf8)
        let line = status.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
        return (line?.split(separator: " ").dropFirst().first).flatMap { Int($0) }.map { $0 << 10 } ?? 0
    }

    /// A megabyte unlike the ones around it.
    private static func piece(_ number: Int) -> [UInt8] {
        var piece = noise
        withUnsafeBytes(of: number) { piece.replaceSubrange(0..<8, with: $0) }
        return piece
    }

    private static let noise: [UInt8] = {
        var state: UInt64 = 1
        return (0..<1 << 20).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }()

    /// The file holds the pieces in order and nothing else.
    private func check(_ path: String, megabytes: Int) throws {
        let file = try FileHandle(forReadingFrom: URL(filePath: path))
        defer { try? file.close() }
        for number in 0..<megabytes {
            #expect(
                try file.read(upToCount: 1 << 20).map { Array($0) } == Self.piece(number),
                "megabyte \(number)")
        }
        try #expect(file.read(upToCount: 1)?.isEmpty ?? true)
    }

    /// LUAHTTPD_UPLOAD_MEGABYTES=2048 is the full figure of docs/reliability.md.
    private static let megabytes =
        ProcessInfo.processInfo.environment["LUAHTTPD_UPLOAD_MEGABYTES"].flatMap { Int($0) } ?? 64

    /// Sends `megabytes` on, and then `end`; the answer, and how much the server grew meanwhile.
    private func upload(
        _ server: RunningServer, _ path: String, start: String = "", megabytes: Int, end: String = "",
        type: String = "application/octet-stream"
    ) throws -> (answer: Response, growth: Int) {
        let connection = try Connection(port: server.port)
        let length = start.utf8.count + megabytes << 20 + end.utf8.count
        try connection.send(
            "POST \(path) HTTP/1.1\r\nHost: t\r\nContent-Type: \(type)\r\nContent-Length: \(length)\r\n\r\n"
                + start)
        let before = try resident(server)
        var most = before
        for number in 0..<megabytes {
            try connection.send(Self.piece(number))
            most = max(most, try resident(server))
        }
        try connection.send(end)
        return (try connection.response(to: "POST"), most - before)
    }

    #if os(Linux)
    @Test("a large upload stays out of memory", arguments: ["/form", "/stream", "/save"])
    func memory(path: String) throws {
        try server { server, directory in
            _ = try server.get("/")
            let isForm = path == "/form"
            let (answer, growth) = try upload(
                server, path, start: isForm ? Self.boundary : "", megabytes: Self.megabytes,
                end: isForm ? "\r\n--b--" : "",
                type: isForm ? "multipart/form-data; boundary=b" : "video/x")
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.text == "{\"size\":\(Self.megabytes << 20)}")
            #expect(growth <= 32 << 20, "grew by \(growth >> 20) MiB")
            if path != "/stream" { try check(directory.path("saved.bin"), megabytes: Self.megabytes) }
            try #expect(FileManager.default.contentsOfDirectory(atPath: directory.path("spool")) == [".keep"])
        }
    }
    #endif

    @Test("a file that the disk does not take is answered with 507, and nothing of it stays")
    func full() throws {
        try AppDirectory.with(["app.lua": Self.app, "spool/.keep": ""]) { directory in
            // Files of at most 1 MiB (blocks of 512 bytes) stand for a disk that is full.
            let command = try Command(
                shell: "ulimit -f 2048; exec \"$0\" app.lua --prod --port 0 --workers 1",
                directory: directory.url)
            let server = try RunningServer(command)
            let type = "multipart/form-data; boundary=b"
            for _ in 0..<3 {
                let connection = try Connection(port: server.port)
                let content = [UInt8](repeating: 0x55, count: 3 << 19)
                let length = Self.boundary.utf8.count + content.count + 9
                try connection.send(
                    "POST /form HTTP/1.1\r\nHost: t\r\nContent-Type: \(type)\r\nContent-Length: \(length)\r\n\r\n"
                        + Self.boundary)
                try connection.send(content)
                try connection.send("\r\n--b--")
                try #expect(connection.response(to: "POST").status == 507)
                try #expect(upload(server, "/save", megabytes: 2).answer.status == 507)
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: directory.path("spool")) == [".keep"])
                #expect(
                    try FileManager.default.contentsOfDirectory(atPath: directory.path("")).sorted() == [
                        "app.lua", "spool",
                    ])
                try #expect(server.get("/").text == "alive")
            }
            let small = try upload(
                server, "/form", start: Self.boundary + String(repeating: "x", count: 200_000), megabytes: 0,
                end: "\r\n--b--", type: type)
            #expect(small.answer.text.contains("\"size\":200000"))
        }
    }

    @Test("clients that go in the middle leave nothing behind")
    func gone() throws {
        try server { server, directory in
            for round in 0..<20 {
                let connection = try Connection(port: server.port)
                let path = round % 2 == 0 ? "/form" : "/save"
                try connection.send(
                    "POST \(path) HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                        + "Content-Length: 9000000\r\n\r\n" + Self.boundary
                        + String(repeating: "x", count: 300_000))
                if round % 3 == 0 { connection.reset() }
            }
            let descriptors = "/proc/\(server.command.processIdentifier)/fd"
            _ = try server.command.wait(for: "end of all uploads") {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: descriptors)) ?? []
                let isOpen = names.contains {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: descriptors + "/" + $0))?
                        .contains("(deleted)") == true
                }
                return isOpen ? nil : true
            }
            try #expect(FileManager.default.contentsOfDirectory(atPath: directory.path("spool")) == [".keep"])
            try #expect(server.get("/").text == "alive")
        }
    }

    @Test("a directory for uploads that is not there stops the start")
    func directory() throws {
        try AppDirectory.with(["app.lua": "require('luahttpd'):config { uploads = 'nowhere' }"]) {
            directory in
            let run = try Command.run("app.lua", "--port", "0", directory: directory.url)
            #expect(
                run.code == 1 && run.errors.contains("uploads = \"nowhere\": files cannot be stored there"))
        }
    }
}

/// scripts/upload.lua
@Suite("scripts/upload.lua")
struct UploadExampleTests {
    private static let pixel =
        "\u{89}PNG\r\n\u{1A}\n".unicodeScalars.map { UInt8($0.value) } + Array("rest of a picture".utf8)

    private func server<Result>(_ body: (RunningServer) throws -> Result) throws -> Result {
        try AppDirectory.with([:]) { directory in
            try RunningServer.with(
                "scripts/upload.lua", ["--prod"], environment: ["UPLOADS": directory.path("files")], body)
        }
    }

    private func post(_ server: RunningServer, _ name: String, _ content: [UInt8]) throws -> Response {
        let connection = try Connection(port: server.port)
        let start = "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"\(name)\"\r\n\r\n"
        let body = Array(start.utf8) + content + Array("\r\n--b--\r\n".utf8)
        try connection.send(
            "POST / HTTP/1.1\r\nHost: t\r\nContent-Type: multipart/form-data; boundary=b\r\n"
                + "Content-Length: \(body.count)\r\n\r\n")
        try connection.send(body)
        return try connection.response(to: "POST")
    }

    @Test("a picture is shown, and comes back as it was sent")
    func picture() throws {
        try server { server in
            try #expect(post(server, "../a <b>.png", Self.pixel).status == 303)
            let page = try server.get("/").text
            #expect(page.contains("a &lt;b&gt;.png</a>") && page.contains("1 file, 25 Bytes"))
            let path = try #require(
                page.firstMatch(of: #/<img src="(/files/[0-9a-f]{32}-1\.png)"/#)?.output.1)
            let file = try server.get(String(path))
            #expect(file.body == Self.pixel && file["content-type"] == "image/png")
        }
    }

    @Test("what only says that it is a picture is a download")
    func page() throws {
        try server { server in
            try #expect(post(server, "evil.png", Array("<script>alert(1)</script>".utf8)).status == 303)
            let page = try server.get("/").text
            #expect(!page.contains("<img"))
            let path = try #require(page.firstMatch(of: #/href="(/files/[^"]+)"/#)?.output.1)
            try #expect(server.get(String(path))["content-type"] == "application/octet-stream")
        }
    }

    @Test("a body of its own is stored as it comes")
    func raw() throws {
        try server { server in
            try #expect(server.request("POST", "/raw", body: "0123456789").status == 201)
            try #expect(server.get("/").text.contains("a file without a name</a> 10 Bytes"))
        }
    }

    @Test("no file, and one too large, are said in a page of the app")
    func refused() throws {
        try server { server in
            let answer = try post(server, "", [])
            #expect(answer.status == 422 && answer.text.contains("Choose a file first."))
            try #expect(server.get("/nowhere").text.contains("Back to the files"))
        }
    }
}
