// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// scripts/clock.lua, as a browser uses it.
@Suite struct ClockTests {
    @Test func thePageListensAndGetsEvents() throws {
        try RunningServer.with("scripts/clock.lua") { server in
            #expect(try server.get("/").text.contains("new EventSource(\"/ticks\")"))
            let first = try Connection(port: server.port)
            try first.send(Connection.bytes(of: "GET", "/ticks"))
            let head = try first.text(through: "\r\n\r\n")
            #expect(head.contains("Content-Type: text/event-stream; charset=utf-8\r\n"))
            #expect(head.contains("X-Accel-Buffering: no\r\n"))
            for _ in 0..<2 {
                let event = try first.text(through: "\n\n")
                #expect(event.contains("event: tick\ndata: {\"listeners\":1,\"time\":\""))
            }
        }
    }
}
