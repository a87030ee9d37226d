// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// A handler that waits for a file, a pipe or a command, that loops or that wants all memory, holds up nobody else.
@Suite("handlers that wait for the system, and handlers that misbehave")
struct BlockingCallTests {
    private let source = """
        local app = require "luahttpd"
        app:config { limits = { cpu = "300ms" } }
        local log = io.open("visits.log", "a")
        app:get("/", function() return app.text("hello") end)
        app:get("/fifo/:n", function(req) local f <close> = io.open("fifo" .. req.params.n) return app.text(f:read("l")) end)
        app:get("/command", function() return app.text(tostring(select(3, os.execute("sleep 0.2; exit 7")))) end)
        app:get("/popen/:command", function(req) local p <close> = io.popen(req.params.command) return app.text(p:read("a")) end)
        app:get("/log/:n", function(req) log:write(req.params.n, "\\n") log:flush() return app.text("ok") end)
        app:get("/lines", function() local n = 0 for l in io.lines("app.lua") do n = n + 1 end return app.text(tostring(n)) end)
        app:get("/loop", function() while true do end end)
        app:get("/hog", { limits = { cpu = "30s" } }, function() local t = {} while true do t[#t + 1] = ("x"):rep(1e6) end end)
        app:get("/slow", function() local till = os.clock() + 0.2 while os.clock() < till do end return app.text("slow") end)
        """

    private func get(_ path: String, on server: RunningServer) throws -> Connection {
        let connection = try Connection(port: server.port)
        try connection.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        return connection
    }

    @Test("a FIFO, a command and a pipe stall nobody else")
    func waiting() throws {
        try AppDirectory.with(["app.lua": source]) { directory in
            for n in 0..<20 { #expect(mkfifo(directory.path("fifo\(n)"), 0o600) == 0) }
            try RunningServer.with("app.lua", ["--prod", "--workers", "1"], directory: directory.url) {
                server in
                let fifos = try (0..<20).map { try get("/fifo/\($0)", on: server) }
                let others = try ["/command", "/popen/sleep%200.2;%20echo%20done"].map {
                    try get($0, on: server)
                }
                for _ in 0..<20 { #expect(try server.get("/").text == "hello") }
                #expect(try others[0].response(to: "GET").text == "7")
                #expect(try others[1].response(to: "GET").text == "done\n")
                fifos[0].reset()  // its wait is called off, the others go on
                #expect(try server.get("/lines").text == "12")
                // Not for writing alone: that would wait for a reader, and for ever if there is none.
                let writer = try FileHandle(forUpdating: directory.url.appending(path: "fifo1"))
                try writer.write(contentsOf: Data("line\nrest\n".utf8))
                #expect(try fifos[1].response(to: "GET").text == "line")
                try writer.close()
                // A command that goes on does not keep the worker when its reader is gone.
                let reader = try get("/popen/cat%20fifo2", on: server)
                #expect(try server.get("/").text == "hello")
                reader.reset()
                for _ in 0..<3 { #expect(try server.get("/").text == "hello") }
                try FileHandle(forUpdating: directory.url.appending(path: "fifo2")).close()
            }
        }
    }

    @Test("a file that all requests write to keeps every line")
    func sharedFile() throws {
        try AppDirectory.with(["app.lua": source]) { directory in
            try RunningServer.with("app.lua", ["--prod", "--workers", "2"], directory: directory.url) {
                server in
                let connections = try (0..<50).map { try get("/log/\($0)", on: server) }
                for connection in connections { #expect(try connection.response(to: "GET").text == "ok") }
            }
            let text = try String(contentsOf: directory.url.appending(path: "visits.log"), encoding: .utf8)
            #expect(text.split(separator: "\n").compactMap { Int($0) }.sorted() == Array(0..<50))
        }
    }

    @Test("loops and hogs get 503 and a trace in the log; the others are served")
    func misbehaving() throws {
        try RunningServer.with(source: source, ["--prod", "--workers", "1"]) { server in
            let bad = try (0..<3).map { _ in try get("/loop", on: server) } + [try get("/hog", on: server)]
            let good = try (0..<10).map { _ in try get("/", on: server) }
            for connection in bad { #expect(try connection.response(to: "GET").status == 503) }
            for connection in good { #expect(try connection.response(to: "GET").text == "hello") }
            try server.command.waitUntilSaid("ran too long without waiting")
            try server.command.waitUntilSaid("not enough memory")
        }
    }

    @Test("what holds up a worker is named in the log")
    func stalls() throws {
        try RunningServer.with(source: source, ["--prod", "--workers", "1"]) { server in
            _ = try server.command.wait(for: "line about the stall") {
                _ = try? server.get("/slow")
                return server.command.errors.contains("app.lua:12 held up its worker for ") ? true : nil
            }
        }
    }
}
