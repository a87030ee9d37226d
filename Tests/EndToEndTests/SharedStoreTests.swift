// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// `app.shared` between workers of the built program.
struct SharedStoreTests {
    private static let source = """
        local app = require "luahttpd"
        local store = app.shared "counts"
        app:get("/incr", function() return app.text(store:incr "hits") end)
        app:get("/update", function()
          local list = store:update("list", function(list)
            list = list or {}
            list[#list + 1] = #list + 1
            return list
          end)
          return app.text(#list)
        end)
        app:get("/sum", function() return app.json { hits = store:get "hits", list = #store:get "list" } end)
        """

    @Test func workersSeeTheSameValues() throws {
        try RunningServer.with(source: Self.source, ["--prod", "--workers", "2"]) { server in
            let port = server.port
            DispatchQueue.concurrentPerform(iterations: 4) { _ in
                for path in repeatElement(["/incr", "/update"], count: 25).joined() {
                    guard let connection = try? Connection(port: port) else { continue }
                    try? connection.send(Connection.bytes(of: "GET", path, headers: ["Connection": "close"]))
                    let status = (try? connection.response())?.status
                    #expect(status == 200)
                }
            }
            try #expect(server.get("/sum").text == #"{"hits":100,"list":100}"#)
        }
    }
}
