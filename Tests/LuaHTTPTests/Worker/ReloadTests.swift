// SPDX-License-Identifier: MIT

import Foundation
import NIOCore
import NIOEmbedded
import Testing

@testable import LuaHTTP

/// One generation in the place of another, as a worker and its requests see it.
struct ReloadTests {
    /// Loads `source` and lets the worker swap. Returns what was lost of the state.
    @discardableResult
    private func reload(_ site: InMemorySite, _ source: String, template: String? = nil) throws -> [String] {
        try Data(source.utf8).write(to: site.directory.appending(path: "app.lua"))
        let worker = site.worker
        let prepared = try PreparedGeneration(
            loader: worker.configuration.loader, stores: worker.configuration.stores, logger: worker.logger)
        if let template { prepared.generation.templates = Self.set(template) }
        let lost = prepared.generation.takeState(of: worker.generation)
        let old = worker.replaceGeneration(
            by: prepared, configuration: worker.configuration, logger: worker.logger)
        worker.retire(old) { old in
            guard let task = site.task, task.generation === old else { return }
            worker.endLate(task)
        }
        worker.run(.reload, of: worker.generation)
        site.channel.embeddedEventLoop.run()
        return lost
    }

    private static func set(_ template: String) -> TemplateSet {
        guard case .built(let set) = TemplateSet.build([("page.html", Array(template.utf8))]) else {
            return .empty
        }
        return set
    }

    private func app(_ word: String) -> String {
        """
        local app = require "luahttpd"
        app:get("/", function(req) return { word = "\(word)" }, "page.html" end)
        app:get("/slow", function(req) app.sleep(1) return { word = "\(word)" }, "page.html" end)
        app:get("/stuck", { limits = { time = "1h" } }, function(req) app.sleep(1000) return "never" end)
        """
    }

    @Test func aRequestEndsOnTheGenerationItBeganOn() throws {
        let site = try InMemorySite(app("one"), templates: ["page.html": "A {{ word }}"])
        weak var old: Generation?
        old = site.worker.generation
        #expect(InMemorySite.body(of: try site.get("/")) == "A one")
        #expect(try site.get("/slow") == "")
        try reload(site, app("two"), template: "B {{ word }}")
        #expect(old != nil)
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(InMemorySite.body(of: try site.received()) == "A one")
        #expect(old == nil)
        #expect(InMemorySite.body(of: try site.get("/")) == "B two")
    }

    @Test func aBodyOnItsWayGoesToTheHandlerThatWasFoundForIt() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            for i = 1, 10 do app:get("/r" .. i, function(req) return "other" end) end
            app:post("/form", function(req) return app.text("old " .. req.body) end)
            """)
        #expect(try site.send("POST /form HTTP/1.1\r\nHost: t\r\nContent-Length: 4\r\n\r\nab") == "")
        try reload(site, "local app = require 'luahttpd' app:get('/', function() return 'new' end)")
        #expect(InMemorySite.body(of: try site.send("cd")) == "old abcd")
        #expect(InMemorySite.body(of: try site.get("/")) == "new")
    }

    @Test func anIdleGenerationGoesAtOnce() throws {
        let site = try InMemorySite(app("one"), templates: ["page.html": "A {{ word }}"])
        for number in 0..<20 {
            weak var old: Generation?
            old = site.worker.generation
            #expect(
                try site.get("/").hasSuffix(
                    "\(number == 0 ? "A" : "B") \(number == 0 ? "one" : "n\(number)")"))
            try reload(site, app("n\(number + 1)"), template: "B {{ word }}")
            #expect(old == nil)
        }
    }

    @Test func timersChangeAndTasksGoOn() throws {
        func app(_ word: String) -> String {
            """
            local app = require "luahttpd"
            app:every(1, function() app.log.info("\(word) rings") end)
            app:get("/", function() app.spawn(function() app.sleep(5) app.log.info("\(word) spawned") end) return "x" end)
            """
        }
        let site = try InMemorySite(app("one"))
        weak var old: Generation?
        old = site.worker.generation
        _ = try site.get("/")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        try reload(site, app("two"))
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(old != nil)
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(old == nil)
        let words = site.log.lines.compactMap { $0.split(separator: ": ").last.map(String.init) }
        #expect(words.filter { $0 == "one rings" }.count == 1)
        #expect(words.filter { $0 == "two rings" }.count == 4)
        #expect(words.contains("one spawned"))
    }

    @Test func whatIsStuckIsAnsweredAtTheDeadline() throws {
        let site = try InMemorySite(app("one"), templates: ["page.html": "A {{ word }}"])
        weak var old: Generation?
        old = site.worker.generation
        #expect(try site.get("/stuck") == "")
        try reload(site, app("two"), template: "B {{ word }}")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(try site.received() == "")
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try site.received().hasPrefix("HTTP/1.1 503 "))
        #expect(old == nil)
        #expect(InMemorySite.body(of: try site.get("/")) == "B two")
    }

    @Test func aRequestEndsWithTheTemplatesItBeganWith() throws {
        let site = try InMemorySite(app("one"), templates: ["page.html": "A {{ word }}"])
        weak var first: TemplateSet?
        first = site.worker.generation.templates
        #expect(try site.get("/slow") == "")
        for letter in ["B", "C"] { site.worker.replaceTemplates(by: Self.set("\(letter) {{ word }}")) }
        #expect(first != nil)
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(InMemorySite.body(of: try site.received()) == "A one")
        #expect(InMemorySite.body(of: try site.get("/")) == "C one")
        // The one that rendered last may keep what it rendered.
        site.worker.forgetIdleRenderings()
        #expect(first == nil)
    }

    // MARK: app:on

    @Test func functionsRunAsVersionsComeAndGo() throws {
        let source = { (name: String) in
            """
            local app = require "luahttpd"
            for _, event in ipairs { "check", "start", "reload", "unload", "stop" } do
              app:on(event, function() app.log.info("\(name) " .. event) end)
            end
            app:on("unload", function() app.sleep(1) app.log.info("\(name) waited") end)
            app:on("reload", function() error("oh no") end)
            app:on("reload", function() app.log.info("\(name) goes on") end)
            app:get("/slow", function(req) app.sleep(2) app.log.info("\(name) request") return "done" end)
            """
        }
        let site = try InMemorySite(source("one"))
        let said = {
            site.log.lines.compactMap {
                $0.contains("app.lua:") ? $0.split(separator: ": ").last.map(String.init) : nil
            }
        }
        site.worker.run(.start, of: site.worker.generation)
        #expect(said() == ["one start"])
        weak var old: Generation?
        old = site.worker.generation
        _ = try site.get("/slow")
        try reload(site, source("two"))
        #expect(site.log.lines.contains { $0.contains("oh no") })
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(2))
        #expect(old != nil)
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(old == nil)
        let words = said().filter { $0.hasPrefix("one") || $0.hasPrefix("two") }
        #expect(
            words == ["one start", "two reload", "two goes on", "one request", "one unload", "one waited"])
        #expect(site.worker.hookRuns.isEmpty)
    }

    @Test func aFunctionThatTakesTooLongIsEnded() throws {
        let site = try InMemorySite(
            """
            local app = require "luahttpd"
            app:on("unload", function()
              local guard <close> = setmetatable({}, { __close = function() app.log.info("closed") end })
              app.sleep(1000)
            end)
            """)
        weak var old: Generation?
        old = site.worker.generation
        try reload(site, "require 'luahttpd'")
        #expect(old != nil)
        site.channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        #expect(old == nil)
        #expect(site.log.lines.contains { $0.hasSuffix("closed") })
    }

    // MARK: app.state

    @Test func stateIsHandedOn() throws {
        let source = """
            local app = require "luahttpd"
            app.state.count = app.state.count or 0
            app.state.fresh = "default"
            app:get("/", function(req)
              local state = app.state
              state.count = state.count + 1
              state.nested = state.nested or { list = { 1, 2.5, "x", true, { a = app.null } }, [5] = "five" }
              return app.json { state.count, state.fresh, state.nested.list, state.nested[5] }
            end)
            """
        let site = try InMemorySite(source)
        #expect(
            InMemorySite.body(of: try site.get("/")) == #"[1,"default",[1,2.5,"x",true,{"a":null}],"five"]"#)
        #expect(try reload(site, source) == [])
        #expect(
            InMemorySite.body(of: try site.get("/")) == #"[2,"default",[1,2.5,"x",true,{"a":null}],"five"]"#)
        #expect(
            try reload(
                site,
                "local app = require 'luahttpd' app:get('/', function() return app.text(app.state.count) end)"
            ) == [])
        #expect(InMemorySite.body(of: try site.get("/")) == "2")
    }

    @Test func whatIsNotPlainIsNamedAndLeftOut() throws {
        let source = """
            local app = require "luahttpd"
            app:get("/", function(req)
              local state = app.state
              state.good = 1
              state.callback = print
              state.list = { 1, { deep = coroutine.create(print) } }
              state.object = setmetatable({}, { __index = table })
              state.loop = {}
              state.loop.loop = state.loop
              state[7] = io.stdout
              state[print] = 1
              local names = {}
              for name in pairs(state) do names[#names + 1] = tostring(name) end
              return app.text(#names)
            end)
            """
        let site = try InMemorySite(source)
        _ = try site.get("/")
        let lost = try reload(
            site,
            "local app = require 'luahttpd' app:get('/', function() local n = 0 for k in pairs(app.state) do n = n + 1 end return app.text(n .. app.state.good) end)"
        )
        #expect(lost.count == 6)
        for place in [
            "app.state.callback", "app.state.list", "app.state.object", "app.state.loop", "app.state[7]",
            "a key of app.state",
        ] {
            #expect(lost.contains { $0.hasPrefix(place + ": ") }, "\(place) in \(lost)")
        }
        #expect(InMemorySite.body(of: try site.get("/")) == "11")
    }
}
