// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// A client that goes, whatever its handler waits for: nothing of the request is left.
@Suite struct DisconnectTests {
    private static let app = """
        local app = require "luahttpd"
        app:config { workers = 1, limits = { time = "1h", write_stall = "1h" } }
        local open = 0
        local function enter()
          open = open + 1
          return setmetatable({}, { __close = function() open = open - 1 end })
        end
        local function forever() local g <close> = enter() app.sleep(3600) end
        app:get("/open", function() return app.text(tostring(open)) end)
        app:get("/sleep", function() forever() end)
        app:get("/task", function() app.await(app.async(forever)) end)
        app:get("/timeout", function() app.timeout(3600, forever) end)
        app:get("/coroutine", function() coroutine.wrap(function() pcall(forever) end)() end)
        app:get("/page", function() return { wait = forever }, "page.html" end)
        app:get("/started", function() return { wait = forever }, "long.html" end)
        app:get("/stream", function() return app.stream(function(out) out:write("x") forever() end) end)
        app:get("/full", function()
          return app.stream(function(out)
            local g <close> = enter()
            while out:write(("x"):rep(1 << 20)) do end
          end)
        end)
        app:sse("/events", function(req, out) out:send "x" forever() end)
        app:get("/broken", function() error("x") end)
        app:error(500, function() forever() end)
        """

    private static let files = [
        "templates/page.html": "before {{ wait() }}",
        "templates/long.html": "{% for i in range(5000) %}{{ i }} {% endfor %}{{ wait() }}",
    ]

    private static let paths = [
        "sleep", "task", "timeout", "coroutine", "page", "started", "stream", "full", "events", "broken",
    ]

    @Test(.timeLimit(.minutes(3))) func everythingIsReleased() throws {
        try RunningServer.with(source: Self.app, files: Self.files) { server in
            for path in Self.paths {
                for resets in [false, true] {
                    var connection: Connection? = try Connection(port: server.port)
                    try connection?.send(Connection.bytes(of: "GET", "/" + path))
                    try wait(for: "1", path, server)
                    // Long enough that this is no client which only has nothing more to say.
                    usleep(50_000)
                    if resets { connection?.reset() }
                    connection = nil
                    try wait(for: "0", path, server)
                }
            }
        }
    }

    private func wait(for count: String, _ path: String, _ server: RunningServer) throws {
        _ = try server.command.wait(for: "\(count) open at \(path)") {
            (try? server.get("/open").text) == count ? true : nil
        }
    }

    /// A client may say with FIN that it has no more requests, and still read.
    @Test func aClientThatHasFinishedSendingGetsItsAnswer() throws {
        let source = """
            local app = require "luahttpd"
            app:get("/", function() app.sleep(0.3) return app.text("here") end)
            app:get("/stream", function()
              return app.stream(function(out) out:write("a") app.sleep(0.3) out:write("b") end)
            end)
            """
        try RunningServer.with(source: source) { server in
            for target in ["/", "/stream"] {
                // At once: exactly the answer. Later: perhaps behind an interim answer, which is no other.
                let early = try Connection(port: server.port)
                try early.send(Connection.bytes(of: "GET", target))
                early.finishSending()
                let late = try Connection(port: server.port)
                try late.send(Connection.bytes(of: "GET", target))
                usleep(100_000)
                late.finishSending()
                let expected = target == "/" ? "here" : "ab"
                #expect(try early.response().text == expected)
                #expect(try late.response(skipsInterim: true).text == expected)
            }
        }
    }
}
