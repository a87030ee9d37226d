// SPDX-License-Identifier: MIT

import Testing

/// Pages that are much larger than the memory for them, and pages that take very long.
@Suite("streamed pages")
struct StreamedPageTests {
    private static let files = [
        "app.lua": """
        local app = require "luahttpd"
        app:config { workers = 1, limits = { page = "2GiB", page_steps = 1000000000000 } }
        app:get("/big", function()
          local i = 0
          return { rows = function() i = i + 1 if i <= 1048576 then return i end end, text = ("x"):rep(1000) }, "big.html"
        end)
        app:get("/busy", function() return {}, "busy.html" end)
        app:get("/hello", function() return "hello" end)
        """,
        "templates/big.html": "{% for row in rows %}{{ row }}{{ text }}{% endfor %}",
        "templates/busy.html":
            "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    ]

    @Test("a page of 1 GB takes no more memory than a small one when its reader is slow")
    func slowReader() throws {
        try AppDirectory.with(Self.files) { directory in
            try RunningServer.with("app.lua", directory: directory.url) { server in
                #expect(try server.get("/hello").text == "hello")
                let before = server.command.residentMemory ?? 0
                let slow = try Connection(port: server.port)
                try slow.send(Connection.bytes(of: "GET", "/big"))
                for _ in 0..<3 {
                    try slow.skip(4 << 20)
                    // It does not read now; others are served.
                    for _ in 0..<5 { #expect(try server.get("/hello").text == "hello") }
                    let growth = (server.command.residentMemory ?? 0) - before
                    #expect(growth < 24 << 10, "\(growth) KiB")
                }
                slow.reset()
                #expect(try server.get("/hello").text == "hello")
            }
        }
    }

    @Test("a page of ten thousand million rounds lets others through")
    func fairness() throws {
        try AppDirectory.with(Self.files) { directory in
            try RunningServer.with("app.lua", directory: directory.url) { server in
                let busy = try (0..<3).map { _ in try Connection(port: server.port) }
                for connection in busy { try connection.send(Connection.bytes(of: "GET", "/busy")) }
                // They are under way for hours: who is answered was let through between two slices of them.
                for _ in 0..<20 { #expect(try server.get("/hello").text == "hello") }
                for connection in busy { connection.reset() }
            }
        }
    }
}
