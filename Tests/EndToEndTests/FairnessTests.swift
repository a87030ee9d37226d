// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// Pages and handlers that go on and on: the others of the same worker are answered meanwhile.
@Suite("fairness")
struct FairnessTests {
    private static let app = """
        local app = require "luahttpd"
        local limits = { cpu = "10m", time = "10m" }
        local function forever() return 1 end
        app:get("/small", function() return "small" end)
        app:get("/iterator", { limits = limits }, function() return { it = forever }, "iterator.html" end)
        app:get("/silent", { limits = limits }, function() return {}, "silent.html" end)
        app:get("/sleeper", { limits = limits }, function() while true do app.sleep(0) end end)
        app:get("/napper", { limits = limits }, function() while true do app.sleep(0.00001) end end)
        """
    private static let files = [
        "templates/iterator.html": "{% for a in it %}x{% endfor %}",
        "templates/silent.html": """
        {% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}{% endfor %}{% endfor \
        %}{% endfor %}
        """,
    ]

    @Test(
        "others are answered beside two that never wait",
        arguments: ["/iterator", "/silent", "/sleeper", "/napper"])
    func others(path: String) throws {
        try RunningServer.with(source: Self.app, ["--prod", "--workers", "1"], files: Self.files) { server in
            let busy = try (0..<2).map { _ in
                let connection = try Connection(port: server.port)
                try connection.send(Connection.bytes(of: "GET", path))
                return connection
            }
            for _ in 0..<20 { try #expect(server.get("/small").text == "small") }
            // None of them has ended, which would have let the others in.
            #expect(!server.command.errors.contains(path))
            for connection in busy { connection.reset() }
        }
    }
}
