// SPDX-License-Identifier: MIT

import Foundation
import Testing

/// `app.publish` and `app.subscribe` between the workers of the built program.
struct TopicTests {
    private static let source = """
        local app = require "luahttpd"
        local counts = app.shared "counts"
        app.subscribe("news", function(message, topic)
          if message.fail then error("no news") end
          app.sleep(0)
          counts:incr(topic)
          counts:update("order", function(list)
            list = list or {}
            list[#list + 1] = message.number
            return list
          end)
        end)
        app:get("/publish/:number<int>", function(req)
          return app.text(app.publish("news", { number = req.params.number }))
        end)
        app:get("/burst", function()
          for number = 1, 100 do app.publish("news", { number = number }) end
          return app.text "done"
        end)
        app:get("/fail", function() app.publish("news", { fail = true }) return app.text "done" end)
        app:get("/heard", function() return app.json { news = counts:get "news" or 0, order = counts:get "order" } end)
        app:get("/wait", function()
          local subscription <close> = app.subscribe { "chat", "system" }
          counts:incr "waiting"
          local message, topic = subscription:next(60)
          return app.json { message = message or app.null, topic = topic }
        end)
        app:get("/say/:topic/:text", function(req)
          return app.text(app.publish(req.params.topic, req.params.text))
        end)
        app:get("/waiting", function() return app.text(counts:get "waiting" or 0) end)
        app:get("/timeout", function()
          local message, reason = app.subscribe("nobody"):next(0.01)
          return app.text(tostring(message) .. " " .. reason)
        end)
        app:get("/slow", function()
          local subscription = app.subscribe("flood", { queue = 10 })
          for number = 1, 25 do app.publish("flood", number) end
          app.sleep(0.05)
          local got = {}
          for message in subscription:messages() do
            got[#got + 1] = message
            if message == 25 then break end
          end
          return app.json { first = got[1], count = #got, dropped = subscription.dropped }
        end)
        app:get("/events", function()
          return app.stream(function(out)
            for message in app.subscribe("events"):messages() do
              if not out:write(message, "\\n") then return end
            end
          end)
        end)
        """

    private func poll(_ server: RunningServer, _ path: String, until text: String) throws {
        let end = Date(timeIntervalSinceNow: Command.patience)
        while try server.get(path).text != text {
            guard Date() < end else {
                throw Command.Failure(description: "\(path) says \(try server.get(path).text), not \(text)")
            }
            usleep(5000)
        }
    }

    @Test func functionsOfTheMainScriptHearItOnEachWorker() throws {
        try RunningServer.with(source: Self.source, ["--prod", "--workers", "2"]) { server in
            try #expect(server.get("/publish/1").text == "2")
            try poll(server, "/heard", until: #"{"news":2,"order":[1,1]}"#)
            // An error is logged, and the next message is heard.
            _ = try server.get("/fail")
            try server.command.waitUntilSaid("no news")
            try #expect(server.get("/publish/2").text == "2")
            try poll(server, "/heard", until: #"{"news":4,"order":[1,1,2,2]}"#)
        }
    }

    @Test func oneAfterTheOtherInOrder() throws {
        try RunningServer.with(source: Self.source, ["--prod", "--workers", "1"]) { server in
            _ = try server.get("/burst")
            let order = (1...100).map(String.init).joined(separator: ",")
            try poll(server, "/heard", until: #"{"news":100,"order":[\#(order)]}"#)
        }
    }

    @Test func aHandlerWaitsForTheNextMessage() throws {
        try RunningServer.with(source: Self.source, ["--prod", "--workers", "2"]) { server in
            let connection = try Connection(port: server.port)
            try connection.send(Connection.bytes(of: "GET", "/wait"))
            try poll(server, "/waiting", until: "1")
            try #expect(server.get("/say/nobody/x").text == "0")
            try #expect(server.get("/say/system/hello").text == "1")
            try #expect(connection.response().text == #"{"message":"hello","topic":"system"}"#)
            // Closed with the handler.
            try #expect(server.get("/say/system/again").text == "0")
            try #expect(server.get("/timeout").text == "nil timeout")
        }
    }

    @Test func aSlowReaderLosesTheOldest() throws {
        try RunningServer.with(source: Self.source, ["--prod", "--workers", "1"]) { server in
            try #expect(server.get("/slow").text == #"{"count":10,"dropped":15,"first":16}"#)
        }
    }

    @Test func whatARequestListensToEndsWithIt() throws {
        try RunningServer.with(source: Self.source, ["--prod", "--workers", "2"]) { server in
            for _ in 0..<5 {
                let connection = try Connection(port: server.port)
                try connection.send(Connection.bytes(of: "GET", "/events"))
                try poll(server, "/say/events/hello", until: "1")
                connection.reset()
                try poll(server, "/say/events/hello", until: "0")
            }
        }
    }
}
